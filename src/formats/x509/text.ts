// Strings of certificates.
import type { DerReader } from '../der/reader.ts'
import { TAG } from '../der/tags.ts'

/** ASCII. */
export const isIa5 = (bytes: Buffer) => bytes.every((byte) => byte < 0x80)

/** Tags of the types that readDirectoryString reads. */
export const TEXTS: ReadonlySet<number> = new Set([
  TAG.t61String,
  TAG.printableString,
  TAG.utf8String,
  TAG.bmpString,
  TAG.ia5String,
  TAG.numericString,
])

/**
 * The text of an attribute's value (RFC 5280 §4.1.2.4); undefined where its bytes are none of its type. T61String is read as Latin-1, as
 * everybody does; PrintableString may have the asterisk and the ampersand that real certificates have.
 */
export function readDirectoryString(reader: DerReader): string | undefined {
  const { tag } = reader
  const bytes = tag === undefined ? undefined : reader.content(tag)
  if (bytes === undefined) return undefined
  const latin = bytes.toString('latin1')
  switch (tag) {
    case TAG.t61String:
      return latin
    case TAG.printableString:
      return /^[a-zA-Z0-9'()+,\-./ :=?*&]*$/.test(latin) ? latin : undefined
    case TAG.utf8String:
      return utf8(bytes)
    case TAG.bmpString:
      return bmp(bytes)
    case TAG.ia5String:
      return isIa5(bytes) ? latin : undefined
    case TAG.numericString:
      return /^[0-9 ]*$/.test(latin) ? latin : undefined
    default:
      return undefined
  }
}

function utf8(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes) ? text : undefined
}

/** UCS-2: no surrogates and none of the code points that are no characters. A NUL at the end is left out. */
function bmp(bytes: Buffer): string | undefined {
  if (bytes.length % 2 !== 0) return undefined
  const text = Buffer.from(bytes).swap16().toString('utf16le')
  return /[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]/.test(text) ? undefined : text.replace(/\0$/, '')
}

/** A name as DNS has it, loosely: no empty label, no dot at its end, nothing but visible ASCII; empty is one too. A constraint may begin with a dot. */
export function isDomainName(name: string, { constraint = false } = {}): boolean {
  if (name === '') return true
  const labels = (constraint && name.startsWith('.') ? name.slice(1) : name).split('.')
  return !name.endsWith('.') && labels.every((label) => /^[!-~]+$/.test(label))
}
