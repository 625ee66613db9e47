// Comprehensions in loops. One that needs nothing of the loop is computed once; one whose variables from outside are only compared with
// something is computed once for all their values, and looked up.
import type { Body, Comprehension, Expr, Term } from '../../syntax/ast.ts'
import { walk } from '../../syntax/walk.ts'
import { RegoSet } from '../../values/value.ts'
import type { Operand } from '../ir.ts'
import { planBody } from './body.ts'
import { Code, local, type Unplaced } from './code.ts'
import { isHarmless, isPlain } from './conditions.ts'
import { unplannable } from './errors.ts'
import type { Program } from './program.ts'
import { planTerm } from './terms.ts'
import { documentName } from './variables.ts'

export function planComprehension(code: Code, term: Comprehension): Operand {
  const keys = code.inLoop ? keysOf(code, term) : undefined
  if (keys === undefined) return local(planSolutions(code, term, []))
  const func = code.program.func([code.program.nameOf(term), ...keys].join(' '), 'rule', undefined, undefined, () =>
    planFunction(code.program, term, keys),
  )
  const all = code.local()
  code.emit({ type: 'InvokeStmt', func, input: code.input, data: code.data, args: [], result: all })
  return local(keys.length === 0 ? all : planLookUp(code, term, all, keys))
}

/** What is to be computed once: for all values of these variables, or without any. Undefined for what each turn of a loop computes anew. */
function keysOf(code: Code, term: Comprehension): readonly string[] | undefined {
  const outer = outerVariables(code, term)
  if (outer.size === 0) return []
  const alone = [...outer].every(([name, times]) => times === 1 && isCompared(term.body, name, outer))
  // Of other values nothing may be computed that can end the evaluation, as two values of one key do.
  const first = term.body.findIndex((expr) => [...outer.keys()].some((name) => otherSide(expr, name) !== undefined))
  const quiet = term.kind !== 'objectcomprehension' && isPlain(term.term) && term.body.slice(first + 1).every(isHarmless)
  return alone && quiet ? [...outer.keys()] : undefined
}

/** The variables from outside, with how often they stand in the comprehension. */
function outerVariables(code: Code, term: Comprehension): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  walk(term, (node) => {
    if (node.kind === 'var' && code.lookUp(node.name) !== undefined) found.set(node.name, (found.get(node.name) ?? 0) + 1)
    return false
  })
  return found
}

/** Whether an equation of the body binds the variable to something that is known there without it. */
function isCompared(body: Body, name: string, outer: ReadonlyMap<string, number>): boolean {
  const at = body.findIndex((expr) => otherSide(expr, name) !== undefined)
  if (at < 0) return false
  const known = new Set<string>()
  for (const expr of body.slice(0, at)) if (!expr.negated) for (const each of variablesOf(expr)) known.add(each)
  const side = otherSide(body[at]!, name)!
  const [head, ...parts] = side.kind === 'ref' ? side.parts : [side]
  const needed = isDocumentRef(side) ? [] : variablesOf(head!)
  return [...needed].every((each) => known.has(each)) && [...parts].every((part) => ![...variablesOf(part)].some((each) => outer.has(each)))
}

/** The other side of an equation with the variable. */
function otherSide({ terms, negated, with: withs }: Expr, name: string): Term | undefined {
  if (negated || withs.length > 0 || terms.kind !== 'call' || terms.args.length !== 2) return undefined
  const [operator] = terms.operator.parts
  if (terms.operator.parts.length > 1 || operator.kind !== 'var' || operator.name !== 'eq') return undefined
  const [a, b] = terms.args as readonly [Term, Term]
  if (a.kind === 'var' && a.name === name) return b
  return b.kind === 'var' && b.name === name ? a : undefined
}

const isDocumentRef = (term: Term) => term.kind === 'ref' && documentName(term.parts[0]) !== undefined

function variablesOf(node: Term | Expr): Set<string> {
  const names = new Set<string>()
  walk(node, (each) => {
    if (each.kind === 'var') names.add(each.name)
    return false
  })
  return names
}

/** The comprehension, or an object of what it is by the values of its keys. */
function planFunction(program: Program, term: Comprehension, keys: readonly string[]) {
  const code = new Code(program, 2)
  const { block } = code.block(() => code.emit({ type: 'ReturnStmt', source: local(planSolutions(code, term, keys)) }))
  return { params: [0, 1], blocks: [block] }
}

/** Goes through the solutions of the body, with variables of its own. */
function planSolutions(code: Code, term: Comprehension, keys: readonly string[]): number {
  const { place } = code
  const target = code.local()
  code.emit(keys.length > 0 ? { type: 'MakeObjectStmt', target } : make(term, target))
  const { block } = code.block(() => {
    code.scope(() => {
      planBody(code, term.body)
      if (keys.length === 0) add(code, term, target)
      else addAtKey(code, term, target, keyOperand(code, keys))
    })
  })
  code.emit({ type: 'BlockStmt', blocks: [block] })
  code.returnTo(place)
  return target
}

function make({ kind }: Comprehension, target: number): Unplaced {
  if (kind === 'setcomprehension') return { type: 'MakeSetStmt', target }
  return kind === 'objectcomprehension' ? { type: 'MakeObjectStmt', target } : { type: 'MakeArrayStmt', capacity: 0, target }
}

function add(code: Code, term: Comprehension, target: number): void {
  if (term.kind === 'objectcomprehension') {
    const key = planTerm(code, term.key)
    code.emit({ type: 'ObjectInsertOnceStmt', object: target, key, value: planTerm(code, term.value) })
    return
  }
  const value = planTerm(code, term.term)
  if (term.kind === 'setcomprehension') code.emit({ type: 'SetAddStmt', set: target, value })
  else code.emit({ type: 'ArrayAppendStmt', array: target, value })
}

function addAtKey(code: Code, term: Comprehension, object: number, key: Operand): void {
  if (term.kind === 'objectcomprehension') unplannable(code, 'an object is not indexed')
  const leaf = term.kind === 'setcomprehension' ? 'member' : 'item'
  code.emit({ type: 'InsertPathStmt', object, path: [key], value: planTerm(code, term.term), leaf })
}

/** What the comprehension is for the values that the variables have here: nothing, where no solution has them. */
function planLookUp(code: Code, term: Comprehension, all: number, keys: readonly string[]): number {
  const [key, found, result] = [keyOperand(code, keys), code.local(), code.local()]
  const either = code.block(() => {
    const here = code.depth
    const there = code.block(() => {
      code.emit({ type: 'GetStmt', source: local(all), key, target: found, stored: false })
      code.emit({ type: 'AssignVarStmt', source: local(found), target: result })
      code.leave(here)
    })
    code.emit({ type: 'BlockStmt', blocks: [there.block] })
    const nothing = term.kind === 'setcomprehension' ? new RegoSet() : []
    code.emit({ type: 'AssignVarStmt', source: code.program.constant(nothing), target: result })
  })
  code.emit({ type: 'BlockStmt', blocks: [either.block] })
  return result
}

function keyOperand(code: Code, keys: readonly string[]): Operand {
  const values = keys.map((name) => code.lookUp(name)!)
  if (values.length === 1) return values[0]!
  const array = code.local()
  code.emit({ type: 'MakeArrayStmt', capacity: values.length, target: array })
  for (const value of values) code.emit({ type: 'ArrayAppendStmt', array, value })
  return local(array)
}
