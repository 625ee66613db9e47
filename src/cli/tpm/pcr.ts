// `thymus tpm pcr`.
import { activeBanks, readPcrs } from '../../adapters/linux/tpm/pcrs.ts'
import type { Tpm } from '../../adapters/linux/tpm/tpm.ts'
import { ThymusError } from '../../core/errors.ts'
import { type HashName, hashById, hashByName } from '../../formats/hash.ts'
import type { PcrSelection } from '../../layers/hardware/tpm/abi/pcr-selection.ts'
import { type Hashed, pcrEvent, pcrExtend } from '../../layers/hardware/tpm/commands/platform.ts'
import { EMPTY } from '../../layers/hardware/tpm/session.ts'
import type { PcrTable } from '../../layers/hardware/tpm/signed-policy.ts'
import { readInput } from '../files.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import type { PcrValue } from './answers.ts'
import type { PcrWish } from './parameters.ts'
import { onTpm, type TpmFlags } from './use.ts'

const MAX_EVENT = 1024

export async function read(flags: TpmFlags & OutputFlags, wishes: readonly PcrWish[] | undefined): Promise<number | undefined> {
  const output = await openOutput('PcrList', flags)
  return onTpm(flags, async (tpm) => output.show({ items: listed(await readPcrs(tpm, await selected(tpm, wishes))) }))
}

export async function extend(flags: TpmFlags & OutputFlags, pcr: number, digests: readonly Hashed[]): Promise<number | undefined> {
  const output = await openOutput('PcrList', flags)
  return onTpm(flags, async (tpm) => {
    await tpm.run(pcrExtend(pcr, digests), [EMPTY])
    const now = await readPcrs(
      tpm,
      digests.map(({ hash }) => ({ hash, pcrs: [pcr], size: 3 })),
    )
    output.show({ items: listed(now) })
  })
}

export async function event(flags: TpmFlags & OutputFlags, pcr: number, file: string): Promise<number | undefined> {
  const data = readInput(file, MAX_EVENT)
  const output = await openOutput('PcrList', flags)
  return onTpm(flags, async (tpm) => {
    const hashed = await tpm.run(pcrEvent(pcr, data), [EMPTY])
    output.show({ items: hashed.map(({ hash, digest }) => ({ bank: hashById(hash)!.name, pcr, value: digest.toString('hex') })) })
  })
}

/** What is wished for, as far as the TPM keeps it; all of it where nothing is. @throws ThymusError USAGE for a bank that it does not keep */
export async function selected(tpm: Tpm, wishes: readonly PcrWish[] | undefined): Promise<readonly PcrSelection[]> {
  const banks = (await activeBanks(tpm)).filter(({ hash }) => hashById(hash) !== undefined)
  if (wishes === undefined) return banks
  return wishes.map(({ bank, pcrs }) => {
    const kept = banks.find(({ hash }) => hash === hashByName(bank)!.id)
    if (kept === undefined) throw new ThymusError('USAGE', `the TPM keeps no bank ${bank}: thymus tpm info shows those that it has`)
    return pcrs === null ? kept : { ...kept, pcrs: [...new Set(pcrs)].sort((a, b) => a - b) }
  })
}

export function listed(tables: ReadonlyMap<HashName, PcrTable>): readonly PcrValue[] {
  return [...tables].flatMap(([bank, table]) =>
    [...table].sort(([a], [b]) => a - b).map(([pcr, value]) => ({ bank, pcr, value: value.toString('hex') })),
  )
}
