// Refs and comprehensions that are operands are bound to variables before their expression.
import type { Body, Expr, Ref, Term } from '../syntax/ast.ts'
import { isScalar } from '../syntax/ground.ts'
import type { Compilation } from './draft.ts'
import type { Locals } from './locals.ts'
import { mapList, mapOwnBodies, mapTerm, spread, withParts } from './map.ts'
import { equality, isEquality, variable } from './terms.ts'

export function bindDynamicTerms({ modules, locals, subjects }: Compilation): void {
  const dynamics = new Dynamics(locals, subjects)
  for (const module of modules) for (const rule of module.all) rule.body = dynamics.body(rule.body)
}

export class Dynamics {
  readonly #locals: Locals
  readonly #subjects: Map<string, Term>

  constructor(locals: Locals, subjects: Map<string, Term>) {
    this.#locals = locals
    this.#subjects = subjects
  }

  body(body: Body): Body {
    return spread(body, (expr, into) => {
      const terms = this.#terms(expr, into)
      into.push(terms === expr.terms ? expr : { ...expr, terms })
    })
  }

  #terms(expr: Expr, into: Expr[]): Expr['terms'] {
    const { terms } = expr
    switch (terms.kind) {
      case 'call': {
        if (isEquality(expr) && terms.args.length !== 2) return terms
        const bind = isEquality(expr) ? (arg: Term) => this.#shallow(arg, expr, into) : (arg: Term) => this.#term(arg, expr, into)
        const args = mapList(terms.args, bind)
        return args === terms.args ? terms : { ...terms, args }
      }
      case 'every': {
        const domain = this.#term(terms.domain, expr, into)
        const body = this.body(terms.body)
        return domain === terms.domain && body === terms.body ? terms : { ...terms, domain, body }
      }
      case 'not':
      case 'and':
      case 'or':
        return mapOwnBodies(terms, (body) => this.body(body))
      case 'some':
        return terms
      default:
        return this.#shallow(terms, expr, into)
    }
  }

  /** A ref or comprehension stays where it is; only what is within it is bound. */
  #shallow(term: Term, expr: Expr, into: Expr[]): Term {
    switch (term.kind) {
      case 'ref':
        return this.#parts(term, expr, into)
      case 'arraycomprehension':
      case 'setcomprehension':
      case 'objectcomprehension':
        return this.#comprehension(term)
      default:
        return this.#term(term, expr, into)
    }
  }

  #parts(ref: Ref, expr: Expr, into: Expr[]): Ref {
    const [head] = ref.parts
    return withParts(
      ref,
      mapList(ref.parts, (part) => (part === head || isScalar(part) ? part : this.#term(part, expr, into))),
    )
  }

  #comprehension<T extends Extract<Term, { readonly body: Body }>>(term: T): T {
    const body = this.body(term.body)
    return body === term.body ? term : { ...term, body }
  }

  #term(term: Term, expr: Expr, into: Expr[]): Term {
    switch (term.kind) {
      case 'ref':
        return this.#bound(this.#parts(term, expr, into), expr, into)
      case 'arraycomprehension':
      case 'setcomprehension':
      case 'objectcomprehension':
        return this.#bound(this.#comprehension(term), expr, into)
      case 'array':
      case 'set':
      case 'object':
        return mapTerm(term, { term: (at) => this.#term(at, expr, into), body: (body) => body })
      default:
        return term
    }
  }

  #bound(term: Term, expr: Expr, into: Expr[]): Term {
    const name = variable(this.#locals.generate(), term.at)
    into.push(equality(name, term, expr.with))
    this.#subjects.set(name.name, term)
    return name
  }
}
