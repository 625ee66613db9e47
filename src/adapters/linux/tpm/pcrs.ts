// PCRs as people ask for them: banks by name, all that were asked for at once.
import { ThymusError } from '../../../core/errors.ts'
import { type HashName, hashById } from '../../../formats/hash.ts'
import type { PcrSelection } from '../../../layers/hardware/tpm/abi/pcr-selection.ts'
import { type PcrValues, pcrBanks, pcrRead } from '../../../layers/hardware/tpm/commands/platform.ts'
import { ATTRIBUTE, type Session } from '../../../layers/hardware/tpm/session.ts'
import type { PcrTable } from '../../../layers/hardware/tpm/signed-policy.ts'
import type { Tpm } from './tpm.ts'

/** PCRs may change while they are read; so often in a row they do not. */
const TRIES = 5

/** The banks that the TPM keeps values in, with those of their PCRs. */
export async function activeBanks(tpm: Tpm): Promise<readonly PcrSelection[]> {
  return (await tpm.run(pcrBanks())).filter(({ pcrs }) => pcrs.length > 0)
}

/**
 * Values of one moment: no PCR changed between the first and the last.
 * @param session proves that they are the TPM's; without one, whoever sits on the bus may say what he likes
 * @throws ThymusError USAGE for a PCR that the TPM does not keep
 */
export async function readPcrs(tpm: Tpm, selections: readonly PcrSelection[], session?: Session): Promise<ReadonlyMap<HashName, PcrTable>> {
  const uses = session === undefined ? [] : [session.use(ATTRIBUTE.audit)]
  for (let tries = 0; tries < TRIES; tries++) {
    const tables = new Map(selections.map(({ hash }) => [hash, new Map<number, Buffer>()]))
    const counters = new Set<number>()
    for (let left = selections; left.length > 0; ) {
      const values = await tpm.run(pcrRead(left), uses)
      counters.add(values.updateCounter)
      if (values.digests.length === 0) throw missing(left[0]!)
      enter(values, left, tables)
      left = left
        .map((each) => ({ ...each, pcrs: each.pcrs.filter((pcr) => !tables.get(each.hash)!.has(pcr)) }))
        .filter(({ pcrs }) => pcrs.length > 0)
    }
    if (counters.size <= 1) return new Map([...tables].map(([hash, table]) => [hashById(hash)!.name, table]))
  }
  throw new ThymusError('TPM_REFUSED', 'PCRs keep changing while they are read: try again')
}

/** Each that comes was asked for, and comes once: so the reading has an end. */
function enter({ selection, digests }: PcrValues, asked: readonly PcrSelection[], tables: ReadonlyMap<number, Map<number, Buffer>>): void {
  const places = selection.flatMap(({ hash, pcrs }) => pcrs.map((pcr) => [hash, pcr] as const))
  const strange = places.some(([hash, pcr]) => !asked.some((each) => each.hash === hash && each.pcrs.includes(pcr)))
  if (strange || places.length !== digests.length)
    throw new ThymusError('FORMAT', 'the TPM gave other PCRs than it was asked for', { at: 'PCR_Read' })
  for (const [at, [hash, pcr]] of places.entries()) {
    if (digests[at]!.length !== hashById(hash)?.size) throw new ThymusError('FORMAT', 'a PCR has the wrong size', { at: 'PCR_Read' })
    tables.get(hash)!.set(pcr, digests[at]!)
  }
}

function missing({ hash, pcrs }: PcrSelection): ThymusError {
  return new ThymusError(
    'USAGE',
    `the TPM keeps no PCR ${pcrs[0]} of the bank ${hashById(hash)?.name ?? hash}: thymus tpm info shows those that it has`,
  )
}
