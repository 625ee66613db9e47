// `thymus tpm info`, `random`, `lockout` and `handle`: the TPM itself.
import { protectedSession } from '../../adapters/linux/tpm/endorsement.ts'
import { activeBanks } from '../../adapters/linux/tpm/pcrs.ts'
import { authorizing } from '../../adapters/linux/tpm/sessions.ts'
import type { Tpm } from '../../adapters/linux/tpm/tpm.ts'
import { ThymusError } from '../../core/errors.ts'
import { HASHES, hashById } from '../../formats/hash.ts'
import { ALG, ECC_CURVES } from '../../layers/hardware/tpm/abi/algorithms.ts'
import { flushContext, readPublicOf } from '../../layers/hardware/tpm/commands/objects.ts'
import { algorithms, curves, getRandom, lockReset, properties } from '../../layers/hardware/tpm/commands/platform.ts'
import { fixed, HANDLE, handleText } from '../../layers/hardware/tpm/entity.ts'
import { ATTRIBUTE } from '../../layers/hardware/tpm/session.ts'
import { writeOutput } from '../files.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { note } from '../terminal.ts'
import type { HandleSummary, Lockout, TpmInfo } from './answers.ts'
import { readSecret } from './secret.ts'
import { type TrustFlags, trustOf } from './trust.ts'
import { onTpm, type TpmFlags } from './use.ts'

/** TPM_PT (part 2, 6.13). */
const PT = {
  family: 0x100,
  revision: 0x102,
  manufacturer: 0x105,
  vendor: 0x106,
  firmware1: 0x10b,
  firmware2: 0x10c,
  nvBuffer: 0x12c,
  permanent: 0x200,
  lockoutCounter: 0x20e,
  maxAuthFail: 0x20f,
  lockoutInterval: 0x210,
  lockoutRecovery: 0x211,
} as const
/** TPMA_PERMANENT: inLockout. */
const IN_LOCKOUT = 1 << 9
const LIMITS = [
  [0x10e, 'objects at once'],
  [0x111, 'sessions at once'],
  [0x110, 'sessions loaded'],
  [0x12c, 'NV bytes at once'],
  [0x120, 'digest bytes'],
] as const
/** GetRandom gives as many bytes as the largest digest has. */
const RANDOM_AT_ONCE = 32

export async function info(flags: TpmFlags & OutputFlags): Promise<number | undefined> {
  const output = await openOutput('TpmInfo', flags)
  return onTpm(flags, async (tpm) => output.show(await described(tpm)))
}

async function described(tpm: Tpm): Promise<TpmInfo> {
  const is = await propertyTable(tpm)
  const text = (...from: readonly number[]) =>
    from
      .map((property) => letters(is.get(property) ?? 0))
      .join('')
      .trim()
  const [major, minor] = [is.get(PT.firmware1) ?? 0, is.get(PT.firmware2) ?? 0]
  const names = new Map<number, string>([
    ...Object.entries(ALG).map(([name, id]) => [id, name] as const),
    ...HASHES.map(({ id, name }) => [id, name] as const),
  ])
  return {
    manufacturer: text(PT.manufacturer),
    vendor: text(PT.vendor, PT.vendor + 1, PT.vendor + 2, PT.vendor + 3),
    firmware: [major >>> 16, major & 0xffff, minor >>> 16, minor & 0xffff].join('.'),
    specification: `TPM ${text(PT.family)}, revision ${((is.get(PT.revision) ?? 0) / 100).toFixed(2)}`,
    banks: (await activeBanks(tpm)).map(({ hash, pcrs }) => ({ bank: hashById(hash)?.name ?? hexOf(hash), pcrs: rangesOf(pcrs) })),
    algorithms: (await tpm.all(algorithms, 0, ({ algorithm }) => algorithm)).map(
      ({ algorithm }) => names.get(algorithm) ?? hexOf(algorithm),
    ),
    curves: (await tpm.all(curves, 0, (curve) => curve)).map((id) => ECC_CURVES.find((each) => each.id === id)?.name ?? hexOf(id)),
    limits: Object.fromEntries(LIMITS.flatMap(([property, name]) => (is.has(property) ? [[name, is.get(property)!]] : []))),
  }
}

