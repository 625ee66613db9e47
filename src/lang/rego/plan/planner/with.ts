// `with`: an expression in a world where input, data or functions are replaced.
import type { Expr, Ref, Term, With } from '../../syntax/ast.ts'
import type { Mock, Operand } from '../ir.ts'
import { collect, distribute } from './alternatives.ts'
import { planExpr } from './body.ts'
import { calleeOf } from './calls.ts'
import { Code, local } from './code.ts'
import { unplannable } from './errors.ts'
import type { Program } from './program.ts'
import { planTerm } from './terms.ts'
import { documentName } from './variables.ts'

export function planWith(code: Code, expr: Expr): void {
  const { input, data } = code
  const replaced = { input, data, shadows: [] as number[], mocks: [] as Mock[] }
  const values = expr.with.map((each) => [each, replacement(code, each)] as const)
  for (const [each, value] of values) replace(code, each, value, replaced)
  const solutions = code.local()
  let bound: ReadonlyMap<string, Operand> = new Map()
  code.input = replaced.input
  code.data = replaced.data
  const world = code.block(() => {
    bound = code.scope(() => planExpr(code, { ...expr, with: [] }))
  })
  code.input = input
  code.data = data
  const names = [...bound.keys()]
  const { shadows, mocks } = replaced
  const many = world.depth > 0
  if (many) {
    code.emit({ type: 'MakeArrayStmt', capacity: 0, target: solutions })
    collect(code, solutions, [code.program.constant(null), ...names.map((name) => bound.get(name)!)], world.tail)
  }
  code.emit({ type: 'WorldStmt', shadows, mocks, block: world.block })
  if (many) distribute(code, solutions, names)
  else for (const [name, value] of bound) code.bind(name, value)
}

/** What the target is replaced by. */
type Replacement = Operand | { readonly by: 'function' | 'rule'; readonly func: string }

function replacement(code: Code, { target, value }: With): Replacement {
  if (!isFunction(code.program, target)) return planTerm(code, value)
  if (value.kind !== 'ref') return planTerm(code, value)
  const callee = calleeOf(code.program, value)
  if (callee !== undefined) return { by: 'function', func: callee.func }
  return { by: 'rule', func: lazy(code.program, value) }
}

interface Replaced {
  input: Operand
  data: Operand
  readonly shadows: number[]
  readonly mocks: Mock[]
}

function replace(code: Code, { target }: With, value: Replacement, into: Replaced): void {
  if (isFunction(code.program, target)) {
    const mock = code.program.mock(calleeOf(code.program, target as Ref)!.func)
    into.mocks.push('by' in value ? { mock, ...value } : { mock, by: 'value', value })
    return
  }
  const parts = target.kind === 'ref' ? target.parts : [target]
  const document = documentName(parts[0]!)
  if (document === undefined || 'by' in value) unplannable(code, 'a with replaces what it cannot')
  const path = parts.slice(1).map((part) => (part.kind === 'string' ? part.value : unplannable(code, 'a with has no constant target')))
  const result = code.local()
  const source = into[document]
  code.emit({ type: 'UpsertStmt', source, path: path.map((name) => code.program.stringIndex(name)), value, target: result })
  into[document] = local(result)
  if (document === 'data') into.shadows.push(code.program.target(['data', ...path]))
}

function isFunction(program: Program, target: Term): boolean {
  return target.kind === 'ref' ? documentName(target.parts[0]) !== 'input' && calleeOf(program, target) !== undefined : false
}

/** A ref that stands for a function's results is looked up when the function is called. */
function lazy(program: Program, ref: Ref): string {
  const name = `with ${ref.at.file}:${ref.at.row}:${ref.at.col}:${JSON.stringify(ref.parts.map((part) => ('value' in part ? part.value : part.kind)))}`
  return program.func(name, 'function', undefined, undefined, () => {
    const code = new Code(program, 2)
    code.at(ref.at)
    const { block } = code.block(() => code.emit({ type: 'ReturnStmt', source: planTerm(code, ref) }))
    return { params: [0, 1], blocks: [block] }
  })
}
