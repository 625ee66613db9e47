// Quotes of SGX and TDX with their collateral, made to measure: an authority of its own in the place of Intel's, and every part can be spoilt before
// it is signed.
import { createHash, sign } from 'node:crypto'
import { certificate, der, extension, integer, isCa, newPair, oid, type Pair, pem, revocationList, sequence } from './certificates.ts'

/** Within the life of all that is made here. */
export const NOW = Date.UTC(2026, 5, 1)
export const FMSPC = '00906ea10000'
export const PPID = Buffer.alloc(16, 0x50)
export const MRSIGNER = Buffer.alloc(32, 0x8c)
export const MRTD = Buffer.alloc(48, 0x7d)
export const MRSEAM = Buffer.alloc(48, 0x5b)
/** Security versions that the platform has; the first level of the TCB info asks for as much. */
const COMPONENTS = [7, 9, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0]
const PCE_SVN = 11
/** Major version 1 and minor version 6 of the TDX module. */
const TEE_TCB_SVN = [6, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
const QE_SVN = 4
const SGX_OID = '1.2.840.113741.1.13.1'
const INTEL_QE = '939a7233f79c4ca9940a0db3957f0607'

type Json = Record<string, unknown>
type Spoil = (bytes: Buffer) => void

export interface QuoteRequest {
  readonly version?: 3 | 4 | 5
  readonly tee?: 'SGX' | 'TDX'
  /** Of version 5; TDX 1.5 if nothing is said. */
  readonly bodyType?: 1 | 2 | 3
  readonly header?: Spoil
  readonly body?: Spoil
  readonly qeReport?: Spoil
  readonly authData?: Buffer
  readonly certification?: { readonly type: number; readonly data: Buffer }
  /** Who signs the report of the quoting enclave, in place of the platform. */
  readonly pck?: Pair
}

export interface CollateralRequest {
  readonly tcbInfo?: (info: TcbInfoJson) => void
  readonly qeIdentity?: (identity: Json & { tcbLevels: Json[] }) => void
  /** Serial numbers. */
  readonly revokedPlatforms?: readonly number[]
  readonly revokedAuthorities?: readonly number[]
  /** Members of the whole, after they are signed. */
  readonly file?: (file: Record<string, string>) => void
}

/** `to`: when its certificate ends, as UTCTime has it. */
export interface PlatformRequest {
  readonly components?: readonly number[]
  readonly pceSvn?: number
  readonly serial?: number
  readonly to?: string
}

export interface TcbInfoJson extends Json {
  tcbLevels: (Json & { tcb: Json })[]
  tdxModuleIdentities: (Json & { tcbLevels: Json[] })[]
}

/** What stands in the place of Intel. */
export class QuoteAuthority {
  readonly root = { subject: 'Intel SGX Root CA', key: newPair() }
  readonly pckAuthority = { subject: 'Intel SGX PCK Platform CA', key: newPair() }
  readonly signer = { subject: 'Intel SGX TCB Signing', key: newPair() }
  readonly pck = { subject: 'Intel SGX PCK Certificate', key: newPair() }
  readonly attestation = newPair()
  readonly certificates: { readonly root: Buffer; readonly pckAuthority: Buffer; readonly signer: Buffer; readonly pck: Buffer }

  constructor() {
    const may = (...bits: readonly number[]) =>
      extension('2.5.29.15', der(0x03, Buffer.from([0, bits.reduce((byte, bit) => byte | (0x80 >> bit), 0)])), true)
    const issues = may(5, 6)
    const { root, pckAuthority, signer } = this
    this.certificates = {
      root: certificate({ ...root, serial: integer(1), extensions: [isCa(1), issues] }),
      pckAuthority: certificate({ ...pckAuthority, issuer: root, serial: integer(2), extensions: [isCa(0), issues] }),
      signer: certificate({ ...signer, issuer: root, serial: integer(3), extensions: [may(0)] }),
      pck: this.platformCertificate(),
    }
  }

  /** Of a platform with these security versions. */
  platformCertificate({ components = COMPONENTS, pceSvn = PCE_SVN, serial = 4, ...change }: PlatformRequest = {}): Buffer {
    const { pck, pckAuthority } = this
    return certificate({ ...pck, issuer: pckAuthority, serial: integer(serial), extensions: [pckExtension(components, pceSvn)], ...change })
  }

  /** The public key of the root, which a verifier pins. */
  get anchors(): readonly Buffer[] {
    return [this.root.key.publicKey.export({ format: 'der', type: 'spki' })]
  }

  /** As a quote carries it: with the NUL at its end. */
  pckChain(pck: Buffer = this.certificates.pck): Buffer {
    const { pckAuthority, root } = this.certificates
    return Buffer.from(`${[pck, pckAuthority, root].map((each) => pem('CERTIFICATE', each)).join('')}\0`)
  }

  quote(request: QuoteRequest = {}): Buffer {
    const {
      version = 4,
      tee = version === 3 ? 'SGX' : 'TDX',
      bodyType = tee === 'SGX' ? 1 : 3,
      authData = Buffer.from([...Array(32).keys()]),
    } = request
    const header = Buffer.alloc(48)
    header.writeUInt16LE(version)
    header.writeUInt16LE(2, 2)
    header.writeUInt32LE(tee === 'SGX' ? 0 : 0x81, 4)
    header.write(INTEL_QE, 12, 'hex')
    request.header?.(header)
    const body = tee === 'SGX' ? sgxBody() : tdBody(version === 5 && bodyType === 3)
    request.body?.(body)
    const signed = Buffer.concat([header, ...(version === 5 ? [u16(bodyType), u32(body.length)] : []), body])
    const key = this.attestation.publicKey.export({ format: 'der', type: 'spki' }).subarray(-64)
    const qeReport = sgxBody()
    qeReport[48] = 0x15
    qeReport.writeUInt16LE(tee === 'SGX' ? 1 : 2, 256)
    qeReport.writeUInt16LE(QE_SVN, 258)
    createHash('sha256').update(key).update(authData).digest().copy(qeReport, 320)
    qeReport.fill(0, 352)
    request.qeReport?.(qeReport)
    const { type, data } = request.certification ?? { type: 5, data: this.pckChain() }
    const inner = Buffer.concat([
      ...[qeReport, signature(qeReport, request.pck ?? this.pck.key), u16(authData.length), authData],
      ...[u16(type), u32(data.length), data],
    ])
    const certified = version === 3 ? inner : Buffer.concat([u16(6), u32(inner.length), inner])
    return Buffer.concat([signed, u32(128 + certified.length), signature(signed, this.attestation), key, certified])
  }

  /** The text of one file, as caching services hand it on. */
  collateral(tee: 'SGX' | 'TDX' = 'TDX', request: CollateralRequest = {}): string {
    const info = tcbInfo(tee)
    request.tcbInfo?.(info)
    const identity = qeIdentity(tee)
    request.qeIdentity?.(identity)
    const [infoText, identityText] = [JSON.stringify(info), JSON.stringify(identity)]
    const signerChain = [this.certificates.signer, this.certificates.root].map((each) => pem('CERTIFICATE', each)).join('')
    const revoked = (serials: readonly number[] = []) => serials.map((serial) => ({ serial }))
    const file: Record<string, string> = {
      pck_crl_issuer_chain: [this.certificates.pckAuthority, this.certificates.root].map((each) => pem('CERTIFICATE', each)).join(''),
      root_ca_crl: revocationList({ issuer: this.root, revoked: revoked(request.revokedAuthorities) }).toString('hex'),
      pck_crl: revocationList({ issuer: this.pckAuthority, revoked: revoked(request.revokedPlatforms) }).toString('hex'),
      tcb_info_issuer_chain: signerChain,
      tcb_info: infoText,
      tcb_info_signature: signature(Buffer.from(infoText), this.signer.key).toString('hex'),
      qe_identity_issuer_chain: signerChain,
      qe_identity: identityText,
      qe_identity_signature: signature(Buffer.from(identityText), this.signer.key).toString('hex'),
    }
    request.file?.(file)
    return JSON.stringify(file)
  }
}

/** r and s. */
export const signature = (data: Buffer, { privateKey }: Pair) => sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })

