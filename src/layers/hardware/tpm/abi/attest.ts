// TPMS_ATTEST (part 2, 10.12): what a TPM signs about itself. Reading believes nothing, not even that a TPM made it: `generated` may be false.
import type { ByteReader } from '../../../../formats/bytes.ts'
import { LIMIT, TPM_GENERATED } from './algorithms.ts'
import { readSized, readYesNo, whole } from './marshal.ts'
import { type PcrSelection, readPcrSelections } from './pcr-selection.ts'

/** TPM_ST_ATTEST_… (part 2, 6.9). */
export const ATTEST = {
  nv: 0x8014,
  commandAudit: 0x8015,
  sessionAudit: 0x8016,
  certify: 0x8017,
  quote: 0x8018,
  time: 0x8019,
  creation: 0x801a,
  nvDigest: 0x801c,
} as const

/** TPMS_CLOCK_INFO (part 2, 10.11.1). */
export interface ClockInfo {
  /** Milliseconds that the TPM had power since it was last cleared. */
  readonly clock: bigint
  /** TPM Resets since it was last cleared: boots. */
  readonly resetCount: number
  /** Restarts and resumes since the last reset. */
  readonly restartCount: number
  /** No value of `clock` greater than this one was ever reported before. */
  readonly safe: boolean
}

/** What is attested, by its type (TPMU_ATTEST). Names and digests are bytes as the TPM has them. */
export type Attested =
  | { readonly type: 'quote'; readonly selections: readonly PcrSelection[]; readonly pcrDigest: Buffer }
  | { readonly type: 'certify'; readonly name: Buffer; readonly qualifiedName: Buffer }
  | { readonly type: 'creation'; readonly objectName: Buffer; readonly creationHash: Buffer }
  | { readonly type: 'nv'; readonly indexName: Buffer; readonly offset: number; readonly contents: Buffer }
  | { readonly type: 'nvDigest'; readonly indexName: Buffer; readonly digest: Buffer }
  | { readonly type: 'time'; readonly time: bigint; readonly clockInfo: ClockInfo; readonly firmwareVersion: bigint }
  | { readonly type: 'sessionAudit'; readonly exclusive: boolean; readonly sessionDigest: Buffer }
  | {
      readonly type: 'commandAudit'
      readonly auditCounter: bigint
      readonly digestAlgorithm: number
      readonly auditDigest: Buffer
      readonly commandDigest: Buffer
    }

export interface Attest {
  /** It begins with TPM_GENERATED_VALUE. */
  readonly generated: boolean
  /** Qualified name of the key that signs. */
  readonly qualifiedSigner: Buffer
  /** What the caller gave: a nonce, or the digest of more. */
  readonly extraData: Buffer
  readonly clockInfo: ClockInfo
  /** Vendors read it as they like: most have two numbers of 32 bits. */
  readonly firmwareVersion: bigint
  readonly attested: Attested
}

/** A TPMS_ATTEST that is all of the bytes. @throws ThymusError FORMAT */
export const readAttest = (bytes: Uint8Array): Attest => whole(bytes, 'TPMS_ATTEST', read)

function read(reader: ByteReader): Attest {
  const generated = reader.u32('magic') === TPM_GENERATED
  const type = reader.u16('type')
  return {
    generated,
    qualifiedSigner: readName(reader, 'qualifiedSigner'),
    extraData: readSized(reader, LIMIT.data, 'extraData'),
    clockInfo: readClockInfo(reader),
    firmwareVersion: reader.u64('firmwareVersion'),
    attested: readAttested(reader, type),
  }
}

export function readClockInfo(reader: ByteReader): ClockInfo {
  return {
    clock: reader.u64('clockInfo.clock'),
    resetCount: reader.u32('clockInfo.resetCount'),
    restartCount: reader.u32('clockInfo.restartCount'),
    safe: readYesNo(reader, 'clockInfo.safe'),
  }
}

function readAttested(reader: ByteReader, type: number): Attested {
  switch (type) {
    case ATTEST.quote:
      return { type: 'quote', selections: readPcrSelections(reader), pcrDigest: readDigest(reader, 'pcrDigest') }
    case ATTEST.certify:
      return { type: 'certify', name: readName(reader, 'name'), qualifiedName: readName(reader, 'qualifiedName') }
    case ATTEST.creation:
      return { type: 'creation', objectName: readName(reader, 'objectName'), creationHash: readDigest(reader, 'creationHash') }
    case ATTEST.nv: {
      const indexName = readName(reader, 'indexName')
      return { type: 'nv', indexName, offset: reader.u16('offset'), contents: readSized(reader, LIMIT.nvBuffer, 'nvContents') }
    }
    case ATTEST.nvDigest:
      return { type: 'nvDigest', indexName: readName(reader, 'indexName'), digest: readDigest(reader, 'nvDigest') }
    case ATTEST.time: {
      const time = reader.u64('time.time')
      return { type: 'time', time, clockInfo: readClockInfo(reader), firmwareVersion: reader.u64('time.firmwareVersion') }
    }
    case ATTEST.sessionAudit:
      return { type: 'sessionAudit', exclusive: readYesNo(reader, 'exclusiveSession'), sessionDigest: readDigest(reader, 'sessionDigest') }
    case ATTEST.commandAudit: {
      const auditCounter = reader.u64('auditCounter')
      const digestAlgorithm = reader.u16('digestAlg')
      const auditDigest = readDigest(reader, 'auditDigest')
      return { type: 'commandAudit', auditCounter, digestAlgorithm, auditDigest, commandDigest: readDigest(reader, 'commandDigest') }
    }
    default:
      return reader.fail('type', `0x${type.toString(16)} is no attestation`)
  }
}

const readName = (reader: ByteReader, field: string) => readSized(reader, LIMIT.name, field)
const readDigest = (reader: ByteReader, field: string) => readSized(reader, LIMIT.digest, field)
