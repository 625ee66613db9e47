// Fields that a schema does not know (apiextensions-apiserver pkg/apiserver/schema/pruning).
import { isFields } from '../../../formats/kubernetes/object.ts'
import type { SchemaNode } from './node.ts'

const META = new Set(['apiVersion', 'kind', 'metadata'])

/** Calls `found` with the path of every field that would be cut off; not for what is below it. */
export function findUnknown(node: SchemaNode, value: unknown, found: (path: string) => void): void {
  walk(value, node, '', found)
}

type Found = (path: string) => void

const child = (path: string, name: string) => (path === '' ? name : `${path}.${name}`)
const valuesOf = ({ additionalProperties: more }: SchemaNode) => (typeof more === 'object' ? more : undefined)

function walk(value: unknown, node: SchemaNode | undefined, path: string, found: Found): void {
  if (Array.isArray(value)) {
    // A list of lists keeps all that it is told to keep, whatever its items say of it.
    const items = node?.preserveUnknownFields ? kept(node.items) : node?.items
    if (!node?.preserveUnknownFields || items !== undefined)
      for (const [index, each] of value.entries()) walk(each, items, `${path}[${index}]`, found)
  } else if (isFields(value)) {
    for (const name of Object.keys(value)) {
      if (node?.embeddedResource && META.has(name)) continue
      const property = node?.properties.get(name)
      const at = child(path, name)
      if (property !== undefined) walk(value[name], property, at, found)
      else if (node?.additionalProperties !== undefined) walk(value[name], valuesOf(node), at, found)
      else if (!node?.preserveUnknownFields) found(at)
    }
  }
}

/** The items of a list that keeps unknown fields keep theirs. */
function kept(items: SchemaNode | undefined): SchemaNode | undefined {
  return items === undefined ? undefined : { ...items, preserveUnknownFields: true }
}
