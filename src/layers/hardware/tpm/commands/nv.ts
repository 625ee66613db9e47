// Non-volatile memory (part 3, 31).
import { createHash } from 'node:crypto'
import { ThymusError } from '../../../../core/errors.ts'
import type { ByteReader } from '../../../../formats/bytes.ts'
import { hashById } from '../../../../formats/hash.ts'
import { LIMIT } from '../abi/algorithms.ts'
import { readSized, sized, u16, u32 } from '../abi/marshal.ts'
import type { Command } from '../command.ts'
import type { Entity } from '../entity.ts'

const CC = { undefineSpace: 0x122, defineSpace: 0x12a, increment: 0x134, write: 0x137, read: 0x14e, readPublic: 0x169 } as const

/** TPMA_NV (part 2, 13.4). Bits 4 to 7 are the type. */
export const NV = {
  ownerWrite: 1 << 1,
  authWrite: 1 << 2,
  policyWrite: 1 << 3,
  policyDelete: 1 << 10,
  writeLocked: 1 << 11,
  writeAll: 1 << 12,
  platformRead: 1 << 16,
  ownerRead: 1 << 17,
  authRead: 1 << 18,
  policyRead: 1 << 19,
  noDa: 1 << 25,
  readLocked: 1 << 28,
  written: 1 << 29,
  platformCreate: 1 << 30,
} as const
export const NV_TYPES = [
  'ordinary',
  'counter',
  'bits',
  undefined,
  'extend',
  undefined,
  undefined,
  undefined,
  'pin-fail',
  'pin-pass',
] as const
export const nvType = (attributes: number): (typeof NV_TYPES)[number] => NV_TYPES[(attributes >> 4) & 0xf]
export const NV_COUNTER = 1 << 4

/** TPMS_NV_PUBLIC (part 2, 13.5). */
export interface NvPublic {
  readonly index: number
  /** TPM_ALG_ID. */
  readonly nameHash: number
  readonly attributes: number
  readonly authPolicy: Buffer
  readonly size: number
}

export const isWritten = ({ attributes }: NvPublic): boolean => (attributes & NV.written) !== 0

export function writeNvPublic({ index, nameHash, attributes, authPolicy, size }: NvPublic): Buffer {
  return Buffer.concat([u32(index), u16(nameHash), u32(attributes >>> 0), sized(authPolicy), u16(size)])
}

/** Part 1, 16: it changes when the index is first written. @throws ThymusError FORMAT for a hash that is not known */
export function nvName(area: NvPublic): Buffer {
  const hash = hashById(area.nameHash)
  if (hash === undefined) throw new ThymusError('FORMAT', `0x${area.nameHash.toString(16)} is a hash that is not known`, { at: 'nameAlg' })
  return Buffer.concat([u16(hash.id), createHash(hash.name).update(writeNvPublic(area)).digest()])
}

/** As an entity of a command. */
export function nvEntity(area: NvPublic, auth: Uint8Array = Buffer.alloc(0)): Entity {
  return { handle: area.index, name: nvName(area), auth: Buffer.from(auth) }
}

/** @param auth will authorize the index */
export const nvDefine = (owner: Entity, area: NvPublic, auth: Uint8Array = Buffer.alloc(0)): Command<void> => ({
  ...{ name: 'NV_DefineSpace', code: CC.defineSpace, entities: [owner], authorized: 1, read() {} },
  ...(auth.length > 0 ? { secret: 'in' } : {}),
  parameters: Buffer.concat([sized(auth), sized(writeNvPublic(area))]),
})

export const nvUndefine = (owner: Entity, index: Entity): Command<void> => ({
  ...{ name: 'NV_UndefineSpace', code: CC.undefineSpace, entities: [owner, index], authorized: 1, read() {} },
})

/** @param by who writes: the owner, or the index itself */
export const nvWrite = (by: Entity, index: Entity, data: Uint8Array, offset: number): Command<void> => ({
  ...{ name: 'NV_Write', code: CC.write, entities: [by, index], authorized: 1, read() {} },
  parameters: Buffer.concat([sized(data), u16(offset)]),
})

export const nvRead = (by: Entity, index: Entity, size: number, offset: number): Command<Buffer> => ({
  ...{ name: 'NV_Read', code: CC.read, entities: [by, index], authorized: 1, parameters: Buffer.concat([u16(size), u16(offset)]) },
  read: (answer) => readSized(answer, LIMIT.nvBuffer, 'data'),
})

/** Of a counter. */
export const nvIncrement = (by: Entity, index: Entity): Command<void> => ({
  ...{ name: 'NV_Increment', code: CC.increment, entities: [by, index], authorized: 1, read() {} },
})

export const nvReadPublic = (index: number): Command<NvPublic> => ({
  ...{ name: 'NV_ReadPublic', code: CC.readPublic, entities: [{ handle: index, name: Buffer.alloc(0), auth: Buffer.alloc(0) }] },
  read(answer) {
    const area = readNvPublic(answer)
    if (area.index !== index) answer.fail('nvIndex', 'it is another index')
    if (!nvName(area).equals(readSized(answer, LIMIT.name, 'nvName'))) {
      throw new ThymusError('TPM_SESSION', 'the name that the TPM says is not that of the index that it shows')
    }
    return area
  },
})

function readNvPublic(answer: ByteReader): NvPublic {
  const size = answer.u16('nvPublic.size')
  const inside = answer.inside(size, 'nvPublic')
  const area = {
    ...{ index: inside.u32('nvIndex'), nameHash: inside.u16('nameAlg'), attributes: inside.u32('attributes') },
    ...{ authPolicy: readSized(inside, LIMIT.digest, 'authPolicy'), size: inside.u16('dataSize') },
  }
  inside.finish('nvPublic')
  return area
}
