// Non-volatile memory as it is used: who may, in pieces that the TPM takes, and what is in it afterwards.
import { ThymusError } from '../../../core/errors.ts'
import {
  NV,
  type NvPublic,
  nvDefine,
  nvEntity,
  nvIncrement,
  nvRead,
  nvReadPublic,
  nvUndefine,
  nvWrite,
} from '../../../layers/hardware/tpm/commands/nv.ts'
import { properties } from '../../../layers/hardware/tpm/commands/platform.ts'
import { type Entity, fixed, HANDLE, handleText } from '../../../layers/hardware/tpm/entity.ts'
import { ATTRIBUTE, type Session } from '../../../layers/hardware/tpm/session.ts'
import { authorizing } from './sessions.ts'
import type { Tpm } from './tpm.ts'

/** TPM_PT_NV_BUFFER_MAX (part 2, 6.13). */
const BUFFER_MAX = 0x12c
const SMALLEST_BUFFER = 512

/** What opens an index, and the session that keeps it. */
export interface NvAccess {
  /** Of the index. */
  readonly auth?: Buffer | undefined
  readonly ownerAuth?: Buffer | undefined
  readonly session?: Session | undefined
}

export const nvPublicOf = (tpm: Tpm, index: number): Promise<NvPublic> => tpm.run(nvReadPublic(index))

/** All indices, by their number. */
export async function nvIndices(tpm: Tpm): Promise<readonly NvPublic[]> {
  const found: NvPublic[] = []
  for (const index of await tpm.handles(0x01000000)) found.push(await nvPublicOf(tpm, index))
  return found
}

/** Defines one of `area`, whose authorization becomes `access.auth`. */
export async function defineNv(tpm: Tpm, area: NvPublic, access: NvAccess = {}): Promise<void> {
  const owner = ownerOf(access)
  const attributes = (access.auth?.length ?? 0) > 0 ? ATTRIBUTE.decrypt : 0
  await tpm.run(nvDefine(owner, area, access.auth), [authorizing(owner, access.session, attributes)])
}

export async function undefineNv(tpm: Tpm, index: number, access: NvAccess = {}): Promise<void> {
  const owner = ownerOf(access)
  await tpm.run(nvUndefine(owner, nvEntity(await nvPublicOf(tpm, index))), [authorizing(owner, access.session)])
}

/** `size` bytes, or all of them. @throws TpmRefusal NV_UNINITIALIZED where nothing was written yet */
export async function nvContents(tpm: Tpm, area: NvPublic, access: NvAccess = {}, offset = 0, size = area.size - offset): Promise<Buffer> {
  const by = actor(area, NV.authRead, NV.ownerRead, access, 'read')
  const most = await pieceSize(tpm)
  const attributes = access.session?.salted ? ATTRIBUTE.encrypt : 0
  const pieces: Buffer[] = []
  for (let at = offset; at < offset + size; at += most) {
    const wanted = Math.min(most, offset + size - at)
    const piece = await tpm.run(nvRead(by, nvEntity(area), wanted, at), [authorizing(by, access.session, attributes)])
    if (piece.length !== wanted) throw new ThymusError('FORMAT', `the TPM gave ${piece.length} bytes, where ${wanted} were asked for`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

export async function writeNv(tpm: Tpm, index: number, data: Uint8Array, access: NvAccess = {}, offset = 0): Promise<void> {
  const most = await pieceSize(tpm)
  const attributes = access.session?.salted ? ATTRIBUTE.decrypt : 0
  for (let at = 0; at < data.length; at += most) {
    const area = await nvPublicOf(tpm, index) // the first write changes its name
    const by = actor(area, NV.authWrite, NV.ownerWrite, access, 'written')
    const piece = data.subarray(at, at + most)
    await tpm.run(nvWrite(by, nvEntity(area), piece, offset + at), [authorizing(by, access.session, attributes)])
  }
}

/** Moves a counter on. @returns what it holds now */
export async function incrementNv(tpm: Tpm, index: number, access: NvAccess = {}): Promise<bigint> {
  const area = await nvPublicOf(tpm, index)
  const by = actor(area, NV.authWrite, NV.ownerWrite, access, 'written')
  await tpm.run(nvIncrement(by, nvEntity(area)), [authorizing(by, access.session)])
  return counterValue(tpm, await nvPublicOf(tpm, index), access)
}

export async function counterValue(tpm: Tpm, area: NvPublic, access: NvAccess = {}): Promise<bigint> {
  if (area.size !== 8) throw new ThymusError('FORMAT', 'a counter has eight bytes', { at: handleText(area.index) })
  return (await nvContents(tpm, area, access)).readBigUInt64BE()
}

/** Who may: the index itself, or else the owner. */
function actor(area: NvPublic, byAuth: number, byOwner: number, access: NvAccess, what: string): Entity {
  if ((area.attributes & byAuth) !== 0) return nvEntity(area, access.auth)
  if ((area.attributes & byOwner) !== 0) return ownerOf(access)
  throw new ThymusError('TPM_REFUSED', `it can be ${what} neither by its password nor by the owner: its attributes ask for a policy`, {
    at: handleText(area.index),
  })
}

const ownerOf = ({ ownerAuth }: NvAccess): Entity => fixed(HANDLE.owner, ownerAuth)

async function pieceSize(tpm: Tpm): Promise<number> {
  const { items } = await tpm.run(properties(BUFFER_MAX))
  const found = items.find(({ property }) => property === BUFFER_MAX)?.value ?? SMALLEST_BUFFER
  return Math.max(1, Math.min(found, 1024))
}
