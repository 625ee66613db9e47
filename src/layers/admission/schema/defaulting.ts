// Values that a schema fills in (apiextensions-apiserver pkg/apiserver/schema/defaulting).
import { isFields } from '../../../formats/kubernetes/object.ts'
import type { SchemaNode } from './node.ts'
import { copy } from './value.ts'

/**
 * The value as the API server stores it: a null that is neither allowed nor has a default is gone from its map, and what is missing, or
 * null where that is not allowed, has its default. Nothing of the argument is changed; parts that need no change may be shared.
 */
export function withDefaults(node: SchemaNode, value: unknown): unknown {
  return fill(withoutNulls(value, node), node)
}

const valuesOf = (node: SchemaNode | undefined) => (typeof node?.additionalProperties === 'object' ? node.additionalProperties : undefined)

function withoutNulls(value: unknown, node: SchemaNode | undefined): unknown {
  if (node === undefined) return value
  if (Array.isArray(value)) return value.map((each) => withoutNulls(each, node.items))
  if (!isFields(value)) return value
  const entries = Object.entries(value).flatMap(([name, each]) => {
    const schema = node.properties.get(name) ?? valuesOf(node)
    const gone = each === null && schema !== undefined && !schema.nullable && schema.default === undefined
    return gone ? [] : [[name, withoutNulls(each, schema)] as const]
  })
  return Object.fromEntries(entries)
}

function fill(value: unknown, node: SchemaNode | undefined): unknown {
  if (node === undefined) return value
  const filled = (each: unknown, schema: SchemaNode | undefined) =>
    fill(each === null && schema !== undefined && !schema.nullable ? copy(schema.default ?? null) : each, schema)
  if (Array.isArray(value)) return value.map((each) => filled(each, node.items))
  if (!isFields(value)) return value
  const missing = [...node.properties].filter(([name, schema]) => schema.default !== undefined && !Object.hasOwn(value, name))
  return Object.fromEntries([
    ...Object.entries(value).map(([name, each]) => [name, filled(each, node.properties.get(name) ?? valuesOf(node))]),
    ...missing.map(([name, schema]) => [name, fill(copy(schema.default), schema)]),
  ])
}
