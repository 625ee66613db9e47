// The documents as JSON Schema (2020-12), in the part of it from which Rego's type checker (OPA's) can tell what a document has.
import { z } from 'zod'
import { decision } from './decision.ts'
import { DOORS, REQUESTS, request } from './request.ts'

export type JsonSchema = z.core.JSONSchema.BaseSchema

/** By their names: `request` for all gates together, each gate, `decision`. */
export function doorSchemas(): ReadonlyMap<string, JsonSchema> {
  const gates = DOORS.map((gate): [string, JsonSchema] => [gate, schemaOf(REQUESTS[gate])])
  return new Map([['request', schemaOf(request)], ['decision', schemaOf(decision)], ...gates])
}

/** In JSON Schema. */
export function schemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { override: ({ jsonSchema }) => plain(jsonSchema) })
}

/** In place: says the same in words that the checker knows, and leaves out what it says twice. */
function plain(schema: JsonSchema): void {
  // It looks into anyOf alone; of our variants no two hold at once.
  if (schema.oneOf !== undefined) {
    schema.anyOf = schema.oneOf
    delete schema.oneOf
  }
  // A pair: before 2020-12 `items` was what `prefixItems` is, and could not be false.
  if (schema.prefixItems !== undefined) {
    schema.items = schema.prefixItems[0]!
    delete schema.prefixItems
  }
  // The format's name says it.
  if (schema.format !== undefined) delete schema.pattern
  // All numbers of JavaScript.
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
}
