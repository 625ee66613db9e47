// The first entry of a list: the hash of the PCRs in which the firmware measured the boot. It ties the list to that boot.
import { createHash } from 'node:crypto'
import { hashByName } from '../../../formats/hash.ts'
import type { ImaEntry } from './entry.ts'

/** The name of the entry. */
export const BOOT_AGGREGATE = 'boot_aggregate'

/** Whether it is the boot aggregate of these PCRs of a bank; undefined where they are of another bank, or not all there. */
export function isBootAggregateOf(entry: ImaEntry, bank: string, pcrs: ReadonlyMap<number, Uint8Array>): boolean | undefined {
  const { algorithm, bytes } = entry.digest
  const hash = hashByName(bank)
  if (hash === undefined || algorithm !== bank) return undefined
  // ima_calc_boot_aggregate_tfm: PCRs 8 and 9 too since Linux 5.8, but not for SHA-1.
  const known = [10, 8].map((count) => digestOf(hash.name, pcrs, count)).filter((value) => value !== undefined)
  return known.length === 0 ? undefined : known.some((value) => value.equals(bytes))
}

function digestOf(bank: string, pcrs: ReadonlyMap<number, Uint8Array>, count: number): Buffer | undefined {
  const all = createHash(bank)
  for (let pcr = 0; pcr < count; pcr++) {
    const value = pcrs.get(pcr)
    if (value === undefined) return undefined
    all.update(value)
  }
  return all.digest()
}
