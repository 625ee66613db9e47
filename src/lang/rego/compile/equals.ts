import type { Body, Expr } from '../syntax/ast.ts'
import type { Compilation } from './draft.ts'
import { type Mapper, mapExpr, mapList, mapTerm } from './map.ts'
import { calls, operator } from './terms.ts'

const mapper: Mapper = { term: (term) => mapTerm(term, mapper), body: unified }

/** `==` becomes `=`, which is the same once all variables are bound. */
export function rewriteEquals({ modules }: Compilation): void {
  for (const module of modules) for (const rule of module.all) if (rule.features.equal) rule.body = unified(rule.body)
}

function unified(body: Body): Body {
  return mapList(body, (expr): Expr => {
    const { terms } = expr
    if (!calls(terms, 'equal') || terms.args.length !== 2) return mapExpr(expr, mapper)
    return mapExpr({ ...expr, terms: { ...terms, operator: operator('eq', terms.operator.at) } }, mapper)
  })
}
