// What the API server asks of the schema of a CustomResourceDefinition beside its being structural
// (apiextensions-apiserver pkg/apis/apiextensions/validation, ValidateCustomResourceDefinitionOpenAPISchema).
import { isFieldPath } from './field-path.ts'
import type { CelRule, Problem, SchemaNode } from './node.ts'

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const META = ['metadata', 'kind', 'apiVersion']
const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']

/** What is inherited on the way down. */
interface Inside {
  readonly root: boolean
  /** Within `metadata`, `kind` or `apiVersion` of the whole or of an embedded resource. */
  readonly meta: boolean
  /** Why no default may stand here. */
  readonly noDefaults: string | undefined
}

/** Every breach in a schema, from its root. */
export function crdProblems(root: SchemaNode, at: string): readonly Problem[] {
  const problems: Problem[] = []
  if (root.nullable) problems.push({ path: `${at}.nullable`, text: 'nullable cannot be true at the root' })
  walk(root, at, { root: true, meta: false, noDefaults: undefined }, (path, text) => void problems.push({ path, text }))
  return problems
}

type Fail = (path: string, text: string) => void

function walk(node: SchemaNode, at: string, inside: Inside, fail: Fail): void {
  checkNode(node, at, inside, fail)
  const below: Inside = { ...inside, root: false }
  const { additionalProperties: more } = node
  if (more !== undefined && node.properties.size > 0 && more !== true)
    fail(`${at}.additionalProperties`, 'additionalProperties and properties are mutual exclusive')
  if (typeof more === 'object') {
    const noDefaults = inside.meta ? 'inside additionalProperties applying to object metadata' : inside.noDefaults
    walk(more, `${at}.additionalProperties`, { ...below, noDefaults }, fail)
  }
  for (const [name, each] of node.properties) {
    const meta = inside.meta || ((inside.root || node.embeddedResource) && META.includes(name))
    const noDefaults = inside.root && META.includes(name) ? `in top-level ${name}` : inside.noDefaults
    walk(each, `${at}.properties[${name}]`, { root: false, meta, noDefaults }, fail)
  }
  if (node.not !== undefined) walk(node.not, `${at}.not`, below, fail)
  for (const junctor of ['allOf', 'oneOf', 'anyOf'] as const)
    for (const [index, each] of node[junctor].entries()) walk(each, `${at}.${junctor}[${index}]`, below, fail)
  if (node.items !== undefined) walk(node.items, `${at}.items`, below, fail)
}

