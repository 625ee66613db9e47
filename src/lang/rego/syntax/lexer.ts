// Rego's tokens (policy-reference, "Grammar"), one at a time: which words are keywords changes with the imports that were read so far.
import type { Location } from './ast.ts'

const WORDS = ['package', 'import', 'as', 'default', 'else', 'not', 'some', 'with', 'null', 'true', 'false'] as const
const FUTURE_WORDS = ['in', 'every', 'contains', 'if', 'and', 'or'] as const
const SIGNS = {
  '[': '[',
  ']': ']',
  '{': '{',
  '}': '}',
  '(': '(',
  ')': ')',
  ',': ',',
  ';': ';',
  '.': '.',
  '+': 'plus',
  '-': 'minus',
  '*': 'mul',
  '/': 'div',
  '%': 'rem',
  '&': '&',
  '|': '|',
} as const

type Word = (typeof WORDS)[number] | (typeof FUTURE_WORDS)[number]
type Punctuation = (typeof SIGNS)[keyof typeof SIGNS]
/** Parts of a template string end where an expression begins, or with the string. */
export type TemplateKind = 'template-string-part' | 'template-string-end' | 'raw-template-string-part' | 'raw-template-string-end'
export type TokenKind =
  | Word
  | Punctuation
  | TemplateKind
  | (':' | 'assign' | 'eq' | 'equal' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte')
  | ('identifier' | 'number' | 'string' | 'comment' | 'whitespace' | 'eof' | 'illegal')

export interface Token {
  readonly kind: TokenKind
  /** As written; of a template string's part the text between its delimiters, `\{` read as `{`; of a comment without `#`. */
  readonly text: string
  readonly at: Location
}

/** How OPA names a token in a message; an operator's is also the name of its builtin function. */
export const tokenName = (kind: TokenKind): string => (kind === '&' ? 'and' : kind === '|' ? 'or' : kind)
export const isKeyword = (kind: TokenKind): boolean => KEYWORDS.has(kind)

/** The words that are always keywords. */
export const KEYWORDS: ReadonlySet<string> = new Set([...WORDS, ...FUTURE_WORDS])
/** But for `not`, which OPA lists with those of the future: in an import it is none. */
const ALWAYS: ReadonlySet<string> = new Set(WORDS.filter((word) => word !== 'not'))

const PUNCTUATION: ReadonlyMap<string, Punctuation> = new Map(Object.entries(SIGNS))

const NUL = 0
const NEWLINE = 10
const BOM = 0xfeff
const isDecimal = (code: number) => code >= 48 && code <= 57
const isLetter = (code: number) => (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95
const isWordCharacter = (code: number) => isLetter(code) || isDecimal(code)
/** Stands in a string for itself, one UTF-16 unit with which nothing can be wrong. */
const isPlain = (code: number) => code >= 32 && code < 128 && code !== 34 && code !== 92
const isSpace = (code: number) => code === 32 || code === 9 || code === NEWLINE || code === 13
const DIGIT_BEYOND_ASCII = /^\p{Nd}/u

/** Where a token begins. */
type Begin = Pick<Location, 'row' | 'col' | 'start'>

/** Where a lexer stands, to come back to. */
export interface Mark {
  readonly next: number
  readonly row: number
  readonly lineStart: number
  readonly wide: number
}

export class Lexer {
  readonly #file: string
  readonly #text: string
  /** Index of the next character, which has been looked at: what is wrong with it is an error of the token before it. */
  #next: number
  #row = 1
  #lineStart = 0
  /** Characters of two UTF-16 units on this line so far. */
  #wide = 0
  /** What is wrong with the token that was scanned last. */
  errors: string[] = []
  /** The keywords in force that are not always so. */
  keywords: ReadonlySet<string> = new Set(['not'])

  constructor(file: string, text: string) {
    this.#file = file
    this.#text = text
    this.#next = text.charCodeAt(0) === BOM ? 1 : 0
    this.#lineStart = this.#next
    this.#look()
  }

  save(): Mark {
    return { next: this.#next, row: this.#row, lineStart: this.#lineStart, wide: this.#wide }
  }

  restore(mark: Mark): void {
    this.#next = mark.next
    this.#row = mark.row
    this.#lineStart = mark.lineStart
    this.#wide = mark.wide
  }

  /** Over whitespace with which nothing is wrong. How many characters it was; their lines are counted. */
  skipSpace(): number {
    const start = this.#next
    while (isSpace(this.#peek())) {
      const after = this.#text.charCodeAt(this.#next + 1)
      if (after === NUL || after === BOM) break // an error of the space before it
      if (this.#peek() === NEWLINE) {
        this.#row++
        this.#lineStart = this.#next + 1
        this.#wide = 0
      }
      this.#next++
    }
    return this.#next - start
  }

  /** Of the next character. */
  get row(): number {
    return this.#row
  }

  isKeyword(word: string): boolean {
    return ALWAYS.has(word) || this.keywords.has(word)
  }

  /** The next token, whitespace one character at a time. */
  scan(): Token {
    const code = this.#peek()
    const begin = this.#here()
    // The end is where the last character is.
    if (Number.isNaN(code)) return this.#token('eof', { ...begin, col: begin.col - 1 })
    if (isSpace(code)) {
      this.#advance()
      // The end of a line is where the next one has not begun.
      return this.#token('whitespace', code === NEWLINE ? { row: this.#row, col: 0, start: begin.start } : begin)
    }
    if (isLetter(code)) return this.#word(begin)
    if (isDecimal(code)) {
      this.#number()
      return this.#token('number', begin)
    }
    this.#advance()
    return this.#symbol(String.fromCharCode(code), begin)
  }

  /** The rest of a template string, after the brace that ended an expression in it. */
  continueTemplate(raw: boolean): Token {
    return this.#template(raw, this.#here())
  }

  #word(begin: Begin): Token {
    let next = this.#next + 1
    while (isWordCharacter(this.#text.charCodeAt(next))) next++
    this.#next = next - 1
    do this.#advance()
    while (this.#isWordPart())
    const token = this.#token('identifier', begin)
    return this.isKeyword(token.text) ? { kind: token.text as Word, text: token.text, at: token.at } : token
  }

  #symbol(char: string, begin: Begin): Token {
    const punctuation = PUNCTUATION.get(char)
    if (punctuation !== undefined) return this.#token(punctuation, begin)
    const followed = (by: string, yes: TokenKind, no: TokenKind) => this.#token(this.#take(by) ? yes : no, begin)
    if (char === ':') return followed('=', 'assign', ':')
    if (char === '=') return followed('=', 'equal', 'eq')
    if (char === '>') return followed('=', 'gte', 'gt')
    if (char === '<') return followed('=', 'lte', 'lt')
    if (char === '#') return this.#comment(begin)
    if (char === '"') {
      this.#string()
      return this.#token('string', begin)
    }
    if (char === '`') {
      this.#rawString()
      return this.#token('string', begin)
    }
    if (char === '$' && this.#take('"')) return this.#template(false, begin)
    if (char === '$' && this.#take('`')) return this.#template(true, begin)
    if (char === '!' && this.#take('=')) return this.#token('neq', begin)
    if (char === '!' || char === '$') this.errors.push(`illegal ${char} character`)
    if (char === '\u00a0') this.errors.push('illegal non-breaking space character, use a regular space instead')
    return this.#token('illegal', begin)
  }

  #comment(begin: Begin): Token {
    while (this.#peek() !== NEWLINE && !this.#atEnd()) this.#advance()
    const token = this.#token('comment', begin)
    return { ...token, text: token.text.slice(1).replace(/\r+$/, '') }
  }

  #number(): void {
    this.#decimals()
    if (this.#take('.') && !this.#decimals()) this.errors.push('expected fraction')
    if (this.#take('e') || this.#take('E')) {
      if (!this.#take('+')) this.#take('-')
      if (!this.#decimals()) this.errors.push('expected exponent')
    }
    if (!isLetter(this.#peek())) return
    this.errors.push('illegal number format')
    while (this.#isWordPart()) this.#advance()
  }

  #decimals(): boolean {
    const start = this.#next
    while (isDecimal(this.#peek())) this.#advance()
    return this.#next > start
  }

  #string(): void {
    for (;;) {
      while (isPlain(this.#peek()) && isPlain(this.#text.charCodeAt(this.#next + 1))) this.#next++
      if (this.#peek() === NEWLINE || this.#atEnd()) return void this.errors.push('non-terminated string')
      if (this.#take('"')) return
      if (this.#take('\\')) this.#escape('\\"/bfnrt')
      else this.#advance()
    }
  }

  #rawString(): void {
    while (!this.#take('`')) {
      if (this.#atEnd()) return void this.errors.push('non-terminated string')
      this.#advance()
    }
  }

  #template(raw: boolean, begin: Begin): Token {
    const prefix = raw ? 'raw-' : ''
    let [text, from] = ['', this.#next]
    const token = (kind: 'part' | 'end', delimiter: number): Token => ({
      ...this.#token(`${prefix}template-string-${kind}` as TemplateKind, begin),
      text: text + this.#text.slice(from, this.#next - delimiter),
    })
    for (;;) {
      if (this.#atEnd() || (!raw && this.#peek() === NEWLINE)) {
        this.errors.push('non-terminated string')
        return token('part', 0)
      }
      if (this.#take(raw ? '`' : '"')) return token('end', 1)
      if (this.#take('{')) return token('part', 1)
      if (!this.#take('\\')) this.#advance()
      else if (this.#text[this.#next] === '{') {
        text += this.#text.slice(from, this.#next - 1)
        from = this.#next
        this.#advance()
      } else if (!raw) this.#escape('\\"/bfnrt')
    }
  }

  #escape(allowed: string): void {
    if (this.#take('u')) for (let n = 0; n < 4; n++) this.#advance()
    else if (allowed.includes(this.#text[this.#next] ?? '\0')) this.#advance()
    else this.errors.push('illegal escape sequence')
  }

  /** NaN at the end of the text. */
  #peek(): number {
    return this.#text.charCodeAt(this.#next)
  }

  #atEnd(): boolean {
    return this.#next >= this.#text.length
  }

  #take(char: string): boolean {
    if (this.#text[this.#next] !== char) return false
    this.#advance()
    return true
  }

  #isWordPart(): boolean {
    const code = this.#peek()
    return isWordCharacter(code) || (code >= 0x80 && DIGIT_BEYOND_ASCII.test(this.#text.slice(this.#next, this.#next + 2)))
  }

  #advance(): void {
    const code = this.#text.codePointAt(this.#next)
    if (code === undefined) return
    if (code > 0xffff) {
      this.#next += 2
      this.#wide++
    } else {
      this.#next++
      if (code === NEWLINE) {
        this.#row++
        this.#lineStart = this.#next
        this.#wide = 0
      }
    }
    this.#look()
  }

  #look(): void {
    const code = this.#peek()
    if (code === NUL) this.errors.push('illegal null character')
    else if (code === BOM) this.errors.push('illegal byte-order mark')
  }

  /** The place of the next character. */
  #here(): Begin {
    return { row: this.#row, col: this.#next - this.#lineStart - this.#wide + 1, start: this.#next }
  }

  #token(kind: TokenKind, { row, col, start }: Begin): Token {
    return { kind, text: this.#text.slice(start, this.#next), at: { file: this.#file, row, col, start, end: this.#next } }
  }
}