/** 384 bytes: MRENCLAVE is 0x33…, report data 0x64…; not to be debugged. */
export function sgxBody(): Buffer {
  const body = Buffer.alloc(384)
  body[48] = 0x05
  body[56] = 0xe7
  body.fill(0x33, 64, 96)
  MRSIGNER.copy(body, 128)
  body.fill(0x64, 320)
  return body
}

/** 584 bytes, or 648 of TDX 1.5: RTMR n is 0xr0 + n, report data 0x64…; SEPT_VE_DISABLE is set. */
function tdBody(v15: boolean): Buffer {
  const body = Buffer.alloc(v15 ? 648 : 584)
  Buffer.from(TEE_TCB_SVN).copy(body)
  MRSEAM.copy(body, 16)
  body[123] = 0x10
  body.write('e702060000000000', 128, 'hex')
  MRTD.copy(body, 136)
  for (let register = 0; register < 4; register++) body.fill(0xa0 + register, 328 + 48 * register, 376 + 48 * register)
  body.fill(0x64, 520, 584)
  if (v15) Buffer.from(TEE_TCB_SVN).copy(body, 584)
  return body
}

const component = (svn: number) => ({ svn })
const LIFE = { issueDate: '2026-05-20T00:00:00Z', nextUpdate: '2026-06-19T00:00:00Z', tcbEvaluationDataNumber: 18 }

