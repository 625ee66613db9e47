// CEL's grammar with the optional syntax, and its macros (cel-go's parser with `OptionalTypes`).
import type { ThymusError } from '../../core/errors.ts'
import type { Entry, Expr, Item } from './ast.ts'
import { rejected, type Token, tokens } from './lexer.ts'
import { expandMacro } from './macros.ts'

/** cel-go's `maxRecursionDepth`: brackets, unary operators and right sides within each other. */
const MOST_DEPTH = 250
/** Macros nested without a name of their own multiply nothing here, so the count of nodes is bounded by the text alone. */
const RESERVED = new Set('as break const continue else for function if import let loop package namespace return var void while'.split(' '))

/** No name of a variable. */
export const isReserved = (name: string): boolean => RESERVED.has(name) || ['true', 'false', 'null', 'in'].includes(name)

const LEVELS: readonly (readonly string[])[] = [['||'], ['&&'], ['<', '<=', '>=', '>', '==', '!=', 'in'], ['+', '-'], ['*', '/', '%']]

/** @throws ThymusError CEL_REJECTED, with line and column */
export function parse(text: string): Expr {
  return new Parser(text).whole()
}

class Parser {
  readonly #text: string
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = tokens(text)
  }

  whole(): Expr {
    const expr = this.#expr()
    if (this.#token.kind !== 'end') throw this.#unexpected()
    return expr
  }

  get #token(): Token {
    return this.#tokens[this.#next]!
  }

  #is(text: string): boolean {
    return this.#token.text === text && (this.#token.kind === 'symbol' || text === 'in')
  }

  #take(text: string): boolean {
    if (!this.#is(text)) return false
    this.#next++
    return true
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw this.#unexpected(text)
  }

  #unexpected(wanted?: string): ThymusError {
    const { text, at } = this.#token
    return rejected(`unexpected ${text}${wanted === undefined ? '' : `, where ${wanted} should be`}`, this.#text, at)
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > MOST_DEPTH) throw rejected(`nested deeper than ${MOST_DEPTH}`, this.#text, this.#token.at)
    const value = read()
    this.#depth--
    return value
  }

  #expr(): Expr {
    return this.#deeper(() => {
      const condition = this.#binary(0)
      const { at } = this.#token
      if (!this.#take('?')) return condition
      const yes = this.#binary(0)
      this.#expect(':')
      return call('_?_:_', at, condition, yes, this.#expr())
    })
  }

  #binary(level: number): Expr {
    const operators = LEVELS[level]
    if (operators === undefined) return this.#unary()
    let left = this.#binary(level + 1)
    // A chain of && or || is one call of many, so that a long one is not deep.
    const chain: Expr[] = [left]
    let at = 0
    for (let count = 0; ; count++) {
      const operator = operators.find((one) => this.#is(one))
      if (operator === undefined) break
      at = this.#token.at
      this.#next++
      const right = this.#binary(level + 1)
      if (level < 2) chain.push(right)
      else {
        if (count > MOST_DEPTH) throw rejected(`nested deeper than ${MOST_DEPTH}`, this.#text, at)
        left = operator === 'in' ? call('@in', at, left, right) : call(`_${operator}_`, at, left, right)
      }
    }
    return chain.length > 1 ? call(`_${operators[0]}_`, at, ...chain) : left
  }

  #unary(): Expr {
    const { at } = this.#token
    // Two of a kind undo each other, whatever they stand before, as in cel-go.
    let count = 0
    while (this.#take('!')) count++
    if (count > 0) {
      const operand = this.#member()
      return count % 2 === 0 ? operand : call('!_', at, operand)
    }
    while (this.#take('-')) count++
    // A literal takes one minus: only so is the least int in range.
    const { kind, value } = this.#token
    const signed = count > 0 && kind === 'literal' && (typeof value === 'bigint' || typeof value === 'number')
    const odd = count % 2 === 1
    const operand = this.#member(signed && odd)
    return odd && !signed ? call('-_', at, operand) : operand
  }

  #member(negative = false): Expr {
    let expr = this.#primary(negative)
    for (let count = 0; ; count++) {
      const { at } = this.#token
      if (this.#take('.')) {
        const optional = this.#take('?')
        const field = this.#ident(false)
        if (!optional && this.#is('(')) expr = this.#call(field.text, field.at, expr)
        else expr = { kind: 'select', at, operand: expr, field: field.text, test: false, optional }
      } else if (this.#take('[')) {
        const name = this.#take('?') ? '_[?_]' : '_[_]'
        expr = call(name, at, expr, this.#expr())
        this.#expect(']')
      } else return expr
      if (count > MOST_DEPTH) throw rejected(`nested deeper than ${MOST_DEPTH}`, this.#text, at)
    }
  }

  #primary(negative: boolean): Expr {
    const { kind, value, at } = this.#token
    if (kind === 'literal') {
      this.#next++
      if (typeof value === 'bigint' && !negative && value === 1n << 63n) throw rejected('the number does not fit 64 bits', this.#text, at)
      return { kind: 'literal', at, value: negative ? -(value as number) : value! }
    }
    if (this.#take('(')) {
      const expr = this.#expr()
      this.#expect(')')
      return expr
    }
    if (this.#take('[')) return { kind: 'list', at, items: this.#items(']', () => this.#item()) }
    if (this.#take('{')) return { kind: 'map', at, entries: this.#items('}', () => this.#entry()) }
    const dot = this.#take('.')
    const name = this.#ident(true)
    if (!dot && ['true', 'false', 'null'].includes(name.text)) {
      return { kind: 'literal', at, value: name.text === 'null' ? null : name.text === 'true' }
    }
    if (this.#is('(')) return this.#call(name.text, name.at, undefined)
    if (this.#is('{')) throw rejected('objects of named types cannot be made here', this.#text, this.#token.at)
    return { kind: 'ident', at, name: name.text }
  }

  #ident(leading: boolean): Token {
    const token = this.#token
    if (token.kind !== 'ident' || token.text === 'in') throw this.#unexpected('a name')
    if (leading && RESERVED.has(token.text)) throw rejected(`reserved name ${token.text}`, this.#text, token.at)
    if (!leading && ['true', 'false', 'null'].includes(token.text)) throw this.#unexpected('a name')
    this.#next++
    return token
  }

  #call(name: string, at: number, target: Expr | undefined): Expr {
    this.#expect('(')
    const args = this.#items(')', () => this.#expr(), false)
    return expandMacro(name, at, target, args, this.#text) ?? { kind: 'call', at, name, target, args }
  }

  #items<T>(end: string, read: () => T, trailing = true): T[] {
    const all: T[] = []
    while (!this.#take(end)) {
      all.push(read())
      if (this.#take(',')) {
        if (!trailing && this.#is(end)) throw this.#unexpected()
      } else if (!this.#is(end)) throw this.#unexpected(end)
    }
    return all
  }

  #item(): Item {
    const optional = this.#take('?')
    return { optional, value: this.#expr() }
  }

  #entry(): Entry {
    const optional = this.#take('?')
    const key = this.#expr()
    this.#expect(':')
    return { optional, key, value: this.#expr() }
  }
}

const call = (name: string, at: number, ...args: Expr[]): Expr => ({ kind: 'call', at, name, target: undefined, args })
