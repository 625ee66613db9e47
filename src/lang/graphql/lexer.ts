// Tokens of GraphQL (§2.1), comments among them.
import { type Budget, GraphqlError } from './errors.ts'

export interface Token {
  readonly kind: '!' | '$' | '&' | '(' | ')' | '...' | ':' | '=' | '@' | '[' | ']' | '{' | '}' | '|' | TokenKind
  /** Of names, numbers and comments as written, of strings what they mean. */
  readonly value: string
  readonly at: number
}
type TokenKind = 'comment' | 'name' | 'int' | 'float' | 'string' | 'block' | 'end'

const PUNCTUATION = /\.\.\.|[!$&():=@[\]{}|]/y
const NAME = /[_A-Za-z][_0-9A-Za-z]*/y
const COMMENT = /#[^\x00-\x08\x0a-\x1f]*/y
const NUMBER = /-?(?:0(?!\d)|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?(?!\.|[eE])/y
const BLANK = /[\t ,\n\r\ufeff]*/y
/** What stands in a string as it is. */
const PLAIN = /[^"\\\x00-\x08\x0a-\x1f]*/y
const BLOCK_PLAIN = /[^"\\\x00-\x08\x0b\x0c\x0e-\x1f]*/y
const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '/': '/', '\\': '\\', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

export class Lexer {
  readonly #text: string
  readonly #budget: Budget
  #at = 0

  constructor(text: string, budget: Budget) {
    this.#text = text
    this.#budget = budget
  }

  /** @throws GraphqlError for what is no token */
  read(): Token {
    this.#budget(1)
    this.#match(BLANK)
    const at = this.#at
    if (at >= this.#text.length) return { kind: 'end', value: '', at }
    const punctuation = this.#match(PUNCTUATION)
    if (punctuation !== '') return { kind: punctuation as Token['kind'], value: '', at }
    const name = this.#match(NAME)
    if (name !== '') return { kind: 'name', value: name, at }
    const comment = this.#match(COMMENT)
    if (comment !== '') return { kind: 'comment', value: comment, at }
    const number = this.#match(NUMBER)
    if (number !== '') return { kind: /[.eE]/.test(number) ? 'float' : 'int', value: number, at }
    if (this.#text.startsWith('"""', at)) return { kind: 'block', value: this.#block(), at }
    if (this.#text[at] === '"') return { kind: 'string', value: this.#string(), at }
    return this.fail(`Cannot parse the unexpected character ${JSON.stringify(String.fromCodePoint(this.#text.codePointAt(at)!))}.`, at)
  }

  fail(message: string, at: number): never {
    const before = this.#text.slice(0, at).split(/\r\n|[\n\r]/)
    throw new GraphqlError(message, `${before.length}:${[...before.at(-1)!].length + 1}`)
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #string(): string {
    this.#at++
    const parts: string[] = []
    for (;;) {
      parts.push(this.#match(PLAIN))
      const next = this.#text[this.#at]
      if (next === '"') {
        this.#at++
        return parts.join('')
      }
      if (next !== '\\') return this.fail('Unterminated string.', this.#at)
      parts.push(this.#escape())
    }
  }

  #escape(): string {
    const kind = this.#text[this.#at + 1] ?? ''
    const hex = kind === 'u' ? /^[\da-fA-F]{4}$/.exec(this.#text.slice(this.#at + 2, this.#at + 6))?.[0] : undefined
    const plain = ESCAPES[kind] ?? (hex === undefined ? undefined : String.fromCharCode(Number.parseInt(hex, 16)))
    if (plain === undefined) return this.fail('Invalid character escape sequence.', this.#at)
    this.#at += hex === undefined ? 2 : 6
    // No half of a pair is a character, not even beside the other half.
    return /[\ud800-\udfff]/.test(plain) ? '\ufffd' : plain
  }

  #block(): string {
    this.#at += 3
    const parts: string[] = []
    for (;;) {
      parts.push(this.#match(BLOCK_PLAIN))
      const quotes = this.#match(/"+/y)
      if (quotes.length >= 3) {
        parts.push(quotes.slice(3))
        return blockValue(parts.join('').replace(/\r\n?/g, '\n'))
      }
      if (quotes !== '') parts.push(quotes)
      else if (this.#text.startsWith('\\"""', this.#at)) {
        parts.push('"""')
        this.#at += 4
      } else if (this.#text[this.#at] === '\\') {
        parts.push('\\')
        this.#at++
      } else this.fail('Unterminated string.', this.#at)
    }
  }
}

/** Without the indent that all lines have in common, and without blank lines around. The first line counts for the indent, and keeps its own. */
function blockValue(raw: string): string {
  const lines = raw.split('\n')
  const indentOf = (line: string) => line.search(/[^ \t]/)
  const indents = lines.map(indentOf).filter((indent) => indent >= 0)
  if (indents.length === 0) return ''
  const common = indents.reduce((least, indent) => Math.min(least, indent))
  const cut = lines.map((line, at) => (at === 0 ? line : line.slice(common)))
  const filled = (line: string) => indentOf(line) >= 0
  return cut.slice(cut.findIndex(filled), cut.findLastIndex(filled) + 1).join('\n')
}
