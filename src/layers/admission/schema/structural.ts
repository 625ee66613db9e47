// What makes a schema structural: every value is described once, outside of the junctors, and these only say more of it
// (apiextensions-apiserver pkg/apiserver/schema: validation.go, complete.go).

import type { Problem, SchemaNode } from './node.ts'
import { isRegex } from './regex.ts'

type Level = 'root' | 'item' | 'field'

const MISSING_TYPE: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

/** Every breach in the root schema of a resource. */
export function structuralProblems(root: SchemaNode, at: string): readonly Problem[] {
  const problems: Problem[] = []
  const fail = (path: string, text: string) => void problems.push({ path, text })
  describe(root, 'root', at, fail)
  complete(root, root, at, at, fail)
  return problems
}

type Fail = (path: string, text: string) => void

const isSchema = (value: SchemaNode | boolean | undefined): value is SchemaNode => typeof value === 'object'

function describe(node: SchemaNode, level: Level, at: string, fail: Fail): void {
  const { items, additionalProperties, type, embeddedResource, properties } = node
  if (type === 'array' && items === undefined) fail(`${at}.items`, 'must be specified')
  if (items !== undefined) describe(items, 'item', `${at}.items`, fail)
  for (const [name, each] of properties) describe(each, 'field', `${at}.properties[${name}]`, fail)
  if (additionalProperties !== undefined) {
    if (level === 'root') fail(`${at}.additionalProperties`, 'must not be used at the root')
    if (isSchema(additionalProperties)) describe(additionalProperties, 'field', `${at}.additionalProperties`, fail)
    if (embeddedResource) fail(`${at}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set')
  }
  if (node.intOrString && node.preserveUnknownFields)
    fail(`${at}.x-kubernetes-preserve-unknown-fields`, 'must be false if x-kubernetes-int-or-string is true')
  if (node.intOrString && embeddedResource)
    fail(`${at}.x-kubernetes-embedded-resource`, 'must be false if x-kubernetes-int-or-string is true')
  junctors(node, isIntOrString(node.anyOf), isIntOrString(node.allOf[0]?.anyOf), at, fail)
  if (embeddedResource && type !== 'object') fail(`${at}.type`, 'must be object if x-kubernetes-embedded-resource is true')
  else if (type === '' && !node.intOrString && node.preserveUnknownFields === undefined) fail(`${at}.type`, MISSING_TYPE[level])
  if (level === 'root' && type !== '' && type !== 'object') fail(`${at}.type`, 'must be object at the root')
  describeMeta(node, level, at, fail)
  if (embeddedResource && !node.preserveUnknownFields && properties.size === 0)
    fail(`${at}.properties`, 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields')
}

/** `metadata` of the whole can restrict the names alone; that of an object within is an object. */
function describeMeta({ properties, embeddedResource }: SchemaNode, level: Level, at: string, fail: Fail): void {
  const isResource = level === 'root' || embeddedResource
  for (const name of ['kind', 'apiVersion'])
    if (isResource && (properties.get(name)?.type ?? 'string') !== 'string') fail(`${at}.properties[${name}].type`, 'must be string')
  const metadata = properties.get('metadata')
  if (metadata === undefined) return
  const path = `${at}.properties[metadata]`
  if (isResource && metadata.type !== 'object') fail(`${path}.type`, 'must be object')
  if (level === 'root' && !restrictsNamesAlone(metadata))
    fail(path, 'must not specify anything other than name and generateName, but metadata is implicitly specified')
}

function restrictsNamesAlone({ type: _, default: __, emptyItems: ___, properties, ...rest }: SchemaNode): boolean {
  const names = [...properties.keys()].every((name) => name === 'name' || name === 'generateName')
  return names && rest.additionalProperties === undefined && Object.values(rest).every((value) => !isSaid(value))
}

const isSaid = (value: unknown) => (Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false && value !== '')

/** The one way to name a type within a junctor. */
function isIntOrString(anyOf: readonly SchemaNode[] | undefined): boolean {
  if (anyOf?.length !== 2) return false
  return ['integer', 'string'].every((type, index) => {
    const { type: named, properties, emptyItems: _, ...rest } = anyOf[index]!
    return named === type && properties.size === 0 && Object.values(rest).every((value) => !isSaid(value))
  })
}

function junctors(node: SchemaNode, skipAnyOf: boolean, skipFirst: boolean, at: string, fail: Fail): void {
  if (!skipAnyOf) for (const [index, each] of node.anyOf.entries()) within(each, false, `${at}.anyOf[${index}]`, fail)
  for (const [index, each] of node.allOf.entries()) within(each, skipFirst && index === 0, `${at}.allOf[${index}]`, fail)
  for (const [index, each] of node.oneOf.entries()) within(each, false, `${at}.oneOf[${index}]`, fail)
  if (node.not !== undefined) within(node.not, false, `${at}.not`, fail)
  if (node.pattern !== '' && !isRegex(node.pattern)) fail(`${at}.pattern`, 'must be a valid regular expression')
}

/** Below a junctor, values are only checked: nothing that says what they are. */
const NOT_WITHIN: readonly (readonly [field: string, says: (node: SchemaNode) => boolean])[] = [
  ['type', (node) => node.type !== ''],
  ['additionalProperties', ({ additionalProperties: more }) => more !== undefined && more !== false],
  ['default', (node) => node.default !== undefined],
  ['title', (node) => node.titled],
  ['description', (node) => node.described],
  ['nullable', (node) => node.nullable],
  ['x-kubernetes-preserve-unknown-fields', (node) => node.preserveUnknownFields === true],
  ['x-kubernetes-embedded-resource', (node) => node.embeddedResource],
  ['x-kubernetes-int-or-string', (node) => node.intOrString],
  ['x-kubernetes-list-map-keys', (node) => node.listMapKeys.length > 0],
  ['x-kubernetes-list-type', (node) => node.listType !== undefined],
  ['x-kubernetes-map-type', (node) => node.mapType !== undefined],
  ['x-kubernetes-validations', (node) => node.rules.length > 0],
]

function within(node: SchemaNode, skipAnyOf: boolean, at: string, fail: Fail): void {
  junctors(node, skipAnyOf, false, at, fail)
  if (node.items !== undefined) within(node.items, false, `${at}.items`, fail)
  for (const [name, each] of node.properties) within(each, false, `${at}.properties[${name}]`, fail)
  for (const [field, says] of NOT_WITHIN) if (says(node)) fail(`${at}.${field}`, 'must be left out to be structural')
  if (node.properties.has('metadata')) fail(`${at}.properties[metadata]`, 'must not be specified in a nested context')
}

/** What a junctor checks is described: `described` is the schema of the value that `node` says more of. */
function complete(node: SchemaNode, described: SchemaNode, at: string, describedAt: string, fail: Fail): void {
  const each = (name: 'allOf' | 'anyOf' | 'oneOf') =>
    node[name].forEach((inner, index) => {
      completeWithin(inner, described, `${at}.${name}[${index}]`, describedAt, fail)
    })
  if (node.not !== undefined) completeWithin(node.not, described, `${at}.not`, describedAt, fail)
  each('allOf')
  each('anyOf')
  each('oneOf')
}

function completeWithin(node: SchemaNode, described: SchemaNode | undefined, at: string, describedAt: string, fail: Fail): void {
  if (described === undefined) {
    fail(describedAt, `must be specified, because it is defined in ${at}`)
    return
  }
  complete(node, described, at, describedAt, fail)
  if (node.items !== undefined) completeWithin(node.items, described.items, `${at}.items`, `${describedAt}.items`, fail)
  for (const [name, each] of node.properties)
    completeWithin(each, described.properties.get(name), `${at}.properties[${name}]`, `${describedAt}.properties[${name}]`, fail)
}
