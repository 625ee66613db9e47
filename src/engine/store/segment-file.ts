// One segment of raw events, as bytes. Little-endian.
//   header, 64 bytes: "thymseg1" · u64 number · f64 begun at (ms since 1970) · 32 bytes hash of the records' layout · u32 zero · u32 CRC-32 of the 60
//   record: u32 length · u32 CRC-32 of the length's four bytes and the payload · payload
// No record has length 0, so that a stretch of zeros, which a loss of power leaves behind, is no record.
import { crc32 } from 'node:zlib'
import { LIMITS } from '../../core/limits.ts'

export const HEADER_BYTES = 64
export const RECORD_HEAD = 8
const MAGIC = 'thymseg1'
export const HASH_BYTES = 32

export interface SegmentHeader {
  readonly number: number
  readonly begun: number
  /** SHA-256 of whatever says how the records are laid out: another version must decode by that layout, or refuse. */
  readonly layout: Buffer
}

export function encodeHeader({ number, begun, layout }: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.write(MAGIC, 'latin1')
  bytes.writeBigUInt64LE(BigInt(number), 8)
  bytes.writeDoubleLE(begun, 16)
  layout.copy(bytes, 24, 0, HASH_BYTES)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4)
  return bytes
}

/** Undefined for what is no whole header. */
export function decodeHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined
  if (bytes.readUInt32LE(HEADER_BYTES - 4) !== crc32(bytes.subarray(0, HEADER_BYTES - 4))) return undefined
  return {
    number: Number(bytes.readBigUInt64LE(8)),
    begun: bytes.readDoubleLE(16),
    layout: Buffer.from(bytes.subarray(24, 24 + HASH_BYTES)),
  }
}

/** Bytes that a record takes in a file. */
export function recordSize(payload: Uint8Array): number {
  return RECORD_HEAD + payload.length
}

/** Writes a record at `at` and says where the next one stands. */
export function encodeRecord(into: Buffer, at: number, payload: Uint8Array): number {
  into.writeUInt32LE(payload.length, at)
  into.set(payload, at + RECORD_HEAD)
  into.writeUInt32LE(checksum(into, at, payload.length), at + 4)
  return at + RECORD_HEAD + payload.length
}

/**
 * What stands at `at`: the end of a whole record; `torn` if the bytes end before it does, as a killed writer leaves them; `damaged` if it is
 * whole but not what was written.
 */
export function recordAt(bytes: Buffer, at: number): { readonly end: number } | 'torn' | 'damaged' {
  if (at + RECORD_HEAD > bytes.length) return 'torn'
  const length = bytes.readUInt32LE(at)
  if (length === 0 || length > LIMITS.record) return 'damaged'
  if (at + RECORD_HEAD + length > bytes.length) return 'torn'
  return bytes.readUInt32LE(at + 4) === checksum(bytes, at, length) ? { end: at + RECORD_HEAD + length } : 'damaged'
}

function checksum(bytes: Buffer, at: number, length: number): number {
  return crc32(bytes.subarray(at + RECORD_HEAD, at + RECORD_HEAD + length), crc32(bytes.subarray(at, at + 4)))
}
