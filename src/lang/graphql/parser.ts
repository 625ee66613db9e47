import type { Argument, ChildValue, CommentGroup, Directive, Type, Value } from './ast.ts'
import { KIND } from './ast.ts'
import { type Budget, GraphqlDepthError, MAX_DEPTH } from './errors.ts'
import { Lexer, type Token } from './lexer.ts'

const LITERALS: Readonly<Partial<Record<Token['kind'], number>>> = {
  int: KIND.int,
  float: KIND.float,
  string: KIND.string,
  block: KIND.block,
}

/** What queries and schemas have in common. Comments are handed to the part that they stand before. */
export class Parser {
  readonly #lexer: Lexer
  #next: Token | undefined
  #comment: CommentGroup | undefined
  #depth = 0

  constructor(text: string, budget: Budget) {
    this.#lexer = new Lexer(text, budget)
  }

  /** The comments before the next token. */
  get comment(): CommentGroup | undefined {
    this.peek()
    return this.#comment
  }

  peek(): Token {
    if (this.#next !== undefined) return this.#next
    const comments: { Value: string }[] = []
    let token = this.#lexer.read()
    for (; token.kind === 'comment'; token = this.#lexer.read()) comments.push({ Value: token.value })
    if (comments.length > 0) this.#comment = { List: comments }
    this.#next = token
    return token
  }

  next(): Token {
    const token = this.peek()
    this.#next = undefined
    this.#comment = undefined
    return token
  }

  is(kind: Token['kind'], value?: string): boolean {
    const token = this.peek()
    return token.kind === kind && (value === undefined || token.value === value)
  }

  skip(kind: Token['kind']): boolean {
    const there = this.is(kind)
    if (there) this.next()
    return there
  }

  expect(kind: Token['kind'], value?: string): Token {
    return this.is(kind, value) ? this.next() : this.fail(`Expected ${value ?? kind}`)
  }

  name(): string {
    return this.expect('name').value
  }

  fail(message: string): never {
    const { kind, value, at } = this.peek()
    return this.#lexer.fail(`${message}, found ${kind === 'name' ? JSON.stringify(value) : kind}`, at)
  }

  /** Parts between two marks, at least one; none where the first mark is not there. */
  some<T>(open: Token['kind'], close: Token['kind'], read: () => T): { list: readonly T[]; comment: CommentGroup | undefined } {
    if (!this.is(open)) return { list: [], comment: undefined }
    return this.many(open, close, read, 1)
  }

  many<T>(open: Token['kind'], close: Token['kind'], read: () => T, least = 0): { list: readonly T[]; comment: CommentGroup | undefined } {
    this.expect(open)
    const list: T[] = []
    this.deeper(() => {
      while (!this.is(close)) list.push(read())
    })
    if (list.length < least) this.fail('expected at least one definition')
    const { comment } = this
    this.next()
    return { list, comment }
  }

  deeper<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw new GraphqlDepthError()
    const made = read()
    this.#depth--
    return made
  }

  directives(constant: boolean): readonly Directive[] {
    const list: Directive[] = []
    while (this.skip('@')) list.push({ Name: this.name(), Arguments: this.arguments(constant), Location: '' })
    return list
  }

  arguments(constant: boolean): readonly Argument[] {
    return this.some('(', ')', () => {
      const { comment } = this
      const Name = this.name()
      this.expect(':')
      return { Name, Value: this.value(constant), Comment: comment }
    }).list
  }

  type(): Type {
    const list = this.skip('[')
    const Elem = list ? this.deeper(() => this.type()) : undefined
    if (list) this.expect(']')
    const NamedType = list ? '' : this.name()
    return { NamedType, Elem, NonNull: this.skip('!') }
  }

  value(constant: boolean): Value {
    const { comment } = this
    const { kind, value } = this.peek()
    if (kind === '[') {
      const { list } = this.many('[', ']', (): ChildValue => ({ Name: '', Value: this.value(constant) }))
      return { Kind: KIND.list, Raw: '', Children: list, Comment: comment, ExpectedTypeHasDefault: false }
    }
    if (kind === '{') {
      const { list } = this.many('{', '}', () => this.#field(constant))
      return { Kind: KIND.object, Raw: '', Children: list, Comment: comment, ExpectedTypeHasDefault: false }
    }
    if (kind === '$' && !constant) return { Kind: KIND.variable, Raw: this.variable(), ExpectedTypeHasDefault: false }
    const Kind = kind === 'name' ? wordKind(value) : LITERALS[kind]
    if (Kind === undefined) return this.fail('Unexpected token')
    this.next()
    return { Kind, Raw: value, ExpectedTypeHasDefault: false }
  }

  variable(): string {
    this.expect('$')
    return this.name()
  }

  #field(constant: boolean): ChildValue {
    const { comment } = this
    const Name = this.name()
    this.expect(':')
    return { Name, Value: this.value(constant), Comment: comment }
  }
}

function wordKind(word: string): number {
  if (word === 'null') return KIND.null
  return word === 'true' || word === 'false' ? KIND.boolean : KIND.enum
}
