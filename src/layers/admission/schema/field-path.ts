// Where a rule says that its problem is (apiextensions-apiserver pkg/apiserver/schema/cel, ValidFieldPath): `.name` and `['name']`.
import type { SchemaNode } from './node.ts'

const STEP = /\.([^.[\]]+)|\['((?:[^'\\]|\\['\\abfnrtv"])*)'\]/y

/** Does a path lead to a field that the schema names, or to one of a map? */
export function isFieldPath(path: string, root: SchemaNode): boolean {
  let node: SchemaNode | undefined = root
  STEP.lastIndex = 0
  while (STEP.lastIndex < path.length) {
    const match = STEP.exec(path)
    if (match === null || node === undefined) return false
    const name = match[1] ?? match[2]!.replaceAll(/\\(.)/g, '$1')
    const more: SchemaNode['additionalProperties'] = node.additionalProperties
    if (node.properties.size > 0) {
      node = node.properties.get(name)
      if (node === undefined) return false
    } else if (more === undefined) return false
    else node = typeof more === 'object' ? more : undefined
  }
  return true
}
