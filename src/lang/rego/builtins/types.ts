import type { Builtin } from '../codegen/runtime.ts'
import { typeName } from '../values/value.ts'

const is =
  (name: string): Builtin =>
  (_, value) =>
    typeName(value) === name

/** Names of types, and the questions for them. */
export const TYPES: Readonly<Record<string, Builtin>> = {
  type_name: (_, value) => typeName(value),
  is_null: is('null'),
  is_boolean: is('boolean'),
  is_number: is('number'),
  is_string: is('string'),
  is_array: is('array'),
  is_object: is('object'),
  is_set: is('set'),
}
