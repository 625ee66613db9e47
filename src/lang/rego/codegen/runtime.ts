// What generated code calls. One Runtime lives for one evaluation: it counts, and remembers the rules that were computed.
import type { HttpPort } from '../builtins/http/port.ts'
import { BuiltinError, RegoError } from '../errors.ts'
import { isArray, RegoObject, RegoSet, type Value } from '../values/value.ts'

export interface Limits {
  /** Calls, iterations and insertions. */
  readonly steps: number
  /** Calls within calls. */
  readonly depth: number
  readonly milliseconds: number
  /** Bytes that are made, all together, about: texts by builtins, and collections. */
  readonly memory: number
}

/** A decision of an ordinary policy takes some thousand steps; deeper calls would end the stack of JS before. */
export const DEFAULT_LIMITS: Limits = { steps: 100_000_000, depth: 1_000, milliseconds: 10_000, memory: 512 * 2 ** 20 }

/** Those that are given, and the others by default. Written out, as every evaluation begins with it and a spread takes longer. */
export function limitsOf(given: Partial<Limits> | undefined): Limits {
  if (given === undefined) return DEFAULT_LIMITS
  const { steps, depth, milliseconds, memory } = DEFAULT_LIMITS
  return {
    steps: given.steps ?? steps,
    depth: given.depth ?? depth,
    milliseconds: given.milliseconds ?? milliseconds,
    memory: given.memory ?? memory,
  }
}

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
  /** What opa.runtime shows, secrets of its configuration aside: configuration, environment, version. */
  readonly runtime?: RegoObject
  /** Whom http.send may ask, and how; where this is not given, nobody. */
  readonly http?: HttpPort
}

/** Bytes that a collection has for each of its parts, about. */
const PART = 32

/** Steps between two looks at the clock. */
const SLICE = 4_096
/** Milliseconds by which nobody minds that an end is late. */
const WORTH_A_LOOK = 1

/** What rules are that follow from the data alone, by their slots, for the evaluations to come. */
export interface Known {
  readonly data: Value
  readonly values: unknown[]
  /** Bytes that may still be kept, about. */
  room: number
}

export class Runtime {
  /** Steps until the next look at the clock. */
  fuel = 0
  depth = 0
  /** What generated code has put into collections since the last look at the clock. */
  added = 0
  /** What generated code remembers of rules, by slot. A `with` puts an empty one in place. */
  memo: unknown[] = []
  /** For code that keeps: of earlier evaluations of the same data, as strict as this one. */
  known: Known | undefined
  /** The with-targets in force, and what stands for functions. */
  shadows: ReadonlySet<number> | undefined
  mocks: (Mock | undefined)[] | undefined
  /** Rules that are known to end in a conflict. */
  conflicting: Set<unknown> | undefined
  readonly results: Value[] = []
  readonly surroundings: Surroundings
  readonly strict: boolean
  /** Is told of the places that are reached, in code that tells. */
  visit: (mark: number) => void = () => {}
  /** What a builtin keeps for the length of the evaluation, as random numbers by name. */
  get kept(): Map<string, Value> {
    this.#kept ??= new Map()
    return this.#kept
  }
  #kept: Map<string, Value> | undefined
  #made: WeakSet<object> | undefined
  readonly #limits: Limits
  readonly #end: number
  #left: number
  #memory: number

  constructor(limits: Limits, surroundings: Surroundings, strict: boolean) {
    this.#limits = limits
    this.surroundings = surroundings
    this.strict = strict
    this.#memory = limits.memory
    this.#end = surroundings.clock() + limits.milliseconds
    this.fuel = Math.min(SLICE, limits.steps)
    this.#left = limits.steps - SLICE
  }

