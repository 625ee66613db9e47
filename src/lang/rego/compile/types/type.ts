// The types that the type checker reasons in, which are OPA's. Where a type may be undefined, nothing is known of it yet.
import type { Value } from '../../values/value.ts'

export type Unknown = undefined

export interface Scalar {
  readonly kind: 'null' | 'boolean' | 'number' | 'string'
}
/** Of the first items each has its own type; all after them have `rest`. Without `rest` there are no more. */
export interface ArrayType {
  readonly kind: 'array'
  readonly items: readonly (Type | Unknown)[]
  readonly rest: Type | Unknown
}
/** Keys that are known, in order, and what others may be. The values of the keys have no sets in them. */
export interface ObjectType {
  readonly kind: 'object'
  readonly properties: readonly Property[]
  readonly dynamic: Dynamic | undefined
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
}
/** One of these, in order; if there are none, anything at all. */
export interface AnyType {
  readonly kind: 'any'
  readonly of: readonly Type[]
}
export interface FunctionType {
  readonly kind: 'function'
  readonly params: readonly Param[]
  /** What all further arguments are. */
  readonly variadic: Param | undefined
  /** None for a builtin such as print, which is called for its effect. */
  readonly result: Param | undefined
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

export const NULL: Scalar = { kind: 'null' }
export const BOOLEAN: Scalar = { kind: 'boolean' }
export const NUMBER: Scalar = { kind: 'number' }
export const STRING: Scalar = { kind: 'string' }
export const ANY: AnyType = { kind: 'any', of: [] }

export const arrayOf = (items: ArrayType['items'], rest: ArrayType['rest']): ArrayType => ({ kind: 'array', items, rest })
export const setOf = (of: SetType['of']): SetType => ({ kind: 'set', of })
