import type { Builtin, Runtime } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { add, fromFloat, multiply, toFloat } from '../values/big-float.ts'
import { fromBigInt, numberText, type RegoNumber, toBigInt } from '../values/decimal.ts'
import { compare, equal } from '../values/order.ts'
import { runeCount } from '../values/runes.ts'
import { isArray, isNumber, RegoObject, RegoSet, typeName, type Value } from '../values/value.ts'
import { array, int, items, mustBe, number, object, set, unfit, weighItems } from './operands.ts'

/** Aggregates, arrays, sets and objects. */
export const COLLECTIONS: Readonly<Record<string, Builtin>> = {
  count: (_, a) => {
    mustBe(a, 1, 'array', 'object', 'set', 'string')
    return typeof a === 'string' ? runeCount(a) : isArray(a) ? a.length : (a as RegoSet).size
  },
  sum: (_, a) => {
    const exact = integers(a)
    if (exact !== undefined) return fromBigInt(exact.reduce((total, item) => total + item, 0n))
    return fromFloat(numbers(a).reduce((total, item) => add(total, toFloat(item)), toFloat(0)))
  },
  product: (runtime, a) => {
    const exact = integers(a)
    if (exact !== undefined) return exact.reduce<RegoNumber>((total, item) => timesInt(runtime, total, item), 1)
    // OPA begins with a float of 53 bits, and all that follows has as many.
    return fromFloat(
      numbers(a).reduce((total, item) => multiply(total, toFloat(item), 53), toFloat(1)),
      53,
    )
  },
  max: (_, a) =>
    items(a, 1).reduce<Value | undefined>((best, item) => (best === undefined || compare(item, best) >= 0 ? item : best), undefined),
  min: (_, a) =>
    items(a, 1).reduce<Value | undefined>((best, item) => (best === undefined || compare(item, best) <= 0 ? item : best), undefined),
  sort: (runtime, a) => {
    weighItems(runtime, items(a, 1).length)
    return [...items(a, 1)].sort(compare)
  },
  all: (_, a) => items(a, 1).every((item) => item === true),
  any: (_, a) => items(a, 1).some((item) => item === true),
  'internal.member_2': (_, member, a) => members(a).some(([, item]) => equal(item, member)),
  'internal.member_3': (_, key, member, a) => members(a).some(([at, item]) => equal(at, key) && equal(item, member)),
  'array.concat': (runtime, a, b) => {
    weighItems(runtime, array(a, 1).length + array(b, 2).length)
    return [...array(a, 1), ...array(b, 2)]
  },
  'array.reverse': (runtime, a) => {
    weighItems(runtime, array(a, 1).length)
    return [...array(a, 1)].reverse()
  },
  'array.flatten': (runtime, a) => {
    weighItems(
      runtime,
      array(a, 1).reduce((total: number, item) => total + (isArray(item) ? item.length : 1), 0),
    )
    return array(a, 1).flatMap((item) => (isArray(item) ? [...item] : [item]))
  },
  'array.slice': (_, a, b, c) => {
    const from = Math.max(0, int(b, 2))
    const to = Math.min(array(a, 1).length, int(c, 3))
    return to < from ? [] : array(a, 1).slice(from, to)
  },
  and: (_, a, b) => common(set(a, 1), set(b, 2)),
  or: (_, a, b) => RegoSet.of([...set(a, 1).members(), ...set(b, 2).members()]),
  set_diff: (_, a, b) => {
    const [kept, gone] = [set(a, 1), set(b, 2)]
    return RegoSet.of(kept.members().filter((member) => !gone.has(member)))
  },
  union: (runtime, a) => {
    const all = sets(runtime, a)
    weighItems(
      runtime,
      all.reduce((total, each) => total + each.size, 0),
    )
    return RegoSet.of(all.flatMap((each) => [...each.members()]))
  },
  intersection: (runtime, a) => {
    const [first, ...rest] = sets(runtime, a)
    return rest.reduce(common, first ?? new RegoSet())
  },
  'object.get': (_, a, path, otherwise) => {
    const from = object(a, 1)
    if (!isArray(path)) return from.has(path) ? from.get(path) : otherwise
    let at: Value | undefined = from
    for (const part of path) {
      if (at instanceof RegoObject || at instanceof RegoSet) at = at.get(part)
      else at = isArray(at) && typeof part === 'number' ? at[part] : undefined
      if (at === undefined) return otherwise
    }
    return at
  },
  'object.keys': (_, a) =>
    RegoSet.of(
      object(a, 1)
        .entries()
        .map(([key]) => key),
    ),
  'object.remove': (_, a, b) => {
    const gone = keys(b, 2)
    return RegoObject.of(
      object(a, 1)
        .entries()
        .filter(([key]) => !gone.has(key)),
    )
  },
  'object.filter': (_, a, b) => {
    const kept = keys(b, 2)
    return RegoObject.of(
      object(a, 1)
        .entries()
        .filter(([key]) => kept.has(key)),
    )
  },
  'object.union': (runtime, a, b) => mergeOver(runtime, object(a, 1), object(b, 2)),
  'object.union_n': (runtime, a) => {
    const merged = new RegoObject()
    for (const item of array(a, 1)) {
      if (!(item instanceof RegoObject)) throw unfit(1, ['array of objects'], `array containing ${typeName(item)}`)
      putOver(runtime, merged, item)
    }
    return merged
  },
  'object.subset': (runtime, a, b) => {
    if (isArray(a) && b instanceof RegoSet) {
      // OPA counts how often it meets a member, and ends with the array.
      let met = 0
      return a.some((item) => (b.has(item) ? ++met : met) === b.size)
    }
    mustBeAlike(a, b)
    return contains(runtime, a, b)
  },
}

