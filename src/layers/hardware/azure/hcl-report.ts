// The report that Azure's host compatibility layer (HCL) leaves in NV index 0x01400001 of a confidential guest's virtual TPM: what the hardware
// signs, and the claims that its report data is the hash of, among them the key that the TPM attests with.
// Microsoft Learn, "Guest attestation for confidential virtual machines", attestation report format. Reading believes nothing.
import { createHash, type webcrypto } from 'node:crypto'
import { type CheckTable, checked } from '../../../core/appraisal.ts'
import { ThymusError } from '../../../core/errors.ts'
import type { Check } from '../../../core/verdict.ts'
import { ByteReader } from '../../../formats/bytes.ts'
import { type HashName, hashByName } from '../../../formats/hash.ts'

export const AZURE_CHECKS = {
  AZURE_HARDWARE: {
    title: 'what the hardware signed is of the guest that the report is about',
    clause: 'Microsoft Learn: attestation report, TD quote',
  },
  AZURE_PARAVISOR: {
    title: 'the report was asked for by the paravisor, not by the guest below it',
    clause: 'SEV-SNP ABI 1.58, table 23: VMPL',
  },
  AZURE_RUNTIME_DATA: {
    title: 'the hardware signs the hash of the runtime data',
    clause: 'Microsoft Learn: report data of the attestation report',
  },
  AZURE_AK: {
    title: 'the runtime data has one key that the virtual TPM attests with',
    clause: 'Microsoft Learn: runtime claims, HCLAkPub',
  },
} as const satisfies CheckTable

export interface HclReport {
  readonly version: number
  /** 0 for a report that was made. */
  readonly status: number
  readonly kind: HclKind
  /** An SNP report, or a TDREPORT: it is not signed, but its report data is that of the TD quote that is made of it. */
  readonly hardware: Buffer
  /** The 64 bytes of it that the guest chose. */
  readonly reportData: Buffer
  /** Of the runtime data. */
  readonly hash: HashName
  /** JSON, as it is hashed. */
  readonly runtimeData: Buffer
}

export type HclKind = 'snp' | 'tdx'

export interface RuntimeData {
  readonly keys: readonly (webcrypto.JsonWebKey & { readonly kid: string })[]
  /** As it stands there: what the guest is said to have been started with. */
  readonly vmConfiguration: Readonly<Record<string, unknown>>
  /** Hex; what the guest wrote into NV index 0x01400002. */
  readonly userData: string | undefined
}

const SIGNATURE = 0x414c4348
const HEADER_SIZE = 32
/** Room of the hardware's report, whichever it is. */
const HARDWARE_SIZE = 1184
const RUNTIME_HEADER_SIZE = 20
const REPORT_DATA_SIZE = 64
/** The index has 2,600 bytes; a later one may have more. */
const MAX_RUNTIME_DATA = 1 << 16

/** By report type: its name, the report's size, and where its report data stands (SEV-SNP ABI table 23; TDX module ABI, REPORTMACSTRUCT). */
const KINDS: ReadonlyMap<number, { readonly kind: HclKind; readonly size: number; readonly reportData: number }> = new Map([
  [2, { kind: 'snp', size: 1184, reportData: 0x50 }],
  [4, { kind: 'tdx', size: 1024, reportData: 0x80 }],
])
const HASHES: ReadonlyMap<number, HashName> = new Map([
  [1, 'sha256'],
  [2, 'sha384'],
  [3, 'sha512'],
])
const AK = 'HCLAkPub'

/**
 * Reads the content of the NV index. What stands behind the runtime data is room that was not used.
 * @throws ThymusError FORMAT
 */
export function readHclReport(bytes: Uint8Array): HclReport {
  const reader = new ByteReader(bytes, 'little')
  if (reader.u32('signature') !== SIGNATURE) reader.fail('signature', 'no HCL report')
  const version = reader.u32('version')
  const size = reader.u32('reportSize')
  reader.u32('requestType')
  const status = reader.u32('status')
  reader.bytes(HEADER_SIZE - reader.at, 'reserved')
  const room = reader.bytes(HARDWARE_SIZE, 'hardwareReport')
  const dataSize = reader.u32('runtimeData.dataSize')
  reader.u32('runtimeData.version')
  const type = reader.u32('runtimeData.reportType')
  const known = KINDS.get(type) ?? reader.fail('runtimeData.reportType', `${type} is a report that is not known`)
  const hashType = reader.u32('runtimeData.hashType')
  const hash = HASHES.get(hashType) ?? reader.fail('runtimeData.hashType', `${hashType} is a hash that is not known`)
  const claimsSize = reader.u32('runtimeData.claimsSize')
  if (claimsSize + RUNTIME_HEADER_SIZE !== dataSize || HEADER_SIZE + HARDWARE_SIZE + dataSize !== size)
    reader.fail('runtimeData.claimsSize', `${claimsSize} bytes of claims in ${dataSize} bytes, in a report of ${size}`)
  const runtimeData = reader.sized(claimsSize, MAX_RUNTIME_DATA, 'runtimeData.claims')
  const hardware = room.subarray(0, known.size)
  const reportData = hardware.subarray(known.reportData, known.reportData + REPORT_DATA_SIZE)
  return { version, status, kind: known.kind, hardware, reportData, hash, runtimeData }
}

/** Reads the claims. @throws ThymusError FORMAT where they are no JSON of that shape */
export function readRuntimeData(bytes: Buffer): RuntimeData {
  const claims = record(parse(bytes), 'runtime data')
  if (!Array.isArray(claims.keys)) throw new ThymusError('FORMAT', 'no list of keys', { at: 'keys' })
  const keys = claims.keys.map((each, at) => {
    const key = record(each, `keys[${at}]`)
    if (typeof key.kid !== 'string') throw new ThymusError('FORMAT', 'a key without an identifier', { at: `keys[${at}].kid` })
    return { ...key, kid: key.kid }
  })
  const userData = claims['user-data']
  if (userData !== undefined && typeof userData !== 'string') throw new ThymusError('FORMAT', 'no text', { at: 'user-data' })
  return { keys, vmConfiguration: record(claims['vm-configuration'] ?? {}, 'vm-configuration'), userData }
}

/** The key that the virtual TPM attests with; undefined where there is none, or more than one. */
export function attestationJwk({ keys }: RuntimeData): webcrypto.JsonWebKey | undefined {
  const named = keys.filter(({ kid }) => kid === AK)
  return named.length === 1 ? named[0] : undefined
}

/**
 * Whether the report data binds the claims. That the hardware has signed the report data is for who verifies its report.
 * @throws ThymusError FORMAT where the claims are no JSON of their shape
 */
export function verifyHclReport({ hash, reportData, runtimeData }: HclReport): readonly Check[] {
  const digest = createHash(hash).update(runtimeData).digest()
  const wanted = Buffer.concat([digest, Buffer.alloc(REPORT_DATA_SIZE - hashByName(hash)!.size)])
  return [
    checked(AZURE_CHECKS, 'AZURE_RUNTIME_DATA', wanted.equals(reportData), {
      expected: wanted.toString('hex'),
      got: reportData.toString('hex'),
    }),
    checked(AZURE_CHECKS, 'AZURE_AK', attestationJwk(readRuntimeData(runtimeData)) !== undefined),
  ]
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new ThymusError('FORMAT', 'no JSON', { at: 'runtime data', cause })
  }
}

function record(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ThymusError('FORMAT', 'no object', { at })
  return value as Record<string, unknown>
}
