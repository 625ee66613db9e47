// Where a parser stands in a text: the token at hand, what was read and found wrong so far, and the way back.
import { type Diagnostic, RegoRejected } from '../errors.ts'
import type { Comment, Location, RegoVersion, Term, Var } from './ast.ts'
import { isKeyword, Lexer, type Mark, type Token, type TokenKind, tokenName } from './lexer.ts'

/** What every version has, and what it took to be had elsewhere (`import future.keywords`). */
export const KEYWORDS_OF_V1: readonly string[] = ['in', 'every', 'contains', 'if']
export const KEYWORDS_OF_V2: readonly string[] = ['not', 'and', 'or']

/** Nesting beyond this is refused: every later stage walks the tree with the machine's own stack. OPA's limit depends on what is nested. */
const MAX_DEPTH = 400

/** How often a text's tokens may be read: going back is what an ambiguous grammar costs, but no text may make it cost without bound. */
const MAX_READINGS = 100

/** All that changes while a parser advances. */
interface State {
  readonly mark: Mark
  readonly keywords: ReadonlySet<string>
  readonly token: Token
  readonly lastEnd: number
  readonly skippedNewline: boolean
  readonly wildcards: number
  readonly errors: readonly Diagnostic[]
  readonly hints: readonly string[]
  readonly comments: Comments | undefined
}

/** Last first, so that going back loses and keeps exactly what it should. */
interface Comments {
  readonly comment: Comment
  readonly before: Comments | undefined
}

/** Terms of one token, mostly. */
const SINGLE: ReadonlySet<Term['kind']> = new Set(['null', 'boolean', 'number', 'string', 'var'])

interface Parsed {
  readonly start: number
  readonly term: Term | undefined
  readonly after: State
}

/** The same place, with another end, or both ends. */
export const reaching = ({ file, row, col, start }: Location, end: number, from = start): Location => ({ file, row, col, start: from, end })

export class Cursor {
  readonly text: string
  readonly version: RegoVersion
  readonly #lexer: Lexer
  /** `not { … }` and `not` as a node of its own are in force. */
  notBodies: boolean
  token: Token
  /** Where the token before this one ends. */
  lastEnd = 0
  /** A line ended between the last token and this one. */
  skippedNewline = false
  errors: readonly Diagnostic[] = []
  #hints: readonly string[] = []
  #comments: Comments | undefined
  #wildcards = 0
  #depth = 0
  #readings = 0
  /** Where a brace is known to open no operand of `and` or `or`. */
  readonly noOperand = new Set<number>()
  /** Terms that were parsed last, by where they begin, in ascending order: going back must not parse them again, or nested sets would take exponential time. */
  #terms: Parsed[] = []

  constructor(file: string, text: string, version: RegoVersion, keywords: readonly string[]) {
    this.text = text
    this.version = version
    this.#lexer = new Lexer(file, text)
    this.#lexer.keywords = new Set(['not', ...keywords])
    this.notBodies = keywords.includes('not')
    this.token = { kind: 'whitespace', text: '', at: { file, row: 1, col: 1, start: 0, end: 0 } }
    this.scan()
  }

  is(kind: TokenKind, or?: TokenKind, orElse?: TokenKind): boolean {
    const here = this.token.kind
    return here === kind || here === or || here === orElse
  }

  /** Advances to the next token that is no whitespace. */
  scan(): void {
    this.#scan(true)
  }

  /** Advances to the next token, which may be whitespace. */
  scanWhitespace(): void {
    this.#scan(false)
  }

  /** Advances over the text of a template string up to its next expression or end. */
  scanTemplate(raw: boolean): void {
    this.#scan(false, raw)
  }

  /** The kind of the token after this one. */
  peek(whitespace: boolean): TokenKind {
    const state = this.save()
    if (whitespace) this.scanWhitespace()
    else this.scan()
    const { kind } = this.token
    this.restore(state)
    return kind
  }

  save(): State {
    return {
      mark: this.#lexer.save(),
      keywords: this.#lexer.keywords,
      token: this.token,
      lastEnd: this.lastEnd,
      skippedNewline: this.skippedNewline,
      wildcards: this.#wildcards,
      errors: this.errors,
      hints: this.#hints,
      comments: this.#comments,
    }
  }

  restore(state: State): void {
    this.#lexer.restore(state.mark)
    this.#lexer.keywords = state.keywords
    this.token = state.token
    this.lastEnd = state.lastEnd
    this.skippedNewline = state.skippedNewline
    this.#wildcards = state.wildcards
    this.errors = state.errors
    this.#hints = state.hints
    this.#comments = state.comments
  }

  /** Reads the token at hand as a name, where its place allows nothing else. */
  readAsName(): void {
    this.token = { ...this.token, kind: 'identifier' }
  }

