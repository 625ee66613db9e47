// Defaults must themselves be what their schema asks for (apiextensions-apiserver pkg/apiserver/schema/defaulting, ValidateDefaults).
import { embeddedProblems } from './embedded.ts'
import type { Problem, SchemaNode } from './node.ts'
import { findUnknown } from './pruning.ts'
import { problemsOf } from './validate.ts'

const META = ['metadata', 'apiVersion', 'kind']

/** Every default of a structural schema that is not valid. Those below `additionalProperties` are not looked at, as there. */
export function defaultProblems(root: SchemaNode, at: string): readonly Problem[] {
  const problems: Problem[] = []
  walk({ ...root, embeddedResource: true }, at, false, problems)
  return problems
}

function walk(node: SchemaNode, at: string, insideMeta: boolean, problems: Problem[]): void {
  const meta = insideMeta && !node.embeddedResource
  if (node.default !== undefined) problems.push(...problemsOfDefault(node, node.default, `${at}.default`, meta))
  if (node.items !== undefined) walk(node.items, `${at}.items`, meta, problems)
  for (const [name, each] of node.properties)
    walk(each, `${at}.properties[${name}]`, meta || (node.embeddedResource && META.includes(name)), problems)
}

function problemsOfDefault(node: SchemaNode, value: unknown, at: string, insideMeta: boolean): readonly Problem[] {
  const problems: Problem[] = []
  if (!insideMeta) {
    findUnknown(node, value, (path) => void problems.push({ path: '', text: `must not have unknown fields: ${path}` }))
    problems.push(...embeddedProblems(node, value))
  }
  const invalid = problemsOf(node, value, '', { floats: false, structural: true })
  const below = (path: string) => (path === '' || path.startsWith('[') ? at + path : `${at}.${path}`)
  return [...problems, ...invalid].map(({ path, text }) => ({ path: below(path), text }))
}
