// What must be evaluated to make a comprehension's members or a rule's value is evaluated in the body.
import type { Body, Expr, Term } from '../syntax/ast.ts'
import { isScalar } from '../syntax/ground.ts'
import { some } from '../syntax/walk.ts'
import type { Compilation } from './draft.ts'
import { bind } from './head-refs.ts'
import type { Locals } from './locals.ts'
import { type Mapper, mapExpr, mapHead, mapList, mapTerm } from './map.ts'
import { appended, isComprehension } from './terms.ts'

/** Has refs or comprehensions. */
export const needsEvaluation = (term: Term | undefined): term is Term =>
  term !== undefined && !isScalar(term) && term.kind !== 'var' && some(term, (node) => node.kind === 'ref' || isComprehension(node))

/** The members of comprehensions, in bodies and heads. */
export function liftComprehensions({ modules, locals }: Compilation): void {
  for (const module of modules) {
    for (const rule of module.all) {
      if (!rule.features.comprehensions) continue
      rule.head = mapHead(rule.head, (term) => liftInTerm(term, locals))
      rule.body = liftInBody(rule.body, locals)
    }
  }
}

export function liftInBody(body: Body, locals: Locals): Body {
  const mapper: Mapper = { term: (term) => liftInTerm(term, locals), body: (inner) => liftInBody(inner, locals) }
  return mapList(body, (expr) => mapExpr(expr, mapper))
}

function liftInTerm(term: Term, locals: Locals): Term {
  if (isScalar(term)) return term
  const mapper: Mapper = { term: (at) => liftInTerm(at, locals), body: (body) => liftInBody(body, locals) }
  return mapTerm(lifted(term, locals), mapper)
}

function lifted(term: Term, locals: Locals): Term {
  const support: Expr[] = []
  const lift = (made: Term): Term => {
    if (!needsEvaluation(made)) return made
    const [name, expr] = bind(made, locals)
    support.push(expr)
    return name
  }
  if (term.kind === 'arraycomprehension' || term.kind === 'setcomprehension') {
    const made = lift(term.term)
    return made === term.term ? term : { ...term, term: made, body: appended(term.body, support) }
  }
  if (term.kind !== 'objectcomprehension') return term
  const [key, value] = [lift(term.key), lift(term.value)]
  return key === term.key && value === term.value ? term : { ...term, key, value, body: appended(term.body, support) }
}

/** Key, value and arguments of heads. */
export function liftHeads({ modules, locals }: Compilation): void {
  for (const module of modules) {
    for (const rule of module.all) {
      const support: Expr[] = []
      const lift = (term: Term): Term => {
        if (!needsEvaluation(term)) return term
        const [name, expr] = bind(term, locals)
        support.push(expr)
        return name
      }
      const { key, value, args } = rule.head
      const head = { key: key && lift(key), value: value && lift(value), args: args && mapList(args, lift) }
      if (support.length === 0) continue
      rule.head = { ...rule.head, ...head }
      rule.body = appended(rule.body, support)
    }
  }
}
