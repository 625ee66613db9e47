// Quotes of Intel's DCAP: SGX ECDSA Quote Library API, appendix A.4 (version 3); TDX DCAP Quoting Library API, appendix A.3 (versions 4 and 5).
// Little-endian throughout, but for the signatures and keys, which are big-endian. Reading believes nothing.
import { ByteReader } from '../../../formats/bytes.ts'
import { type ReportBody, readSgxReportBody, readTdReportBody, SGX_REPORT_BODY_SIZE, type SgxReportBody } from './report-body.ts'

/** How the platform is named (1 to 3) or certified, by the type of the certification data. Types 4 and 7 are reserved: no quote has them. */
export const CERTIFICATION = { ppidClear: 1, ppidRsa2048: 2, ppidRsa3072: 3, pckChain: 5, qeReport: 6 } as const

/** Bytes of the PPID in types 1 to 3. CPUSVN, PCESVN and PCE-ID follow; there are quotes of type 1 without the last. */
export const PPID_SIZE: ReadonlyMap<number, number> = new Map([
  [CERTIFICATION.ppidClear, 16],
  [CERTIFICATION.ppidRsa2048, 256],
  [CERTIFICATION.ppidRsa3072, 384],
])

export interface CertificationData {
  readonly type: number
  readonly data: Buffer
}

export interface Quote {
  readonly version: 3 | 4 | 5
  readonly tee: 'SGX' | 'TDX'
  /** Version 5 alone says what its body is: 1 SGX, 2 TDX 1.0, 3 TDX 1.5. */
  readonly bodyType?: number
  /** Who made the quoting enclave. */
  readonly qeVendorId: Buffer
  readonly userData: Buffer
  readonly body: ReportBody
  /** Header and body: what the attestation key signs. */
  readonly signed: Buffer
  /** r and s. */
  readonly signature: Buffer
  /** x and y of a point of P-256. */
  readonly attestationKey: Buffer
  readonly qe: {
    readonly report: SgxReportBody
    /** The 384 bytes of the report, which the PCK signs. */
    readonly signed: Buffer
    readonly signature: Buffer
    readonly authData: Buffer
  }
  readonly certification: CertificationData
  /** Of the quote itself; what follows is nobody's. */
  readonly length: number
  /** Bytes behind the quote: buffers of devices have a fixed size. */
  readonly trailing: number
}

const KEY_TYPE_ECDSA_P256 = 2
const TEE = new Map([
  [0x00, 'SGX'],
  [0x81, 'TDX'],
] as const)
const BODIES = { 1: { tee: 'SGX', size: SGX_REPORT_BODY_SIZE }, 2: { tee: 'TDX', size: 584 }, 3: { tee: 'TDX', size: 648 } } as const
/** Three certificates have 4 KiB, a platform manifest some tens. */
const MAX_SIGNATURE_DATA = 1 << 18

/** @throws ThymusError FORMAT for what is no quote of version 3, 4 or 5 */
export function readQuote(bytes: Uint8Array): Quote {
  const reader: ByteReader = new ByteReader(bytes, 'little')
  const version = reader.u16('version')
  if (version !== 3 && version !== 4 && version !== 5) reader.fail('version', `a quote of version ${version}`)
  const keyType = reader.u16('attestationKeyType')
  if (keyType !== KEY_TYPE_ECDSA_P256) reader.fail('attestationKeyType', `type ${keyType}, where 2 (ECDSA with P-256) is read`)
  const teeType = reader.u32('teeType')
  const tee = TEE.get(teeType as 0) ?? reader.fail('teeType', `0x${teeType.toString(16)} is neither SGX nor TDX`)
  if (version === 3 && tee !== 'SGX') reader.fail('teeType', 'a quote of version 3 is of SGX')
  reader.bytes(4, 'qeSvn, pceSvn')
  const qeVendorId = reader.bytes(16, 'qeVendorId')
  const userData = reader.bytes(20, 'userData')
  const { body, bodyType } = readBody(reader, version, tee)
  const signedLength = reader.at
  const inside = reader.inside(reader.u32('signatureDataLength'), 'signatureData')
  if (inside.left > MAX_SIGNATURE_DATA) inside.fail('signatureData', `more than ${MAX_SIGNATURE_DATA} bytes`)
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return {
    ...{ version, tee, ...(bodyType !== undefined && { bodyType }), qeVendorId, userData, body, signed: whole.subarray(0, signedLength) },
    ...readSignatureData(inside, version),
    ...{ length: reader.at, trailing: reader.left },
  }
}

function readBody(reader: ByteReader, version: 3 | 4 | 5, tee: 'SGX' | 'TDX'): { body: ReportBody; bodyType?: number } {
  if (version !== 5) return { body: tee === 'SGX' ? readSgxReportBody(reader) : readTdReportBody(reader, '1.0') }
  const bodyType = reader.u16('bodyType')
  const known = BODIES[bodyType as 1] ?? reader.fail('bodyType', `${bodyType} is no body type`)
  if (known.tee !== tee) reader.fail('bodyType', `a body of ${known.tee as string} in a quote of ${tee}`)
  const size = reader.u32('bodySize')
  if (size !== known.size) reader.fail('bodySize', `${size} bytes, where body type ${bodyType} has ${known.size}`)
  return { bodyType, body: tee === 'SGX' ? readSgxReportBody(reader) : readTdReportBody(reader, bodyType === 3 ? '1.5' : '1.0') }
}

/** From version 4, what certifies the attestation key is wrapped in certification data of type 6. */
function readSignatureData(reader: ByteReader, version: 3 | 4 | 5): Pick<Quote, 'signature' | 'attestationKey' | 'qe' | 'certification'> {
  const signature = reader.bytes(64, 'signature')
  const attestationKey = reader.bytes(64, 'attestationKey')
  let inside = reader
  if (version > 3) {
    const type = reader.u16('certificationType')
    if (type !== CERTIFICATION.qeReport) reader.fail('certificationType', `type ${type}, where a quote of version ${version} has 6`)
    inside = reader.inside(reader.u32('certificationSize'), 'certificationData')
    reader.finish('signatureData')
  }
  const signed = inside.bytes(SGX_REPORT_BODY_SIZE, 'qeReport')
  const report = readSgxReportBody(new ByteReader(signed, 'little'))
  const qe = {
    report,
    signed,
    signature: inside.bytes(64, 'qeReportSignature'),
    authData: inside.bytes(inside.u16('qeAuthSize'), 'qeAuthData'),
  }
  const type = inside.u16('certificationType')
  const data = inside.bytes(inside.u32('certificationSize'), 'certificationData')
  inside.finish('signatureData')
  const names = data.length - (PPID_SIZE.get(type) ?? data.length)
  const isName = names === 20 || (names === 18 && type === CERTIFICATION.ppidClear)
  if (type !== CERTIFICATION.pckChain && !isName)
    inside.fail('certificationType', `${data.length} bytes of type ${type} certify no platform`)
  return { signature, attestationKey, qe, certification: { type, data } }
}
