// `thymus tpm nv`.
import { counterValue, defineNv, incrementNv, nvContents, nvIndices, nvPublicOf, undefineNv, writeNv } from '../../adapters/linux/tpm/nv.ts'
import { ThymusError } from '../../core/errors.ts'
import { hashByName } from '../../formats/hash.ts'
import { isWritten, NV, NV_COUNTER, type NvPublic, nvName, nvType } from '../../layers/hardware/tpm/commands/nv.ts'
import { handleText } from '../../layers/hardware/tpm/entity.ts'
import { ENDORSEMENT } from '../../layers/hardware/tpm/templates.ts'
import { readInput, writeOutput } from '../files.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { note } from '../terminal.ts'
import type { NvSummary } from './answers.ts'
import { type OwnerFlags, provenAccess, type SecretFlags } from './key.ts'
import { readSecret } from './secret.ts'
import { onTpm, type TpmFlags } from './use.ts'

type NvFlags = TpmFlags & SecretFlags

const COUNTER_SIZE = 8
const MAX_DATA = 65_535

export async function list(flags: TpmFlags & OutputFlags): Promise<number | undefined> {
  const output = await openOutput('NvIndexList', flags)
  return onTpm(flags, async (tpm) => output.show({ items: (await nvIndices(tpm)).map(summary) }))
}

/** With a password, the index opens by that; without one, the owner writes, and everybody reads. */
export async function define(
  flags: NvFlags & { readonly size?: number; readonly counter?: boolean },
  index: number,
): Promise<number | undefined> {
  if ((flags.size === undefined) === !flags.counter) throw new ThymusError('USAGE', 'nv define takes one of --size and --counter')
  const auth = readSecret(flags.auth)
  const who = auth.length > 0 ? NV.authWrite | NV.authRead : NV.ownerWrite | NV.ownerRead | NV.authRead | NV.noDa
  const area: NvPublic = {
    ...{ index, nameHash: hashByName('sha256')!.id, authPolicy: Buffer.alloc(0) },
    ...(flags.counter ? { size: COUNTER_SIZE, attributes: NV_COUNTER | who } : { size: flags.size!, attributes: who }),
  }
  return onTpm(flags, async (tpm) => {
    await using access = await provenAccess(tpm, flags, auth)
    await defineNv(tpm, area, { ...access, auth })
    note(`${handleText(index)} is defined; ${flags.counter ? 'thymus tpm nv increment begins to count' : 'nothing is in it yet'}`)
  })
}

export async function read(
  flags: NvFlags & { readonly to?: string; readonly offset?: number; readonly size?: number },
  index: number,
): Promise<number | undefined> {
  const auth = readSecret(flags.auth)
  return onTpm(flags, async (tpm) => {
    await using access = await provenAccess(tpm, flags, auth)
    const area = await nvPublicOf(tpm, index)
    if (nvType(area.attributes) === 'counter' && flags.to === undefined) {
      process.stdout.write(`${await counterValue(tpm, area, { ...access, auth })}\n`)
      return
    }
    const at = flags.offset ?? 0
    const data = await nvContents(tpm, area, { ...access, auth }, at, flags.size ?? Math.max(0, area.size - at))
    if (flags.to === undefined) process.stdout.write(data)
    else writeOutput(flags.to, data, { isPrivate: true })
  })
}

export async function write(flags: NvFlags & { readonly offset?: number }, index: number, input: string): Promise<number | undefined> {
  const [data, auth] = [readInput(input, MAX_DATA), readSecret(flags.auth)]
  return onTpm(flags, async (tpm) => {
    await using access = await provenAccess(tpm, flags, auth)
    await writeNv(tpm, index, data, { ...access, auth }, flags.offset)
    note(`${data.length} bytes are in ${handleText(index)}`)
  })
}

export async function increment(flags: NvFlags, index: number): Promise<number | undefined> {
  const auth = readSecret(flags.auth)
  return onTpm(flags, async (tpm) => {
    await using access = await provenAccess(tpm, flags, auth)
    process.stdout.write(`${await incrementNv(tpm, index, { ...access, auth })}\n`)
  })
}

export async function undefine(flags: TpmFlags & OwnerFlags, index: number): Promise<number | undefined> {
  return onTpm(flags, async (tpm) => {
    await using access = await provenAccess(tpm, flags)
    await undefineNv(tpm, index, access)
    note(`${handleText(index)} is gone`)
  })
}

function summary(area: NvPublic): NvSummary {
  const { index, attributes, size } = area
  return {
    index: handleText(index),
    type: nvType(attributes) ?? 'unknown',
    size,
    attributes: Object.entries(NV).flatMap(([name, bit]) => ((attributes & bit) !== 0 ? [name] : [])),
    isWritten: isWritten(area),
    purpose: purposeOf(index),
    name: nvName(area).toString('hex'),
  }
}

/** TCG Registry of Reserved TPM 2.0 Handles. */
function purposeOf(index: number): string {
  const kind = Object.entries(ENDORSEMENT).find(([, { certificate }]) => certificate === index)?.[0]
  if (kind !== undefined) return `certificate of the ${kind} endorsement key`
  if (index >= 0x01c00100 && index < 0x01c00200) return 'certificates between an endorsement key and its root'
  if (index >= 0x01c00000 && index < 0x01c08000) return 'of the maker of the TPM'
  if (index >= 0x01c08000 && index < 0x01c10000) return 'of the maker of the machine'
  return index >= 0x01800000 && index < 0x01c00000 ? 'of the owner' : ''
}