/** Objects, sets or arrays both. */
function mustBeAlike(a: Value, b: Value): void {
  if (typeName(a) === typeName(b) && ['object', 'set', 'array'].includes(typeName(a))) return
  throw new BuiltinError('both arguments object.subset must be of the same type or array and set', 'eval_type_error')
}

/** In the notation of the smaller one. */
function common(a: RegoSet, b: RegoSet): RegoSet {
  const [few, many] = b.size < a.size ? [b, a] : [a, b]
  return RegoSet.of(few.members().filter((member) => many.has(member)))
}

/** Entries of whatever can be searched by `in`. */
function members(value: Value): readonly (readonly [Value, Value])[] {
  if (isArray(value)) return value.map((item, at) => [at, item])
  if (value instanceof RegoSet) return value.members().map((member) => [member, member])
  return value instanceof RegoObject ? value.entries() : []
}

/** Multiplication of numbers of so many digits takes time. */
function timesInt(runtime: Runtime, total: RegoNumber, item: bigint): RegoNumber {
  runtime.charge(1 + numberText(total).length)
  return fromBigInt(toBigInt(total)! * item)
}

/** All of them as integers, or none. */
function integers(value: Value): bigint[] | undefined {
  const found: bigint[] = []
  for (const item of items(value, 1)) {
    const exact = isNumber(item) ? toBigInt(item) : undefined
    if (exact === undefined) return undefined
    found.push(exact)
  }
  return found
}

function numbers(value: Value) {
  return items(value, 1).map((item) => {
    if (isNumber(item)) return number(item, 1)
    throw new BuiltinError(
      `operand 1 must be ${typeName(value)} of numbers but got ${typeName(value)} containing ${typeName(item)}`,
      'eval_type_error',
    )
  })
}

function sets(runtime: Runtime, value: Value): RegoSet[] {
  return set(value, 1)
    .members()
    .map((member) => {
      if (member instanceof RegoSet) {
        runtime.charge(member.size)
        return member
      }
      throw new BuiltinError(`operand 1 must be set of sets but got set containing ${typeName(member)}`, 'eval_type_error')
    })
}

function keys(value: Value, at: number): RegoSet {
  if (value instanceof RegoObject) return RegoSet.of(value.entries().map(([key]) => key))
  mustBe(value, at, 'object', 'array', 'set')
  return value instanceof RegoSet ? value : RegoSet.of(value as readonly Value[])
}

/** The second wins; objects in both are merged. */
function mergeOver(runtime: Runtime, a: Value, b: Value): Value {
  if (!(a instanceof RegoObject && b instanceof RegoObject)) return b
  runtime.charge(a.size)
  return putOver(runtime, a.copy(), b)
}

function putOver(runtime: Runtime, merged: RegoObject, over: RegoObject): RegoObject {
  runtime.charge(over.size)
  weighItems(runtime, over.size)
  for (const [key, value] of over.entries()) {
    const there = merged.get(key)
    merged.set(key, there === undefined ? value : mergeOver(runtime, there, value))
  }
  return merged
}

/** Whether all of `b` is in `a`: of objects at every depth, of sets by membership, of arrays as a run. */
function contains(runtime: Runtime, a: Value, b: Value): boolean {
  runtime.charge(1)
  if (a instanceof RegoObject && b instanceof RegoObject) {
    return b.every((value, key) => {
      const there = a.get(key)
      return there !== undefined && (typeName(there) === typeName(value) ? contains(runtime, there, value) : false)
    })
  }
  if (a instanceof RegoSet && b instanceof RegoSet) {
    runtime.charge(b.size)
    return b.members().every((member) => a.has(member))
  }
  if (isArray(a) && isArray(b)) {
    for (let at = 0; at + b.length <= a.length; at++) {
      let alike = 0
      while (alike < b.length && equal(a[at + alike]!, b[alike]!)) alike++
      runtime.charge(alike + 1)
      if (alike === b.length) return true
    }
    return false
  }
  return equal(a, b)
}
