// Binary structures that strangers wrote: fixed fields, and lengths that say how much follows. Every read carries its field's name, so that
// every error can say where; nothing is allocated for a length before it is known to be there.
import { ThymusError } from '../core/errors.ts'

export type Endian = 'little' | 'big'

/** Without the NULs at the end. Not by a pattern over the text, which would take the square of the time. */
export function withoutNuls(bytes: Buffer): Buffer {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return bytes.subarray(0, end)
}

/** Whether all bytes are zero. */
export const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

/** Reads the fields of a stretch of bytes one after the other. Every error is ThymusError FORMAT at `FIELD at byte N`. */
export class ByteReader {
  readonly #bytes: Buffer
  readonly #little: boolean
  /** Where the bytes begin in the whole that a person knows them by. */
  readonly #base: number
  #at = 0

  /** @param base offset of the first byte in the input that errors speak of */
  constructor(bytes: Uint8Array, endian: Endian, base = 0) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#little = endian === 'little'
    this.#base = base
  }

  /** Offset of the next byte in these bytes. */
  get at(): number {
    return this.#at
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  get done(): boolean {
    return this.left === 0
  }

  u8(field: string): number {
    return this.#bytes[this.#take(1, field)]!
  }

  u16(field: string): number {
    const at = this.#take(2, field)
    return this.#little ? this.#bytes.readUInt16LE(at) : this.#bytes.readUInt16BE(at)
  }

  u32(field: string): number {
    const at = this.#take(4, field)
    return this.#little ? this.#bytes.readUInt32LE(at) : this.#bytes.readUInt32BE(at)
  }

  u64(field: string): bigint {
    const at = this.#take(8, field)
    return this.#little ? this.#bytes.readBigUInt64LE(at) : this.#bytes.readBigUInt64BE(at)
  }

  /** A view of the next bytes: it shares their memory. */
  bytes(length: number, field: string): Buffer {
    const at = this.#take(length, field)
    return this.#bytes.subarray(at, at + length)
  }

  /** What follows a length that the input itself states. @param limit the most that this field may hold */
  sized(length: number, limit: number, field: string): Buffer {
    if (length > limit) this.fail(field, `${length} bytes, where ${limit} are the most`)
    return this.bytes(length, field)
  }

  /** A reader of the next bytes alone, whose errors go on counting from the whole. */
  inside(length: number, field: string, endian: Endian = this.#little ? 'little' : 'big'): ByteReader {
    const base = this.#base + this.#at
    return new ByteReader(this.bytes(length, field), endian, base)
  }

  rest(): Buffer {
    return this.bytes(this.left, 'rest')
  }

  /** Bytes that the specification reserves: all zero. */
  reserved(length: number, field: string): void {
    const start = this.#at
    if (!isZero(this.bytes(length, field))) this.#failAt(start, field, 'reserved bytes are not zero')
  }

  finish(field: string): void {
    if (!this.done) this.fail(field, `${this.left} bytes too many`)
  }

  /** Refuses what the last field says. */
  fail(field: string, message: string): never {
    this.#failAt(this.#at, field, message)
  }

  #failAt(at: number, field: string, message: string): never {
    throw new ThymusError('FORMAT', message, { at: `${field} at byte ${this.#base + at}` })
  }

  #take(length: number, field: string): number {
    if (length > this.left) this.fail(field, `cut off: ${length} bytes are needed, ${this.left} are there`)
    const at = this.#at
    this.#at += length
    return at
  }
}
