// Whether two types, or two terms, can be the same, and what that says of the variables in them.

import type { ArrayTerm, ObjectTerm, SetTerm, Term } from '../../syntax/ast.ts'
import { isConstant } from '../../syntax/ground.ts'
import { equalTerms } from '../../syntax/order.ts'
import { documentOf } from '../constant.ts'
import { isComprehension } from '../terms.ts'
import { or, unwrap } from './algebra.ts'
import type { TypeEnv } from './env.ts'
import { propertyOf, select, valuesOf } from './select.ts'
import { ANY, type ArrayType, isUnknown, type ObjectType, type Property, type SetType, type Type, type Unknown } from './type.ts'

/** How much work a check may be. When it is spent, all that is asked fits: hostile types must not make a compiler hang. */
export interface Budget {
  left: number
  /** Pairs of which it is being asked further out: of schemas that hold themselves. They fit if all else does. */
  readonly open?: Map<Type, Set<Type>>
}

/** Whether a value may be of both types. Of what is unknown it is not said. */
export function unifies(x: Type | Unknown, y: Type | Unknown, budget: Budget): boolean {
  const [a, b] = [unwrap(x), unwrap(y)]
  if (a === undefined || b === undefined) return false
  if (budget.left-- <= 0) return true
  return x === a && y === b ? kindsUnify(a, b, budget) : pairUnifies(a, b, budget)
}

function pairUnifies(a: Type, b: Type, budget: Budget): boolean {
  const open = budget.open ?? new Map<Type, Set<Type>>()
  const others = open.getOrInsertComputed(a, () => new Set())
  if (others.has(b)) return true
  others.add(b)
  const inner = { left: budget.left, open }
  const fits = kindsUnify(a, b, inner)
  budget.left = inner.left
  others.delete(b)
  return fits
}

function kindsUnify(a: Type, b: Type, budget: Budget): boolean {
  if (a.kind === 'any') return anyUnifies(a.of, b, budget)
  if (b.kind === 'any') return anyUnifies(b.of, a, budget)
  if (a.kind === 'array' && b.kind === 'array') return arraysUnify(a, b, budget)
  if (a.kind === 'object' && b.kind === 'object') return objectsUnify(a, b, budget)
  // The empty set is a member of every type of sets.
  if (a.kind === 'set' && b.kind === 'set') return a.of === undefined || b.of === undefined || unifies(a.of, b.of, budget)
  if (a.kind === 'function' && b.kind === 'function') {
    return a.params.length === b.params.length && a.params.every((param, at) => unifies(param.type, b.params[at]!.type, budget))
  }
  return a.kind === b.kind
}

const anyUnifies = (of: readonly Type[], other: Type, budget: Budget) =>
  other.kind !== 'function' && (of.length === 0 || of.some((one) => unifies(one, other, budget)))

function arraysUnify(a: ArrayType, b: ArrayType, budget: Budget): boolean {
  const item = (array: ArrayType, at: number) => (at < array.items.length ? array.items[at] : array.rest)
  const length = Math.max(a.items.length, b.items.length)
  for (let at = 0; at < length; at++) if (!unifies(item(a, at), item(b, at), budget)) return false
  return a.rest === undefined || b.rest === undefined || unifies(a.rest, b.rest, budget)
}

function objectsUnify(a: ObjectType, b: ObjectType, budget: Budget): boolean {
  const [left, right] = [a.dynamic?.value, b.dynamic?.value]
  const open = left !== undefined || right !== undefined
  const fits = ({ key, value }: Property, within: ObjectType) => {
    const other = select(within, key)
    return other === undefined ? open : unifies(value, other, budget)
  }
  if (!a.properties.every((one) => fits(one, b))) return false
  if (!b.properties.every((one) => propertyOf(a, one.key) !== undefined || fits(one, a))) return false
  return left === undefined || right === undefined || unifies(left, right, budget)
}

