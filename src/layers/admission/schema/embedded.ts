// Objects of Kubernetes within a value, `x-kubernetes-embedded-resource` (apiextensions-apiserver pkg/apiserver/schema/objectmeta).
// Of their metadata the types of the fields are checked, the names, labels and keys of annotations; owners and finalizers are not.
import { dnsLabelProblem, labelKeyProblem, labelValueProblem } from '../../../core/label-syntax.ts'
import { isFields, textAt } from '../../../formats/kubernetes/object.ts'
import type { Problem, SchemaNode } from './node.ts'

/** What makes the embedded objects of a value no objects. */
export function embeddedProblems(root: SchemaNode, value: unknown): readonly Problem[] {
  const problems: Problem[] = []
  walk(root, value, '', (path, text) => void problems.push({ path, text }))
  return problems
}

type Fail = (path: string, text: string) => void

const child = (path: string, name: string) => (path === '' ? name : `${path}.${name}`)

function walk(node: SchemaNode, value: unknown, path: string, fail: Fail): void {
  if (Array.isArray(value)) {
    if (node.items !== undefined) for (const [index, each] of value.entries()) walk(node.items, each, `${path}[${index}]`, fail)
  } else if (isFields(value)) {
    if (node.embeddedResource) checkResource(value, path, fail)
    for (const [name, each] of Object.entries(value)) {
      const property = node.properties.get(name)
      if (property !== undefined) walk(property, each, child(path, name), fail)
      else if (typeof node.additionalProperties === 'object') walk(node.additionalProperties, each, `${path}[${name}]`, fail)
    }
  }
}

function checkResource(value: Readonly<Record<string, unknown>>, path: string, fail: Fail): void {
  const text = (name: string, isWellFormed: (text: string) => boolean) => {
    const at = child(path, name)
    const given = Object.hasOwn(value, name) ? value[name] : undefined
    if (given === undefined) fail(at, 'is required')
    else if (typeof given !== 'string') fail(at, 'must be a string')
    else if (given === '') fail(at, 'must not be empty')
    else if (!isWellFormed(given)) fail(at, 'is malformed')
  }
  text('apiVersion', (version) => version === '/' || version.split('/').length <= 2)
  text('kind', (kind) => kind.length <= 63 && /^[a-z](?:[-a-z\d]*[a-z\d])?$/i.test(kind))
  if (Object.hasOwn(value, 'metadata')) checkMetadata(value.metadata, child(path, 'metadata'), fail)
}

const isText = (value: unknown) => typeof value === 'string'
const isTexts = (value: unknown) => isFields(value) && Object.values(value).every((each) => isText(each) || each === null)
const isList = (is: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every((each) => each === null || is(each))

const METADATA: Readonly<Record<string, (value: unknown) => boolean>> = {
  ...Object.fromEntries(['name', 'generateName', 'namespace', 'selfLink', 'uid', 'resourceVersion'].map((name) => [name, isText])),
  generation: Number.isInteger,
  deletionGracePeriodSeconds: Number.isInteger,
  labels: isTexts,
  annotations: isTexts,
  finalizers: isList(isText),
  ownerReferences: isList(isFields),
  managedFields: isList(isFields),
}

function checkMetadata(metadata: unknown, path: string, fail: Fail): void {
  if (metadata !== null && !isFields(metadata)) fail(path, 'must be a map')
  if (!isFields(metadata)) return
  const wrong = Object.entries(METADATA).find(
    ([name, is]) => Object.hasOwn(metadata, name) && metadata[name] !== null && !is(metadata[name]),
  )
  if (wrong !== undefined) fail(path, `${wrong[0]} has a wrong type`)
  else checkNames(metadata, path, fail)
}

function checkNames(metadata: Readonly<Record<string, unknown>>, path: string, fail: Fail): void {
  for (const name of ['name', 'generateName', 'namespace']) {
    const text = textAt(metadata, name)
    const whole = name === 'name' && /^\.{1,2}$/.test(text)
    const problem = name === 'namespace' ? dnsLabelProblem(text) : whole || /[/%]/.test(text) ? 'is no name' : undefined
    if (text !== '' && problem !== undefined) fail(child(path, name), problem)
  }
  for (const name of ['labels', 'annotations'])
    for (const [key, value] of Object.entries(metadata[name] ?? {})) {
      const problems =
        name === 'labels' ? [labelKeyProblem(key), labelValueProblem(String(value ?? ''))] : [labelKeyProblem(key.toLowerCase())]
      for (const problem of problems) if (problem !== undefined) fail(child(path, name), `"${key}" ${problem}`)
    }
}
