// Certificates of TPMs are not always DER, and cannot be issued again: the maker has burned them in. What is known of real ones is put right
// here, and named, so that it is never passed over in silence; the signature is verified over the bytes as they were.
import { ThymusError } from '../../../../core/errors.ts'
import { TAG } from '../../../../formats/der/tags.ts'
import { element, oid, sequence } from '../../../../formats/der/writer.ts'
import { KEY_OID } from '../../../../formats/x509/public-key.ts'

/** Each departure, and in whose certificates it is found. */
export const ODDITIES = {
  'set-order': 'the attributes of a name stand in another order than that of their bytes (Nuvoton; keylime #1775)',
  length: 'a length has more bytes than it needs',
  integer: 'an integer has more bytes than it needs',
  serial: 'the serial number is negative',
  boolean: 'TRUE is another byte than 0xff',
  bits: 'unused bits of a bit string are set',
  text: 'a PrintableString has other characters than it may',
  'key-algorithm': 'the key of the certificate is marked as one for OAEP alone, or has no parameters (STMicroelectronics, Atmel)',
} as const

export type Oddity = keyof typeof ODDITIES

export interface Canonical {
  readonly der: Buffer
  /** In the order of `ODDITIES`; empty for DER. */
  readonly oddities: readonly Oddity[]
}

/** No certificate is deeper. */
const MAX_DEPTH = 24
const MAX_ELEMENTS = 10_000
const CONSTRUCTED = 0x20
const OAEP = oid('1.2.840.113549.1.1.7')
const RSA = oid(KEY_OID.rsa)
const RSA_ALGORITHM = sequence(RSA, element(TAG.null))
/** Of an element of the certificate's body: the serial number is the only integer that stands there itself. */
const BODY_DEPTH = 2
/** Of an extension: in a list, in [3], in the body. */
const EXTENSION_DEPTH = 4

interface Walk {
  readonly found: Set<Oddity>
  elements: number
}

/** The certificate as DER. @throws ThymusError FORMAT for what is no certificate in any reading, as an indefinite length */
export function canonicalDer(bytes: Buffer): Canonical {
  const walk: Walk = { found: new Set(), elements: 0 }
  const { element: head, end } = readElement(bytes, 0, walk)
  if (end !== bytes.length) fail(end, 'more bytes after the certificate')
  const der = rewrite(head, 0, walk)
  return { der, oddities: (Object.keys(ODDITIES) as Oddity[]).filter((oddity) => walk.found.has(oddity)) }
}

interface Element {
  readonly tag: number
  readonly content: Buffer
  readonly at: number
}

/** The element at an offset, and where the next one begins. Lengths may have leading zeros. */
export function readElement(bytes: Buffer, at: number, walk?: Walk): { element: Element; end: number } {
  const [tag, first] = [bytes[at], bytes[at + 1]]
  if (tag === undefined || first === undefined) fail(at, 'an element is cut off')
  if ((tag & 0x1f) === 0x1f) fail(at, 'a tag above 30')
  const count = first < 0x80 ? 0 : first & 0x7f
  const start = at + 2 + count
  if (first === 0x80 || count > 4 || start > bytes.length) fail(at, 'no length')
  const length = count === 0 ? first : bytes.readUIntBE(at + 2, count)
  if (count > 0 && (length < 0x80 || length < 2 ** (8 * (count - 1)))) walk?.found.add('length')
  if (start + length > bytes.length) fail(at, 'an element is cut off')
  if (walk !== undefined && ++walk.elements > MAX_ELEMENTS) fail(at, `more than ${MAX_ELEMENTS} elements`)
  return { element: { tag, content: bytes.subarray(start, start + length), at }, end: start + length }
}

function rewrite({ tag, content, at }: Element, depth: number, walk: Walk): Buffer {
  if (depth > MAX_DEPTH) fail(at, `more than ${MAX_DEPTH} elements inside one another`)
  if ((tag & CONSTRUCTED) !== 0) return rewriteConstructed(tag, content, depth, walk)
  const put = (oddity: Oddity, bytes: Buffer, as = tag) => {
    walk.found.add(oddity)
    return element(as, bytes)
  }
  switch (tag) {
    case TAG.integer: {
      const least = shortest(content)
      if (depth === BODY_DEPTH && content.length > 0 && content[0]! >= 0x80) return put('serial', Buffer.concat([Buffer.of(0), content]))
      return least.length < content.length ? put('integer', least) : element(tag, content)
    }
    case TAG.boolean:
      return content.length === 1 && content[0] !== 0 && content[0] !== 0xff ? put('boolean', Buffer.of(0xff)) : element(tag, content)
    case TAG.bitString: {
      const unused = content[0] ?? 0
      const last = content.length - 1
      if (last < 1 || unused > 7 || (content[last]! & ((1 << unused) - 1)) === 0) return element(tag, content)
      const cleared = Buffer.from(content)
      cleared[last]! &= 0xff << unused
      return put('bits', cleared)
    }
    case TAG.printableString: {
      const text = content.toString('latin1')
      const plain = /^[a-zA-Z0-9'()+,\-./ :=?*&]*$/.test(text)
      return plain || /[^\x20-\x7e]/.test(text) ? element(tag, content) : put('text', content, TAG.utf8String)
    }
    default:
      return element(tag, content)
  }
}

function rewriteConstructed(tag: number, content: Buffer, depth: number, walk: Walk): Buffer {
  const inside: Element[] = []
  for (let at = 0; at < content.length; ) {
    const { element: next, end } = readElement(content, at, walk)
    inside.push(next)
    at = end
  }
  const [first] = inside
  const isExtension = depth === EXTENSION_DEPTH && first?.tag === TAG.oid && inside.length > 1 && inside.at(-1)!.tag === TAG.octetString
  const parts = inside.map((each, at) => {
    // The value of an extension is an element of its own (RFC 5280 §4.1.2.9).
    if (!isExtension || at < inside.length - 1 || each.content.length === 0) return rewrite(each, depth + 1, walk)
    const { element: value, end } = readElement(each.content, 0, walk)
    if (end < each.content.length) fail(each.at, 'more bytes after the value of an extension')
    return element(TAG.octetString, rewrite(value, depth + 2, walk))
  })
  if (tag === TAG.sequence && (parts[0]?.equals(OAEP) || (parts.length === 1 && parts[0]?.equals(RSA)))) {
    walk.found.add('key-algorithm')
    return RSA_ALGORITHM
  }
  if (tag === TAG.set) {
    const sorted = parts.toSorted(Buffer.compare)
    if (sorted.some((part, at) => part !== parts[at])) walk.found.add('set-order')
    return element(tag, ...sorted)
  }
  return element(tag, ...parts)
}

/** An integer of as few bytes as can be. */
function shortest(content: Buffer): Buffer {
  let from = 0
  while (from + 1 < content.length) {
    const [byte, next] = [content[from]!, content[from + 1]!]
    if (!((byte === 0 && next < 0x80) || (byte === 0xff && next >= 0x80))) break
    from++
  }
  return content.subarray(from)
}

function fail(at: number, message: string): never {
  throw new ThymusError('FORMAT', message, { at: `byte ${at}` })
}
