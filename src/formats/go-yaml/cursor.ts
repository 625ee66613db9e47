// A place in a text that is read character by character, and the faults that name places.

/** From 0. A character beyond the basic plane is one column. */
export interface Mark {
  readonly at: number
  readonly line: number
  readonly column: number
}

/** Text that is no YAML to Go, or not of the types that are wanted. */
export class YamlFault extends Error {
  /** From 1; undefined where Go names none: it names no first line. */
  readonly row: number | undefined
  /** Where it went wrong, to show to a person. */
  readonly mark: Mark | undefined

  constructor(message: string, row: number | undefined, mark?: Mark) {
    super(`yaml: ${message}`)
    this.row = row
    this.mark = mark
  }
}

/** Of what cannot be read as tokens. The line is that where the thing began, if that is not the first, else where it went wrong. */
export function scannerFault(problem: string, context: Mark, at: Mark): YamlFault {
  const line = context.line === 0 ? at.line : context.line
  return inRow(problem, line === 0 ? undefined : line + 1, at)
}

/** Of tokens that do not follow each other. Go counts these lines from 0. */
export function parserFault(problem: string, at: Mark, context?: Mark): YamlFault {
  const line = context === undefined || context.line === 0 ? at.line : context.line
  return inRow(problem, line === 0 ? undefined : line, at)
}

const inRow = (problem: string, row: number | undefined, mark: Mark) =>
  new YamlFault(row === undefined ? problem : `line ${row}: ${problem}`, row, mark)

export const isBlank = (char: string) => char === ' ' || char === '\t'
export const isBreak = (char: string) => char === '\n' || char === '\r' || char === '\x85' || char === '\u2028' || char === '\u2029'
/** Also at the end of the text, where there is no character. */
export const isBreakOrEnd = (char: string) => char === '' || isBreak(char)
export const isBlankOrEnd = (char: string) => isBlank(char) || isBreakOrEnd(char)
export const isDigit = (char: string) => char >= '0' && char <= '9'
/** Of names: of anchors, handles and directives. */
export const isWord = (char: string) => /^[\w-]$/.test(char)

export class Cursor implements Mark {
  readonly text: string
  at = 0
  line = 0
  column = 0

  constructor(text: string) {
    this.text = text
  }

  get mark(): Mark {
    return { at: this.at, line: this.line, column: this.column }
  }

  /** The character here or further on; the empty string behind the end. */
  peek(offset = 0): string {
    return this.text[this.at + offset] ?? ''
  }

  startsWith(text: string): boolean {
    return this.text.startsWith(text, this.at)
  }

  /** Passes characters that are no line breaks. */
  skip(count = 1): void {
    for (let n = 0; n < count; n++) {
      this.at += this.text.codePointAt(this.at)! > 0xffff ? 2 : 1
      this.column++
    }
  }

  /** Passes one, and gives it. */
  read(): string {
    const from = this.at
    this.skip()
    return this.text.slice(from, this.at)
  }

  readWhile(holds: (char: string) => boolean): string {
    const from = this.at
    while (this.at < this.text.length && holds(this.peek())) this.skip()
    return this.text.slice(from, this.at)
  }

  /** Passes a line break, and gives what stands for it in a scalar. */
  readLine(): string {
    const char = this.peek()
    this.at += char === '\r' && this.peek(1) === '\n' ? 2 : 1
    this.line++
    this.column = 0
    return char === '\u2028' || char === '\u2029' ? char : '\n'
  }

  /** `---` or `...` at the beginning of a line, with nothing at it. */
  atDocumentMark(): boolean {
    return this.column === 0 && (this.startsWith('---') || this.startsWith('...')) && isBlankOrEnd(this.peek(3))
  }
}
