// The macros of CEL, of its two-variable comprehensions, of its lists and its optional values: calls that bind names of their own.
import type { Expr, Form } from './ast.ts'
import { rejected } from './lexer.ts'

/** name → how many names it binds → form; `[names, arguments in all]`. */
const MACROS: Readonly<Record<string, readonly (readonly [vars: number, args: number, form: Form])[]>> = {
  all: [
    [1, 2, 'all'],
    [2, 3, 'all'],
  ],
  exists: [
    [1, 2, 'exists'],
    [2, 3, 'exists'],
  ],
  exists_one: [
    [1, 2, 'existsOne'],
    [2, 3, 'existsOne'],
  ],
  existsOne: [[2, 3, 'existsOne']],
  filter: [[1, 2, 'filter']],
  map: [
    [1, 2, 'map'],
    [1, 3, 'map'],
  ],
  transformList: [
    [2, 3, 'map'],
    [2, 4, 'map'],
  ],
  transformMap: [
    [2, 3, 'transformMap'],
    [2, 4, 'transformMap'],
  ],
  transformMapEntry: [
    [2, 3, 'transformMapEntry'],
    [2, 4, 'transformMapEntry'],
  ],
  sortBy: [[1, 2, 'sortBy']],
  optMap: [[1, 2, 'optMap']],
  optFlatMap: [[1, 2, 'optFlatMap']],
}

/** The macro that a call is; undefined where it is a call like any other. */
export function expandMacro(name: string, at: number, target: Expr | undefined, args: readonly Expr[], text: string): Expr | undefined {
  if (target === undefined) {
    if (name !== 'has' || args.length !== 1) return undefined
    const [operand] = args
    if (operand!.kind !== 'select' || operand!.test || operand!.optional) throw rejected('has() takes a field that is selected', text, at)
    return { ...operand!, test: true }
  }
  const macro = (Object.hasOwn(MACROS, name) ? MACROS[name]! : []).find((one) => one[1] === args.length)
  if (macro === undefined) return undefined
  const [count, , form] = macro
  const vars = args.slice(0, count).map((arg) => {
    if (arg.kind !== 'ident') throw rejected('the argument must be a simple name', text, arg.at)
    return arg.name
  })
  if (new Set(vars).size < count) throw rejected(`the name ${vars[0]} is given twice`, text, at)
  const [body, filter] = [args.at(-1)!, args.length > count + 1 ? args[count] : undefined]
  return { kind: 'fold', at, form, range: target, vars, filter, body }
}
