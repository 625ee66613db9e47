// Text as the tokens of Go's yaml.v3: where a block begins and ends is told by columns, and that something was a key by the colon behind it.
import { Cursor, isBlank, isBlankOrEnd, isBreak, isWord, type Mark, scannerFault } from './cursor.ts'
import { readBlock, readPlain, readQuoted } from './scalars.ts'
import { type Directive, readDirective, readTag, type Tag } from './tags.ts'

type Sign =
  | 'stream end'
  | 'document start'
  | 'document end'
  | 'block sequence'
  | 'block mapping'
  | 'block end'
  | 'block entry'
  | 'flow sequence'
  | 'flow sequence end'
  | 'flow mapping'
  | 'flow mapping end'
  | 'flow entry'
  | 'key'
  | 'value'

export type Token = { readonly mark: Mark; readonly end: Mark } & (
  | { readonly is: Sign }
  | { readonly is: 'alias' | 'anchor'; readonly name: string }
  | ({ readonly is: 'tag' } & Tag)
  | { readonly is: 'scalar'; readonly text: string; readonly plain: boolean }
  | Directive
)

/** What may turn out to be a key: the token that it begins with, by its number in the stream. */
interface SimpleKey {
  readonly token: number
  readonly mark: Mark
  /** In a block, at its column, nothing else can stand. */
  readonly required: boolean
}

/** Characters that a key may be long. */
const LONGEST_KEY = 1024
/** Tokens that Go has read when it looks at one: what is wrong with them is told first. */
const AHEAD = 3
export const MAX_DEPTH = 10_000

export class Scanner {
  readonly #cursor: Cursor
  /** Read, and not yet taken. */
  readonly #tokens: Token[] = []
  #taken = 0
  readonly #indents: number[] = []
  #indent = -1
  /** By flow level, the block around it first. */
  readonly #keys: (SimpleKey | undefined)[] = [undefined]
  #keyAllowed = true

  constructor(text: string) {
    this.#cursor = new Cursor(text.replace(/^\ufeff/, ''))
  }

  /** The next token, which is left. Throws YamlFault. */
  peek(): Token {
    while (this.#tokens.length < AHEAD || this.#firstMayBeKey()) this.#fetch()
    return this.#tokens[0]!
  }

  next(): Token {
    const token = this.peek()
    this.#tokens.shift()
    this.#taken++
    return token
  }

  get #inFlow(): boolean {
    return this.#keys.length > 1
  }

