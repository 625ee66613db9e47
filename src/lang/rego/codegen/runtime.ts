// What generated code calls. One Runtime lives for one evaluation: it counts, and remembers the rules that were computed.
import { BuiltinError, RegoError } from '../errors.ts'
import { numberText, toInt } from '../values/decimal.ts'
import { equal } from '../values/order.ts'
import { isArray, isNumber, RegoObject, RegoSet, type Value } from '../values/value.ts'

export interface Limits {
  /** Calls, iterations and insertions. */
  readonly steps: number
  /** Calls within calls. */
  readonly depth: number
  readonly milliseconds: number
  /** Bytes that builtins make, all together. */
  readonly memory: number
}

/** A decision of an ordinary policy takes some thousand steps; deeper calls would end the stack of JS before. */
export const DEFAULT_LIMITS: Limits = { steps: 100_000_000, depth: 1_000, milliseconds: 10_000, memory: 512 * 2 ** 20 }

/** What the outside gives to an evaluation: the clock, and where to look for cancellation. */
export interface Surroundings {
  /** The time for policies, in nanoseconds since 1970; the same for the whole evaluation. */
  readonly now: bigint
  /** Milliseconds that only grow. */
  readonly clock: () => number
  readonly random: () => number
  readonly cancelled?: () => boolean
  /** Takes what a policy prints. */
  readonly print?: (message: string) => void
  /** The addresses of a host by its name; undefined for a name that nobody has. Where this is not given, names are not looked up. */
  readonly addresses?: (name: string) => readonly string[] | undefined
}

/** Steps between two looks at the clock. */
const SLICE = 4_096

export class Runtime {
  /** Steps until the next look at the clock. */
  fuel = 0
  depth = 0
  /** Values of rules by the number of their function; null where undefined. A `with` puts an empty one in place. */
  memo: ([Value | undefined] | undefined)[] = []
  /** The with-targets in force, and what stands for functions. */
  shadows: ReadonlySet<number> | undefined
  mocks: (Mock | undefined)[] | undefined
  readonly results: Value[] = []
  readonly surroundings: Surroundings
  readonly strict: boolean
  /** What a builtin keeps for the length of the evaluation, as random numbers by name. */
  readonly kept = new Map<string, Value>()
  readonly #limits: Limits
  readonly #end: number
  #left: number
  #memory: number

  constructor(limits: Limits, surroundings: Surroundings, strict: boolean) {
    this.#limits = limits
    this.surroundings = surroundings
    this.strict = strict
    this.#left = limits.steps
    this.#memory = limits.memory
    this.#end = surroundings.clock() + limits.milliseconds
    this.refuel()
  }

