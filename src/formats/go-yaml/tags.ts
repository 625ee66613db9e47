// Tags, and the directives that say what their handles stand for. YAML 1.2, chapters 6.8 and 6.9.1, but for what Go does otherwise.
import { type Cursor, isBlank, isBlankOrEnd, isBreak, isBreakOrEnd, isDigit, isWord, type Mark, scannerFault } from './cursor.ts'

export interface Tag {
  /** Empty where the suffix is the whole tag. */
  readonly handle: string
  readonly suffix: string
}
export type Directive =
  | { readonly is: 'version'; readonly major: number; readonly minor: number }
  | { readonly is: 'tag directive'; readonly handle: string; readonly prefix: string }

export function readTag(cursor: Cursor): Tag {
  return new Reader(cursor).tag()
}

/** With the line break behind it. */
export function readDirective(cursor: Cursor): Directive {
  return new Reader(cursor).directive()
}

/** Of one tag or directive; every fault names where that began. */
class Reader {
  readonly #cursor: Cursor
  readonly #start: Mark

  constructor(cursor: Cursor) {
    this.#cursor = cursor
    this.#start = cursor.mark
  }

  tag(): Tag {
    const cursor = this.#cursor
    const tag = cursor.peek(1) === '<' ? this.#verbatim() : this.#short()
    if (!isBlankOrEnd(cursor.peek())) this.#fail('did not find expected whitespace or line break')
    return tag
  }

  directive(): Directive {
    const cursor = this.#cursor
    cursor.skip()
    const name = cursor.readWhile(isWord)
    if (name === '') this.#fail('could not find expected directive name')
    if (!isBlankOrEnd(cursor.peek())) this.#fail('found unexpected non-alphabetical character')
    if (name !== 'YAML' && name !== 'TAG') this.#fail('found unknown directive name')
    const directive = name === 'YAML' ? this.#version() : this.#handleDirective()
    cursor.readWhile(isBlank)
    if (cursor.peek() === '#') cursor.readWhile((char) => !isBreak(char))
    if (!isBreakOrEnd(cursor.peek())) this.#fail('did not find expected comment or line break')
    if (cursor.peek() !== '') cursor.readLine()
    return directive
  }

  #fail(problem: string): never {
    throw scannerFault(problem, this.#start, this.#cursor)
  }

  #verbatim(): Tag {
    const cursor = this.#cursor
    cursor.skip(2)
    const suffix = this.#uri()
    if (cursor.peek() !== '>') this.#fail("did not find the expected '>'")
    cursor.skip()
    return { handle: '', suffix }
  }

  #short(): Tag {
    const handle = this.#handle(false)
    if (handle.length > 1 && handle.endsWith('!')) return { handle, suffix: this.#uri() }
    const suffix = this.#uri(handle)
    return suffix === '' ? { handle: '', suffix: '!' } : { handle: '!', suffix }
  }

  #handle(inDirective: boolean): string {
    const cursor = this.#cursor
    if (cursor.peek() !== '!') this.#fail("did not find expected '!'")
    const handle = cursor.read() + cursor.readWhile(isWord)
    if (cursor.peek() === '!') return handle + cursor.read()
    if (inDirective && handle !== '!') this.#fail("did not find expected '!'")
    return handle
  }

  /** @param head what was read as a handle and is none */
  #uri(head = ''): string {
    const cursor = this.#cursor
    let any = head !== ''
    let text = head.slice(1)
    while (cursor.peek() !== '' && (isWord(cursor.peek()) || ";/?:@&=+$,.!~*'()[]%".includes(cursor.peek()))) {
      any = true
      text += cursor.peek() === '%' ? this.#escaped() : cursor.read()
    }
    if (!any) this.#fail('did not find expected tag URI')
    return text
  }

  /** The bytes of one character. */
  #escaped(): string {
    const cursor = this.#cursor
    const bytes: number[] = []
    let width = 1
    while (bytes.length < width) {
      const [, digits] = /^%([\da-fA-F]{2})/.exec(cursor.text.slice(cursor.at, cursor.at + 3)) ?? []
      if (digits === undefined) this.#fail('did not find URI escaped octet')
      const byte = Number.parseInt(digits, 16)
      if (bytes.length === 0) {
        width = byte < 0x80 ? 1 : byte >= 0xf8 ? 0 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0
        if (width === 0) this.#fail('found an incorrect leading UTF-8 octet')
      } else if ((byte & 0xc0) !== 0x80) this.#fail('found an incorrect trailing UTF-8 octet')
      bytes.push(byte)
      cursor.skip(3)
    }
    return Buffer.from(bytes).toString('utf8')
  }

  #version(): Directive {
    const cursor = this.#cursor
    cursor.readWhile(isBlank)
    const major = this.#number()
    if (cursor.peek() !== '.') this.#fail("did not find expected digit or '.' character")
    cursor.skip()
    return { is: 'version', major, minor: this.#number() }
  }

  #number(): number {
    const digits = this.#cursor.readWhile(isDigit)
    if (digits.length > 2) this.#fail('found extremely long version number')
    if (digits === '') this.#fail('did not find expected version number')
    return Number(digits)
  }

  #handleDirective(): Directive {
    const cursor = this.#cursor
    cursor.readWhile(isBlank)
    const handle = this.#handle(true)
    if (!isBlank(cursor.peek())) this.#fail('did not find expected whitespace')
    cursor.readWhile(isBlank)
    const prefix = this.#uri()
    if (!isBlankOrEnd(cursor.peek())) this.#fail('did not find expected whitespace or line break')
    return { is: 'tag directive', handle, prefix }
  }
}
