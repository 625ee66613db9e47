// Equality and order of values (cel-spec, langdef.md, "Equality" and "Ordering"): numbers of different types compare as numbers.
import { compareStrings } from '../rego/values/order.ts'
import { noOverload, type Run } from './run.ts'
import { CelMap, Instant, List, Opaque, Optional, Span, TypeValue, typeName, Uint, type Value } from './values.ts'

type Num = bigint | number

/** A number of any type as what JavaScript compares exactly, whichever two they are. */
function numberOf(value: Value): Num | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value
  return value instanceof Uint ? value.value : undefined
}

export function equal(run: Run, a: Value, b: Value): boolean {
  if (typeof a === 'string') {
    if (typeof b === 'string' && a.length === b.length) run.spend(a.length >> 6)
    return a === b
  }
  if (a === b) return true
  if (a instanceof Opaque && b !== null && typeName(a) !== typeName(b)) throw noOverload()
  const [left, right] = [numberOf(a), numberOf(b)]
  // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a double are compared by their value, exactly.
  if (left !== undefined || right !== undefined) return left !== undefined && right !== undefined && left == right
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof List) return b instanceof List && sameItems(run, a, b)
  if (a instanceof CelMap) return b instanceof CelMap && sameEntries(run, a, b)
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0
  if (a instanceof Instant) return b instanceof Instant && a.nanos === b.nanos
  if (a instanceof Span) return b instanceof Span && a.nanos === b.nanos
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name
  if (a instanceof Optional) {
    if (!(b instanceof Optional)) return false
    return a.value === undefined || b.value === undefined ? a.value === b.value : equal(run, a.value, b.value)
  }
  return a instanceof Opaque && a.equals(b)
}

/** Whether a list holds a value: to be of another type is no error here. */
export function same(run: Run, a: Value, b: Value): boolean {
  run.spend(2)
  return !(a instanceof Opaque && typeName(a) !== typeName(b)) && equal(run, a, b)
}

function sameItems(run: Run, a: List, b: List): boolean {
  if (a.size !== b.size) return false
  run.spend(a.size)
  for (let at = 0; at < a.size; at++) if (!equal(run, a.at(at), b.at(at))) return false
  return true
}

function sameEntries(run: Run, a: CelMap, b: CelMap): boolean {
  run.spendKeys(a.size + b.size)
  if (a.size !== b.size) return false
  for (const key of a.keys()) {
    const other = b.get(key)
    if (other === undefined || !equal(run, a.get(key)!, other)) return false
  }
  return true
}

/** Negative, zero or positive; NaN where a NaN is compared. Throws a Fault for values that have no order. */
export function compare(a: Value, b: Value): number {
  const order = orderOf(a, b)
  if (order === undefined) throw noOverload()
  return order
}

export function orderOf(a: Value, b: Value): number | undefined {
  const [left, right] = [numberOf(a), numberOf(b)]
  if (left !== undefined && right !== undefined) return sign(left, right)
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b)
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (a instanceof Instant && b instanceof Instant) return sign(a.nanos, b.nanos)
  if (a instanceof Span && b instanceof Span) return sign(a.nanos, b.nanos)
  return a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) : undefined
}

const sign = (a: Num, b: Num) => (a < b ? -1 : a > b ? 1 : a >= b ? 0 : Number.NaN)
