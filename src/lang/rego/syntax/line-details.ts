// The line of a text in which something could not be read, as OPA shows it below the fault: with a caret, or in JSON as the line and an index.
import type { Diagnostic } from '../errors.ts'

const NEWLINE = /[\r\n]/
/** What Go takes for white space in a byte. */
const SPACE = /[\t\n\v\f\r \u0085\u00a0]/

/** Worked out only for who reads it. */
export class LineDetails {
  readonly #text: string
  readonly #offset: number

  /** @param offset in UTF-16 units */
  constructor(text: string, offset: number) {
    this.#text = text
    this.#offset = offset
  }

  /** The line of the last character that is no white space, up to the place, and the byte in it where that begins. */
  get line(): { readonly text: string; readonly index: number } {
    const text = this.#text
    let at = Math.max(0, Math.min(this.#offset, text.length - 1))
    while (at > 0 && SPACE.test(text[at]!)) at--
    let begin = at
    while (begin > 0 && !NEWLINE.test(text[begin]!)) begin--
    if (begin < text.length && NEWLINE.test(text[begin]!)) begin++
    let end = at
    while (end < text.length && !NEWLINE.test(text[end]!)) end++
    begin = Math.min(begin, end)
    const before = Buffer.byteLength(text.slice(begin, at))
    return { text: text.slice(begin, end), index: at < begin ? at - begin : before }
  }

  get lines(): readonly string[] {
    const { text, index } = this.line
    const shown = text.replace(/^\t+/, '')
    return [shown, `${' '.repeat(Math.max(0, index - (text.length - shown.length)))}^`]
  }
}

/** The faults of a text, each with the line that it is in. */
export const withLines = (faults: readonly Diagnostic[], text: string): readonly Diagnostic[] =>
  faults.map((fault) => (fault.at === undefined ? fault : { ...fault, details: new LineDetails(text, fault.at.start) }))
