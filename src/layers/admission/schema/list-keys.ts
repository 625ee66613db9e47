// Members of a list that are told apart: by all that they are (`set`) or by their keys (`map`)
// (apiextensions-apiserver pkg/apiserver/schema/listtype). Takes time in proportion to the list.
import { isFields } from '../../../formats/kubernetes/object.ts'
import type { Problem, SchemaNode } from './node.ts'
import { canonical } from './value.ts'

export function duplicates(root: SchemaNode, value: unknown): readonly Problem[] {
  const problems: Problem[] = []
  walk(root, value, '', problems)
  return problems
}

function walk(node: SchemaNode, value: unknown, path: string, problems: Problem[]): void {
  if (Array.isArray(value)) {
    if (node.listType === 'set') tell(value.map(canonical), path, problems)
    if (node.listType === 'map') walkMap(node, value, path, problems)
    if (node.items !== undefined) for (const [index, each] of value.entries()) walk(node.items, each, `${path}[${index}]`, problems)
  } else if (isFields(value)) {
    const more = node.additionalProperties
    for (const [name, each] of Object.entries(value)) {
      if (typeof more === 'object') walk(more, each, `${path}[${name}]`, problems)
      const property = node.properties.get(name)
      if (property !== undefined) walk(property, each, path === '' ? name : `${path}.${name}`, problems)
    }
  }
}

function walkMap({ listMapKeys }: SchemaNode, value: readonly unknown[], path: string, problems: Problem[]): void {
  const other = value.findIndex((each) => each !== null && !isFields(each))
  if (other >= 0) return void problems.push({ path: `${path}[${other}]`, text: 'must be an object for an array of list-type map' })
  const keys = value.map((each) => {
    const present = listMapKeys.filter((key) => isFields(each) && Object.hasOwn(each, key))
    return canonical(Object.fromEntries(present.map((key) => [key, (each as Record<string, unknown>)[key]])))
  })
  tell(keys, path, problems)
}

/** The second of those that are the same; no third. */
function tell(members: readonly string[], path: string, problems: Problem[]): void {
  const seen = new Map<string, number>()
  for (const [index, member] of members.entries()) {
    const times = (seen.get(member) ?? 0) + 1
    seen.set(member, times)
    if (times === 2) problems.push({ path: `${path}[${index}]`, text: `duplicate value ${member.slice(0, 100)}` })
  }
}
