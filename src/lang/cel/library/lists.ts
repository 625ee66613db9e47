// Lists and sets: Kubernetes' own (pkg/cel/library/lists.go), cel-go's extension of lists at version 3 (since 1.34) and that of sets.
import { orderOf, same } from '../compare.ts'
import { Fault, type Run } from '../run.ts'
import { chargeCompared, sorted } from '../sort.ts'
import { ItemList, List, Span, typeName, Uint, type Value } from '../values.ts'
import { untaken } from './go-names.ts'
import type { Implementation, Library } from './library.ts'
import { OPERATORS } from './operators.ts'

const D = 'google.protobuf.Duration'
const COMPARABLE = ['int', 'uint', 'double', 'bool', D, 'google.protobuf.Timestamp', 'string', 'bytes']
const add = OPERATORS.find(({ name }) => name === '_+_')!.call

function isSorted(run: Run, list: List): Value {
  run.spend(list.size)
  for (const item of list) checkOrdered('isSorted', list, item)
  for (let at = 1; at < list.size; at++) if (order(list.at(at - 1), list.at(at)) > 0) return false
  return true
}

function checkOrdered(name: string, list: List, item: Value): void {
  if (orderOf(item, item) === undefined) throw untaken(name, list)
}

/** Values that cannot be compared with each other are passed over, as in Kubernetes. */
const order = (a: Value, b: Value) => orderOf(a, b) ?? 0

/** The first of all that none is beyond. */
const extreme = (name: string, sign: number) => (run: Run, list: List) => {
  run.spend(list.size)
  if (list.size === 0) throw new Fault(`${name} called on empty list`)
  let best = list.at(0)
  for (const item of list) {
    checkOrdered(name, list, item)
    if (Math.sign(order(item, best)) === sign) best = item
  }
  return best
}

function sum(zero: Value): Implementation {
  return (run: Run, list: List) => {
    let total = zero
    for (const item of list) {
      if (typeName(item) !== typeName(zero)) throw untaken('sum', list)
      total = add(run, total, item)
    }
    return total
  }
}

function place(run: Run, list: List, value: Value, last: boolean): Value {
  for (let count = 0; count < list.size; count++) {
    const at = last ? list.size - 1 - count : count
    if (same(run, list.at(at), value)) return BigInt(at)
  }
  return -1n
}

/** `costs` of cel-go: a call, a list, and so much for each element. */
const MOST_RANGE = 1_000_000n
const charge = (run: Run, size: number) => run.charge(10 + size)

function slice(run: Run, list: List, from: bigint, to: bigint): Value {
  const cannot = (why: string) => new Fault(`cannot slice(${from}, ${to}), ${why}`)
  if (from < 0n || to < 0n) throw cannot('negative indexes not supported')
  if (from > to) throw cannot('start index must be less than or equal to end index')
  if (to > BigInt(list.size)) throw cannot(`list is length ${list.size}`)
  charge(run, Number(to - from))
  return new ItemList(Array.from({ length: Number(to - from) }, (_, at) => list.at(Number(from) + at)))
}

function flatten(run: Run, list: List, depth = 1n): Value {
  if (depth < 0n) throw new Fault('level must be non-negative')
  run.charge(10 + Number(depth < 1_000_000n ? depth : 1_000_000n) * list.size)
  const all: Value[] = []
  // As deep as the values are: lists within lists come from the text of the expression or from JSON, both bounded.
  const walk = (from: List, left: bigint) => {
    run.spend(4 * from.size)
    for (const item of from) {
      if (item instanceof List && left > 0n) walk(item, left - 1n)
      else all.push(item)
    }
  }
  walk(list, depth)
  return new ItemList(all)
}

function distinct(run: Run, list: List): Value {
  chargeCompared(run, list)
  const all: Value[] = []
  for (const item of list) {
    run.spend(all.length)
    if (!all.some((one) => same(run, one, item))) all.push(item)
  }
  return new ItemList(all)
}

const has = (run: Run, list: List, value: Value) => place(run, list, value, false) !== -1n
const within = (run: Run, outer: List, inner: List) => {
  for (const item of inner) if (!has(run, outer, item)) return false
  return true
}

const each = (types: readonly string[], signature: (type: string) => string, call: Implementation): Library =>
  Object.fromEntries(types.map((type) => [signature(type), call]))

export const LISTS: Library = {
  ...each(COMPARABLE, (type) => `.isSorted(list(${type})): bool`, isSorted),
  ...each(COMPARABLE, (type) => `.max(list(${type})): ${type}`, extreme('max', 1)),
  ...each(COMPARABLE, (type) => `.min(list(${type})): ${type}`, extreme('min', -1)),
  '.sum(list(int)): int': sum(0n),
  '.sum(list(uint)): uint': sum(new Uint(0n)),
  '.sum(list(double)): double': sum(0),
  [`.sum(list(${D})): ${D}`]: sum(new Span(0n)),
  '.indexOf(list(A), A): int': (run: Run, list: List, value: Value) => place(run, list, value, false),
  '.lastIndexOf(list(A), A): int': (run: Run, list: List, value: Value) => place(run, list, value, true),
  '.slice(list(T), int, int): list(T)': slice,
  '.flatten(list(list(T))): list(T)': flatten,
  '.flatten(list(dyn), int): list(dyn)': flatten,
  ...each(
    COMPARABLE,
    (type) => `.sort(list(${type})): list(${type})`,
    (run: Run, list: List) => {
      chargeCompared(run, list)
      return new ItemList(
        sorted(
          run,
          [...list].map((value) => ({ key: value, value })),
        ),
      )
    },
  ),
  'lists.range(int): list(int)': (run: Run, count: bigint) => {
    if (count < 0n) throw new Fault(`lists.range: size must be non-negative, got ${count}`)
    if (count > MOST_RANGE) throw new Fault(`lists.range: size ${count} exceeds maximum allowed (${MOST_RANGE})`)
    charge(run, Number(count))
    return new ItemList(Array.from({ length: Number(count) }, (_, at) => BigInt(at)))
  },
  '.reverse(list(T)): list(T)': (run: Run, list: List) => {
    charge(run, list.size)
    return new ItemList([...list].reverse())
  },
  '.distinct(list(T)): list(T)': distinct,
  'sets.contains(list(T), list(T)): bool': within,
  'sets.equivalent(list(T), list(T)): bool': (run: Run, a: List, b: List) => within(run, a, b) && within(run, b, a),
  'sets.intersects(list(T), list(T)): bool': (run: Run, a: List, b: List) => {
    for (const item of a) if (has(run, b, item)) return true
    return false
  },
}
