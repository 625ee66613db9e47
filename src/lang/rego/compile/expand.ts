// Calls within terms stand alone, with their result as last operand.
import type { Body, Call, Expr, Ref, Term, With } from '../syntax/ast.ts'
import type { Compilation } from './draft.ts'
import { bind } from './head-refs.ts'
import type { Locals } from './locals.ts'
import { mapHead, mapList, mapOwnBodies, mapTerm, spread, withParts } from './map.ts'
import { appended, equality, isComprehension, variable } from './terms.ts'

export function expandModules({ modules, locals, subjects }: Compilation): void {
  const expander = new Expander(locals, subjects)
  for (const module of modules) {
    for (const rule of module.all) {
      const support: Expr[] = []
      rule.head = mapHead(rule.head, (term) => expander.term(term, support))
      rule.body = expander.body(appended(rule.body, support))
    }
  }
}

export class Expander {
  readonly #locals: Locals
  readonly #subjects: Map<string, Term>

  /** `subjects`: the terms for which generated variables stand; added to. */
  constructor(locals: Locals, subjects: Map<string, Term>) {
    this.#locals = locals
    this.#subjects = subjects
  }

  body(body: Body): Body {
    return spread(body, (expr, into) => this.#expr(expr, into))
  }

  #expr(expr: Expr, into: Expr[]): void {
    const withs = mapList(expr.with, (modifier): With => {
      const value = this.term(modifier.value, into)
      return value === modifier.value ? modifier : { ...modifier, value }
    })
    const terms = this.#exprTerms(expr.terms, withs, into)
    into.push(terms === expr.terms && withs === expr.with ? expr : { ...expr, terms, with: withs })
  }

  #exprTerms(terms: Expr['terms'], withs: readonly With[], into: Expr[]): Expr['terms'] {
    switch (terms.kind) {
      case 'call': {
        const args = mapList(terms.args, (arg) => this.#withModifiers(arg, withs, into))
        return args === terms.args ? terms : { ...terms, args }
      }
      case 'every': {
        const domain = variable(this.#locals.generate(), terms.domain.at)
        this.#expr(equality(domain, terms.domain, withs), into)
        return { ...terms, domain, body: this.body(terms.body) }
      }
      case 'not':
      case 'and':
      case 'or':
        return mapOwnBodies(terms, (body) => this.body(body))
      case 'some':
        return terms
      default:
        return this.#withModifiers(terms, withs, into)
    }
  }

  /** What a term needs is evaluated with the modifiers of its expression. */
  #withModifiers(term: Term, withs: readonly With[], into: Expr[]): Term {
    if (withs.length === 0) return this.term(term, into)
    const support: Expr[] = []
    const output = this.term(term, support)
    for (const expr of support) into.push({ ...expr, with: withs })
    return output
  }

  /** The term without calls; `support` gets the expressions that make its parts. */
  term(term: Term, support: Expr[]): Term {
    switch (term.kind) {
      case 'call':
        return this.#call(term, support)
      case 'ref':
        return this.#ref(term, support)
      case 'array':
      case 'set':
      case 'object':
        return mapTerm(term, { term: (at) => this.term(at, support), body: (body) => body })
      case 'arraycomprehension':
      case 'setcomprehension': {
        const inner: Expr[] = []
        const made = this.term(term.term, inner)
        const expanded = this.body(appended(term.body, inner))
        return made === term.term && expanded === term.body ? term : { ...term, term: made, body: expanded }
      }
      case 'objectcomprehension': {
        const inner: Expr[] = []
        const [key, value] = [this.term(term.key, inner), this.term(term.value, inner)]
        const expanded = this.body(appended(term.body, inner))
        return key === term.key && value === term.value && expanded === term.body ? term : { ...term, key, value, body: expanded }
      }
      default:
        return term
    }
  }

  #call(call: Call, support: Expr[]): Term {
    const args = mapList(call.args, (arg) => this.term(arg, support))
    const output = variable(this.#locals.generate(), call.at)
    const terms: Call = { ...call, args: [...args, output] }
    support.push({ kind: 'expr', terms, negated: false, with: [], generated: true, at: call.at })
    return output
  }

  /** What a ref reads from is a document or a variable. */
  #ref(ref: Ref, support: Expr[]): Ref {
    const parts = mapList(ref.parts, (part) => {
      const output = this.term(part, support)
      if (part.kind === 'call' && output.kind === 'var') this.#subjects.set(output.name, part)
      return output
    })
    const [head] = parts
    if (head === undefined || !(head.kind === 'array' || head.kind === 'object' || head.kind === 'set' || isComprehension(head))) {
      return withParts(ref, parts)
    }
    const [name, expr] = bind(head, this.#locals)
    support.push(expr)
    this.#subjects.set(name.name, head)
    return { ...ref, parts: [name, ...parts.slice(1)] }
  }
}
