// Go's strings are bytes, JavaScript's are not. A byte that is no part of UTF-8 becomes a lone surrogate, U+DC00 and the byte, which no text
// has; it turns into U+FFFD wherever it is printed.
import { isUtf8 } from 'node:buffer'

export function fromBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (isUtf8(buffer)) return buffer.toString('utf8')
  // Latin-1 shows each byte as one character, so that the well-formed runs can be found by a pattern.
  return buffer
    .toString('latin1')
    .replace(/[\x80-\xff]+/g, (run) =>
      run.replace(SEQUENCE, (part) => (part.length > 1 ? decode(part) : String.fromCharCode(0xdc00 + part.charCodeAt(0)))),
    )
}

/** RFC 3629, clause 4, and any byte that is none of it. */
const SEQUENCE =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g

const decode = (latin: string) => Buffer.from(latin, 'latin1').toString('utf8')

export function toBytes(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8')
  const parts = text.split(/((?<![\ud800-\udbff])[\udc80-\udcff])/)
  return Buffer.concat(parts.map((part, at) => (at % 2 === 1 ? Buffer.of(part.charCodeAt(0) & 0xff) : Buffer.from(part, 'utf8'))))
}
