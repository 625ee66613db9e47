import type { Builtin } from '../../codegen/runtime.ts'
import { BuiltinError } from '../../errors.ts'
import { asJson, readJson } from '../../values/text.ts'
import { isArray, RegoObject, type Value } from '../../values/value.ts'
import { compileSchema } from './compile.ts'
import { validate } from './validate.ts'

/** JSON Schema. Documents and schemas are values, or their JSON. */
export const SCHEMA: Readonly<Record<string, Builtin>> = {
  'json.verify_schema': (runtime, a) => {
    try {
      compileSchema(runtime, documentOf(a))
      return [true, null]
    } catch (error) {
      if (error instanceof BuiltinError) return [false, `jsonschema: ${error.message}`]
      throw error
    }
  },
  'json.match_schema': (runtime, a, b) => {
    const document = documentOf(a)
    const misfits = validate(runtime, compileSchema(runtime, documentOf(b)), document)
    const told = misfits.map(({ field, type, description }) =>
      RegoObject.of([
        ['desc', description],
        ['error', `${field}: ${description}`],
        ['field', field],
        ['type', type],
      ]),
    )
    return [misfits.length === 0, told]
  },
}

function documentOf(value: Value): Value {
  if (typeof value === 'string') {
    try {
      return readJson(value)
    } catch {
      throw new BuiltinError('invalid JSON string')
    }
  }
  if (value instanceof RegoObject || isArray(value)) return asJson(value)
  throw new BuiltinError('wrong type, expected string or object')
}
