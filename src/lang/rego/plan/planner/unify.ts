// Unification: what is known is compared, what is free is bound.

import { constantOf } from '../../compile/constant.ts'
import type { Term } from '../../syntax/ast.ts'
import { keyOf } from '../../values/key.ts'
import type { Value } from '../../values/value.ts'
import type { Operand } from '../ir.ts'
import { type Code, local } from './code.ts'
import { unplannable } from './errors.ts'
import { planTerm } from './terms.ts'
import { hasFree } from './variables.ts'

type Pair = readonly [Term, Term]

export function unify(code: Code, a: Term, b: Term): void {
  let open: readonly Pair[] = [[a, b]]
  while (open.length > 0) {
    const left: Pair[] = []
    let moved = false
    for (const pair of open) {
      const rest = step(code, ...pair)
      moved ||= rest !== undefined
      left.push(...(rest ?? [pair]))
    }
    if (!moved) unplannable(code, 'two sides of an equation have free variables')
    open = left
  }
}

/** Plans an equation; gives back the equations of its parts, or undefined where it must wait for others. */
function step(code: Code, a: Term, b: Term): readonly Pair[] | undefined {
  if (a.kind === 'var' && code.lookUp(a.name) === undefined) return bindTo(code, a.name, b)
  if (b.kind === 'var' && code.lookUp(b.name) === undefined) return bindTo(code, b.name, a)
  if (a.kind === 'array' && b.kind === 'array') {
    if (a.items.length === b.items.length) return a.items.map((item, at) => [item, b.items[at]!] as const)
    code.fail()
    return []
  }
  if (a.kind === 'object' && b.kind === 'object') {
    const pairs = objectPairs(code, a.entries, b.entries)
    if (pairs !== undefined) return pairs
  }
  // A ref is followed first: where it leads nowhere, a comprehension is not computed, and cannot end the evaluation.
  const refFirst = b.kind === 'ref' && a.kind !== 'ref'
  const [known, pattern] = refFirst || (isPattern(a) && (!isPattern(b) || hasFree(code, a))) ? [b, a] : [a, b]
  if (isPattern(known) && hasFree(code, known)) return undefined
  unifyOperand(code, planTerm(code, known), pattern)
  return []
}

/** Undefined where the other side is not known either. */
function bindTo(code: Code, name: string, term: Term): readonly Pair[] | undefined {
  if (term.kind !== 'ref' && hasFree(code, term)) return undefined
  const value = planTerm(code, term)
  // `x = input[x]` has bound x by its right side.
  const bound = code.lookUp(name)
  if (bound === undefined) code.bind(name, value)
  else code.emit({ type: 'EqualStmt', a: bound, b: value })
  return []
}

const isPattern = (term: Term) => term.kind === 'array' || term.kind === 'object'

/** Pairs of the values below equal keys; undefined where keys are not all constant. */
function objectPairs(code: Code, a: readonly Pair[], b: readonly Pair[]): readonly Pair[] | undefined {
  const [left, right] = [byKey(a), byKey(b)]
  if (left === undefined || right === undefined) return undefined
  if (left.size === right.size && [...left.keys()].every((key) => right.has(key)))
    return [...left].map(([key, value]) => [value, right.get(key)!] as const)
  code.fail()
  return []
}

function byKey(entries: readonly Pair[]): Map<unknown, Term> | undefined {
  const keys = entries.map(([key]) => constantOf(key))
  if (keys.includes(undefined)) return undefined
  return new Map(entries.map(([, value], at) => [keyOf(keys[at] as Value), value] as const))
}

/** Matches a value with a term, whose free variables become parts of it. */
export function unifyOperand(code: Code, value: Operand, pattern: Term): void {
  if (pattern.kind === 'var' && code.lookUp(pattern.name) === undefined) {
    code.bind(pattern.name, value)
    return
  }
  const constant = constantOf(pattern)
  if (constant !== undefined || !isPattern(pattern)) {
    code.emit({ type: 'EqualStmt', a: value, b: planTerm(code, pattern) })
    return
  }
  const parts: readonly (readonly [Operand, Term])[] =
    pattern.kind === 'array'
      ? pattern.items.map((item, at) => [code.program.constant(at), item] as const)
      : (pattern as Term & { kind: 'object' }).entries.map(([key, item]) => [planTerm(code, key), item] as const)
  code.emit({ type: pattern.kind === 'array' ? 'IsArrayStmt' : 'IsObjectStmt', source: value })
  const length = code.local()
  code.emit({ type: 'LenStmt', source: value, target: length })
  code.emit({ type: 'EqualStmt', a: local(length), b: code.program.constant(parts.length) })
  for (const [key, item] of parts) {
    const target = code.local()
    code.emit({ type: 'GetStmt', source: value, key, target, stored: false })
    unifyOperand(code, local(target), item)
  }
}
