// DER as X.690 §8–11 wants it: each value in its only spelling. What DerReader reads is what stands here.
import { TAG } from './tags.ts'

/** One element around its content. */
export function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const inside = Buffer.concat(content)
  const length = inside.length < 0x80 ? Buffer.of(inside.length) : bytesOf(BigInt(inside.length))
  return Buffer.concat([Buffer.of(tag), ...(inside.length < 0x80 ? [] : [Buffer.of(0x80 | length.length)]), length, inside])
}

export const sequence = (...elements: readonly Uint8Array[]) => element(TAG.sequence, ...elements)
/** A set of one element: the order of more would be by their bytes. */
export const setOf = (one: Uint8Array) => element(TAG.set, one)
export const octets = (bytes: Uint8Array) => element(TAG.octetString, bytes)
export const utf8 = (text: string) => element(TAG.utf8String, Buffer.from(text))
export const boolean = (value: boolean) => element(TAG.boolean, Buffer.of(value ? 0xff : 0))

/** From 0 up. */
export function integer(value: bigint): Buffer {
  const bytes = bytesOf(value)
  return element(TAG.integer, bytes[0]! < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes]))
}

/** Whole bytes. */
export const bits = (bytes: Uint8Array) => element(TAG.bitString, Buffer.of(0), bytes)

/** Named bits, the first of which is bit 0: zeros at the end are left out (X.690 §11.2.2). Bits up to 7. */
export function namedBits(...numbers: readonly number[]): Buffer {
  const last = Math.max(...numbers)
  return element(
    TAG.bitString,
    Buffer.of(
      7 - last,
      numbers.reduce((byte, bit) => byte | (0x80 >> bit), 0),
    ),
  )
}

/** @param dotted at least two parts, each a number without leading zeros */
export function oid(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(BigInt) as [bigint, bigint, ...bigint[]]
  return element(TAG.oid, Buffer.from([first * 40n + second, ...rest].flatMap(base128)))
}

/** UTCTime to the end of 2049, GeneralizedTime from there (RFC 5280 §4.1.2.5); to the second. */
export function time(milliseconds: number): Buffer {
  const text = `${new Date(milliseconds).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`
  const short = milliseconds >= Date.UTC(1950, 0) && milliseconds < Date.UTC(2050, 0)
  return short ? element(TAG.utcTime, Buffer.from(text.slice(2))) : element(TAG.generalizedTime, Buffer.from(text))
}

function base128(part: bigint): readonly number[] {
  const groups = [Number(part & 0x7fn)]
  for (let left = part >> 7n; left > 0n; left >>= 7n) groups.unshift(0x80 | Number(left & 0x7fn))
  return groups
}

/** Big-endian, as short as can be; one byte for 0. */
function bytesOf(value: bigint): Buffer {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
}
