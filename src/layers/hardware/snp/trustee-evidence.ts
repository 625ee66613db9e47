// Evidence as Confidential Containers hand it over (confidential-containers/guest-components, attester `snp`): JSON with the report field by
// field, as virtee/sev serializes it, or as its bytes in base64; beside it certificates.
import { ThymusError } from '../../../core/errors.ts'
import { decodeBase64 } from '../../../formats/base64.ts'
import { type Certificate, readCertificate } from '../../../formats/x509/certificate.ts'
import { REPORT_SIZE } from './report.ts'

export interface TrusteeEvidence {
  /** The report as the firmware wrote it: `readReport` says whether it is one. */
  readonly report: Buffer
  readonly certificates: readonly Certificate[]
}

type Json = Readonly<Record<string, unknown>>

/** Field → where it stands in a report, and its size. Arrays of bytes. */
const ARRAYS: Readonly<Record<string, readonly [at: number, size: number]>> = {
  family_id: [0x10, 16],
  image_id: [0x20, 16],
  report_data: [0x50, 64],
  measurement: [0x90, 48],
  host_data: [0xc0, 32],
  id_key_digest: [0xe0, 48],
  author_key_digest: [0x110, 48],
  report_id: [0x140, 32],
  report_id_ma: [0x160, 32],
  chip_id: [0x1a0, 64],
}
/** Numbers, little-endian; those of later versions may be missing, or null. */
const NUMBERS: Readonly<Record<string, readonly [at: number, size: number, later?: true]>> = {
  version: [0x00, 4],
  guest_svn: [0x04, 4],
  policy: [0x08, 8],
  vmpl: [0x30, 4],
  sig_algo: [0x34, 4],
  plat_info: [0x40, 8],
  key_info: [0x48, 4],
  cpuid_fam_id: [0x188, 1, true],
  cpuid_mod_id: [0x189, 1, true],
  cpuid_step: [0x18a, 1, true],
  launch_mit_vector: [0x1f8, 8, true],
  current_mit_vector: [0x200, 8, true],
}
const TCBS: Readonly<Record<string, number>> = { current_tcb: 0x38, reported_tcb: 0x180, committed_tcb: 0x1e0, launch_tcb: 0x1f0 }
const VERSIONS: Readonly<Record<string, number>> = { current: 0x1e8, committed: 0x1ec }
const SIGNATURE: Readonly<Record<string, number>> = { r: 0x2a0, s: 0x2e8 }
const COMPONENT = 72
/** From Turin on a TCB has an FMC, and another order. */
const EARLY = { bootloader: 0, tee: 1, snp: 6, microcode: 7 } as const
const LATE = { fmc: 0, bootloader: 1, tee: 2, snp: 3, microcode: 7 } as const

const MAX_TEXT = 1 << 20

/** @throws ThymusError FORMAT for what is no such evidence */
export function readTrusteeEvidence(text: string): TrusteeEvidence {
  if (text.length > MAX_TEXT) fail('evidence', `more than ${MAX_TEXT} characters`)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    fail('evidence', 'no JSON')
  }
  const whole = object(json, 'evidence')
  const { attestation_report: report, cert_chain: chain } = 'evidence' in whole ? object(whole.evidence, 'evidence') : whole
  return {
    report: typeof report === 'string' ? bytesOf(report, 'attestation_report') : write(object(report, 'attestation_report')),
    certificates: certificates(chain),
  }
}

function fail(at: string, message: string): never {
  throw new ThymusError('FORMAT', message, { at })
}

function write(report: Json): Buffer {
  const bytes = Buffer.alloc(REPORT_SIZE)
  for (const [name, [at, size]] of Object.entries(ARRAYS)) bytes.set(array(report[name], size, name), at)
  for (const [name, [at, size, later]] of Object.entries(NUMBERS)) {
    if (later && (report[name] ?? null) === null) continue
    number(bytes, report[name], at, size, name)
  }
  for (const [name, at] of Object.entries(TCBS)) {
    const tcb = object(report[name], name)
    const order = (tcb.fmc ?? null) === null ? EARLY : LATE
    for (const [part, place] of Object.entries(order)) number(bytes, tcb[part], at + place, 1, `${name}.${part}`)
  }
  for (const [name, at] of Object.entries(VERSIONS)) {
    const version = object(report[name], name)
    for (const [place, part] of ['build', 'minor', 'major'].entries()) number(bytes, version[part], at + place, 1, `${name}.${part}`)
  }
  const signature = object(report.signature, 'signature')
  for (const [name, at] of Object.entries(SIGNATURE)) bytes.set(array(signature[name], COMPONENT, `signature.${name}`), at)
  return bytes
}

/** A host's table may have more, as a list of what is revoked (virtee/sev, `CertType`); attesters hand it on, and verifiers pass it over. */
const CERTIFICATES: ReadonlySet<unknown> = new Set(['VCEK', 'VLEK', 'ASK', 'ASVK', 'ARK'])

/** A list of `{cert_type, data}`, or an object by name; null where there are none. */
function certificates(chain: unknown): readonly Certificate[] {
  const entries = Array.isArray(chain)
    ? chain.map((each) => object(each, 'cert_chain')).map(({ cert_type: type, data }) => [type, data] as const)
    : Object.entries(object(chain ?? {}, 'cert_chain')).map(([name, data]) => [name.toUpperCase(), data] as const)
  const known = entries.filter(([type, data]) => (type === undefined || CERTIFICATES.has(type)) && data !== null && data !== undefined)
  return known.map(([, each]) => {
    const data = typeof each === 'string' ? bytesOf(each, 'cert_chain') : array(each, undefined, 'cert_chain')
    return readCertificate(data)
  })
}

function object(value: unknown, at: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(at, 'no object')
  return value as Json
}

/** @param size undefined: any */
function array(value: unknown, size: number | undefined, at: string): Buffer {
  const isBytes = Array.isArray(value) && value.every((each) => Number.isInteger(each) && each >= 0 && each <= 0xff)
  if (!isBytes || (size !== undefined && value.length !== size)) fail(at, `no array of ${size ?? 'some'} bytes`)
  return Buffer.from(value)
}

function bytesOf(text: string, at: string): Buffer {
  return decodeBase64(text, { padded: true }) ?? fail(at, 'no base64')
}

function number(bytes: Buffer, value: unknown, at: number, size: number, name: string): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || BigInt(value as number) >> BigInt(8 * size) !== 0n)
    fail(name, `no number of ${size} bytes`)
  for (let [left, place] = [BigInt(value as number), at]; left > 0n; left >>= 8n, place++) bytes[place] = Number(left & 0xffn)
}