  /** Called when fuel is below zero. */
  refuel(): void {
    if (this.#left <= 0) throw new RegoError('REGO_LIMIT', 'eval_cancel_error', `more than ${this.#limits.steps} steps`)
    if (this.surroundings.clock() > this.#end) {
      throw new RegoError('REGO_LIMIT', 'eval_cancel_error', `more than ${this.#limits.milliseconds} ms`)
    }
    if (this.surroundings.cancelled?.()) throw new RegoError('REGO_LIMIT', 'eval_cancel_error', 'cancelled')
    this.fuel += Math.min(SLICE, this.#left)
    this.#left -= SLICE
  }

  /** Takes steps for work in proportion to a size, before it is done. */
  charge(steps: number): void {
    this.fuel -= steps
    while (this.fuel < 0) this.refuel()
  }

  /** Begins a `with`; the answer is for leaveWorld. */
  enterWorld(shadows: readonly number[], mocks: readonly (readonly [number, Mock])[]): World {
    const { memo } = this
    const before = { memo, shadows: this.shadows, mocks: this.mocks }
    this.memo = []
    if (shadows.length > 0) this.shadows = new Set([...(this.shadows ?? []), ...shadows])
    if (mocks.length > 0) this.mocks = [...(this.mocks ?? [])]
    for (const [at, mock] of mocks) this.mocks![at] = mock
    return before
  }

  leaveWorld(world: World): void {
    Object.assign(this, world)
  }

  /** Takes bytes for what a builtin is about to make, before it is made. */
  spend(bytes: number): void {
    this.#memory -= bytes
    if (this.#memory < 0) throw this.exceeded(`builtins make more than ${this.#limits.memory} bytes`)
  }

  /** For a builtin that wants of the host what it was not given. */
  denied(name: string, what: string): RegoError {
    return new RegoError('REGO_BUILTIN', 'eval_builtin_error', `${name} ${what}, which is not allowed here`)
  }

  /** For work that would take more than an evaluation has. */
  exceeded(what: string): RegoError {
    return new RegoError('REGO_LIMIT', 'eval_cancel_error', what)
  }

  enter(): void {
    if (++this.depth > this.#limits.depth)
      throw new RegoError('REGO_LIMIT', 'eval_cancel_error', `calls nest deeper than ${this.#limits.depth}`)
    if (--this.fuel < 0) this.refuel()
  }
}

/** Rules, with-targets and mocks as they were before a `with`. */
type World = Pick<Runtime, 'memo' | 'shadows' | 'mocks'>

/** A replaced function: it is given input and data as every function. */
export type Mock = (runtime: Runtime, input: Value | undefined, data: Value, ...args: Value[]) => Value | undefined

export type Builtin = (runtime: Runtime, ...operands: Value[]) => Value | undefined

/** A builtin as generated code calls it: an operand that it does not take makes the call undefined, or ends a strict evaluation. */
export function guarded(name: string, builtin: Builtin): Builtin {
  return (runtime, ...operands) => {
    if (--runtime.fuel < 0) runtime.refuel()
    try {
      return builtin(runtime, ...operands)
    } catch (error) {
      if (!(error instanceof BuiltinError)) throw error
      if (!runtime.strict) return undefined
      throw new RegoError('REGO_EVAL', error.opaCode, `${name}: ${error.message}`)
    }
  }
}

export function dot(source: Value, key: Value): Value | undefined {
  if (source instanceof RegoObject || source instanceof RegoSet) return source.get(key)
  if (!isArray(source) || !isNumber(key)) return undefined
  const at = toInt(key)
  return at === undefined ? undefined : source[at]
}

/** OPA's store is a tree of named places, so a number is also the name that it spells. */
export function dotData(source: Value, key: Value): Value | undefined {
  const found = dot(source, key)
  return found === undefined && source instanceof RegoObject && isNumber(key) ? source.get(numberText(key)) : found
}

/** Pairs of key and value, in OPA's order; undefined for what cannot be iterated. */
export function pairs(source: Value): readonly (readonly [Value, Value])[] | undefined {
  if (source instanceof RegoObject) return source.entries()
  if (source instanceof RegoSet) return source.members().map((member) => [member, member])
  return isArray(source) ? source.map((item, at) => [at, item]) : undefined
}

export function length(source: Value): number | undefined {
  if (typeof source === 'string') return [...source].length
  if (source instanceof RegoObject || source instanceof RegoSet) return source.size
  return isArray(source) ? source.length : undefined
}

export function insertOnce(object: RegoObject, key: Value, value: Value): void {
  const there = object.get(key)
  if (there !== undefined && !equal(there, value)) conflict('object keys must be unique')
  object.set(key, value)
}

/** All keys of both; where both have one, objects are merged and else the first wins. */
export function merge(a: Value, b: Value): Value {
  if (!(a instanceof RegoObject && b instanceof RegoObject)) return a
  const merged = RegoObject.of(b.entries())
  for (const [key, value] of a.entries()) {
    const other = b.get(key)
    merged.set(key, other === undefined ? value : merge(value, other))
  }
  return merged
}

/** The document with `value` at `path`; what stands in the way is replaced. */
export function upsert(document: Value | undefined, path: readonly string[], value: Value, at = 0): Value {
  if (at === path.length) return value
  const copy = RegoObject.of(document instanceof RegoObject ? document.entries() : [])
  copy.set(path[at]!, upsert(copy.get(path[at]!), path, value, at + 1))
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

/** Objects that a rule has made on its way to deeper places, and sets it adds to; other values may not be changed. */
const made = new WeakSet<RegoObject | RegoSet>()

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
