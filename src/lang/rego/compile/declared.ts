import type { Body, Expr, Term } from '../syntax/ast.ts'
import { walkExprs } from '../syntax/walk.ts'
import { isAssignment } from './terms.ts'
import { VarCollector, type Vars } from './vars.ts'

/** What a body declares with `:=` and `some`, also within its `every` and `not`, but not in its comprehensions. */
export function declaredIn(body: Body): Vars {
  const vars: Vars = new Set()
  let collector: VarCollector | undefined
  const add = (term: Term) => {
    collector ??= new VarCollector({}, (name) => vars.add(name))
    collector.term(term)
  }
  // the expressions of template strings cannot declare anything
  walkExprs(body, (expr) => {
    if (isAssignment(expr)) {
      const sides = sidesOf(expr)
      if (sides !== undefined) add(sides[0])
    } else if (expr.terms.kind === 'some') {
      for (const symbol of expr.terms.symbols) {
        // `some k, v in xs`: all but the last operand
        if (symbol.kind === 'call') for (const arg of symbol.args.slice(0, -1)) add(arg)
        else if (symbol.kind === 'var') add(symbol)
      }
    }
    return false
  })
  return vars
}

/** An assignment with its two sides; other calls of `assign` declare nothing. */
export const sidesOf = ({ terms }: Expr): readonly [Term, Term] | undefined =>
  terms.kind === 'call' && terms.args.length === 2 ? [terms.args[0]!, terms.args[1]!] : undefined
