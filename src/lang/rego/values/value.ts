// Rego's values in JS. Undefined is JS undefined and no value. Nothing here is a plain object, so no key can reach a prototype.
import { BigNumber, type RegoNumber } from './decimal.ts'
import { encoded, type Key, keyOf } from './key.ts'
import { holding } from './meter.ts'
import { compare, compareStrings, equal } from './order.ts'

export type Value = null | boolean | RegoNumber | string | RegoArray | RegoObject | RegoSet
export type RegoArray = readonly Value[]
export type Collection = RegoArray | RegoObject | RegoSet

/** Objects with more keys, and sets with more members, have a Map. */
export const SMALL = 8

/** What few objects are asked for, and what few keys need. */
interface Extra {
  sorted?: (readonly [Value, Value])[] | undefined
  key?: string | undefined
  /** Keys as they were written, where a Map has something else for them. */
  written?: Map<Key, Value>
}

/** Where an object comes from that is not read yet. */
export interface Unread {
  /** What it has by a plain name, whose parts remember what they are asked for. */
  named(name: string): Value | undefined
  /** All of it, as an object that is nobody else's. */
  read(): RegoObject
}

/**
 * Keys of any kind. Iterates in OPA's order. Documents are full of small objects with the same names: these share the array of names, so
 * that each has only its values.
 */
export class RegoObject {
  /** The first are this object's, as many as it has values. What follows, others have added that begin with the same names. */
  #names: string[]
  #values: Value[]
  /** Instead of the two, where there are more than SMALL keys, or keys that are not plain names. */
  #map: Map<Key, Value> | undefined
  #extra: Extra | undefined
  /** Until all of it is asked for. */
  #unread: Unread | undefined

  /** Only for one who has many of the same names: plain ones, SMALL at most and each once, in an array that may grow here. */
  constructor(names: string[] = [], values: Value[] = []) {
    this.#names = names
    this.#values = values
    this.#map = undefined
    this.#extra = undefined
    this.#unread = undefined
  }

  /** One of which is read what somebody asks for: most of a large document never is. */
  static later(unread: Unread): RegoObject {
    const object = new RegoObject(NO_NAMES, NO_VALUES)
    object.#unread = unread
    return object
  }

  static of(entries: Iterable<readonly [Value, Value]>): RegoObject {
    const object = new RegoObject()
    for (const [key, value] of entries) object.set(key, value)
    return object
  }

  /** Of plain names, each once. Both arrays are the object's from then on. */
  static ofNames(names: string[], values: Value[]): RegoObject {
    const object = new RegoObject(names, values)
    if (names.length > SMALL) object.#grow()
    return object
  }

  get size(): number {
    this.#open()
    return this.#map === undefined ? this.#values.length : this.#map.size
  }

  get(key: Value): Value | undefined {
    if (isPlain(key)) return this.named(key)
    this.#open()
    return this.#map?.get(keyOf(key))
  }

