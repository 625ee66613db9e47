// Calls of print are taken out, or print what is defined of their operands.
import type { Body, Expr, Term } from '../syntax/ast.ts'
import type { Compilation } from './draft.ts'
import { type Mapper, mapExpr, mapHead, mapList, mapTerm } from './map.ts'
import { type Arity, outputsOf } from './outputs.ts'
import { RESERVED } from './safety.ts'
import { always, callOf, calls, equality, expression, isGenerated, variable } from './terms.ts'
import type { Bound } from './unify.ts'
import { SAFETY, VarCollector, type Vars, varsOf, varsOfAll } from './vars.ts'

const isPrint = (expr: Expr) => calls(expr.terms, 'print')

const eraser: Mapper = { term: (term) => mapTerm(term, eraser), body: withoutPrint }

/** The body without its calls of print, and those of the bodies within it. */
export function withoutPrint(body: Body): Body {
  const kept = body.some(isPrint) ? body.filter((expr) => !isPrint(expr)) : body
  return kept.length === 0 ? [always(body[0]!.at)] : mapList(kept, (expr) => mapExpr(expr, eraser))
}

export function erasePrint({ modules }: Compilation): void {
  for (const module of modules) {
    for (const rule of module.all) {
      if (!rule.features.print) continue
      rule.body = withoutPrint(rule.body)
      rule.head = mapHead(rule.head, eraser.term)
    }
  }
}

export function rewritePrint(compilation: Compilation, arity: Arity): void {
  for (const module of compilation.modules) {
    for (const rule of module.all) {
      if (!rule.features.print) continue
      const args = varsOfAll(rule.head.args ?? [])
      const printing = new Printing(compilation, arity)
      const globals: Bound = { has: (name) => args.has(name) || RESERVED.has(name) }
      rule.body = printing.body(rule.body, globals)
      rule.head = mapHead(rule.head, (term) => printing.term(term, globals))
    }
  }
}

type Shared = Pick<Compilation, 'report' | 'locals' | 'written'>

export class Printing {
  readonly #shared: Shared
  readonly #arity: Arity

  constructor(shared: Shared, arity: Arity) {
    this.#shared = shared
    this.#arity = arity
  }

  body(body: Body, globals: Bound): Body {
    const before: Vars = new Set()
    const generated: Vars = new Set()
    const safe: Bound = { has: (name) => before.has(name) || globals.has(name) }
    const collector = new VarCollector({}, (name) => isGenerated(name) && generated.add(name))
    return body.map((expr) => {
      const inner = this.#expr(expr, safe)
      const printed = isPrint(inner) ? this.#print(inner, { has: (name) => generated.has(name) || safe.has(name) }) : inner
      for (const name of outputsOf(expr, this.#arity, safe)) before.add(name)
      collector.expr(expr)
      return printed
    })
  }

  #expr(expr: Expr, safe: Bound): Expr {
    const { terms } = expr
    const names = terms.kind === 'every' ? varsOfAll([terms.key ?? terms.value, terms.value]) : undefined
    const inner: Bound = names === undefined ? safe : { has: (name) => names.has(name) || safe.has(name) }
    return mapExpr(expr, { term: (term) => this.term(term, safe), body: (body) => this.body(body, inner) })
  }

  term(term: Term, safe: Bound): Term {
    return mapTerm(term, { term: (at) => this.term(at, safe), body: (body) => this.body(body, safe) })
  }

  #print(expr: Expr, safe: Bound): Expr {
    const { report, locals, written } = this.#shared
    const args = expr.terms.kind === 'call' ? expr.terms.args : []
    const items = args.map((arg): Term => {
      for (const name of [...varsOf(arg, SAFETY)].sort()) {
        if (!safe.has(name)) report.add('rego_compile_error', arg.at, `var ${written.get(name) ?? name} is undeclared`)
      }
      const value = variable(locals.generate(), arg.at)
      return { kind: 'setcomprehension', term: value, body: [{ ...equality(value, arg), generated: false }], at: arg.at }
    })
    return expression(callOf('internal.print', [{ kind: 'array', items, at: expr.at }], expr.at), expr.at)
  }
}
