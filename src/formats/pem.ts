// PEM (RFC 7468, RFC 1421). Bytes are read as latin1, where one character is one byte and offsets hold.
import { decodeBase64 } from './base64.ts'

export interface PemBlock {
  /** The label between BEGIN and the dashes, as "CERTIFICATE". */
  readonly label: string
  readonly bytes: Buffer
  /** The offset behind the block's last line. */
  readonly end: number
}

const BEGIN = '-----BEGIN '
const END = '\n-----END '
const DASHES = '-----'

/**
 * The first block at or after `from`, or undefined. What is no block is passed over, a broken block too, so that text may stand before, between
 * and after; headers (`Name: value`) are skipped.
 */
export function readPem(text: string, from = 0): PemBlock | undefined {
  for (let at = from; ; ) {
    const end = text.indexOf(END, at)
    if (end < 0) return undefined
    // The last BEGIN before the END: one without an END of its own is passed over.
    const before = text.slice(at, end).lastIndexOf(BEGIN)
    const begin = at + before
    const next = end + END.length
    if (before >= 0 && (begin === from || text[begin - 1] === '\n')) {
      const block = readBlock(text, begin + BEGIN.length, end)
      if (block !== undefined) return block
    }
    at = next
  }
}

/** All blocks. What stands between them is passed over. */
export function readAllPem(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = []
  for (let at = 0; ; ) {
    const block = readPem(text, at)
    if (block === undefined) return blocks
    blocks.push(block)
    at = block.end
  }
}

/** One block, in lines of 64 characters. */
export const writePem = (label: string, bytes: Buffer): string =>
  `${BEGIN}${label}${DASHES}\n${bytes.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}${END}${label}${DASHES}\n`

/** @param start behind "-----BEGIN " @param end of the line before "-----END " */
function readBlock(text: string, start: number, end: number): PemBlock | undefined {
  const first = lineAt(text, start)
  if (!first.line.endsWith(DASHES)) return undefined
  const label = first.line.slice(0, -DASHES.length)
  const closing = lineAt(text, end + END.length)
  if (closing.line !== `${label}${DASHES}`) return undefined
  let body = first.next
  while (body <= end) {
    const { line, next } = lineAt(text, body)
    if (!line.includes(':')) break
    body = next
  }
  // A block without a body has its BEGIN line's end as the one before END. Headers need an empty line after them.
  if (body > end + 1 || (body > end && body !== first.next)) return undefined
  const bytes = decodeBase64(text.slice(body, Math.max(body, end)).replace(/[ \t]/g, ''), { padded: true })
  return bytes && { label, bytes, end: closing.next }
}

/** The line without its end and the blanks before it, and where the next one begins. */
function lineAt(text: string, at: number): { line: string; next: number } {
  const newline = text.indexOf('\n', at)
  const stop = newline < 0 ? text.length : newline
  let last = newline > at && text[newline - 1] === '\r' ? newline - 1 : stop
  while (last > at && (text[last - 1] === ' ' || text[last - 1] === '\t')) last--
  return { line: text.slice(at, last), next: newline < 0 ? text.length : newline + 1 }
}
