import type { Body, Expr, Term } from '../syntax/ast.ts'
import { isAssignment, isComprehension } from './terms.ts'
import { VarCollector, type Vars } from './vars.ts'
import { walk } from './walk.ts'

/** What a body declares with `:=` and `some`, also within its `every` and `not`, but not in its comprehensions. */
export function declaredIn(body: Body): Vars {
  const vars: Vars = new Set()
  for (const expr of body) addDeclared(expr, vars)
  return vars
}

/** An assignment with its two sides; other calls of `assign` declare nothing. */
export const sidesOf = ({ terms }: Expr): readonly [Term, Term] | undefined =>
  terms.kind === 'call' && terms.args.length === 2 ? [terms.args[0]!, terms.args[1]!] : undefined

export function addDeclared(expr: Expr, vars: Vars): void {
  const collector = new VarCollector({}, (name) => vars.add(name))
  walk(expr, (node) => {
    if (node.kind === 'expr') {
      if (isAssignment(node)) {
        const sides = sidesOf(node)
        if (sides !== undefined) collector.term(sides[0])
      } else if (node.terms.kind === 'some') {
        for (const symbol of node.terms.symbols) {
          // `some k, v in xs`: all but the last operand
          if (symbol.kind === 'call') for (const arg of symbol.args.slice(0, -1)) collector.term(arg)
          else if (symbol.kind === 'var') collector.term(symbol)
        }
      }
      return false
    }
    return isComprehension(node)
  })
}