  /** As get, of a plain name. */
  named(name: string): Value | undefined {
    if (this.#map !== undefined) return this.#map.get(name)
    const names = this.#names
    const values = this.#values
    for (let at = 0; at < values.length; at++) if (names[at] === name) return values[at]
    return this.#unread?.named(name)
  }

  has(key: Value): boolean {
    return this.get(key) !== undefined
  }

  /** Only for one who has just made the object. */
  set(key: Value, value: Value): void {
    this.#open()
    if (this.#extra !== undefined) {
      this.#extra.sorted = undefined
      this.#extra.key = undefined
    }
    if (this.#map !== undefined || !isPlain(key) || !this.#put(key, value)) this.#insert(this.#map ?? this.#grow(), key, value)
  }

  /** Another one with the same entries, to be changed. */
  copy(): RegoObject {
    this.#open()
    const copy = new RegoObject(this.#names, this.#values.slice())
    if (this.#map !== undefined) copy.#map = new Map(this.#map)
    if (this.#extra?.written !== undefined) copy.#extra = { written: new Map(this.#extra.written) }
    return copy
  }

  /** Sorted by key. */
  entries(): readonly (readonly [Value, Value])[] {
    this.#open()
    const known = this.#extra?.sorted
    if (known !== undefined) return known
    const sorted = this.#pairs()
    if (sorted.length > 1) sorted.sort(byKey)
    this.#more().sorted = sorted
    return sorted
  }

  /** Whether all values pass a test, in no order. */
  every(test: (value: Value, key: Value) => boolean): boolean {
    this.#open()
    if (this.#map === undefined) return this.#values.every((value, at) => test(value, this.#names[at]!))
    for (const [key, value] of this.#map) if (!test(value, this.#written(key))) return false
    return true
  }

  /** For keyOf: an object is asked for it as often as a rule adds it to a set. */
  get key(): string {
    this.#open()
    const extra = this.#more()
    extra.key ??= encoded(this)
    return extra.key
  }

  /** Reads all of it. */
  #open(): void {
    if (this.#unread === undefined) return
    const read = this.#unread.read()
    this.#unread = undefined
    this.#names = read.#names
    this.#values = read.#values
    this.#map = read.#map
    this.#extra = read.#extra
  }

  #more(): Extra {
    this.#extra ??= {}
    return this.#extra
  }

  #pairs(): (readonly [Value, Value])[] {
    if (this.#map === undefined) return this.#values.map((value, at) => [this.#names[at]!, value])
    return Array.from(this.#map, ([key, value]) => [this.#written(key), value])
  }

  #written(key: Key): Value {
    return this.#extra?.written?.get(key) ?? key
  }

  /** Sets a name of a small object; false where it would be one too many. */
  #put(name: string, value: Value): boolean {
    const values = this.#values
    const { length } = values
    for (let at = 0; at < length; at++) {
      if (this.#names[at] !== name) continue
      values[at] = value
      return true
    }
    if (length === SMALL) return false
    if (this.#names[length] !== name) {
      if (this.#names.length > length) this.#names = this.#names.slice(0, length)
      this.#names.push(name)
    }
    values.push(value)
    return true
  }

  #insert(map: Map<Key, Value>, key: Value, value: Value): void {
    const at = keyOf(key)
    holding(at)
    map.set(at, value)
    // A Map has one zero, numbers have two.
    if (at === key && at !== 0) this.#extra?.written?.delete(at)
    else {
      const extra = this.#more()
      extra.written ??= new Map()
      extra.written.set(at, key)
    }
  }

  #grow(): Map<Key, Value> {
    const map = new Map<Key, Value>()
    this.#values.forEach((value, at) => {
      map.set(this.#names[at]!, value)
    })
    this.#map = map
    this.#names = NO_NAMES
    this.#values = NO_VALUES
    return map
  }
}

const NO_NAMES: string[] = []
const NO_VALUES: Value[] = []

/** A string that is its own Key. */
export const isPlain = (key: Value): key is string => typeof key === 'string' && key.charCodeAt(0) !== 0

const byKey = ([a]: readonly [Value, Value], [b]: readonly [Value, Value]) =>
  typeof a === 'string' && typeof b === 'string' ? compareStrings(a, b) : compare(a, b)

/** Iterates in OPA's order. Most sets that rules make have few members, which are told apart sooner than keys are made of them. */
export class RegoSet {
  /** In the order of their coming; empty where there are keys. */
  #few: Value[] = NO_VALUES
  #keyed: Map<Key, Value> | undefined
  #sorted: readonly Value[] | undefined

  static of(members: Iterable<Value>): RegoSet {
    const set = new RegoSet()
    for (const member of members) set.add(member)
    return set
  }

  get size(): number {
    return this.#keyed?.size ?? this.#few.length
  }

  has(member: Value): boolean {
    return this.get(member) !== undefined
  }

  /** The member as it was added, which may be written differently (1 and 1.0). */
  get(member: Value): Value | undefined {
    if (this.#keyed !== undefined) return this.#keyed.get(keyOf(member))
    for (const each of this.#few) if (equal(each, member)) return each
    return undefined
  }

  /** Only for one who has just made the set. */
  add(member: Value): void {
    this.#sorted = undefined
    if (this.#keyed === undefined && this.#few.length < SMALL) {
      if (this.#few === NO_VALUES) this.#few = [member]
      else if (!this.has(member)) this.#few.push(member)
      return
    }
    this.#keyed ??= this.#withKeys()
    put(this.#keyed, member)
  }

  members(): readonly Value[] {
    if (this.#sorted === undefined) {
      const members = this.#keyed === undefined ? this.#few.slice() : [...this.#keyed.values()]
      this.#sorted = members.length > 1 ? members.sort(compare) : members
    }
    return this.#sorted
  }

  #withKeys(): Map<Key, Value> {
    const keyed = new Map<Key, Value>()
    for (const member of this.#few) put(keyed, member)
    this.#few = NO_VALUES
    return keyed
  }
}

function put(members: Map<Key, Value>, member: Value): void {
  const key = keyOf(member)
  if (members.has(key)) return
  holding(key)
  members.set(key, member)
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
export const isCollection = (value: Value): value is Collection =>
  value !== null && typeof value === 'object' && !(value instanceof BigNumber)
export const isArray = (value: unknown): value is RegoArray => Array.isArray(value)
