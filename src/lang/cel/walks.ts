// Macros that go through a range. What a round costs beside its body is what cel-go's expansion of the macro into a fold costs.
import { goType, untaken } from './library/go-names.ts'
import { Fault, noOverload, type Run } from './run.ts'
import { chargeCompared, sorted } from './sort.ts'
import { CelMap, EntryMap, ItemList, isKey, List, Optional, typeName, type Value } from './values.ts'

/** What is asked of an element of the range, or of a place in it and what is there. */
type Body = (first: Value, second: Value) => Value
type Walk = (run: Run, range: Value, isPaired: boolean, body: Body, filter?: Body) => Value

/** Calls `round` for each, until it returns false. @param last the condition of cel-go's fold, asked once more where it ends before its range */
function walk(run: Run, range: Value, isPaired: boolean, round: (first: Value, second: Value) => boolean, last = 0): void {
  let at = 0
  if (range instanceof List) {
    const { size } = range
    for (; at < size; at++) {
      const item = range.at(at)
      run.spend(1)
      if (!(isPaired ? round(BigInt(at), item) : round(item, item))) break
    }
    if (at + 1 < size) run.charge(last)
  } else if (range instanceof CelMap) {
    run.spendKeys(range.size)
    for (const key of range.keys()) {
      const value = isPaired ? range.get(key)! : key
      run.spend(1)
      at++
      if (!round(key, value)) break
    }
    if (at < range.size) run.charge(last)
  } else
    throw new Fault(isPaired ? `unsupported comprehension range type: ${goType(range)}` : `got '${goType(range)}', expected iterable type`)
}

function condition(value: Value): boolean {
  if (typeof value !== 'boolean') throw noOverload()
  return value
}

/** Ends at the first round that decides; an error counts only if none does. */
function quantifier(decisive: boolean, cost: number, last: number): Walk {
  return (run, range, isPaired, body) => {
    let decided = false
    let fault: Fault | undefined
    const round = (first: Value, second: Value) => {
      run.charge(cost)
      try {
        decided = condition(body(first, second)) === decisive
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        fault = error
      }
      return !decided
    }
    walk(run, range, isPaired, round, last)
    run.charge(1)
    if (!decided && fault !== undefined) throw fault
    return decided === decisive
  }
}

/** Rounds that put something somewhere, where the filter lets them. */
function collected(run: Run, range: Value, isPaired: boolean, filter: Body | undefined, put: (first: Value, second: Value) => void): void {
  walk(run, range, isPaired, (first, second) => {
    if (filter !== undefined && !condition(filter(first, second))) return true
    run.charge(1)
    put(first, second)
    return true
  })
  run.charge(1)
}

function insert(map: EntryMap, key: Value, value: Value): void {
  if (!isKey(key)) throw new Fault(`unsupported key type: ${typeName(key)}`)
  if (map.has(key)) throw new Fault(`insert failed: key ${String(key)} already exists`)
  map.set(key, value)
}

/** By the form of the macro. */
export const WALKS = {
  all: quantifier(false, 3, 2),
  exists: quantifier(true, 4, 3),
  existsOne: (run, range, isPaired, body) => {
    let count = 0
    walk(run, range, isPaired, (first, second) => {
      if (condition(body(first, second))) {
        run.charge(2)
        count++
      }
      return true
    })
    run.charge(2)
    return count === 1
  },
  map: (run, range, isPaired, body, filter) => {
    const all: Value[] = []
    collected(run, range, isPaired, filter, (first, second) => {
      run.charge(11)
      all.push(body(first, second))
    })
    return new ItemList(all)
  },
  filter: (run, range, isPaired, body) => {
    const all: Value[] = []
    walk(run, range, isPaired, (first, second) => {
      if (condition(body(first, second))) {
        run.charge(13)
        all.push(first)
      }
      return true
    })
    run.charge(1)
    return new ItemList(all)
  },
  transformMap: (run, range, isPaired, body, filter) => {
    const map = new EntryMap()
    collected(run, range, isPaired, filter, (first, second) => {
      run.charge(2)
      insert(map, first, body(first, second))
    })
    return map
  },
  transformMapEntry: (run, range, isPaired, body, filter) => {
    const map = new EntryMap()
    collected(run, range, isPaired, filter, (first, second) => {
      run.charge(1)
      const entry = body(first, second)
      if (!(entry instanceof CelMap)) throw noOverload()
      for (const key of entry.keys()) insert(map, key, entry.get(key)!)
    })
    return map
  },
  sortBy: (run, range, isPaired, body) => {
    if (range instanceof CelMap) throw new Fault('no such overload: @sortByAssociatedKeys')
    const pairs: { key: Value; value: Value }[] = []
    walk(run, range, isPaired, (first, second) => {
      run.charge(12)
      pairs.push({ key: body(first, second), value: first })
      return true
    })
    run.charge(4)
    chargeCompared(run, new ItemList(pairs.map(({ key }) => key)))
    return new ItemList(sorted(run, pairs))
  },
} satisfies Readonly<Record<string, Walk>>

/** The name stands for what the optional holds. @param before the cost before the optional was evaluated */
export function optMap(run: Run, before: number, over: Value, isFlat: boolean, body: (value: Value) => Value): Value {
  const cost = run.cost - before
  run.charge(1)
  if (!(over instanceof Optional)) throw untaken('hasValue', over)
  run.charge(1)
  if (over.value === undefined) return over
  // The macro names its optional twice: to ask whether it has a value, and for it.
  run.charge(isFlat ? cost : cost + 1)
  const value = body(over.value)
  return isFlat ? value : new Optional(value)
}