/** A level that the platform has, and one below it that is out of date. */
function tcbInfo(tee: 'SGX' | 'TDX'): TcbInfoJson {
  const level = (pcesvn: number, tcbStatus: string, advisoryIDs?: readonly string[]) => ({
    tcb: {
      sgxtcbcomponents: COMPONENTS.map(component),
      pcesvn,
      ...(tee === 'TDX' && { tdxtcbcomponents: TEE_TCB_SVN.map((svn, at) => component(at < 2 ? 0 : svn)) }),
    },
    tcbDate: tcbStatus === 'UpToDate' ? '2025-01-01T00:00:00Z' : '2021-01-01T00:00:00Z',
    tcbStatus,
    ...(advisoryIDs && { advisoryIDs }),
  })
  const identity = { mrsigner: '00'.repeat(48), attributes: '00'.repeat(8), attributesMask: 'FF'.repeat(8) }
  const levels = [
    { tcb: { isvsvn: 5 }, tcbDate: '2025-01-01T00:00:00Z', tcbStatus: 'UpToDate' },
    { tcb: { isvsvn: 2 }, tcbDate: '2023-01-01T00:00:00Z', tcbStatus: 'OutOfDate', advisoryIDs: ['INTEL-SA-00003'] },
  ]
  return {
    ...{ id: tee, version: 3, ...LIFE, fmspc: FMSPC, pceId: '0000', tcbType: 0 },
    tdxModule: identity,
    tdxModuleIdentities: tee === 'TDX' ? [{ id: 'TDX_01', ...identity, tcbLevels: levels }] : [],
    tcbLevels: [level(PCE_SVN, 'UpToDate'), level(5, 'OutOfDate', ['INTEL-SA-00002', 'INTEL-SA-00001'])],
  }
}

function qeIdentity(tee: 'SGX' | 'TDX'): Json & { tcbLevels: Json[] } {
  return {
    ...{ id: tee === 'SGX' ? 'QE' : 'TD_QE', version: 2, ...LIFE, tcbEvaluationDataNumber: 19 },
    ...{ miscselect: '00000000', miscselectMask: 'FFFFFFFF' },
    ...{ attributes: '11000000000000000000000000000000', attributesMask: 'FBFFFFFFFFFFFFFF0000000000000000' },
    ...{ mrsigner: MRSIGNER.toString('hex'), isvprodid: tee === 'SGX' ? 1 : 2 },
    tcbLevels: [{ tcb: { isvsvn: QE_SVN }, tcbDate: '2025-01-01T00:00:00Z', tcbStatus: 'UpToDate' }],
  }
}

function pckExtension(components: readonly number[], pceSvn: number): Buffer {
  const octets = (bytes: Uint8Array) => der(0x04, bytes)
  const field = (id: string, value: Buffer) => sequence(oid(`${SGX_OID}.${id}`), value)
  const tcb = [...components, pceSvn].map((svn, index) => field(`2.${index + 1}`, integer(svn)))
  return extension(
    SGX_OID,
    sequence(
      field('1', octets(PPID)),
      field('2', sequence(...tcb, field('2.18', octets(Buffer.from(components))))),
      field('3', octets(Buffer.alloc(2))),
      field('4', octets(Buffer.from(FMSPC, 'hex'))),
      field('5', der(0x0a, Buffer.from([1]))),
    ),
  )
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
