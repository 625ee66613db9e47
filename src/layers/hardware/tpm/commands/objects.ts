// Objects: made, loaded, looked at and let go (part 3, 12, 24 and 28).
import { ThymusError } from '../../../../core/errors.ts'
import type { ByteReader } from '../../../../formats/bytes.ts'
import { LIMIT } from '../abi/algorithms.ts'
import { readSized, sized, u32 } from '../abi/marshal.ts'
import { nameOf, type PublicArea, readSizedPublic, writeSizedPublicArea } from '../abi/public-area.ts'
import type { Command } from '../command.ts'
import { type Entity, HANDLE } from '../entity.ts'

/** TPM_CC (part 2, 6.5.2). */
const CC = {
  evictControl: 0x120,
  createPrimary: 0x131,
  create: 0x153,
  load: 0x157,
  contextLoad: 0x161,
  contextSave: 0x162,
  flushContext: 0x165,
  loadExternal: 0x167,
  readPublic: 0x173,
} as const

const TAG_CREATION = 0x8021
const MAX_PRIVATE = 2048
const MAX_CREATION = 1024

export interface Secret {
  /** What will authorize the object's use. */
  readonly auth?: Uint8Array
  /** What is sealed. */
  readonly data?: Uint8Array
}

/** An object in the TPM. Its name is computed from its public area, never taken from the TPM's word. */
export interface Loaded {
  readonly handle: number
  readonly area: PublicArea
  readonly name: Buffer
}

/** An object outside the TPM: `private` is encrypted to its parent. */
export interface Blob {
  readonly area: PublicArea
  readonly private: Buffer
}

/** TPM2_CreatePrimary: the same template and seed make the same key. */
export function createPrimary(hierarchy: Entity, template: PublicArea, secret: Secret = {}): Command<Loaded> {
  return {
    ...{ name: 'CreatePrimary', code: CC.createPrimary, entities: [hierarchy], authorized: 1, makes: 'object' },
    ...guarded(secret),
    parameters: creation(template, secret),
    read(answer, handle) {
      const area = readSizedPublic(answer)
      readCreation(answer)
      return { handle, area, name: agreedName(area, answer) }
    },
  }
}

/** TPM2_Create: an object below `parent`, which is not loaded by that. */
export function create(parent: Entity, template: PublicArea, secret: Secret = {}): Command<Blob> {
  return {
    ...{ name: 'Create', code: CC.create, entities: [parent], authorized: 1 },
    ...guarded(secret),
    parameters: creation(template, secret),
    read(answer) {
      const blob = { private: readSized(answer, MAX_PRIVATE, 'outPrivate'), area: readSizedPublic(answer) }
      readCreation(answer)
      return blob
    },
  }
}

export function load(parent: Entity, { area, private: sensitive }: Blob): Command<Loaded> {
  return {
    ...{ name: 'Load', code: CC.load, entities: [parent], authorized: 1, makes: 'object' },
    parameters: Buffer.concat([sized(sensitive), writeSizedPublicArea(area)]),
    read: (answer, handle) => ({ handle, area, name: agreedName(area, answer) }),
  }
}

/** TPM2_LoadExternal of a public key, into the owner hierarchy: what it verifies gets a ticket. */
export function loadExternal(area: PublicArea): Command<Loaded> {
  return {
    ...{ name: 'LoadExternal', code: CC.loadExternal, entities: [], makes: 'object' },
    parameters: Buffer.concat([sized(), writeSizedPublicArea(area), u32(HANDLE.owner)]),
    read: (answer, handle) => ({ handle, area, name: agreedName(area, answer) }),
  }
}

export function readPublicOf(handle: number): Command<Loaded> {
  return {
    ...{ name: 'ReadPublic', code: CC.readPublic, entities: [{ handle, name: Buffer.alloc(0), auth: Buffer.alloc(0) }] },
    read(answer) {
      const area = readSizedPublic(answer)
      const name = agreedName(area, answer)
      readSized(answer, LIMIT.name, 'qualifiedName')
      return { handle, area, name }
    },
  }
}

/** Object or session. The handle is a parameter, not an entity. */
export const flushContext = (handle: number): Command<void> => ({
  ...{ name: 'FlushContext', code: CC.flushContext, entities: [], parameters: u32(handle) },
  read() {},
})

/** Makes an object persistent, or a persistent one no longer so. */
export const evictControl = (hierarchy: Entity, object: Entity, persistent: number): Command<void> => ({
  ...{ name: 'EvictControl', code: CC.evictControl, entities: [hierarchy, object], authorized: 1, parameters: u32(persistent) },
  read() {},
})

export const contextSave = (object: Entity): Command<Buffer> => ({
  ...{ name: 'ContextSave', code: CC.contextSave, entities: [object] },
  read: (answer) => answer.rest(),
})

export const contextLoad = (context: Uint8Array): Command<number> => ({
  ...{ name: 'ContextLoad', code: CC.contextLoad, entities: [], parameters: Buffer.from(context), makes: 'object' },
  read: (_, handle) => handle,
})

/** As an entity of a command. */
export function entityOf({ handle, name }: Loaded, auth: Uint8Array = Buffer.alloc(0)): Entity {
  return { handle, name, auth: Buffer.from(auth) }
}

/** inSensitive, inPublic, outsideInfo and creationPCR. */
function creation(template: PublicArea, { auth, data }: Secret): Buffer {
  const sensitive = sized(sized(auth ?? Buffer.alloc(0)), sized(data ?? Buffer.alloc(0)))
  return Buffer.concat([sensitive, writeSizedPublicArea(template), sized(), u32(0)])
}

const guarded = ({ auth, data }: Secret) => ((auth?.length ?? 0) + (data?.length ?? 0) > 0 ? ({ secret: 'in' } as const) : {})

/** creationData, creationHash and creationTicket, of which nothing is made here. */
function readCreation(answer: ByteReader): void {
  readSized(answer, MAX_CREATION, 'creationData')
  readSized(answer, LIMIT.digest, 'creationHash')
  const tag = answer.u16('creationTicket.tag')
  if (tag !== TAG_CREATION) answer.fail('creationTicket.tag', `0x${tag.toString(16)} is no creation ticket`)
  answer.u32('creationTicket.hierarchy')
  readSized(answer, LIMIT.digest, 'creationTicket.digest')
}

/** The name that the public area has, which must be the one that the TPM says. @throws ThymusError TPM_SESSION */
function agreedName(area: PublicArea, answer: ByteReader): Buffer {
  const said = readSized(answer, LIMIT.name, 'name')
  const name = nameOf(area)
  if (name === undefined) return answer.fail('nameAlg', `0x${area.nameHash.toString(16)} is a hash that is not known`)
  if (!name.equals(said)) throw new ThymusError('TPM_SESSION', 'the name that the TPM says is not that of the public area that it shows')
  return name
}