  #firstMayBeKey(): boolean {
    const level = this.#keys.findIndex((key) => key?.token === this.#taken)
    return level >= 0 && this.#validKey(level) !== undefined
  }

  #fetch(): void {
    const cursor = this.#cursor
    const before = cursor.mark
    this.#passSpace()
    this.#unroll(cursor.column, before)
    const char = cursor.peek()
    const next = cursor.peek(1)
    if (char === '') this.#end()
    else if (cursor.column === 0 && char === '%') this.#directive()
    else if (cursor.atDocumentMark()) this.#documentMark(char === '-' ? 'document start' : 'document end')
    else {
      this.#fetchContent(char, next)
      if (this.#tokens.at(-1)?.is !== 'block entry') this.#passComment()
    }
  }

  #fetchContent(char: string, next: string): void {
    const apart = isBlankOrEnd(next)
    if (char === '[') this.#open('flow sequence')
    else if (char === '{') this.#open('flow mapping')
    else if (char === ']') this.#close('flow sequence end')
    else if (char === '}') this.#close('flow mapping end')
    else if (char === ',') this.#flowEntry()
    else if (char === '-' && apart) this.#blockEntry()
    else if (char === '?' && (this.#inFlow || apart)) this.#key()
    else if (char === ':' && (this.#inFlow || apart)) this.#value()
    else if (char === '*' || char === '&') this.#name(char === '*' ? 'alias' : 'anchor')
    else if (char === '!') this.#tag()
    else if ((char === '|' || char === '>') && !this.#inFlow) this.#block()
    else if (char === "'" || char === '"') this.#quoted()
    else if (!isBlank(char) && !'-?:,[]{}#&*!|>\'"%@`'.includes(char)) this.#plain()
    else if ((char === '-' && !isBlank(next)) || (!this.#inFlow && (char === '?' || char === ':') && !apart)) this.#plain()
    else this.#fail('found character that cannot start any token', this.#cursor.mark)
  }

  #fail(problem: string, context: Mark): never {
    throw scannerFault(problem, context, this.#cursor)
  }

  #push(is: Sign, mark: Mark, end = mark): void {
    this.#tokens.push({ is, mark, end })
  }

  #sign(is: Sign, length = 1): void {
    const { mark } = this.#cursor
    this.#cursor.skip(length)
    this.#push(is, mark, this.#cursor.mark)
  }

  // White space and comments

  #passSpace(): void {
    const cursor = this.#cursor
    for (;;) {
      if (cursor.column === 0 && cursor.peek() === '\ufeff') cursor.skip()
      while (cursor.peek() === ' ' || ((this.#inFlow || !this.#keyAllowed) && cursor.peek() === '\t')) cursor.skip()
      if (cursor.peek() === '#') cursor.readWhile((char) => !isBreak(char))
      if (!isBreak(cursor.peek())) return
      cursor.readLine()
      if (!this.#inFlow) this.#keyAllowed = true
    }
  }

  /** The comment at the end of a line. Tabs may stand before it, which elsewhere they may not. */
  #passComment(): void {
    const cursor = this.#cursor
    let length = 0
    while (isBlank(cursor.peek(length))) length++
    if (cursor.peek(length) === '#') cursor.readWhile((char) => !isBreak(char))
  }

  // Blocks

  /** Begins a block where this column is further in than the one before. @param at where among the tokens that were not taken */
  #roll(column: number, is: 'block sequence' | 'block mapping', mark: Mark, at = this.#tokens.length): void {
    if (this.#inFlow || this.#indent >= column) return
    this.#indents.push(this.#indent)
    this.#indent = column
    if (this.#indents.length > MAX_DEPTH) this.#fail(`exceeded max depth of ${MAX_DEPTH}`, mark)
    this.#tokens.splice(at, 0, { is, mark, end: mark })
  }

  #unroll(column: number, mark: Mark): void {
    if (this.#inFlow) return
    while (this.#indent > column) {
      this.#push('block end', mark)
      this.#indent = this.#indents.pop()!
    }
  }

  // Keys without a question mark

  /** The key of a level, if it is still near enough. */
  #validKey(level: number): SimpleKey | undefined {
    const key = this.#keys[level]
    if (key === undefined) return undefined
    const { line, at } = this.#cursor
    if (key.mark.line === line && at <= key.mark.at + LONGEST_KEY) return key
    this.#dropKey(level)
    return undefined
  }

  #dropKey(level = this.#keys.length - 1): void {
    const key = this.#keys[level]
    if (key?.required) this.#fail("could not find expected ':'", key.mark)
    this.#keys[level] = undefined
  }

  #maybeKey(): void {
    if (!this.#keyAllowed) return
    const { mark } = this.#cursor
    const required = !this.#inFlow && this.#indent === mark.column
    this.#dropKey()
    this.#keys[this.#keys.length - 1] = { token: this.#taken + this.#tokens.length, mark, required }
  }

  // Tokens

  #end(): void {
    const cursor = this.#cursor
    if (cursor.column !== 0) {
      cursor.column = 0
      cursor.line++
    }
    this.#leaveBlocks()
    this.#push('stream end', cursor.mark)
  }

  /** All of them: a document ends here. */
  #leaveBlocks(): void {
    this.#unroll(-1, this.#cursor.mark)
    this.#dropKey()
    this.#keyAllowed = false
  }

  #documentMark(is: 'document start' | 'document end'): void {
    this.#leaveBlocks()
    this.#sign(is, 3)
  }

  #open(is: 'flow sequence' | 'flow mapping'): void {
    this.#maybeKey()
    this.#keys.push(undefined)
    if (this.#keys.length > MAX_DEPTH) this.#fail(`exceeded max depth of ${MAX_DEPTH}`, this.#cursor.mark)
    this.#keyAllowed = true
    this.#sign(is)
  }

  #close(is: 'flow sequence end' | 'flow mapping end'): void {
    this.#dropKey()
    if (this.#inFlow) this.#keys.pop()
    this.#keyAllowed = false
    this.#sign(is)
  }

  #flowEntry(): void {
    this.#dropKey()
    this.#keyAllowed = true
    this.#sign('flow entry')
  }

  #blockEntry(): void {
    const { mark } = this.#cursor
    if (!this.#inFlow) {
      if (!this.#keyAllowed) this.#fail('block sequence entries are not allowed in this context', mark)
      this.#roll(mark.column, 'block sequence', mark)
    }
    this.#dropKey()
    this.#keyAllowed = true
    this.#sign('block entry')
  }

  #key(): void {
    const { mark } = this.#cursor
    if (!this.#inFlow) {
      if (!this.#keyAllowed) this.#fail('mapping keys are not allowed in this context', mark)
      this.#roll(mark.column, 'block mapping', mark)
    }
    this.#dropKey()
    this.#keyAllowed = !this.#inFlow
    this.#sign('key')
  }

  #value(): void {
    const level = this.#keys.length - 1
    const key = this.#validKey(level)
    if (key !== undefined) {
      const at = key.token - this.#taken
      this.#tokens.splice(at, 0, { is: 'key', mark: key.mark, end: key.mark })
      this.#roll(key.mark.column, 'block mapping', key.mark, at)
      this.#keys[level] = undefined
      this.#keyAllowed = false
    } else {
      const { mark } = this.#cursor
      if (!this.#inFlow) {
        if (!this.#keyAllowed) this.#fail('mapping values are not allowed in this context', mark)
        this.#roll(mark.column, 'block mapping', mark)
      }
      this.#keyAllowed = !this.#inFlow
    }
    this.#sign('value')
  }

  /** What may be a key begins here. */
  #content(): Mark {
    this.#maybeKey()
    this.#keyAllowed = false
    return this.#cursor.mark
  }

  #scalar(text: string, plain: boolean, mark: Mark): void {
    this.#tokens.push({ is: 'scalar', text, plain, mark, end: this.#cursor.mark })
  }

  #quoted(): void {
    const mark = this.#content()
    this.#scalar(readQuoted(this.#cursor), false, mark)
  }

  #plain(): void {
    const mark = this.#content()
    const { text, brokeLine } = readPlain(this.#cursor, this.#indent, this.#inFlow)
    if (brokeLine) this.#keyAllowed = true
    this.#scalar(text, true, mark)
  }

  #block(): void {
    this.#dropKey()
    this.#keyAllowed = true
    const { mark } = this.#cursor
    this.#scalar(readBlock(this.#cursor, this.#indent), false, mark)
  }

  #name(is: 'alias' | 'anchor'): void {
    const cursor = this.#cursor
    const mark = this.#content()
    cursor.skip()
    const name = cursor.readWhile(isWord)
    if (name === '' || !(isBlankOrEnd(cursor.peek()) || '?:,]}%@`'.includes(cursor.peek()))) {
      this.#fail('did not find expected alphabetic or numeric character', mark)
    }
    this.#tokens.push({ is, name, mark, end: cursor.mark })
  }

  #tag(): void {
    const mark = this.#content()
    this.#tokens.push({ is: 'tag', ...readTag(this.#cursor), mark, end: this.#cursor.mark })
  }

  #directive(): void {
    this.#leaveBlocks()
    const { mark } = this.#cursor
    const directive = readDirective(this.#cursor)
    this.#tokens.push({ ...directive, mark, end: this.#cursor.mark })
  }
}
