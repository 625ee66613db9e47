// Optional values (cel-go's `OptionalTypes`); `or` and `orValue` are the compiler's.
import { Fault, type Run } from '../run.ts'
import { CelMap, Instant, ItemList, List, Opaque, Optional, Span, typeName, Uint, type Value } from '../values.ts'
import type { Library } from './library.ts'

/** Is it the zero of its type: null, false, 0, or empty? Values of libraries have none. */
function isZero(value: Value): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === '') return true
  if (value instanceof Uint) return value.value === 0n
  if (value instanceof List || value instanceof CelMap) return value.size === 0
  if (value instanceof Uint8Array) return value.length === 0
  if (value instanceof Span) return value.nanos === 0n
  return !(value instanceof Opaque) && value instanceof Instant && value.nanos === ZERO_TIME
}

/** Go's zero time, the first moment of the year 1. */
const ZERO_TIME = -62_135_596_800n * 1_000_000_000n

function unwrap(run: Run, list: List): Value {
  run.spend(list.size)
  const all: Value[] = []
  for (const item of list) {
    if (!(item instanceof Optional)) throw new Fault(`no optional: ${typeName(item)}`)
    if (item.value !== undefined) all.push(item.value)
  }
  return new ItemList(all)
}

const V = 'optional_type(V)'

export const OPTIONAL: Library = {
  [`optional.of(V): ${V}`]: (_: Run, value: Value) => new Optional(value),
  [`optional.ofNonZeroValue(V): ${V}`]: (run: Run, value: Value) => {
    if (value instanceof CelMap) run.spendKeys(value.size)
    return isZero(value) ? Optional.NONE : new Optional(value)
  },
  [`optional.none(): ${V}`]: () => Optional.NONE,
  [`optional.unwrap(list(${V})): list(V)`]: unwrap,
  [`.unwrapOpt(list(${V})): list(V)`]: unwrap,
  [`.value(${V}): V`]: (_: Run, { value }: Optional) => {
    if (value === undefined) throw new Fault('optional.none() dereference')
    return value
  },
  [`.hasValue(${V}): bool`]: (_: Run, { value }: Optional) => value !== undefined,
  [`.first(list(V)): ${V}`]: (_: Run, list: List) => (list.size === 0 ? Optional.NONE : new Optional(list.at(0))),
  [`.last(list(V)): ${V}`]: (_: Run, list: List) => (list.size === 0 ? Optional.NONE : new Optional(list.at(list.size - 1))),
}
