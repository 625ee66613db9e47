// Values of CEL while an expression runs: null, bool and string are JavaScript's own, int is bigint, double is number, bytes is Uint8Array.
// Objects of JSON are looked at through `HostList` and `HostMap`, so that nothing of them is copied that no expression reads.

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Uint
  | List
  | CelMap
  | Instant
  | Span
  | Optional
  | TypeValue
  | Opaque

export class Uint {
  readonly value: bigint
  constructor(value: bigint) {
    this.value = value
  }
}

/** A moment, in nanoseconds since 1970, and how many minutes east of UTC it is shown. */
export class Instant {
  readonly nanos: bigint
  readonly offset: number
  constructor(nanos: bigint, offset = 0) {
    this.nanos = nanos
    this.offset = offset
  }
}

/** A length of time in nanoseconds. */
export class Span {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

export class Optional {
  static readonly NONE = new Optional(undefined)
  readonly value: Value | undefined
  constructor(value: Value | undefined) {
    this.value = value
  }
}

export class TypeValue {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** A value of a library of Kubernetes: an address, a quantity. */
export abstract class Opaque {
  abstract readonly type: string
  abstract equals(other: Value): boolean
  /** What the cost of comparing and containing counts. */
  get size(): number {
    return 1
  }
}

/** The class of one that is no more than what it holds. */
export function opaque<T>(type: string, same: (a: T, b: T) => boolean) {
  return class Holder extends Opaque {
    readonly type = type
    readonly held: T
    constructor(held: T) {
      super()
      this.held = held
    }
    override equals(other: Value): boolean {
      return other instanceof Holder && same(this.held, other.held)
    }
  }
}

export abstract class List {
  abstract readonly size: number
  abstract at(index: number): Value
  *[Symbol.iterator](): Generator<Value> {
    for (let at = 0; at < this.size; at++) yield this.at(at)
  }
}

export class HostList extends List {
  readonly #items: readonly unknown[]
  constructor(items: readonly unknown[]) {
    super()
    this.#items = items
  }
  get size() {
    return this.#items.length
  }
  at(index: number): Value {
    return fromHost(this.#items[index])
  }
}

export class ItemList extends List {
  readonly #items: readonly Value[]
  constructor(items: readonly Value[]) {
    super()
    this.#items = items
  }
  get size() {
    return this.#items.length
  }
  at(index: number): Value {
    return this.#items[index]!
  }
}

/** Two lists one after the other; adding costs 1 whatever their size, so nothing is copied. As deep as the expression that adds. */
export class JoinedList extends List {
  readonly size: number
  readonly #left: List
  readonly #right: List
  constructor(left: List, right: List) {
    super()
    this.#left = left
    this.#right = right
    this.size = left.size + right.size
  }
  at(index: number): Value {
    return index < this.#left.size ? this.#left.at(index) : this.#right.at(index - this.#left.size)
  }
}

export abstract class CelMap {
  abstract readonly size: number
  abstract get(key: Value): Value | undefined
  abstract keys(): Iterable<Value>
}

export class HostMap extends CelMap {
  readonly #fields: Readonly<Record<string, unknown>>
  #names: readonly string[] | undefined
  constructor(fields: Readonly<Record<string, unknown>>) {
    super()
    this.#fields = fields
  }
  get size() {
    return this.keys().length
  }
  get(key: Value): Value | undefined {
    return typeof key === 'string' && Object.hasOwn(this.#fields, key) ? fromHost(this.#fields[key]) : undefined
  }
  keys(): readonly string[] {
    this.#names ??= Object.keys(this.#fields)
    return this.#names
  }
}

export class EntryMap extends CelMap {
  readonly #entries = new Map<Index, readonly [Value, Value]>()
  get size() {
    return this.#entries.size
  }
  has(key: Value): boolean {
    return this.get(key) !== undefined
  }
  /** False for what can be no key. */
  set(key: Value, value: Value): boolean {
    const index = indexOf(key)
    if (index === undefined) return false
    this.#entries.set(index, [key, value])
    return true
  }
  get(key: Value): Value | undefined {
    const index = indexOf(key)
    return index === undefined ? undefined : this.#entries.get(index)?.[1]
  }
  *keys() {
    for (const [key] of this.#entries.values()) yield key
  }
}

type Index = string | boolean | bigint | number | null

/** Keys that are equal as numbers are one key; what can be none is undefined. */
function indexOf(key: Value): Index | undefined {
  if (key === null || typeof key === 'string' || typeof key === 'boolean' || typeof key === 'bigint') return key
  if (key instanceof Uint) return key.value
  if (typeof key !== 'number') return undefined
  return Number.isInteger(key) ? BigInt(key) : key
}

export const isKey = (value: Value) => ['string', 'boolean', 'bigint'].includes(typeof value) || value instanceof Uint

const INT_END = 2 ** 63

/** A value of JSON: a whole number is an int where 64 bits hold it, as in Kubernetes' unstructured objects. */
export function fromHost(value: unknown): Value {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return value
    case 'number':
      return Number.isInteger(value) && value >= -INT_END && value < INT_END ? BigInt(value) : value
    case 'object':
      if (value === null) return null
      if (Object.getPrototypeOf(value) === Object.prototype) return new HostMap(value as Readonly<Record<string, unknown>>)
      if (value instanceof CelMap) return value
      if (Array.isArray(value)) return new HostList(value)
      return isValueObject(value) ? value : new HostMap(value as Readonly<Record<string, unknown>>)
    default:
      return null
  }
}

const CLASSES = [List, Uint8Array, Uint, Instant, Span, Optional, TypeValue, Opaque] as const
const isValueObject = (value: object): value is Exclude<Value, null | boolean | bigint | number | string> =>
  CLASSES.some((one) => value instanceof one)

export function typeName(value: Value): string {
  if (value === null) return 'null_type'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return 'double'
    case 'string':
      return 'string'
  }
  if (value instanceof List) return 'list'
  if (value instanceof CelMap) return 'map'
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Uint) return 'uint'
  if (value instanceof Instant) return 'google.protobuf.Timestamp'
  if (value instanceof Span) return 'google.protobuf.Duration'
  if (value instanceof Optional) return 'optional_type'
  return value instanceof TypeValue ? 'type' : value.type
}
