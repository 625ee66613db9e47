// What generated code calls for a statement of the IR.
import { RegoError } from '../errors.ts'
import { numberText, toInt } from '../values/decimal.ts'
import { keyOf } from '../values/key.ts'
import { copying } from '../values/meter.ts'
import { equal } from '../values/order.ts'
import { runeCount } from '../values/runes.ts'
import { isArray, isNumber, RegoObject, RegoSet, type Value } from '../values/value.ts'
import { keepCall, knownCall, memoOf } from './memory.ts'
import { type Builtin, FEW, LONG, type Mock, partsOf, type Runtime } from './runtime.ts'
import { select, selector } from './select.ts'

export function dot(source: Value | undefined, key: Value): Value | undefined {
  if (source instanceof RegoObject || source instanceof RegoSet) return source.get(key)
  if (!isArray(source) || !isNumber(key)) return undefined
  if (typeof key === 'number') return source[key]
  const at = toInt(key)
  return at === undefined ? undefined : source[at]
}

/** OPA's store is a tree of named places, so a number is also the name that it spells. */
export function dotData(source: Value | undefined, key: Value): Value | undefined {
  const found = dot(source, key)
  return found === undefined && source instanceof RegoObject && isNumber(key) ? source.get(numberText(key)) : found
}

/** What a name that does not begin with NUL leads to; the usual case of dot. */
export function field(source: Value | undefined, name: string): Value | undefined {
  if (source instanceof RegoObject) return source.named(name)
  return source instanceof RegoSet ? source.get(name) : undefined
}

/** What is iterated, in OPA's order: entries of an object, members of a set, items of an array; undefined for anything else. */
export function items(source: Value): readonly (readonly [Value, Value])[] | readonly Value[] | undefined {
  if (isArray(source)) return source
  if (source instanceof RegoObject) return source.entries()
  return source instanceof RegoSet ? source.members() : undefined
}

/** Whether a collection has a value in it. */
export function member(runtime: Runtime, value: Value, source: Value): boolean {
  if (source instanceof RegoSet) return source.has(value)
  if (partsOf(source) > FEW) runtime.charge(partsOf(source) >> 2)
  if (isArray(source)) return source.some((item) => equal(item, value))
  return source instanceof RegoObject && !source.every((item) => !equal(item, value))
}

/** Equality where the other side is a number of JS: only a number with more digits than its value needs is an object. */
export const equalsNumber = (value: Value, number: number) => value === number || (typeof value === 'object' && equal(value, number))

export function length(source: Value): number | undefined {
  if (typeof source === 'string') return runeCount(source)
  if (source instanceof RegoObject || source instanceof RegoSet) return source.size
  return isArray(source) ? source.length : undefined
}

/** As length, but of texts that take no long to go through. */
export const count = (source: Value) => (typeof source === 'string' && source.length > LONG ? undefined : length(source))

export function insertOnce(object: RegoObject, key: Value, value: Value): void {
  const there = object.get(key)
  if (there !== undefined && !equal(there, value)) conflict('object keys must be unique')
  object.set(key, value)
}

/** All keys of both; where both have one, objects are merged and else the first wins. */
export function merge(runtime: Runtime, a: Value, b: Value): Value {
  if (!(a instanceof RegoObject && b instanceof RegoObject)) return a
  copying(a.size + b.size)
  const merged = b.copy()
  for (const [key, value] of a.entries()) {
    const other = b.get(key)
    merged.set(key, other === undefined ? value : merge(runtime, value, other))
  }
  return merged
}

/** The document with `value` at `path`; what stands in the way is replaced. */
export function upsert(runtime: Runtime, document: Value | undefined, path: readonly string[], value: Value, at = 0): Value {
  if (at === path.length) return value
  if (document instanceof RegoObject) runtime.charge(document.size)
  const copy = document instanceof RegoObject ? document.copy() : new RegoObject()
  copy.set(path[at]!, upsert(runtime, copy.get(path[at]!), path, value, at + 1))
  return copy
}

/** What the data document has at a path. */
export function stored(data: Value, path: readonly string[]): Value | undefined {
  return path.reduce<Value | undefined>((value, name) => (value === undefined ? undefined : dotData(value, name)), data)
}

export const always =
  (value: Value): Mock =>
  () =>
    value

