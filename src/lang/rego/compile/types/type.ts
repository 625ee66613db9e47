// The types that the type checker reasons in, which are OPA's. Where a type may be undefined, nothing is known of it yet.
import type { Value } from '../../values/value.ts'

export type Unknown = undefined

export interface Scalar {
  readonly kind: 'null' | 'boolean' | 'number' | 'string'
}
/** The first items have types of their own, all after them have `rest`. Without `rest` there are no more. */
export interface ArrayType {
  readonly kind: 'array'
  readonly items: readonly (Type | Unknown)[]
  readonly rest: Type | Unknown
  readonly measure: Measure
}
/** Keys that are known, in order, and what others may be. No key has a set in it. */
export interface ObjectType {
  readonly kind: 'object'
  readonly properties: readonly Property[]
  readonly dynamic: Dynamic | undefined
  readonly measure: Measure
}
export interface Property {
  readonly key: Value
  readonly value: Type | Unknown
}
export interface Dynamic {
  readonly key: Type | Unknown
  readonly value: Type | Unknown
}
/** With no type, nothing is ever in it. */
export interface SetType {
  readonly kind: 'set'
  readonly of: Type | Unknown
  readonly measure: Measure
}
/** One of these, in order; if there are none, anything at all. */
export interface AnyType {
  readonly kind: 'any'
  readonly of: readonly Type[]
  readonly measure: Measure
}
export interface FunctionType {
  readonly kind: 'function'
  readonly params: readonly Param[]
  /** What all further arguments are. */
  readonly variadic: Param | undefined
  /** None for a builtin such as print, which is called for its effect. */
  readonly result: Param | undefined
  readonly measure: Measure
}
/** A parameter of a builtin has a name, that of a rule has none. */
export interface Param {
  readonly name: string | undefined
  readonly type: Type | Unknown
}
/** A JSON schema that refers to itself. `type` is filled in once the whole is known. */
export interface RecursiveType {
  readonly kind: 'recursive'
  readonly name: string
  type: Type
}

export type Type = Scalar | ArrayType | ObjectType | SetType | AnyType | FunctionType | RecursiveType

interface Measure {
  /** Parts, each as often as it would be written, and the length of keys. */
  readonly size: number
  readonly depth: number
  /** Something within is unknown. What an any may be is not looked at. */
  readonly partial: boolean
}

/** Types share their parts, so that a short module can make one that would fill the memory if it were written: beyond this it is any. */
export const MAX_SIZE = 200_000
/** Each rule of a set may add one, which is put into a list of all: more are anything. */
export const MAX_ALTERNATIVES = 5_000
/** Deeper types would end the stack of what walks them, and are any. */
export const MAX_DEPTH = 500

const LEAF: Measure = { size: 1, depth: 0, partial: false }
const HOLE: Measure = { size: 1, depth: 0, partial: true }

export const NULL: Scalar = { kind: 'null' }
export const BOOLEAN: Scalar = { kind: 'boolean' }
export const NUMBER: Scalar = { kind: 'number' }
export const STRING: Scalar = { kind: 'string' }
export const ANY: AnyType = { kind: 'any', of: [], measure: LEAF }

const measureOf = (type: Type | Unknown): Measure => (type === undefined ? HOLE : 'measure' in type ? type.measure : LEAF)

function measure(parts: Iterable<Type | Unknown>, keys = 0): Measure {
  let [size, depth, partial] = [1 + keys, 0, false]
  for (const part of parts) {
    const of = measureOf(part)
    size += of.size
    if (of.depth > depth) depth = of.depth
    partial ||= of.partial
  }
  return { size, depth: depth + 1, partial }
}

/** Whether something about it is not known yet. */
export const isUnknown = (type: Type | Unknown): boolean => measureOf(type).partial

const fits = ({ size, depth }: Measure) => size <= MAX_SIZE && depth <= MAX_DEPTH

export function arrayOf(items: ArrayType['items'], rest: ArrayType['rest']): ArrayType | AnyType {
  const of = measure(rest === undefined ? items : [...items, rest])
  return fits(of) ? { kind: 'array', items, rest, measure: of } : ANY
}

export function setOf(of: SetType['of']): SetType | AnyType {
  const all = measure([of])
  return fits(all) ? { kind: 'set', of, measure: all } : ANY
}

/** `properties` in the order of their keys. */
export function objectOf(properties: readonly Property[], dynamic?: Dynamic): ObjectType | AnyType {
  const parts = properties.map(({ value }) => value)
  if (dynamic !== undefined) parts.push(dynamic.key, dynamic.value)
  const of = measure(
    parts,
    properties.reduce((sum, { key }) => sum + (typeof key === 'string' ? key.length >> 3 : 1), 0),
  )
  return fits(of) ? { kind: 'object', properties, dynamic, measure: of } : ANY
}

/** One of these types, which are in order and none twice. */
export function anyIn(of: readonly Type[]): AnyType {
  if (of.length === 0 || of.length > MAX_ALTERNATIVES) return ANY
  const parts = { ...measure(of), partial: false }
  return fits(parts) ? { kind: 'any', of, measure: parts } : ANY
}

export function functionOf(params: readonly Param[], result: Param | undefined, variadic?: Param): FunctionType {
  const types = params.map(({ type }) => type)
  return { kind: 'function', params, result, variadic, measure: measure([...types, result?.type]) }
}
