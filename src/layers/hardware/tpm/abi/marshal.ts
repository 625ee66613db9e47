// How TPM 2.0 writes its structures (part 2, 4.3): big-endian, and TPM2B is a size in two bytes and what it counts.
import { ByteReader } from '../../../../formats/bytes.ts'

/** Reads a structure that must be all of the bytes. */
export function whole<T>(bytes: Uint8Array, field: string, read: (reader: ByteReader) => T): T {
  const reader = new ByteReader(bytes, 'big')
  const value = read(reader)
  reader.finish(field)
  return value
}

/** The content of a TPM2B. @param limit the most that it may hold */
export const readSized = (reader: ByteReader, limit: number, field: string): Buffer => reader.sized(reader.u16(field), limit, field)

/** TPMI_YES_NO. */
export function readYesNo(reader: ByteReader, field: string): boolean {
  const value = reader.u8(field)
  return value > 1 ? reader.fail(field, `${value} is neither YES nor NO`) : value === 1
}

export const u8 = (value: number): Buffer => Buffer.of(value)

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

/** A TPM2B. */
export const sized = (...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts)
  return Buffer.concat([u16(content.length), content])
}
