// Ways to one value, of which several may hold. What follows is planned once, for all of them.
import type { Operand, Statement } from '../ir.ts'
import { type Code, local, type Written } from './code.ts'
import { unplannable } from './errors.ts'

/** Plans one way; gives its value. */
export type Alternative = () => Operand

interface Branch extends Written {
  readonly value: Operand
  readonly bound: ReadonlyMap<string, Operand>
}

/** The value of whichever alternatives hold; all bind the same variables. `exclusive`: at most one holds. */
export function planAlternatives(code: Code, alternatives: readonly Alternative[], exclusive: boolean): Operand {
  const around = code.depth
  let branches: readonly Branch[] = []
  const ways = code.block(() => {
    branches = alternatives.map((alternative) => branch(code, alternative))
  })
  ways.tail.push({ type: 'BlockStmt', blocks: branches.map(({ block }) => block), place: code.place })
  const names = [...new Set(branches.flatMap(({ bound }) => [...bound.keys()]))]
  if (branches.some(({ bound }) => bound.size !== names.length)) unplannable(code, 'not all alternatives bind the same variables')
  return exclusive && branches.every(({ depth }) => depth === 0)
    ? firstOf(code, branches, names, ways, around)
    : allOf(code, branches, names, ways)
}

function branch(code: Code, alternative: Alternative): Branch {
  let value: Operand | undefined
  let bound: ReadonlyMap<string, Operand> = new Map()
  const written = code.block(() => {
    bound = code.scope(() => {
      value = alternative()
    })
  })
  return { ...written, value: value!, bound }
}

/** Each branch assigns the same locals and leaves the block of all; behind the branches is where none held. */
function firstOf(code: Code, branches: readonly Branch[], names: readonly string[], ways: Written, around: number): Operand {
  const result = code.local()
  const targets = names.map((name) => [name, code.local()] as const)
  const { place } = code
  for (const { tail, value, bound } of branches) {
    for (const [name, target] of targets) tail.push({ type: 'AssignVarStmt', source: bound.get(name)!, target, place })
    tail.push({ type: 'AssignVarStmt', source: value, target: result, place }, { type: 'BreakStmt', index: 1, place })
  }
  ways.tail.push({ type: 'BreakStmt', index: 1, place })
  if (code.depth !== around) unplannable(code, 'alternatives end outside of their block')
  code.emit({ type: 'BlockStmt', blocks: [ways.block] })
  for (const [name, target] of targets) code.bind(name, local(target))
  return local(result)
}

/** The branches collect their solutions in an array, which is gone through after them. */
function allOf(code: Code, branches: readonly Branch[], names: readonly string[], ways: Written): Operand {
  const solutions = code.local()
  code.emit({ type: 'MakeArrayStmt', capacity: 0, target: solutions })
  for (const { tail, value, bound } of branches) {
    collect(code, solutions, [value, ...names.map((name) => bound.get(name)!)], tail)
  }
  code.emit({ type: 'BlockStmt', blocks: [ways.block] })
  return distribute(code, solutions, names)
}

/** Adds a solution to an array of them. */
export function collect(code: Code, solutions: number, values: readonly Operand[], tail: Statement[]): void {
  const { place } = code
  const array = code.local()
  tail.push({ type: 'MakeArrayStmt', capacity: values.length, target: array, place })
  for (const value of values) tail.push({ type: 'ArrayAppendStmt', array, value, place })
  tail.push({ type: 'ArrayAppendStmt', array: solutions, value: local(array), place })
}

/** Goes through collected solutions: binds the variables, which stand behind the value, and gives the value. */
export function distribute(code: Code, solutions: number, names: readonly string[]): Operand {
  const { value } = code.scan(solutions)
  const [result, ...bound] = [undefined, ...names].map((_, at) => {
    const target = code.local()
    code.emit({ type: 'GetStmt', source: local(value), key: code.program.constant(at), target, stored: false })
    return local(target)
  }) as [Operand, ...Operand[]]
  names.forEach((name, at) => {
    code.bind(name, bound[at]!)
  })
  return result
}
