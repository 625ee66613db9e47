import { ThymusError } from '../../core/errors.ts'
import { MAX_BYTES } from './limits.ts'

/** Line and column count from one; columns are UTF-16 code units, as editors count them. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A file's text, and where in it an offset stands. */
export class Source {
  readonly text: string
  readonly file: string
  readonly #lines: number[] = [0]

  constructor(text: string, file: string) {
    this.text = text
    this.file = file
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#lines.push(at + 1)
  }

  place(offset: number): Place {
    let low = 0
    for (let high = this.#lines.length; high - low > 1; ) {
      const middle = (low + high) >>> 1
      if (this.#lines[middle]! <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, column: offset - this.#lines[low]! + 1 }
  }

  error(code: 'POLICY_SYNTAX' | 'POLICY_LIMIT', offset: number, message: string): ThymusError {
    const { line, column } = this.place(offset)
    return new ThymusError(code, message, { at: `${this.file}:${line}:${column}` })
  }
}

/**
 * Text that YAML could be (YAML 1.2.2, 5.1): UTF-8 without controls other than tab and line ends.
 * @throws ThymusError POLICY_LIMIT if it is too long, POLICY_SYNTAX if it is something else, as an image or a program
 */
export function readText(input: string | Uint8Array, file: string): Source {
  const size = typeof input === 'string' ? Buffer.byteLength(input) : input.length
  if (size > MAX_BYTES) throw new ThymusError('POLICY_LIMIT', `${size} bytes, more than ${MAX_BYTES}`, { at: `${file}:1:1` })
  const source = new Source(typeof input === 'string' ? input : new TextDecoder().decode(input), file)
  // Where bytes are no UTF-8 the decoder puts U+FFFD, and a lone surrogate becomes one by encoding: the first of them is the place.
  const broken = source.text.toWellFormed()
  if (broken !== source.text || (typeof input !== 'string' && !Buffer.from(broken).equals(withoutMark(input)))) {
    throw source.error('POLICY_SYNTAX', broken.indexOf('\ufffd'), 'not UTF-8')
  }
  const control = source.text.search(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/)
  if (control >= 0) {
    const code = source.text.charCodeAt(control).toString(16).padStart(2, '0')
    throw source.error('POLICY_SYNTAX', control, `a control character (0x${code}), so this is no text`)
  }
  return source
}

/** The decoder drops a byte order mark. */
function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
}
