// Values of the host and back: what a program has as JS, and wants as JS.
import { ThymusError } from '../../../core/errors.ts'
import { numberText, readNumber } from './decimal.ts'
import { bounded, copying } from './meter.ts'
import { printJson } from './text.ts'
import { isArray, isCollection, isNumber, isPlain, RegoObject, RegoSet, type Unread, type Value } from './value.ts'

/** The machine's own stack is what walks a host's value. */
const MAX_DEPTH = 500

/** How many of its fields an object remembers that is read as it is asked. */
const REMEMBERED = 8

/**
 * A value of JSON, with bigint, Map and Set beside: own enumerable keys, `undefined` left out of objects. Nothing of a prototype is read.
 * Throws ThymusError FORMAT for what is no value: functions, NaN, cycles, more than MAX_DEPTH levels.
 */
export function fromHost(host: unknown): Value {
  return convert(host, 0, object)
}

/** As fromHost, of a value that will not be changed: of an object in it is read, or refused, what somebody asks for. */
export function viewOfHost(host: unknown): Value {
  return convert(host, 0, later)
}

type Fields = Readonly<Record<string, unknown>>
/** Makes an object, which is so deep in the value. */
type Make = (fields: Fields, depth: number) => RegoObject

const later: Make = (fields, depth) => RegoObject.later(new Later(fields, depth))

/** A field that was asked for, and those before it: little is asked of most objects, for which an array has far too much room. */
interface Found {
  readonly name: string
  readonly value: Value
  readonly before: Found | undefined
  readonly count: number
}

class Later implements Unread {
  readonly #fields: Fields
  readonly #depth: number
  #found: Found | undefined

  constructor(fields: Fields, depth: number) {
    this.#fields = fields
    this.#depth = depth
  }

  named(name: string): Value | undefined {
    const found = this.#found
    for (let each = found; each !== undefined; each = each.before) if (each.name === name) return each.value
    // As such is read what is not well-formed.
    if (name.includes('\ufffd')) return this.read().named(name)
    const field = this.#fields[name]
    if (field === undefined || !Object.hasOwn(this.#fields, name)) return undefined
    const value = convert(field, this.#depth, later)
    const count = (found?.count ?? 0) + 1
    if (count <= REMEMBERED) this.#found = { name, value, before: found, count }
    return value
  }

  read(): RegoObject {
    return objectOf(this.#fields, this.#depth, later)
  }
}

function convert(host: unknown, depth: number, make: Make): Value {
  switch (typeof host) {
    case 'string':
      return host.toWellFormed()
    case 'boolean':
      return host
    case 'bigint':
      return readNumber(String(host)) ?? refuse('a number of this size')
    case 'number':
      // Zero has no sign in JSON.
      if (Number.isSafeInteger(host)) return host + 0
      return Number.isFinite(host) ? (readNumber(String(host)) ?? refuse(String(host))) : refuse(String(host))
    case 'object':
      return host === null ? null : collection(host, depth + 1, make)
    default:
      return refuse(`a ${typeof host}`)
  }
}

function collection(host: object, depth: number, make: Make): Value {
  // A value that holds itself has no end of them.
  if (depth > MAX_DEPTH) refuse(`more than ${MAX_DEPTH} levels`)
  if (Array.isArray(host)) return array(host, depth, make)
  const inner = (each: unknown) => convert(each, depth, make)
  if (host instanceof Set) return RegoSet.of([...host].map(inner))
  if (host instanceof Map) return RegoObject.of([...host].map(([key, each]) => [inner(key), inner(each)] as const))
  return make(host as Fields, depth)
}

function array(host: readonly unknown[], depth: number, make: Make): Value {
  // Not `map`, which passes over holes, nor `push`, which makes room for sixteen more.
  const items = host.slice() as Value[]
  for (let at = 0; at < host.length; at++) items[at] = convert(host[at], depth, make)
  return items
}

const object: Make = (fields, depth) => objectOf(fields, depth, object)

function objectOf(fields: Fields, depth: number, make: Make): RegoObject {
  const names = Object.keys(fields)
  for (const name of names)
    if (fields[name] === undefined || !isPlain(name) || !name.isWellFormed()) return mixed(names, fields, depth, make)
  // Most have plain names alone, which need not be compared with each other.
  const values: Value[] = []
  for (const name of names) values.push(convert(fields[name], depth, make))
  return RegoObject.ofNames(names, values)
}

function mixed(names: readonly string[], fields: Fields, depth: number, make: Make): RegoObject {
  const object = new RegoObject()
  for (const name of names) if (fields[name] !== undefined) object.set(name.toWellFormed(), convert(fields[name], depth, make))
  return object
}

function refuse(what: string): never {
  throw new ThymusError('FORMAT', `${what} is no value of Rego`)
}

/**
 * As JSON has it: sets are arrays, keys that are no strings are their JSON. A number that JS cannot hold is a bigint, or, with a fraction,
 * the nearest. Objects have no prototype. Throws RegoError REGO_LIMIT for a value too large.
 */
export const toHost = (value: Value): unknown => bounded(() => host(value))

function host(value: Value): unknown {
  if (isNumber(value)) return hostNumber(numberText(value))
  if (!isCollection(value)) return value
  copying(isArray(value) ? value.length : value.size)
  if (isArray(value)) return value.map(host)
  if (value instanceof RegoSet) return value.members().map(host)
  const object: Record<string, unknown> = Object.create(null)
  for (const [key, each] of value.entries()) object[typeof key === 'string' ? key : printJson(key)] = host(each)
  return object
}

function hostNumber(text: string): number | bigint {
  const number = Number(text)
  return Number.isInteger(number) && !Number.isSafeInteger(number) && /^-?\d+$/.test(text) ? BigInt(text) : number
}
