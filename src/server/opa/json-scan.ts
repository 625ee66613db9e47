// Where the first JSON value of a text ends, or what is wrong with it in the words of Go's encoding/json.
import { quoteTerm } from '../../lang/rego/values/text.ts'

export type Scan = 'empty' | { readonly end: number } | { readonly fault: string }

const SPACE = /[ \t\r\n]*/y
const PLAIN = /[^"\\\x00-\x1f]*/y
/** As Go's. */
const MAX_DEPTH = 10_000
const WORDS = { t: 'true', f: 'false', n: 'null' } as const

export function scanJson(text: string): Scan {
  const scanner = new Scanner(text)
  return scanner.first()
}

class Fault extends Error {}

class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  first(): Scan {
    this.#space()
    if (this.#at === this.#text.length) return 'empty'
    try {
      this.#value()
      return { end: this.#at }
    } catch (error) {
      if (error instanceof Fault) return { fault: error.message }
      throw error
    }
  }

  /** With a stack of its own: what was sent may be deep. */
  #value(): void {
    const open: string[] = []
    for (;;) {
      const c = this.#peek()
      if (c === '{' || c === '[') {
        this.#at++
        if (open.push(c) > MAX_DEPTH) throw new Fault('exceeded max depth')
        const close = c === '{' ? '}' : ']'
        if (this.#peek() !== close) {
          if (c === '{') this.#key('looking for beginning of object key string')
          continue
        }
      } else {
        this.#scalar(c)
        if (open.length === 0) return
      }
      if (this.#closed(open)) return
    }
  }

  /** After a value, or before the end of an empty one: true where the outermost value has ended, else the next one begins. */
  #closed(open: string[]): boolean {
    for (;;) {
      const inObject = open.at(-1) === '{'
      const c = this.#peek()
      if (c === ',') {
        this.#at++
        if (inObject) this.#key('looking for beginning of object key string')
        return false
      }
      if (c !== (inObject ? '}' : ']')) this.#fail(inObject ? 'after object key:value pair' : 'after array element')
      this.#at++
      open.pop()
      if (open.length === 0) return true
    }
  }

  #key(context: string): void {
    if (this.#peek() !== '"') this.#fail(context)
    this.#string()
    if (this.#peek() !== ':') this.#fail('after object key')
    this.#at++
  }

  #scalar(c: string): void {
    if (c === '"') this.#string()
    else if (c === 't' || c === 'f' || c === 'n') this.#word(WORDS[c])
    else if (c === '-' || (c >= '0' && c <= '9')) this.#number()
    else this.#fail('looking for beginning of value')
  }

  #word(word: string): void {
    for (const letter of word) {
      if (this.#next() !== letter) this.#fail(`in literal ${word} (expecting '${letter}')`)
      this.#at++
    }
  }

  #number(): void {
    if (this.#text[this.#at] === '-') {
      this.#at++
      if (!isDigit(this.#next())) this.#fail('in numeric literal')
    }
    if (this.#text[this.#at] === '0') this.#at++
    else this.#digits()
    if (this.#text[this.#at] === '.') {
      this.#at++
      if (!isDigit(this.#next())) this.#fail('after decimal point in numeric literal')
      this.#digits()
    }
    if (/[eE]/.test(this.#text[this.#at] ?? '')) {
      this.#at++
      if (/[+-]/.test(this.#next())) this.#at++
      if (!isDigit(this.#next())) this.#fail('in exponent of numeric literal')
      this.#digits()
    }
  }

  #digits(): void {
    while (isDigit(this.#text[this.#at] ?? '')) this.#at++
  }

  #string(): void {
    this.#at++
    for (;;) {
      PLAIN.lastIndex = this.#at
      PLAIN.test(this.#text)
      this.#at = PLAIN.lastIndex
      const c = this.#next()
      if (c === '"') break
      if (c !== '\\') this.#fail('in string literal')
      this.#at++
      this.#escape()
    }
    this.#at++
  }

  #escape(): void {
    const c = this.#next()
    if (c === 'u') {
      for (let digit = 0; digit < 4; digit++) {
        this.#at++
        if (!/[\da-fA-F]/.test(this.#next())) this.#fail('in \\u hexadecimal character escape')
      }
    } else if (!'bfnrt\\/"'.includes(c)) this.#fail('in string escape code')
    this.#at++
  }

  #space(): void {
    SPACE.lastIndex = this.#at
    SPACE.test(this.#text)
    this.#at = SPACE.lastIndex
  }

  #peek(): string {
    this.#space()
    return this.#next()
  }

  /** The character here. Throws where the text has ended. */
  #next(): string {
    const c = this.#text[this.#at]
    if (c === undefined) throw new Fault('unexpected EOF')
    return c
  }

  #fail(context: string): never {
    throw new Fault(`invalid character ${quoted(this.#text.codePointAt(this.#at)!)} ${context}`)
  }
}

const isDigit = (c: string) => c >= '0' && c <= '9'
/** Go looks at bytes, and shows the first one of a character as if it were a character of Latin-1. */
function quoted(code: number): string {
  const c = String.fromCharCode(Buffer.from(String.fromCodePoint(code))[0]!)
  if (c === "'") return "'\\''"
  return c === '"' ? `'"'` : `'${quoteTerm(c).slice(1, -1)}'`
}
