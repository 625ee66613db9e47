// Fields of host objects as Go's decoder reads them into a typed struct: null is as good as absent, and a value of another type is refused.
import { ThymusError } from '../../../core/errors.ts'
import { quote } from '../../../core/quote.ts'
import { type Fields, isFields } from '../../../formats/kubernetes/object.ts'

const NOTHING: readonly never[] = []
const NO_FIELDS: Fields = {}
const NO_TEXTS: ReadonlyMap<string, string> = new Map()

function own(object: Fields, key: string): unknown {
  return Object.hasOwn(object, key) ? (object[key] ?? undefined) : undefined
}

/** @throws ThymusError REVIEW, as all functions here, if the value is of another type; `at` is the path of the object, empty for a whole one. */
export function flag(object: Fields, key: string, at: string): boolean | undefined {
  const value = own(object, key)
  if (value === undefined || typeof value === 'boolean') return value
  throw refused(below(at, key), 'a boolean')
}

export function text(object: Fields, key: string, at: string): string | undefined {
  const value = own(object, key)
  return value === undefined ? undefined : asText(value, below(at, key))
}

/** The greatest of each size. As a double the greatest of 64 bits is rounded up, and so are those that JSON.parse reads. */
const GREATEST = { 32: 2 ** 31 - 1, 64: 2 ** 63 }

/** A whole number of so many bits, sign and all. */
export function integer(object: Fields, key: string, at: string, bits: 32 | 64): number | undefined {
  const value = own(object, key)
  if (value === undefined) return undefined
  const number = typeof value === 'bigint' && BigInt.asIntN(bits, value) === value ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number >= -(2 ** (bits - 1)) && number <= GREATEST[bits]) return number
  throw refused(below(at, key), `a whole number of ${bits} bits`)
}

export function fields(object: Fields, key: string, at: string): Fields | undefined {
  const value = own(object, key)
  if (value === undefined || isFields(value)) return value
  throw refused(below(at, key), 'an object')
}

export function texts(object: Fields, key: string, at: string): readonly string[] {
  const items = list(object, key, at)
  return items.length === 0 ? NOTHING : items.map((item, index) => asText(item ?? '', `${below(at, key)}[${index}]`))
}

/** What `read` makes of each item, given the item's path. */
export function objects<T>(object: Fields, key: string, at: string, read: (item: Fields, path: string) => T): readonly T[] {
  const items = list(object, key, at)
  if (items.length === 0) return NOTHING
  return items.map((item, index) => {
    const path = `${below(at, key)}[${index}]`
    return read(asFields(item, path), path)
  })
}

/** A map of texts, as labels and annotations are. */
export function textMap(object: Fields, key: string, at: string): ReadonlyMap<string, string> {
  const map = fields(object, key, at)
  if (map === undefined) return NO_TEXTS
  const texts = new Map<string, string>()
  for (const name of Object.keys(map)) {
    const value = map[name] ?? ''
    if (typeof value !== 'string') throw refused(`${below(at, key)}[${quote(name)}]`, 'a text')
    texts.set(name.toWellFormed(), value.toWellFormed())
  }
  return texts
}

/** The object of a request. */
export function whole(value: unknown): Fields {
  if (isFields(value)) return value
  throw new ThymusError('REVIEW', 'the object of the request must be an object')
}

/** Null is an object without fields. */
export function asFields(value: unknown, path: string): Fields {
  if (isFields(value)) return value
  if (value === null || value === undefined) return NO_FIELDS
  throw refused(path, 'an object')
}

const below = (at: string, key: string) => (at === '' ? key : `${at}.${key}`)

function list(object: Fields, key: string, at: string): readonly unknown[] {
  const value = own(object, key)
  if (value === undefined) return NOTHING
  if (Array.isArray(value)) return value
  throw refused(below(at, key), 'a list')
}

/** A surrogate that stands alone is U+FFFD to Go. */
function asText(value: unknown, path: string): string {
  if (typeof value === 'string') return value.toWellFormed()
  throw refused(path, 'a text')
}

function refused(path: string, wanted: string): ThymusError {
  return new ThymusError('REVIEW', `${path} must be ${wanted}`, { at: path })
}
