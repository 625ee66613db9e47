// Scalars as Go's yaml.v3 reads them: plain, in quotes, and in blocks. YAML 1.2, chapters 7.3 and 8.1, but for what Go does otherwise.
import { type Cursor, isBlank, isBlankOrEnd, isBreak, isBreakOrEnd, isDigit, type Mark, scannerFault } from './cursor.ts'

/** White space between two parts of a scalar, which a line break folds. */
class Folding {
  #blanks = ''
  #first = ''
  #more = ''

  get hasBreak(): boolean {
    return this.#first !== ''
  }

  blanks(text: string): void {
    if (!this.hasBreak) this.#blanks += text
  }

  break(text: string): void {
    if (this.hasBreak) this.#more += text
    else {
      this.#first = text
      this.#blanks = ''
    }
  }

  /** What stands for it, where something follows. */
  take(): string {
    const { hasBreak } = this
    const broken = this.#first === '\n' ? (this.#more === '' ? ' ' : this.#more) : this.#first + this.#more
    const text = hasBreak ? broken : this.#blanks
    this.#blanks = this.#first = this.#more = ''
    return text
  }
}

/** Ends before white space behind which it does not go on. @returns whether a line break was passed behind it */
export function readPlain(cursor: Cursor, indent: number, inFlow: boolean): { readonly text: string; readonly brokeLine: boolean } {
  const start = cursor.mark
  const space = new Folding()
  let text = ''
  for (;;) {
    if (cursor.atDocumentMark() || cursor.peek() === '#') break
    let part = ''
    while (!isBlankOrEnd(cursor.peek())) {
      if (cursor.peek() === ':' && isBlankOrEnd(cursor.peek(1))) break
      if (inFlow && ',?[]{}'.includes(cursor.peek())) break
      part += cursor.read()
    }
    if (part !== '') text += space.take() + part
    if (!isBlank(cursor.peek()) && !isBreak(cursor.peek())) break
    while (isBlank(cursor.peek()) || isBreak(cursor.peek())) {
      if (isBreak(cursor.peek())) space.break(cursor.readLine())
      else {
        if (space.hasBreak && cursor.column <= indent && cursor.peek() === '\t') {
          throw scannerFault('found a tab character that violates indentation', start, cursor)
        }
        space.blanks(cursor.read())
      }
    }
    if (!inFlow && cursor.column <= indent) break
  }
  return { text, brokeLine: space.hasBreak }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  "'": "'",
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
}
const CODE_LENGTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

export function readQuoted(cursor: Cursor): string {
  const start = cursor.mark
  const quote = cursor.read()
  let text = ''
  for (;;) {
    if (cursor.atDocumentMark()) throw scannerFault('found unexpected document indicator', start, cursor)
    if (cursor.peek() === '') throw scannerFault('found unexpected end of stream', start, cursor)
    const space = new Folding()
    while (!isBlankOrEnd(cursor.peek())) {
      const char = cursor.peek()
      if (quote === "'" && cursor.startsWith("''")) {
        text += quote
        cursor.skip(2)
      } else if (char === quote) {
        cursor.skip()
        return text
      } else if (quote === '"' && char === '\\') {
        if (isBreak(cursor.peek(1))) {
          cursor.skip()
          cursor.readLine()
          text += joined(cursor)
          break
        }
        text += readEscape(cursor, start)
      } else text += cursor.read()
    }
    while (isBlank(cursor.peek()) || isBreak(cursor.peek())) {
      if (isBreak(cursor.peek())) space.break(cursor.readLine())
      else space.blanks(cursor.read())
    }
    text += space.take()
  }
}

/** Behind an escaped line break: blanks do not count, further breaks do. */
function joined(cursor: Cursor): string {
  let breaks = ''
  while (isBlank(cursor.peek()) || isBreak(cursor.peek())) {
    if (isBreak(cursor.peek())) breaks += cursor.readLine()
    else cursor.skip()
  }
  return breaks
}

function readEscape(cursor: Cursor, start: Mark): string {
  const letter = cursor.peek(1)
  const length = CODE_LENGTH[letter]
  if (length === undefined) {
    const meant = ESCAPES[letter]
    if (meant === undefined) throw scannerFault('found unknown escape character', start, cursor)
    cursor.skip(2)
    return meant
  }
  cursor.skip(2)
  const digits = cursor.text.slice(cursor.at, cursor.at + length)
  if (digits.length < length || !/^[\da-fA-F]+$/.test(digits)) throw scannerFault('did not find expected hexdecimal number', start, cursor)
  const code = Number.parseInt(digits, 16)
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff)
    throw scannerFault('found invalid Unicode character escape code', start, cursor)
  cursor.skip(length)
  return String.fromCodePoint(code)
}

/** @param indent of the block around it, -1 where there is none */
export function readBlock(cursor: Cursor, indent: number): string {
  const start = cursor.mark
  const literal = cursor.read() === '|'
  const { chomping, increment } = readBlockHeader(cursor)
  cursor.readWhile(isBlank)
  if (cursor.peek() === '#') cursor.readWhile((char) => !isBreak(char))
  if (!isBreakOrEnd(cursor.peek())) throw scannerFault('did not find expected comment or line break', start, cursor)
  if (cursor.peek() !== '') cursor.readLine()
  const block = { indent: increment === 0 ? 0 : Math.max(indent, 0) + increment, outer: indent, start }
  let text = ''
  let ends = ''
  let empty = readEmptyLines(cursor, block)
  let wasBlank = false
  while (cursor.column === block.indent && cursor.peek() !== '') {
    const isMore = isBlank(cursor.peek())
    if (!literal && !wasBlank && !isMore && ends === '\n') text += empty === '' ? ' ' : ''
    else text += ends
    text += empty
    wasBlank = isMore
    text += cursor.readWhile((char) => !isBreak(char))
    ends = cursor.peek() === '' ? '' : cursor.readLine()
    empty = readEmptyLines(cursor, block)
  }
  return text + (chomping === '-' ? '' : ends) + (chomping === '+' ? empty : '')
}

function readBlockHeader(cursor: Cursor): { readonly chomping: string; readonly increment: number } {
  const start = cursor.mark
  const sign = () => (cursor.peek() === '+' || cursor.peek() === '-' ? cursor.read() : '')
  let chomping = sign()
  let increment = 0
  if (isDigit(cursor.peek())) {
    if (cursor.peek() === '0') throw scannerFault('found an indentation indicator equal to 0', start, cursor)
    increment = Number(cursor.read())
    if (chomping === '') chomping = sign()
  }
  return { chomping, increment }
}

/** Lines of nothing but spaces; the first that has something decides the indent, if the header has not. */
function readEmptyLines(cursor: Cursor, block: { indent: number; readonly outer: number; readonly start: Mark }): string {
  let breaks = ''
  let widest = 0
  const isWithin = () => block.indent === 0 || cursor.column < block.indent
  for (;;) {
    while (isWithin() && cursor.peek() === ' ') cursor.skip()
    widest = Math.max(widest, cursor.column)
    if (isWithin() && cursor.peek() === '\t') {
      throw scannerFault('found a tab character where an indentation space is expected', block.start, cursor)
    }
    if (!isBreak(cursor.peek())) break
    breaks += cursor.readLine()
  }
  if (block.indent === 0) block.indent = Math.max(widest, block.outer + 1, 1)
  return breaks
}