export async function random(flags: TpmFlags & TrustFlags & { readonly to?: string }, size: number): Promise<number | undefined> {
  const trust = trustOf(flags, Date.now())
  return onTpm(flags, async (tpm) => {
    await using held = await protectedSession(tpm, trust)
    const pieces: Buffer[] = []
    for (let left = size; left > 0; left -= pieces.at(-1)!.length) {
      const piece = await tpm.run(getRandom(Math.min(left, RANDOM_AT_ONCE)), [held.session.use(ATTRIBUTE.encrypt)])
      if (piece.length === 0 || piece.length > left) throw new ThymusError('FORMAT', `the TPM gave ${piece.length} random bytes`)
      pieces.push(piece)
    }
    const bytes = Buffer.concat(pieces)
    if (flags.to === undefined) process.stdout.write(`${bytes.toString('hex')}\n`)
    else writeOutput(flags.to, bytes, { isPrivate: true })
  })
}

export async function showLockout(flags: TpmFlags & OutputFlags): Promise<number | undefined> {
  const output = await openOutput('TpmLockout', flags)
  return onTpm(flags, async (tpm) => output.show(await lockoutOf(tpm)))
}

async function lockoutOf(tpm: Tpm): Promise<Lockout> {
  const is = await propertyTable(tpm)
  return {
    locked: ((is.get(PT.permanent) ?? 0) & IN_LOCKOUT) !== 0,
    failures: is.get(PT.lockoutCounter) ?? 0,
    tries: is.get(PT.maxAuthFail) ?? 0,
    recovery: is.get(PT.lockoutInterval) ?? 0,
    lockoutRecovery: is.get(PT.lockoutRecovery) ?? 0,
  }
}

export async function resetLockout(flags: TpmFlags & TrustFlags & { readonly auth?: string }): Promise<number | undefined> {
  const lockout = fixed(HANDLE.lockout, readSecret(flags.auth))
  const trust = trustOf(flags, Date.now())
  return onTpm(flags, async (tpm) => {
    await using held = lockout.auth.length > 0 ? await protectedSession(tpm, trust) : undefined
    await tpm.run(lockReset(lockout), [authorizing(lockout, held?.session)])
    note('wrong tries are forgiven')
  })
}

const KINDS = [
  [0x80000000, 'object'],
  [0x81000000, 'kept object'],
  [0x02000000, 'session'],
  [0x03000000, 'saved session'],
] as const

export async function listHandles(flags: TpmFlags & OutputFlags): Promise<number | undefined> {
  const output = await openOutput('TpmHandleList', flags)
  return onTpm(flags, async (tpm) => {
    const items: HandleSummary[] = []
    for (const [first, kind] of KINDS) {
      for (const handle of await tpm.handles(first)) {
        const name = kind.endsWith('object') ? (await tpm.run(readPublicOf(handle))).name.toString('hex') : null
        items.push({ handle: handleText(handle), kind, name })
      }
    }
    output.show({ items })
  })
}

/** For what another program left behind on a TPM that it had to itself. */
export async function flushHandles(flags: TpmFlags): Promise<number | undefined> {
  return onTpm(flags, async (tpm) => {
    for (const [first, kind] of KINDS) {
      if (kind === 'kept object') continue
      for (const handle of await tpm.handles(first)) {
        await tpm.run(flushContext(handle))
        note(`flushed ${kind} ${handleText(handle)}`)
      }
    }
  })
}

async function propertyTable(tpm: Tpm): Promise<ReadonlyMap<number, number>> {
  const all = [
    ...(await tpm.all(properties, PT.family, ({ property }) => property)),
    ...(await tpm.all(properties, PT.permanent, ({ property }) => property)),
  ]
  return new Map(all.map(({ property, value }) => [property, value]))
}

function letters(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes.toString('latin1').replace(/\0/g, '')
}

/** `0-7, 16`. */
function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = []
  for (const number of numbers) {
    const last = ranges.at(-1)
    if (last?.[1] === number - 1) last[1] = number
    else ranges.push([number, number])
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ')
}

const hexOf = (algorithm: number): string => `0x${algorithm.toString(16).padStart(4, '0')}`
