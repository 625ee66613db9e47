// What is in a value, by the type of the value.
import { toInt } from '../../values/decimal.ts'
import { compare } from '../../values/order.ts'
import { isArray, isNumber, RegoSet, type Value } from '../../values/value.ts'
import { compareTypes, contains, or, orAll, unwrap } from './algebra.ts'
import { ANY, arrayOf, BOOLEAN, NULL, NUMBER, type ObjectType, objectOf, STRING, type Type, type Unknown } from './type.ts'

/** The type of a value that has no sets. */
export function typeOfValue(value: Value): Type {
  if (value === null) return NULL
  if (typeof value === 'string') return STRING
  if (typeof value === 'boolean') return BOOLEAN
  if (isNumber(value)) return NUMBER
  if (isArray(value)) return arrayOf(value.map(typeOfValue), undefined)
  if (value instanceof RegoSet) return arrayOf(value.members().map(typeOfValue), undefined)
  return objectOf(value.entries().map(([key, item]) => ({ key, value: typeOfValue(item) })))
}

export function propertyOf({ properties }: ObjectType, key: Value) {
  let [from, to] = [0, properties.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (compare(properties[middle]!.key, key) < 0) from = middle + 1
    else to = middle
  }
  const found = properties[from]
  return found !== undefined && compare(found.key, key) === 0 ? found : undefined
}

/** What is at a known key; undefined where nothing can be. */
export function select(type: Type | Unknown, key: Value): Type | Unknown {
  const of = unwrap(type)
  switch (of?.kind) {
    case 'array': {
      const at = isNumber(key) ? toInt(key) : undefined
      return at === undefined || at < 0 ? undefined : at < of.items.length ? of.items[at] : of.rest
    }
    case 'object': {
      const found = propertyOf(of, key)
      if (found !== undefined) return found.value
      return of.dynamic !== undefined && contains(of.dynamic.key, typeOfValue(key)) ? of.dynamic.value : undefined
    }
    case 'set': {
      const sought = typeOfValue(key)
      if (compareTypes(of.of, sought) === 0) return of.of
      return of.of?.kind === 'any' && contains(of.of, sought) ? sought : undefined
    }
    case 'any':
      if (of.of.length === 0) return ANY
      return of.of.reduce<Type | Unknown>((found, one) => or(select(one, key), found), undefined)
    default:
      return undefined
  }
}

const keys = new WeakMap<Type, Type | Unknown>()
const values = new WeakMap<Type, Type | Unknown>()

function remembered(of: WeakMap<Type, Type | Unknown>, type: Type, make: (type: Type) => Type | Unknown): Type | Unknown {
  if (of.has(type)) return of.get(type)
  const made = make(type)
  of.set(type, made)
  return made
}

/** What the keys are; undefined for what has none. */
export const keysOf = (type: Type | Unknown): Type | Unknown => {
  const of = unwrap(type)
  return of && remembered(keys, of, makeKeys)
}

/** What the values are; undefined for what has none. */
export const valuesOf = (type: Type | Unknown): Type | Unknown => {
  const of = unwrap(type)
  return of && remembered(values, of, makeValues)
}

function makeKeys(of: Type): Type | Unknown {
  switch (of.kind) {
    case 'array':
      return NUMBER
    case 'object': {
      const known = orAll(of.properties.map(({ key }) => typeOfValue(key)))
      return of.dynamic === undefined ? known : or(known, of.dynamic.key)
    }
    case 'set':
      return of.of
    case 'any':
      if (of.of.length === 0) return ANY
      return of.of.reduce<Type | Unknown>((keys, one) => or(keysOf(one), keys), undefined)
    default:
      return undefined
  }
}

function makeValues(of: Type): Type | Unknown {
  switch (of.kind) {
    case 'array':
      return or(orAll(of.items), of.rest)
    case 'object': {
      const known = orAll(of.properties.map(({ value }) => value))
      return of.dynamic === undefined ? known : or(known, of.dynamic.value)
    }
    case 'set':
      return of.of
    case 'any':
      if (of.of.length === 0) return ANY
      return of.of.reduce<Type | Unknown>((values, one) => or(valuesOf(one), values), undefined)
    default:
      return undefined
  }
}

/** Whether there is never anything in it: `{}`, `[]`, `set()`. */
export function isEmptyCollection(type: Type | Unknown): boolean {
  const of = unwrap(type)
  switch (of?.kind) {
    case 'object':
      return of.properties.length === 0 && of.dynamic === undefined
    case 'array':
      return of.items.length === 0 && of.rest === undefined
    case 'set':
      return of.of === undefined
    default:
      return false
  }
}