  /** The token at hand was read before an import made it a keyword. */
  reclassify(): void {
    const { kind, text } = this.token
    if (kind === 'identifier' && this.#lexer.isKeyword(text)) this.token = { ...this.token, kind: text as TokenKind }
  }

  hasKeyword(word: string): boolean {
    return this.#lexer.isKeyword(word)
  }

  get keywords(): ReadonlySet<string> {
    return this.#lexer.keywords
  }

  addKeywords(words: readonly string[]): void {
    if (words.includes('not')) this.notBodies = true
    const implied = words.includes('every') ? ['in'] : []
    this.#lexer.keywords = new Set([...this.#lexer.keywords, ...words, ...implied])
  }

  /** Runs with other keywords in force. What was read stays read. */
  withKeywords<T>(words: readonly string[], run: () => T): T {
    const [keywords, terms] = [this.#lexer.keywords, this.#terms]
    this.#lexer.keywords = new Set(words)
    this.#terms = []
    const result = run()
    this.#lexer.keywords = keywords
    this.#terms = terms
    return result
  }

  /** Whether something can be read here. The cursor stays where it is, and forgets what was found wrong. */
  would(run: () => boolean): boolean {
    const state = this.save()
    const result = run()
    this.restore(state)
    return result
  }

  /** The term that begins here, parsed once however often one goes back to it. */
  once(parse: (p: Cursor) => Term | undefined): Term | undefined {
    const { start } = this.token.at
    const known = this.#terms.findLast((parsed) => parsed.start <= start)
    if (known?.start === start) {
      this.restore(known.after)
      return known.term
    }
    const term = parse(this)
    // Nothing is saved by not reading one token again.
    if (term !== undefined && SINGLE.has(term.kind)) return term
    // What is inside of a term may be read otherwise if the whole is: `{ … }` as a set, then as a body.
    while ((this.#terms.at(-1)?.start ?? -1) >= start) this.#terms.pop()
    this.#terms.push({ start, term, after: this.save() })
    return term
  }

  /** Runs one level deeper; undefined, with an error, where that is too deep. */
  nested<T>(run: (p: Cursor) => T): T | undefined {
    if (this.#depth >= MAX_DEPTH) {
      this.error(this.token.at, 'max parsing recursion depth exceeded')
      return undefined
    }
    this.#depth++
    const result = run(this)
    this.#depth--
    return result
  }

  wildcard(at: Location): Var {
    return { kind: 'var', name: `$${this.#wildcards++}`, at }
  }

  get comments(): readonly Comment[] {
    const all: Comment[] = []
    for (let each = this.#comments; each !== undefined; each = each.before) all.push(each.comment)
    return all.reverse()
  }

  hint(hint: string): void {
    this.#hints = [...this.#hints, hint]
  }

  get hinted(): boolean {
    return this.#hints.length > 0
  }

  error(at: Location, message: string): void {
    const hints = this.#hints.length === 0 ? '' : ` (hint${this.#hints.length > 1 ? 's' : ''}: ${this.#hints.join(', ')})`
    this.errors = [...this.errors, { code: 'rego_parse_error', message: message + hints, at }]
    this.#hints = []
  }

  /** The token at hand cannot be here. */
  illegal(note?: string): void {
    const { kind, at } = this.token
    const what = kind === 'illegal' ? 'illegal token' : `unexpected ${tokenName(kind)} ${isKeyword(kind) ? 'keyword' : 'token'}`
    this.error(at, note === undefined || kind === 'illegal' ? what : `${what}: ${note}`)
  }

  /** From where `begin` begins to the end of the last token. */
  since(begin: Location): Location {
    return reaching(begin, this.lastEnd)
  }

  textOf({ start, end }: { readonly start: number; readonly end: number }): string {
    return this.text.slice(start, end)
  }

  /** `template`: over the text of a template string, raw or not. */
  #scan(skipWhitespace: boolean, template?: boolean): void {
    if (this.token.kind !== 'whitespace') {
      this.lastEnd = this.token.at.end
      this.skippedNewline = false
    }
    for (;;) {
      if (skipWhitespace) {
        const { row } = this.#lexer
        this.#readings += this.#lexer.skipSpace()
        if (this.#lexer.row !== row) this.skippedNewline = true
      }
      if (this.#readings++ > MAX_READINGS * (this.text.length + 100)) {
        throw new RegoRejected([{ code: 'rego_parse_error', message: 'the text takes too long to parse', at: this.token.at }])
      }
      this.token = template === undefined ? this.#lexer.scan() : this.#lexer.continueTemplate(template)
      const { errors } = this.#lexer
      if (errors.length > 0) {
        this.#lexer.errors = []
        for (const message of errors) this.error(this.token.at, message)
        this.token = { ...this.token, kind: 'illegal' }
      }
      const { kind, text, at } = this.token
      if (kind === 'comment') this.#comments = { comment: { kind, text, at }, before: this.#comments }
      else if (kind !== 'whitespace') return
      else {
        if (text === '\n') this.skippedNewline = true
        if (!skipWhitespace) return
      }
    }
  }
}
