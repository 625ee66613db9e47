// The list held against a PCR: what the PCR must be if the list is the truth, and how far a quoted value reaches into it.
import { hash } from 'node:crypto'
import { type HashName, hashByName } from '../../../formats/hash.ts'
import { Register } from '../register.ts'
import type { ImaEntry } from './entry.ts'
import type { ImaList } from './list.ts'

/** The PCR of the kernel, unless it was built or told otherwise (CONFIG_IMA_MEASURE_PCR_IDX, `pcr=` in a rule). */
export const IMA_PCR = 10

export type Bank = Exclude<HashName, 'sm3'>

/**
 * What a bank is extended with. `own`: the template data hashed with the bank's algorithm. `padded-sha1`: its SHA-1 with zeros behind, by kernels
 * before 5.8, and for a bank whose hash the kernel did not have when the list began (ima_crypto.c, ima_calc_field_array_hash).
 */
export type Extension = 'own' | 'padded-sha1'

/** How far a list was attested in one boot: what is needed to go on with the lines that came since. */
export interface ImaProgress {
  /** Which boot, as the resetCount of the quote; with another, the list begins anew. */
  readonly boot: string
  readonly bank: Bank
  readonly pcr: number
  /** Entries up to here are attested; the next one has the number after it. */
  readonly entries: number
  /** The PCR after them, for each way of extending it that is still possible. */
  readonly values: readonly (readonly [Extension, Buffer])[]
}

export interface Walk {
  /** Whether some stretch of the list leads to the quoted value. */
  readonly reached: boolean
  /** What the bank is extended with. Undefined where the list does not tell: nothing was extended yet, or nothing fits. */
  readonly extension: Extension | undefined
  readonly attested: readonly ImaEntry[]
  /** Entries that came after the quote. They are not attested yet, and nothing may be concluded from them. */
  readonly pending: readonly ImaEntry[]
  /** Where to go on; unchanged where the value was not reached. */
  readonly progress: ImaProgress
}

/** Before the first entry of a boot. */
export function beginning(boot: string, bank: Bank, pcr = IMA_PCR): ImaProgress {
  const zero = Buffer.alloc(hashByName(bank)!.size)
  return { boot, bank, pcr, entries: 0, values: waysOf(bank).map((extension) => [extension, zero]) }
}

/** The value of the PCR after all entries of a list. */
export function replay(list: ImaList, bank: Bank, extension: Extension, pcr = IMA_PCR): Buffer {
  const register = new Register(bank)
  const digestOf = extender(list, bank, extension)
  for (const entry of list.entries) if (entry.pcr === pcr) register.extend(digestOf(entry))
  return register.value
}

/**
 * Walks the list to the quoted value. A quote may be older than the list, so that entries stay over; where the list never yields the value,
 * all of it is pending.
 * @param list its first entry has the number `progress.entries` + 1, since lines that were attested need not be sent again
 */
export function walk(progress: ImaProgress, list: ImaList, quoted: Uint8Array): Walk {
  const { bank, pcr } = progress
  const entries = list.entries.filter((entry) => entry.pcr === pcr)
  for (const [extension, value] of progress.values) {
    const register = new Register(bank, value)
    const digestOf = extender(list, bank, extension)
    for (let count = 0; ; count++) {
      if (register.is(quoted)) return reached(progress, entries, count, extension, register.value)
      const entry = entries[count]
      if (entry === undefined) break
      register.extend(digestOf(entry))
    }
  }
  return { reached: false, extension: undefined, attested: [], pending: entries, progress }
}

function reached(progress: ImaProgress, entries: readonly ImaEntry[], count: number, extension: Extension, value: Buffer): Walk {
  const [attested, pending] = [entries.slice(0, count), entries.slice(count)]
  if (count === 0) return { reached: true, extension: undefined, attested, pending, progress }
  return {
    reached: true,
    extension,
    attested,
    pending,
    progress: { ...progress, entries: attested.at(-1)!.number, values: [[extension, value]] },
  }
}

const waysOf = (bank: Bank): readonly Extension[] => (bank === 'sha1' ? ['own'] : ['own', 'padded-sha1'])
const ONES = '\xff'

/** What a bank is extended with for an entry, as a string of bytes. A template hash that is logged is taken as it is: `checkTemplateHashes` sees to it. */
function extender({ templateHash }: ImaList, bank: Bank, extension: Extension): (entry: ImaEntry) => string {
  const size = hashByName(bank)!.size
  const ones = ONES.repeat(size)
  const algorithm = extension === 'own' ? bank : 'sha1'
  const padding = '\0'.repeat(size - hashByName(algorithm)!.size)
  const digest =
    templateHash === algorithm
      ? (entry: ImaEntry) => entry.templateHash.toString('latin1')
      : (entry: ImaEntry) => hash(algorithm, entry.data, 'binary')
  return (entry) => (entry.violation ? ones : digest(entry) + padding)
}
