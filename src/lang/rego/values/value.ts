// Rego's values in JS. Undefined is JS undefined and no value. Nothing here is a plain object, so no key can reach a prototype.
import { BigNumber, numberKey, type RegoNumber } from './decimal.ts'
import { compare } from './order.ts'

export type Value = null | boolean | RegoNumber | string | RegoArray | RegoObject | RegoSet
export type RegoArray = readonly Value[]
type Key = string | number | boolean | null

/** Keys of any kind. Iterates in OPA's order. */
export class RegoObject {
  readonly #entries = new Map<Key, [Value, Value]>()
  #sorted: (readonly [Value, Value])[] | undefined
  #key: string | undefined

  static of(entries: Iterable<readonly [Value, Value]>): RegoObject {
    const object = new RegoObject()
    for (const [key, value] of entries) object.set(key, value)
    return object
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(keyOf(key))?.[1]
  }

  /** As get, of a string that does not begin with NUL. */
  named(name: string): Value | undefined {
    return this.#entries.get(name)?.[1]
  }

  has(key: Value): boolean {
    return this.#entries.has(keyOf(key))
  }

  /** Only for one who has just made the object. */
  set(key: Value, value: Value): void {
    this.#entries.set(keyOf(key), [key, value])
    this.#sorted = undefined
    this.#key = undefined
  }

  /** Sorted by key. */
  entries(): readonly (readonly [Value, Value])[] {
    this.#sorted ??= [...this.#entries.values()].sort((a, b) => compare(a[0], b[0]))
    return this.#sorted
  }

  /** For keyOf: an object is asked for it as often as a rule adds it to a set. */
  get key(): string {
    this.#key ??= `\0${encode(this)}`
    return this.#key
  }
}

/** Iterates in OPA's order. */
export class RegoSet {
  readonly #members = new Map<Key, Value>()
  #sorted: Value[] | undefined

  static of(members: Iterable<Value>): RegoSet {
    const set = new RegoSet()
    for (const member of members) set.add(member)
    return set
  }

  get size(): number {
    return this.#members.size
  }

  has(member: Value): boolean {
    return this.#members.has(keyOf(member))
  }

  /** The member as it was added, which may be written differently (1 and 1.0). */
  get(member: Value): Value | undefined {
    return this.#members.get(keyOf(member))
  }

  /** Only for one who has just made the set. */
  add(member: Value): void {
    const key = keyOf(member)
    if (this.#members.has(key)) return
    this.#members.set(key, member)
    this.#sorted = undefined
  }

  members(): readonly Value[] {
    this.#sorted ??= [...this.#members.values()].sort(compare)
    return this.#sorted
  }
}

export type TypeName = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object' | 'set'

export function typeName(value: Value): TypeName {
  if (value === null) return 'null'
  if (typeof value === 'object') {
    if (value instanceof RegoObject) return 'object'
    if (value instanceof RegoSet) return 'set'
    return value instanceof BigNumber ? 'number' : 'array'
  }
  return typeof value as 'boolean' | 'number' | 'string'
}

export const isNumber = (value: unknown): value is RegoNumber => typeof value === 'number' || value instanceof BigNumber
export const isArray = (value: unknown): value is RegoArray => Array.isArray(value)

/**
 * The same JS primitive for equal values and none other. Strings are their own key, so that the usual look-up allocates nothing;
 * what is not a string, or begins like an encoded one, is encoded after a NUL.
 */
export function keyOf(value: Value): Key {
  if (typeof value === 'string') return value.charCodeAt(0) === 0 ? `\0s${value}` : value
  if (value === null || typeof value !== 'object') return value
  if (value instanceof BigNumber) return numberKey(value)
  return value instanceof RegoObject ? value.key : `\0${encode(value)}`
}

/** Length before content, so that no content can look like structure. */
function encode(value: Value): string {
  if (isArray(value)) return `a${value.length}[${value.map(encode).join('')}`
  if (value instanceof RegoSet) return `t${value.size}{${value.members().map(encode).join('')}`
  if (value instanceof RegoObject)
    return `o${value.size}{${value
      .entries()
      .map(([k, v]) => encode(k) + encode(v))
      .join('')}`
  if (typeof value === 'string') return `s${value.length}:${value}`
  if (isNumber(value)) return `n${numberKey(value)};`
  return value === null ? 'z' : value ? 'y' : 'f'
}