/** Whether two terms can be equal. Variables without a type get that of the other side. */
export function unifyTerms(env: TypeEnv, a: Term, b: Term): boolean {
  const [typeA, typeB] = [env.typeOf(a), env.typeOf(b)]
  const [openA, openB] = [isUnknown(typeA), isUnknown(typeB)]
  if (openA && !openB) return infer(env, a, typeB)
  if (openB && !openA) return infer(env, b, typeA)
  if (!openA && !openB) return unifies(typeA, typeB, env.budget)

  if (a.kind === 'array') return unifyArray(env, a, b)
  if (a.kind === 'object') return unifyObject(env, a, b)
  if (a.kind === 'var') {
    if (b.kind === 'var') return infer(env, a, ANY) && infer(env, b, env.typeOf(a))
    if (b.kind === 'array') return unifyArray(env, b, a)
    if (b.kind === 'object') return unifyObject(env, b, a)
    if (b.kind === 'ref') return infer(env, a, ANY)
  }
  if (a.kind === 'ref' && b.kind === 'var') return infer(env, b, ANY)

  // One is a variable of which nothing is known, the other a term of which something is.
  if (a.kind === 'var' && typeA === undefined && typeB !== undefined) return infer(env, a, typeB)
  if (b.kind === 'var' && typeB === undefined && typeA !== undefined) return infer(env, b, typeA)
  return false
}

const unifyWhole = (env: TypeEnv, a: Term, b: Term) => infer(env, a, ANY) && infer(env, b, env.typeOf(a))

function unifyArray(env: TypeEnv, a: ArrayTerm, b: Term): boolean {
  if (b.kind === 'var') return unifyWhole(env, a, b)
  return b.kind === 'array' && a.items.length === b.items.length && a.items.every((item, at) => unifyTerms(env, item, b.items[at]!))
}

/** Both have the same keys, in the same order. */
function unifyObject(env: TypeEnv, a: ObjectTerm, b: Term): boolean {
  if (b.kind === 'var') return unifyWhole(env, a, b)
  if (b.kind !== 'object' || a.entries.length !== b.entries.length) return false
  if (!a.entries.every(([key], at) => equalTerms(key, b.entries[at]![0]))) return false
  return a.entries.every(([, value], at) => unifyTerms(env, value, b.entries[at]![1]))
}

/** Whether a term can be of a type. Variables without a type get it; with `union` those that have one may be of either. */
export function infer(env: TypeEnv, term: Term, type: Type | Unknown, union = false): boolean {
  switch (term.kind) {
    case 'array': {
      const of = unwrap(type)
      if (of?.kind === 'array') return inferArray(env, term, of, union)
      return inferAny(env, term, type, term.items)
    }
    case 'object': {
      const of = unwrap(type)
      if (of?.kind === 'object') return inferObject(env, term, of, union)
      return inferAny(env, term, type, term.entries.flat())
    }
    case 'set':
      if (type?.kind === 'set') return inferSet(env, term, type, union)
      return inferAny(env, term, type, term.items)
    case 'var': {
      const known = env.typeOf(term)
      if (!union && known !== undefined) return unifies(known, type, env.budget)
      env.infer(term, union ? or(known, type) : type)
      return true
    }
    default:
      if (term.kind !== 'ref' && !isComprehension(term) && !isConstant(term)) throw new TypeError(`a ${term.kind} has no type of its own`)
      return unifies(env.typeOf(term), type, env.budget)
  }
}

/** Of an any every member may say something of the variables. */
function inferAny(env: TypeEnv, term: Term, type: Type | Unknown, parts: readonly Term[]): boolean {
  if (type?.kind !== 'any') return false
  if (type.of.length > 0) return type.of.reduce((fits, one) => infer(env, term, one, true) || fits, false)
  for (const part of parts) infer(env, part, ANY, true)
  return true
}

function inferArray(env: TypeEnv, { items }: ArrayTerm, type: ArrayType, union: boolean): boolean {
  if (items.length !== type.items.length && type.rest === undefined) return false
  return items.every((item, at) => infer(env, item, at < type.items.length ? type.items[at] : type.rest, union))
}

/** What is at a key that is not constant is of any type. */
function inferObject(env: TypeEnv, { entries }: ObjectTerm, type: ObjectType, union: boolean): boolean {
  if (entries.length !== type.properties.length && type.dynamic?.value === undefined) return false
  return entries.every(([name, item]) => {
    const key = documentOf(name)
    if (key === undefined) {
      infer(env, item, ANY, union)
      return true
    }
    const value = select(type, key)
    return value !== undefined && infer(env, item, value, union)
  })
}

function inferSet(env: TypeEnv, { items }: SetTerm, type: SetType, union: boolean): boolean {
  return items.every((item) => infer(env, item, valuesOf(type), union))
}