function checkNode(node: SchemaNode, at: string, inside: Inside, fail: Fail): void {
  const { type } = node
  if (type !== '' && !TYPES.includes(type)) fail(`${at}.type`, `unsupported value "${type}": must be one of ${TYPES.join(', ')}`)
  if (node.default !== undefined && inside.noDefaults !== undefined) fail(`${at}.default`, `must not be set ${inside.noDefaults}`)
  if (inside.meta && node.embeddedResource) fail(`${at}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta')
  if (node.uniqueItems) fail(`${at}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic')
  if (node.preserveUnknownFields === false) fail(`${at}.x-kubernetes-preserve-unknown-fields`, 'must be true or undefined')
  if (node.mapType !== undefined) {
    if (type !== 'object') fail(`${at}.type`, 'must be object if x-kubernetes-map-type is specified')
    if (node.mapType !== 'atomic' && node.mapType !== 'granular') fail(`${at}.x-kubernetes-map-type`, 'must be atomic or granular')
  }
  if (node.listType !== undefined) checkListType(node, node.listType, at, fail)
  if (node.listMapKeys.length > 0 && node.listType !== 'map')
    fail(`${at}.x-kubernetes-list-type`, 'must be map if x-kubernetes-list-map-keys is non-empty')
  if (node.rules.length > 0 && !hasCelType(node)) fail(`${at}.x-kubernetes-validations`, 'must not be on a value whose type is left open')
  for (const [index, rule] of node.rules.entries()) checkRule(node, rule, `${at}.x-kubernetes-validations[${index}]`, fail)
}

function checkListType(node: SchemaNode, listType: string, at: string, fail: Fail): void {
  const { items } = node
  if (!['atomic', 'set', 'map'].includes(listType)) fail(`${at}.x-kubernetes-list-type`, 'must be atomic, set or map')
  if (node.type !== 'array') fail(`${at}.type`, 'must be array if x-kubernetes-list-type is specified')
  else if (listType === 'set' && items !== undefined) {
    const atomic = 'must be atomic as item of a list with x-kubernetes-list-type=set'
    if (items.type === 'array' && (items.listType ?? 'atomic') !== 'atomic') fail(`${at}.items.x-kubernetes-list-type`, atomic)
    if (items.type === 'object' && items.mapType !== 'atomic') fail(`${at}.items.x-kubernetes-map-type`, atomic)
  }
  if (listType === 'map') checkKeys(node, at, fail)
  if (listType !== 'atomic' && items?.nullable)
    fail(`${at}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`)
}

function checkKeys({ items, listMapKeys: keys }: SchemaNode, at: string, fail: Fail): void {
  if (keys.length === 0) fail(`${at}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map')
  if (items === undefined) {
    fail(`${at}.items`, 'must have a single schema if x-kubernetes-list-type is map')
    return
  }
  if (items.type !== 'object') fail(`${at}.items.type`, "must be object if parent array's x-kubernetes-list-type is map")
  if (items.type === 'object' && new Set(keys).size < keys.length)
    fail(`${at}.x-kubernetes-list-map-keys`, 'must not contain duplicate entries')
  for (const key of keys) {
    const property = items.properties.get(key)
    const path = `${at}.items.properties[${key}]`
    if (property === undefined) {
      if (items.type === 'object') fail(`${at}.x-kubernetes-list-map-keys`, 'entries must all be names of item properties')
      continue
    }
    if (items.type === 'object' && (property.type === 'array' || property.type === 'object'))
      fail(`${path}.type`, "must be a scalar type if parent array's x-kubernetes-list-type is map")
    if (!items.required.includes(key) && property.default === undefined)
      fail(`${path}.default`, 'is in x-kubernetes-list-map-keys, so it must have a default or be a required property')
    if (property.nullable) fail(`${path}.nullable`, 'is in x-kubernetes-list-map-keys, so it cannot be nullable')
  }
}

/** A rule needs the type of all that a list or a map holds; fields that have none it does not see. */
function hasCelType({ type, intOrString, items, additionalProperties: more }: SchemaNode): boolean {
  if (type === 'array' && !intOrString) return items !== undefined && hasCelType(items)
  if (type === 'object' && !intOrString) return typeof more !== 'object' || hasCelType(more)
  return type !== '' || intOrString
}

const breaksLine = (text: string) => /[\r\n]/.test(text)

function checkRule(node: SchemaNode, rule: CelRule, at: string, fail: Fail): void {
  const [text, message] = [rule.rule.trim(), rule.message.trim()]
  if (text === '') fail(`${at}.rule`, 'rule is not specified')
  else if (rule.message !== '' && message === '') fail(`${at}.message`, 'must be non-empty if specified')
  else if (breaksLine(message)) fail(`${at}.message`, 'must not contain line breaks')
  else if (breaksLine(text) && message === '') fail(`${at}.message`, 'message must be specified if rule contains line breaks')
  if (rule.messageExpression !== '' && rule.messageExpression.trim() === '')
    fail(`${at}.messageExpression`, 'must be non-empty if specified')
  if (rule.reason !== undefined && !REASONS.includes(rule.reason)) fail(`${at}.reason`, `must be one of ${REASONS.join(', ')}`)
  if (rule.fieldPath === '') return
  if (rule.fieldPath.trim() === '') fail(`${at}.fieldPath`, 'must be non-empty if specified')
  else if (breaksLine(rule.fieldPath)) fail(`${at}.fieldPath`, 'must not contain line breaks')
  else if (!isFieldPath(rule.fieldPath, node)) fail(`${at}.fieldPath`, 'must be a valid path')
}
