// Reports and quotes taken apart into messages, as go-sev-guest and go-tdx-guest do it (their abi.go), for attestations of go-tpm-tools.
import { field } from './protobuf.ts'

/** In the order in which they are written. */
export type Fields = readonly (readonly [number: number, value: bigint | Buffer])[]
/** Whatever a test makes different. */
export type Change = (fields: Fields) => Fields

const NONE = Buffer.alloc(0)
const same: Change = (fields) => fields
/** Fields 1, 2, 3 and on. */
const numbered = (...values: readonly (bigint | Buffer)[]): Fields => values.map((value, index) => [index + 1, value])

/** What is zero or empty is left out, as proto3 wants it. */
export const message = (fields: Fields): Buffer =>
  Buffer.concat(fields.filter(([, value]) => value !== 0n && value !== NONE).map(([number, value]) => field(number, value)))

/** sevsnp.Report. */
export function goSnpReport(report: Buffer): Fields {
  const bytes = (from: number, to: number) => report.subarray(from, to)
  const u8 = (at: number) => BigInt(report[at]!)
  const u32 = (at: number) => BigInt(report.readUInt32LE(at))
  const u64 = (at: number) => report.readBigUInt64LE(at)
  const [family, model, stepping] = [report[0x188]!, report[0x189]!, report[0x18a]!]
  const extended = Math.max(family - 0xf, 0)
  const eax = (extended << 20) | ((model >> 4) << 16) | ((family - extended) << 8) | ((model & 0xf) << 4) | stepping
  return numbered(
    ...[u32(0), u32(4), u64(8), bytes(0x10, 0x20), bytes(0x20, 0x30), u32(0x30), u32(0x34), u64(0x38), u64(0x40), u32(0x48)],
    ...[bytes(0x50, 0x90), bytes(0x90, 0xc0), bytes(0xc0, 0xe0), bytes(0xe0, 0x110), bytes(0x110, 0x140), bytes(0x140, 0x160)],
    ...[bytes(0x160, 0x180), u64(0x180), bytes(0x1a0, 0x1e0), u64(0x1e0), u8(0x1e8), u8(0x1e9), u8(0x1ea), u8(0x1ec), u8(0x1ed)],
    ...[u8(0x1ee), u64(0x1f0), bytes(0x2a0, 0x4a0), BigInt(eax), u64(0x1f8), u64(0x200)],
  )
}

/** sevsnp.Attestation, with what else may stand in it. */
export function goSnpAttestation(
  report: Buffer,
  chain: Partial<Record<'vcek' | 'vlek' | 'ask' | 'ark', Buffer>> = {},
  change = same,
): Buffer {
  const { vcek = NONE, vlek = NONE, ask = NONE, ark = NONE } = chain
  const extra = message(numbered(Buffer.from('a GUID'), Buffer.of(1)))
  const certificates = message([...numbered(vcek, ask, ark, Buffer.of(1), NONE, vlek), [7, extra], [7, extra]])
  return message(numbered(message(change(goSnpReport(report))), certificates, message(numbered(1n))))
}

/** tdx.QuoteV4. @param changes of one message each: `report` is that of the quoting enclave, `chain` that of the PCK */
export function goTdxQuote(quote: Buffer, changes: Partial<Record<'quote' | 'header' | 'body' | 'report' | 'chain', Change>> = {}): Buffer {
  let at = 0
  const take = (size: number) => {
    at += size
    return quote.subarray(at - size, at)
  }
  const u16 = () => BigInt(take(2).readUInt16LE())
  const u32 = () => BigInt(take(4).readUInt32LE())
  const made = (name: keyof typeof changes, fields: Fields) => message((changes[name] ?? same)(fields))
  const [version, keyType, tee, pceSvn, qeSvn] = [u16(), u16(), u32(), take(2), take(2)]
  const header = made('header', numbered(version, keyType, tee, qeSvn, pceSvn, take(16), take(20)))
  const measured = [16, 48, 48, 8, 8, 8, 48, 48, 48, 48].map(take)
  const rtmrs = [48, 48, 48, 48].map((size) => [11, take(size)] as const)
  const body = made('body', [...numbered(...measured), ...rtmrs, [12, take(64)]])
  const [size, signature, key, type, certifiedSize] = [u32(), take(64), take(64), u16(), u32()]
  const enclave = [take(16), u32(), ...[28, 16, 32, 32, 32, 96].map(take), u16(), u16(), take(60), take(64)]
  const [report, reportSignature, authSize] = [made('report', numbered(...enclave)), take(64), u16()]
  const auth = message(numbered(authSize, take(Number(authSize))))
  const [chainType, chainSize] = [u16(), u32()]
  const chain = made('chain', numbered(chainType, chainSize, take(Number(chainSize))))
  const certification = message(numbered(type, certifiedSize, message(numbered(report, reportSignature, auth, chain))))
  const signed = message(numbered(signature, key, certification))
  return made('quote', numbered(header, body, size, signed, at < quote.length ? quote.subarray(at) : NONE))
}
