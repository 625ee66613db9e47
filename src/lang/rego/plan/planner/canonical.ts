// Expressions written so that two that differ in nothing but the names of their variables are the same text.
import type { Body, Expr, Term } from '../../syntax/ast.ts'
import { documentName } from './variables.ts'

/** The text of an expression; variables are numbers, in the order in which they first stood, and new ones are added to `variables`. */
export function canonical(expr: Expr, variables: string[]): string {
  return new Writer(variables).expr(expr)
}

class Writer {
  readonly #variables: string[]

  constructor(variables: string[]) {
    this.#variables = variables
  }

  expr({ terms, negated, with: withs }: Expr): string {
    const replaced = withs.map(({ target, value }) => `{with ${this.term(target)} ${this.term(value)}}`).join('')
    return `${negated ? '!' : ''}${this.#terms(terms)}${replaced};`
  }

  #terms(terms: Expr['terms']): string {
    switch (terms.kind) {
      case 'some':
        return `some ${this.#all(terms.symbols)}`
      case 'every':
        return `every ${terms.key === undefined ? '' : this.term(terms.key)} ${this.term(terms.value)} ${this.term(terms.domain)} ${this.#body(terms.body)}`
      case 'not':
        return `not ${this.#body(terms.body)}`
      case 'and':
      case 'or':
        return `${terms.kind} ${this.#body(terms.left)} ${this.#body(terms.right)}`
      default:
        return this.term(terms)
    }
  }

  term(term: Term): string {
    switch (term.kind) {
      case 'null':
        return 'null'
      case 'boolean':
      case 'string':
        return JSON.stringify(term.value)
      case 'number':
        return term.text
      case 'var':
        return documentName(term) ?? `$${this.#number(term.name)}`
      case 'ref':
        return `<${this.#all(term.parts)}>`
      case 'call':
        return `${term.operator.parts.map((part) => ('name' in part ? part.name : 'value' in part ? part.value : '')).join('.')}(${this.#all(term.args)})`
      case 'array':
        return `[${this.#all(term.items)}]`
      case 'set':
        return `{${this.#all(term.items)}}`
      case 'object':
        return `{:${this.#all(term.entries.flat())}}`
      case 'arraycomprehension':
        return `[${this.term(term.term)}|${this.#body(term.body)}]`
      case 'setcomprehension':
        return `{${this.term(term.term)}|${this.#body(term.body)}}`
      case 'objectcomprehension':
        return `{${this.term(term.key)}:${this.term(term.value)}|${this.#body(term.body)}}`
      default:
        return `$"${term.parts.map((part) => (part.kind === 'expr' ? this.expr(part) : this.term(part))).join()}"`
    }
  }

  #all(terms: readonly Term[]): string {
    return terms.map((term) => this.term(term)).join(',')
  }

  #body(body: Body): string {
    return `(${body.map((expr) => this.expr(expr)).join('')})`
  }

  #number(name: string): number {
    const known = this.#variables.indexOf(name)
    return known < 0 ? this.#variables.push(name) - 1 : known
  }
}
