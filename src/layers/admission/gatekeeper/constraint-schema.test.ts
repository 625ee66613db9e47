import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ThymusError } from '../../../core/errors.ts'
import { constraintSchema, legacyByDefault } from './constraint-schema.ts'

const REPOS = { type: 'object', properties: { repos: { type: 'array', items: { type: 'string' } } } }
const constraint = (spec: object, more: object = {}) => ({
  apiVersion: 'constraints.gatekeeper.sh/v1beta1',
  kind: 'AllowedRepos',
  metadata: { name: 'repos' },
  spec,
  ...more,
})

test('parameters follow the schema of the template', () => {
  const schema = constraintSchema(REPOS, false)
  assert.deepEqual(schema.validate(constraint({ parameters: { repos: ['a'] } })), [])
  assert.deepEqual(schema.validate(constraint({ parameters: { repos: 'a' } })), [
    { path: 'spec.parameters.repos', text: 'spec.parameters.repos in body must be of type array: "string"' },
  ])
  assert.deepEqual(schema.unknownFields(constraint({ parameters: { repo: 'a' }, parameter: 1 })), [
    'spec.parameter',
    'spec.parameters.repo',
  ])
})

test('without a schema no parameter is known, but in a legacy template every one is', () => {
  const value = constraint({ parameters: { a: { b: [{ c: 1 }] } } })
  assert.deepEqual(constraintSchema(undefined, false).unknownFields(value), ['spec.parameters'])
  assert.deepEqual(constraintSchema(undefined, true).unknownFields(value), [])
})

test('a legacy schema needs no types, and keeps what it does not know', () => {
  const schema = { properties: { list: { type: 'array' }, map: { additionalProperties: { properties: { a: { type: 'string' } } } } } }
  const legacy = constraintSchema(schema, true)
  const value = constraint({ parameters: { list: [{ a: 1 }], map: { b: { a: 'c', d: 1 } }, e: 1 } })
  assert.deepEqual(legacy.validate(value), [])
  assert.deepEqual(legacy.unknownFields(value), [])
  assert.equal(legacy.validate(constraint({ parameters: { map: { b: { a: 1 } } } }))[0]?.path, 'spec.parameters.map.b.a')
  assert.throws(() => constraintSchema(schema, false), ThymusError)
  assert.deepEqual(['v1', 'v1beta1', 'v1alpha1'].map(legacyByDefault), [false, true, true])
})

test('a schema that is none is an error that names its place in the template', () => {
  const at = 'spec.crd.spec.validation.openAPIV3Schema.properties[a].type'
  const isAt = (error: unknown) =>
    error instanceof ThymusError && error.code === 'TEMPLATE' && error.at === at && error.message.startsWith(at)
  assert.throws(() => constraintSchema({ type: 'object', properties: { a: { type: 'text' } } }, false), isAt)
  const several = { type: 'array', items: [{ type: 'string' }] }
  assert.throws(() => constraintSchema(several, true), /openAPIV3Schema\.items: must be one schema/)
})

test('match, name and enforcement are those of Gatekeeper', () => {
  const schema = constraintSchema(REPOS, false)
  const paths = (value: unknown) => schema.validate(value).map(({ path }) => path)
  assert.deepEqual(
    paths(constraint({ match: { kinds: [{ apiGroups: [''], kinds: ['Pod'] }], namespaces: ['kube-*'], source: 'All' } })),
    [],
  )
  assert.deepEqual(
    paths(constraint({ match: { source: 'Some', namespaces: ['Kube'], kinds: [''], labelSelector: { matchExpressions: [{}] } } })),
    [
      'spec.match.kinds[0]',
      'spec.match.labelSelector.matchExpressions[0].key',
      'spec.match.labelSelector.matchExpressions[0].operator',
      'spec.match.namespaces[0]',
      'spec.match.source',
    ],
  )
  assert.deepEqual(schema.unknownFields(constraint({ match: { kind: [] } })), ['spec.match.kind'])
  assert.deepEqual(paths({ ...constraint({}), metadata: { name: 'a'.repeat(64), labels: {} } }), ['metadata.name'])
  assert.deepEqual(schema.unknownFields(constraint({}, { status: { byPod: [] } })), [])
  assert.deepEqual(schema.withDefaults(constraint({})), constraint({ enforcementAction: 'deny' }))
})
