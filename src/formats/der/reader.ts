// Strict DER (X.690 §8–11): definite lengths in their shortest form, no tag above 30, no value with two spellings. Nothing recurses: who reads
// a structure walks it field by field, so that depth and work are the reader's own.
import { ThymusError } from '../../core/errors.ts'
import { TAG } from './tags.ts'
import { type Instant, readGeneralizedTime, readUtcTime } from './time.ts'

/** Content of one element is below this (X.690 allows more; nothing that Thymus reads does). */
const MAX_LENGTH = 0x7fffffff
/** A longer object identifier names nothing that exists. */
const MAX_OID_BYTES = 1_024
const MAX_OID_PART = 1n << 31n

export interface BitString {
  /** The last byte's unused bits are zero. */
  readonly bytes: Buffer
  readonly unused: number
}

/** The bits as a number whose last bit is the string's last, in as many bytes. */
export function rightAligned({ bytes, unused }: BitString): Buffer {
  if (unused === 0) return bytes
  return Buffer.from(bytes.map((byte, at) => (byte >> unused) | ((bytes[at - 1] ?? 0) << (8 - unused))))
}

/** The parts of an object identifier's content, of any size; undefined where it is none. */
export function oidParts(content: Buffer): readonly bigint[] | undefined {
  if (content.length === 0 || content.length > MAX_OID_BYTES || content.at(-1)! >= 0x80) return undefined
  const parts: bigint[] = []
  let part = 0n
  let fresh = true
  for (const byte of content) {
    if (fresh && byte === 0x80) return undefined
    part = (part << 7n) | BigInt(byte & 0x7f)
    fresh = byte < 0x80
    if (!fresh) continue
    if (parts.length > 0) parts.push(part)
    else parts.push(...(part < 80n ? [part / 40n, part % 40n] : [2n, part - 80n]))
    part = 0n
  }
  return parts
}

/** Reads the elements of a stretch of bytes one after the other. Every error is ThymusError FORMAT with the offset. */
export class DerReader {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = at
    this.#end = end
  }

  get done(): boolean {
    return this.#at === this.#end
  }

  /** The next element's tag byte; undefined at the end. */
  get tag(): number | undefined {
    return this.done ? undefined : this.#bytes[this.#at]
  }

  /** The next element with its head. */
  whole(tag?: number): Buffer {
    const start = this.#at
    this.#head(tag)
    return this.#bytes.subarray(start, this.#at)
  }

  /** The next element's content. */
  content(tag: number): Buffer {
    const { start, end } = this.#head(tag)
    return this.#bytes.subarray(start, end)
  }

  /** Goes into the next element. */
  enter(tag: number): DerReader {
    const { start, end } = this.#head(tag)
    return new DerReader(this.#bytes, start, end)
  }

  /** What `read` makes of the next element, if it has this tag. */
  optional<T>(tag: number, read: (reader: this) => T): T | undefined {
    return this.tag === tag ? read(this) : undefined
  }

  /** All elements to the end. */
  *each<T>(read: (reader: this) => T): Generator<T> {
    while (!this.done) yield read(this)
  }

  finish(): void {
    if (!this.done) this.fail('more bytes after the last element')
  }

  boolean(): boolean {
    const content = this.content(TAG.boolean)
    if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) this.fail('no boolean')
    return content[0] === 0xff
  }

  integer(tag: number = TAG.integer): bigint {
    const content = this.content(tag)
    const [first, second] = content
    if (first === undefined) this.fail('an integer is empty')
    if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
      this.fail('an integer is longer than it needs')
    }
    const value = BigInt(`0x${content.toString('hex')}`)
    return first < 0x80 ? value : value - (1n << BigInt(8 * content.length))
  }

  /** An integer from 0 to `max`. */
  count(max: number = Number.MAX_SAFE_INTEGER, tag: number = TAG.integer): number {
    const value = this.integer(tag)
    if (value < 0n || value > BigInt(max)) this.fail(`an integer is not within 0 and ${max}`)
    return Number(value)
  }

  octets(): Buffer {
    return this.content(TAG.octetString)
  }

  bits(): BitString {
    const content = this.content(TAG.bitString)
    const unused = content[0]
    const last = content.length > 1 ? content.at(-1)! : 0
    if (unused === undefined || unused > 7 || (unused > 0 && content.length === 1)) this.fail('no bit string')
    if ((last & ((1 << unused) - 1)) !== 0) this.fail('unused bits of a bit string are set')
    return { bytes: content.subarray(1), unused }
  }

  /** An object identifier in dotted form; its parts are below 2^31, as every one that is registered. */
  oid(tag: number = TAG.oid): string {
    const parts = oidParts(this.content(tag))
    if (parts === undefined || parts.some((part) => part >= MAX_OID_PART)) this.fail('no object identifier')
    return parts.join('.')
  }

  /** UTCTime or GeneralizedTime. */
  time(): Instant {
    const utc = this.tag === TAG.utcTime
    const text = this.content(utc ? TAG.utcTime : TAG.generalizedTime).toString('latin1')
    return (utc ? readUtcTime(text) : readGeneralizedTime(text)) ?? this.fail('no point in time')
  }

  fail(message: string): never {
    throw new ThymusError('FORMAT', message, { at: `byte ${this.#at}` })
  }

  /** Checks the next element's head and goes behind the element. */
  #head(wanted?: number): { start: number; end: number } {
    const bytes = this.#bytes
    let at = this.#at
    if (this.#end - at < 2) this.fail('an element is cut off')
    const tag = bytes[at++]!
    if (wanted !== undefined && tag !== wanted) this.fail(`tag ${hex(wanted)} expected, ${hex(tag)} found`)
    if ((tag & 0x1f) === 0x1f) this.fail('a tag above 30')
    let length = bytes[at++]!
    if (length >= 0x80) {
      const count = length & 0x7f
      if (count === 0 || count > 4 || this.#end - at < count) this.fail('no length')
      length = bytes.readUIntBE(at, count)
      at += count
      if (length < 0x80 || length < 2 ** (8 * (count - 1))) this.fail('a length is longer than it needs')
    }
    if (length > MAX_LENGTH || length > this.#end - at) this.fail('an element is cut off')
    this.#at = at + length
    return { start: at, end: this.#at }
  }
}

const hex = (tag: number) => `0x${tag.toString(16).padStart(2, '0')}`