/** A function in place of another one; within it no function is replaced. */
export function unmocked(func: Mock): Mock {
  return (runtime, input, data, ...args) => {
    const { mocks } = runtime
    runtime.mocks = undefined
    const value = func(runtime, input, data, ...args)
    runtime.mocks = mocks
    return value
  }
}

export function unmockedBuiltin(builtin: Builtin): Mock {
  return (runtime, _input, _data, ...args) => builtin(runtime, ...args)
}

/** The whole document, or where that ends in a conflict the part that some keys select: the conflict may be elsewhere. */
export function attempt(
  runtime: Runtime,
  whole: Mock,
  part: Mock,
  input: Value | undefined,
  data: Value,
  ...keys: readonly Value[]
): Value | undefined {
  if (runtime.conflicting?.has(whole)) return part(runtime, input, data, ...keys)
  const { depth, memo, known, shadows, mocks, conflicting } = runtime
  try {
    return whole(runtime, input, data)
  } catch (error) {
    if (!(error instanceof RegoError && error.opaCode === 'eval_conflict_error')) throw error
    Object.assign(runtime, { depth, memo, known, shadows, mocks, conflicting: (conflicting ?? new Set()).add(whole) })
    return part(runtime, input, data, ...keys)
  }
}

/** Objects that a rule has made on its way to deeper places, and sets it adds to; other values may not be changed. */
const made = new WeakSet<RegoObject | RegoSet>()
/** The arrays that are appended to, by the object that they are in. */
const growing = new WeakMap<RegoObject, Map<unknown, Value[]>>()

/** Puts a value at a path of an object of a rule's own making. */
export function insertAt(object: RegoObject, path: readonly Value[], value: Value, at: string): void {
  const parent = descend(object, path, at)
  const key = path.at(-1)!
  const there = parent.get(key)
  if (there === undefined) parent.set(key, value)
  else if (!equal(there, value)) conflict('object keys must be unique', at)
}

/** Adds a value to the set at a path of an object of a rule's own making. */
export function addAt(object: RegoObject, path: readonly Value[], value: Value, at: string): void {
  const parent = descend(object, path, at)
  const there = parent.get(path.at(-1)!)
  if (there instanceof RegoSet && made.has(there)) {
    there.add(value)
    return
  }
  if (there !== undefined) conflict('object keys must be unique', at)
  const set = RegoSet.of([value])
  made.add(set)
  parent.set(path.at(-1)!, set)
}

/** Appends a value to the array at a path of an object of a rule's own making. */
export function appendAt(object: RegoObject, path: readonly Value[], value: Value, at: string): void {
  const parent = descend(object, path, at)
  const key = path.at(-1)!
  const there = growing.get(parent)?.get(keyOf(key))
  if (there !== undefined) {
    there.push(value)
    return
  }
  const items = [value]
  const arrays = growing.get(parent) ?? new Map<unknown, Value[]>()
  growing.set(parent, arrays.set(keyOf(key), items))
  parent.set(key, items)
}

function descend(object: RegoObject, path: readonly Value[], at: string): RegoObject {
  let parent = object
  for (const key of path.slice(0, -1)) {
    let next = parent.get(key)
    if (next === undefined) {
      next = new RegoObject()
      made.add(next)
      parent.set(key, next)
    }
    if (!(next instanceof RegoObject && made.has(next))) conflict('object keys must be unique', at)
    parent = next
  }
  return parent
}

export function conflict(message: string, at?: string): never {
  throw new RegoError('REGO_EVAL', 'eval_conflict_error', message, at === undefined ? {} : { at })
}

/** In the place of a value that is undefined, where undefined is what nobody has computed. */
const NONE = Symbol('undefined')

/** Everything that generated code may name; it adds what belongs to one policy. */
export const SUPPORT = {
  NONE,
  RegoObject,
  RegoSet,
  addAt,
  always,
  appendAt,
  attempt,
  conflict,
  count,
  dot,
  dotData,
  equal,
  equalsNumber,
  field,
  insertAt,
  insertOnce,
  isArray,
  isNumber,
  items,
  keepCall,
  keyOf,
  knownCall,
  length,
  member,
  memoOf,
  merge,
  select,
  selector,
  stored,
  unmocked,
  unmockedBuiltin,
  upsert,
}
