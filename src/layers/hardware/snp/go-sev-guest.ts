// SEV-SNP evidence as go-sev-guest hands it over (proto/sevsnp.proto, `Attestation`): the report field by field, and certificates beside it.
import { bytesAt, composed, numberAt, type Structure, singleFields } from '../../../formats/protobuf-structure.ts'
import { REPORT_SIZE, readReport, type SigningKey } from './report.ts'

export interface GoSnpAttestation {
  /** As the firmware wrote it. */
  readonly report: Buffer
  /** DER: of the key that the report says has signed it, then its authorities. Nothing is known of them, not even that they are certificates. */
  readonly certificates: readonly Buffer[]
}

const ATTESTATION = { report: 1, certificateChain: 2 } as const
const LEAVES: Readonly<Record<SigningKey, readonly [number: number, name: string] | undefined>> = {
  VCEK: [1, 'vcek_cert'],
  VLEK: [6, 'vlek_cert'],
  none: undefined,
}
const AUTHORITIES = [
  [2, 'ask_cert'],
  [3, 'ark_cert'],
] as const

/** sevsnp.Report in the layout of ABI table 23: what is reserved there is zero, or go-sev-guest would not have read it. */
const REPORT: Structure = {
  1: numberAt('version', 0x00, 4),
  2: numberAt('guest_svn', 0x04, 4),
  3: numberAt('policy', 0x08, 8),
  4: bytesAt('family_id', 0x10, 16),
  5: bytesAt('image_id', 0x20, 16),
  6: numberAt('vmpl', 0x30, 4),
  7: numberAt('signature_algo', 0x34, 4),
  8: numberAt('current_tcb', 0x38, 8),
  9: numberAt('platform_info', 0x40, 8),
  10: numberAt('signer_info', 0x48, 4),
  11: bytesAt('report_data', 0x50, 64),
  12: bytesAt('measurement', 0x90, 48),
  13: bytesAt('host_data', 0xc0, 32),
  14: bytesAt('id_key_digest', 0xe0, 48),
  15: bytesAt('author_key_digest', 0x110, 48),
  16: bytesAt('report_id', 0x140, 32),
  17: bytesAt('report_id_ma', 0x160, 32),
  18: numberAt('reported_tcb', 0x180, 8),
  19: bytesAt('chip_id', 0x1a0, 64),
  20: numberAt('committed_tcb', 0x1e0, 8),
  21: numberAt('current_build', 0x1e8, 1),
  22: numberAt('current_minor', 0x1e9, 1),
  23: numberAt('current_major', 0x1ea, 1),
  24: numberAt('committed_build', 0x1ec, 1),
  25: numberAt('committed_minor', 0x1ed, 1),
  26: numberAt('committed_major', 0x1ee, 1),
  27: numberAt('launch_tcb', 0x1f0, 8),
  28: bytesAt('signature', 0x2a0, 512),
  29: numberAt('cpuid1eax_fms', 0x188, 3, cpuidBytes),
  30: numberAt('launch_mit_vector', 0x1f8, 8),
  31: numberAt('current_mit_vector', 0x200, 8),
}

/** @throws ThymusError FORMAT at a field, also where what comes of them is no report */
export function readGoSnpAttestation(message: Buffer): GoSnpAttestation {
  const whole = singleFields(message)
  const report = composed(whole.bytes(ATTESTATION.report, 'report'), REPORT_SIZE, REPORT)
  const leaf = LEAVES[readReport(report).signingKey]
  const chain = singleFields(whole.bytes(ATTESTATION.certificateChain, 'certificate_chain'))
  const named = [...(leaf === undefined ? [] : [leaf]), ...AUTHORITIES]
  return { report, certificates: named.map((each) => chain.bytes(...each)).filter(({ length }) => length > 0) }
}

/** EAX of CPUID function 1 (APM vol. 3, E.3.2) → family, model, stepping, a byte each; undefined where other bits are set. */
function cpuidBytes(eax: bigint): Buffer | undefined {
  const bits = (from: number, count: number) => Number((eax >> BigInt(from)) & ((1n << BigInt(count)) - 1n))
  const family = bits(8, 4) + bits(20, 8)
  if ((eax & ~0x0fff0fffn) !== 0n || family > 0xff) return undefined
  return Buffer.of(family, (bits(16, 4) << 4) | bits(4, 4), bits(0, 4))
}
