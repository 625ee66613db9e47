// The TPM itself: start, capabilities, random numbers, PCRs, the dictionary attack lockout (part 3, 9, 16, 22, 25 and 30).
import type { ByteReader } from '../../../../formats/bytes.ts'
import { hashById } from '../../../../formats/hash.ts'
import { LIMIT } from '../abi/algorithms.ts'
import { readSized, readYesNo, sized, u16, u32 } from '../abi/marshal.ts'
import { type PcrSelection, readPcrSelections, writePcrSelections } from '../abi/pcr-selection.ts'
import type { Command } from '../command.ts'
import { type Entity, fixed } from '../entity.ts'

const CC = {
  lockReset: 0x139,
  lockParameters: 0x13a,
  pcrEvent: 0x13c,
  startup: 0x144,
  getCapability: 0x17a,
  getRandom: 0x17b,
  pcrRead: 0x17e,
  pcrExtend: 0x182,
} as const

/** TPM_CAP (part 2, 6.12). */
const CAPABILITY = { algorithms: 0, handles: 1, commands: 2, pcrs: 5, properties: 6, curves: 8 } as const
/** As many of a list as are asked for at once; the TPM says if there are more. */
const MANY = 254
const MAX_LIST = 1024

/** A piece of a list, and whether there is more. */
export interface Piece<T> {
  readonly more: boolean
  readonly items: readonly T[]
}

/** TPM_SU_CLEAR. Only an emulator wants it from us: a kernel has done it. */
export const startup = (): Command<void> => ({ name: 'Startup', code: CC.startup, entities: [], parameters: u16(0), read() {} })

/** From `first` on: its top byte is the kind of handles. */
export const handles = (first: number): Command<Piece<number>> => capability(CAPABILITY.handles, first, (reader) => reader.u32('handle'))

export interface Property {
  readonly property: number
  readonly value: number
}

export const properties = (first: number): Command<Piece<Property>> =>
  capability(CAPABILITY.properties, first, (reader) => ({ property: reader.u32('property'), value: reader.u32('value') }))

export interface AlgorithmProperty {
  /** TPM_ALG_ID. */
  readonly algorithm: number
  /** TPMA_ALGORITHM. */
  readonly attributes: number
}

export const algorithms = (first: number): Command<Piece<AlgorithmProperty>> =>
  capability(CAPABILITY.algorithms, first, (reader) => ({ algorithm: reader.u16('alg'), attributes: reader.u32('algProperties') }))

/** TPM_ECC_CURVE. */
export const curves = (first: number): Command<Piece<number>> => capability(CAPABILITY.curves, first, (reader) => reader.u16('curve'))

/** The banks that the TPM keeps. */
export const pcrBanks = (): Command<readonly PcrSelection[]> => ({
  ...{ name: 'GetCapability', code: CC.getCapability, entities: [], parameters: Buffer.concat([CAPABILITY.pcrs, 0, 1].map(u32)) },
  read(answer) {
    openCapability(answer, CAPABILITY.pcrs)
    return readPcrSelections(answer, 'assignedPCR')
  },
})

/** At most as many as the TPM's largest digest has: fewer may come. */
export const getRandom = (size: number): Command<Buffer> => ({
  ...{ name: 'GetRandom', code: CC.getRandom, entities: [], parameters: u16(size), secret: 'out' },
  read: (answer) => readSized(answer, LIMIT.digest, 'randomBytes'),
})

export interface PcrValues {
  /** Of those that were asked for, the ones that came this time. */
  readonly selection: readonly PcrSelection[]
  readonly digests: readonly Buffer[]
  /** Counts changes of PCRs. */
  readonly updateCounter: number
}

export const pcrRead = (selection: readonly PcrSelection[]): Command<PcrValues> => ({
  ...{ name: 'PCR_Read', code: CC.pcrRead, entities: [], parameters: writePcrSelections(selection) },
  read(answer) {
    const updateCounter = answer.u32('pcrUpdateCounter')
    const given = readPcrSelections(answer, 'pcrSelectionOut')
    return { updateCounter, selection: given, digests: list(answer, 8, (reader) => readSized(reader, LIMIT.digest, 'pcrValue')) }
  },
})

/** A digest of a bank, by its TPM_ALG_ID: TPMT_HA. */
export interface Hashed {
  readonly hash: number
  readonly digest: Buffer
}

export const pcrExtend = (pcr: number, digests: readonly Hashed[]): Command<void> => ({
  ...{ name: 'PCR_Extend', code: CC.pcrExtend, entities: [fixed(pcr)], authorized: 1, read() {} },
  parameters: Buffer.concat([u32(digests.length), ...digests.flatMap(({ hash, digest }) => [u16(hash), digest])]),
})

/** The TPM hashes for every bank; the answer is what it extended. @param event at most 1,024 bytes */
export const pcrEvent = (pcr: number, event: Uint8Array): Command<readonly Hashed[]> => ({
  ...{ name: 'PCR_Event', code: CC.pcrEvent, entities: [fixed(pcr)], authorized: 1, parameters: sized(event) },
  read: (answer) =>
    list(answer, LIMIT.pcrSelections, (reader) => {
      const hash = reader.u16('hashAlg')
      const known = hashById(hash) ?? reader.fail('hashAlg', `0x${hash.toString(16)} is a hash that is not known`)
      return { hash, digest: reader.bytes(known.size, 'digest') }
    }),
})

/** @param lockout the lockout hierarchy with its authorization */
export const lockReset = (lockout: Entity): Command<void> => ({
  ...{ name: 'DictionaryAttackLockReset', code: CC.lockReset, entities: [lockout], authorized: 1, read() {} },
})

/** Times in seconds. */
export const lockParameters = (lockout: Entity, maxTries: number, recovery: number, lockoutRecovery: number): Command<void> => ({
  ...{ name: 'DictionaryAttackParameters', code: CC.lockParameters, entities: [lockout], authorized: 1, read() {} },
  parameters: Buffer.concat([maxTries, recovery, lockoutRecovery].map(u32)),
})

function capability<T>(kind: number, first: number, item: (reader: ByteReader) => T): Command<Piece<T>> {
  return {
    ...{ name: 'GetCapability', code: CC.getCapability, entities: [], parameters: Buffer.concat([kind, first, MANY].map(u32)) },
    read(answer) {
      const more = openCapability(answer, kind)
      return { more, items: list(answer, MAX_LIST, item) }
    },
  }
}

function openCapability(answer: ByteReader, kind: number): boolean {
  const more = readYesNo(answer, 'moreData')
  const found = answer.u32('capability')
  if (found !== kind) answer.fail('capability', `${found}, where ${kind} was asked for`)
  return more
}

function list<T>(answer: ByteReader, limit: number, item: (reader: ByteReader) => T): readonly T[] {
  const count = answer.u32('count')
  if (count > limit) answer.fail('count', `${count}, where ${limit} are the most`)
  return Array.from({ length: count }, () => item(answer))
}