  /** Called when fuel is below zero. */
  refuel(): void {
    if (this.#left <= 0) throw new RegoError('REGO_LIMIT', 'eval_cancel_error', `more than ${this.#limits.steps} steps`)
    this.look()
    if (this.added > 0) {
      this.spend(this.added * PART)
      this.added = 0
    }
    this.fuel += Math.min(SLICE, this.#left)
    this.#left -= SLICE
  }

  /** Looks at the clock, and so many milliseconds ahead. For work whose size shows only when it is done: before each part of it. */
  look(ahead = 0): void {
    if (this.surroundings.clock() + ahead > this.#end) {
      throw new RegoError('REGO_LIMIT', 'eval_cancel_error', `more than ${this.#limits.milliseconds} ms`)
    }
    if (this.surroundings.cancelled?.()) throw new RegoError('REGO_LIMIT', 'eval_cancel_error', 'cancelled')
  }

  /** Takes steps for work in proportion to a size, before it is done. */
  charge(steps: number): void {
    this.fuel -= steps
    while (this.fuel < 0) this.refuel()
  }

  /** For work that nothing interrupts and that may take so many milliseconds: there must be that time for it. */
  foresee(milliseconds: number): void {
    if (milliseconds > WORTH_A_LOOK) this.look(milliseconds)
  }

  /** Marks a collection as made by this evaluation. */
  made<T extends object>(collection: T): T {
    this.#made ??= new WeakSet()
    this.#made.add(collection)
    return collection
  }

  hasMade(collection: object): boolean {
    return this.#made?.has(collection) ?? false
  }

  /** Begins a `with`; the answer is for leaveWorld. */
  enterWorld(shadows: readonly number[], mocks: readonly (readonly [number, Mock])[]): World {
    const before = { memo: this.memo, known: this.known, shadows: this.shadows, mocks: this.mocks, conflicting: this.conflicting }
    this.memo = []
    this.conflicting = undefined
    // Not even for what looks past the replaced: it may stand on what is remembered here.
    if (shadows.length > 0 || mocks.length > 0) this.known = undefined
    if (shadows.length > 0) this.shadows = new Set([...(this.shadows ?? []), ...shadows])
    if (mocks.length > 0) this.mocks = [...(this.mocks ?? [])]
    for (const [at, mock] of mocks) this.mocks![at] = mock
    return before
  }

  leaveWorld(world: World): void {
    Object.assign(this, world)
  }

  /** What is kept of a data document; nothing where a `with` has put something in its place, or in that of a rule or function. */
  keptFor(data: Value): Known | undefined {
    return data === this.known?.data ? this.known : undefined
  }

  /** Remembers what a rule is, and if there is room keeps it. @param before `bytes` when it began to be computed */
  keep(data: Value, slot: number, value: unknown, before: number): void {
    this.memo[slot] = value
    const known = this.keptFor(data)
    const size = this.bytes - before
    if (known === undefined || size > known.room) return
    known.room -= size
    known.values[slot] = value
  }

  /** Bytes that were made until now, about. */
  get bytes(): number {
    return this.#limits.memory - this.#memory + this.added * PART
  }

  /** Takes bytes for what a builtin is about to make, before it is made. */
  spend(bytes: number): void {
    this.#memory -= bytes
    if (this.#memory < 0) throw this.exceeded(`more than ${this.#limits.memory} bytes are made`)
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

/** What is known of rules, with-targets and mocks as they were before a `with`. */
export type World = Pick<Runtime, 'memo' | 'known' | 'shadows' | 'mocks' | 'conflicting'>

/** A replaced function: it is given input and data as every function. */
export type Mock = (runtime: Runtime, input: Value | undefined, data: Value, ...args: Value[]) => Value | undefined

export type Builtin = (runtime: Runtime, ...operands: Value[]) => Value | undefined

/** Collections of more parts cost steps to go through. */
export const FEW = 64

/** Builtins that look something up, or count what they do themselves. */
const AT_ONCE: ReadonlySet<string> = new Set(['array.slice', 'count', 'object.get', 'type_name', 'walk'])

/** The parts of a collection. */
export function partsOf(value: Value | undefined): number {
  if (typeof value !== 'object' || value === null) return 0
  if (isArray(value)) return value.length
  return value instanceof RegoObject || value instanceof RegoSet ? value.size : 0
}

/** Texts longer than this cost steps to read, and bytes to make. */
export const LONG = 1_024

/** A builtin as generated code calls it: an operand that it does not take makes the call undefined, or ends a strict evaluation. */
export function guarded(name: string, builtin: Builtin): Builtin {
  const looksUp = AT_ONCE.has(name) || name.startsWith('is_')
  // As many parameters as any builtin has: a rest parameter would be an array for each call.
  return (runtime, a, b, c, d) => {
    if (--runtime.fuel < 0) runtime.refuel()
    if (typeof a === 'string' && a.length > LONG) runtime.charge(a.length >> 6)
    if (typeof b === 'string' && b.length > LONG) runtime.charge(b.length >> 6)
    if (!looksUp) {
      const parts = partsOf(a) + partsOf(b)
      if (parts > FEW) runtime.charge(parts)
    }
    try {
      const value = builtin(runtime, a!, b!, c!, d!)
      if (typeof value === 'string' && value.length > LONG) runtime.spend(2 * value.length)
      return value
    } catch (error) {
      if (!(error instanceof BuiltinError)) throw error
      if (!runtime.strict) return undefined
      throw new RegoError('REGO_EVAL', error.opaCode, `${name}: ${error.message}`)
    }
  }
}
