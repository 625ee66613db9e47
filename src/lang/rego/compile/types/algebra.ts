// The order of types, and their union.
import { compare } from '../../values/order.ts'
import { ANY, type AnyType, anyIn, type FunctionType, functionOf, type ObjectType, type Param, type Type, type Unknown } from './type.ts'

const RANK = { null: 0, boolean: 1, number: 2, string: 3, array: 4, object: 5, set: 6, any: 7, function: 8 } as const

export const unwrap = <T extends Type | Unknown>(type: T): Exclude<T, { kind: 'recursive' }> | Exclude<Type, { kind: 'recursive' }> => {
  let inner: Type | Unknown = type
  while (inner?.kind === 'recursive') inner = inner.type
  return inner as Exclude<T, { kind: 'recursive' }>
}

/** Pairs that are being compared further out: of schemas that hold themselves, which end nowhere. */
type Open = Map<Type, Set<Type>>

/** OPA's total order of types: negative, zero or positive. */
export function compareTypes(x: Type | Unknown, y: Type | Unknown, open?: Open): number {
  if (x === y) return 0
  const [a, b] = [unwrap(x), unwrap(y)]
  if (a === b) return 0
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1
  if (x !== a || y !== b) return comparePair(a, b, open ?? new Map())
  return compareKinds(a, b, open)
}

function comparePair(a: Type, b: Type, open: Open): number {
  const others = open.getOrInsertComputed(a, () => new Set())
  if (others.has(b)) return 0
  others.add(b)
  return compareKinds(a, b, open)
}

function compareKinds(a: Type, b: Type, open: Open | undefined): number {
  if (a.kind === 'recursive' || b.kind === 'recursive') return 0
  if (a.kind === 'array' && b.kind === 'array') return compareTypes(a.rest, b.rest, open) || compareLists(a.items, b.items, open)
  if (a.kind === 'object' && b.kind === 'object') return compareObjects(a, b, open)
  if (a.kind === 'set' && b.kind === 'set') return compareTypes(a.of, b.of, open)
  if (a.kind === 'any' && b.kind === 'any') return compareLists(a.of, b.of, open)
  if (a.kind === 'function' && b.kind === 'function') return compareFunctions(a, b)
  return RANK[a.kind] - RANK[b.kind]
}

function compareLists(a: readonly (Type | Unknown)[], b: readonly (Type | Unknown)[], open?: Open): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    const order = compareTypes(a[at], b[at], open)
    if (order !== 0) return order
  }
  return a.length - b.length
}

function compareObjects(a: ObjectType, b: ObjectType, open: Open | undefined): number {
  if (a.dynamic === undefined || b.dynamic === undefined) {
    if (a.dynamic !== b.dynamic) return a.dynamic === undefined ? -1 : 1
  } else {
    const order = compareTypes(a.dynamic.key, b.dynamic.key, open) || compareTypes(a.dynamic.value, b.dynamic.value, open)
    if (order !== 0) return order
  }
  for (let at = 0; at < a.properties.length && at < b.properties.length; at++) {
    const [left, right] = [a.properties[at]!, b.properties[at]!]
    const order = compare(left.key, right.key) || compareTypes(left.value, right.value, open)
    if (order !== 0) return order
  }
  return a.properties.length - b.properties.length
}

const compareFunctions = (a: FunctionType, b: FunctionType): number =>
  a.params.length - b.params.length ||
  compareLists(
    a.params.map(({ type }) => type),
    b.params.map(({ type }) => type),
  ) ||
  compareTypes(a.result?.type, b.result?.type) ||
  compareTypes(a.variadic?.type, b.variadic?.type)

/** One of two types. Of a function and something else there is none, nor of functions that take different numbers of arguments. */
export function or(a: Type | Unknown, b: Type | Unknown): Type | Unknown {
  if (a === undefined || a === b) return b
  if (b === undefined) return a
  if (a.kind === 'function' || b.kind === 'function') {
    return a.kind === 'function' && b.kind === 'function' ? eitherFunction(a, b) : undefined
  }
  if (a.kind === 'any') return b.kind === 'any' ? union(a, b) : including(a, b)
  if (b.kind === 'any') return including(b, a)
  const order = compareTypes(a, b)
  return order === 0 ? a : anyIn(order < 0 ? [a, b] : [b, a])
}

function eitherFunction(a: FunctionType, b: FunctionType): FunctionType | undefined {
  if (a.params.length !== b.params.length || (a.variadic === undefined) !== (b.variadic === undefined)) return undefined
  const either = (x: Param | undefined, y: Param | undefined): Param | undefined => {
    const type = or(x?.type, y?.type)
    return type && { name: undefined, type }
  }
  return functionOf(
    a.params.map((param, at) => ({ name: undefined, type: or(param.type, b.params[at]!.type) })),
    either(a.result, b.result),
    either(a.variadic, b.variadic),
  )
}

/** Where a type is, or would be, among those of an any. */
function place(of: readonly Type[], type: Type): { at: number; found: boolean } {
  let [from, to] = [0, of.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (compareTypes(of[middle]!, type) < 0) from = middle + 1
    else to = middle
  }
  return { at: from, found: from < of.length && compareTypes(of[from]!, type) === 0 }
}

function including(any: AnyType, type: Type): AnyType {
  if (any.of.length === 0) return any
  const { at, found } = place(any.of, type)
  return found ? any : anyIn(any.of.toSpliced(at, 0, type))
}

function union(a: AnyType, b: AnyType): AnyType {
  if (a.of.length === 0) return a
  if (b.of.length === 0) return b
  const merged: Type[] = []
  let [left, right] = [0, 0]
  while (left < a.of.length && right < b.of.length) {
    const order = compareTypes(a.of[left]!, b.of[right]!)
    merged.push(order <= 0 ? a.of[left]! : b.of[right]!)
    if (order <= 0) left++
    if (order >= 0) right++
  }
  return anyIn([...merged, ...a.of.slice(left), ...b.of.slice(right)])
}

/** One of all these: what `or` makes of them one after the other, in less time. */
export function orAll(types: readonly (Type | Unknown)[]): Type | Unknown {
  if (types.length < 8 || types.some((type) => type?.kind === 'function')) return types.reduce(or, undefined)
  const all = new Set<Type>()
  for (const type of types) {
    if (type?.kind !== 'any') {
      if (type !== undefined) all.add(type)
    } else if (type.of.length === 0) return ANY
    else for (const one of type.of) all.add(one)
  }
  const sorted = [...all].sort((a, b) => compareTypes(a, b))
  const distinct = sorted.filter((type, at) => at === 0 || compareTypes(sorted[at - 1], type) !== 0)
  return distinct.length > 1 ? anyIn(distinct) : distinct[0]
}

/** Whether all that `b` may be, `a` may be too. */
export function contains(a: Type | Unknown, b: Type | Unknown): boolean {
  if (a?.kind !== 'any') return compareTypes(a, b) === 0
  if (b?.kind === 'function') return false
  return a.of.length === 0 || (b !== undefined && place(a.of, b).found)
}
