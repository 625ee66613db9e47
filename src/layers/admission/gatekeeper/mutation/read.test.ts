import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readMutator } from './read.ts'

const APPLY_TO = [{ groups: [''], versions: ['v1'], kinds: ['Pod'] }]
type Parts = Readonly<Record<string, unknown>>

const mutator = (kind: string, spec: Parts, version = kind === 'AssignImage' ? 'v1alpha1' : 'v1') => ({
  apiVersion: `mutations.gatekeeper.sh/${version}`,
  kind,
  metadata: { name: 'm' },
  spec,
})
const assign = (parts: Parts) =>
  mutator('Assign', { applyTo: APPLY_TO, location: 'spec.a', parameters: { assign: { value: 1 } }, ...parts })
const value = (value: unknown) => ({ assign: { value } })
const metadata = (location: string, value: unknown = 'x') => mutator('AssignMetadata', { location, parameters: { assign: { value } } })
const set = (parts: Parts) =>
  mutator('ModifySet', { applyTo: APPLY_TO, location: 'spec.a', parameters: { values: { fromList: [1] } }, ...parts })
const image = (parts: Parts) =>
  mutator('AssignImage', { applyTo: APPLY_TO, location: 'spec.image', parameters: { assignTag: ':1' }, ...parts })
const tests = (...all: readonly (readonly [string, string | undefined])[]) => ({
  ...value(1),
  pathTests: all.map(([subPath, condition]) => ({ subPath, condition })),
})

/** The field of which an error tells. */
const WRONG: readonly (readonly [string, unknown, string])[] = [
  ['another group', { ...assign({}), apiVersion: 'v1' }, 'kind'],
  ['a version that is not there', mutator('Assign', {}, 'v2'), 'apiVersion'],
  ['an image in a version that it has not', mutator('AssignImage', {}, 'v1'), 'apiVersion'],
  ['a kind that is no mutator', mutator('constructor', {}), 'kind'],
  ['no name', { ...assign({}), metadata: {} }, 'metadata.name'],
  ['an empty name', { ...assign({}), metadata: { name: '' } }, 'metadata.name'],
  ['a name that is none', { ...assign({}), metadata: { name: 'a\u001b' } }, 'metadata.name'],
  ['a long name', { ...assign({}), metadata: { name: 'a'.repeat(64) } }, 'metadata.name'],
  ['an unknown field', assign({ loc: 'a' }), 'spec.loc'],
  ['an unknown field of metadata', { ...assign({}), metadata: { name: 'a', label: {} } }, 'metadata.label'],
  ['__proto__', JSON.parse(JSON.stringify(assign({})).replace('"location"', '"__proto__":{},"location"')), 'spec.__proto__'],
  ['applyTo of AssignMetadata', mutator('AssignMetadata', { applyTo: APPLY_TO }), 'spec.applyTo'],
  ['no location', assign({ location: undefined }), 'spec.location'],
  ['a location that is none', assign({ location: 'spec.' }), 'spec.location'],
  ['a location in metadata', assign({ location: 'metadata.labels.a' }), 'spec.location'],
  ['the key of a list', assign({ location: 'spec.c[name: a].name' }), 'spec.location'],
  ['no applyTo', assign({ applyTo: null }), 'spec.applyTo'],
  ['applyTo without kinds', assign({ applyTo: [{ groups: [''], versions: ['v1'] }] }), 'spec.applyTo[0]'],
  ['an operation that is none', assign({ applyTo: [{ ...APPLY_TO[0], operations: ['DELETE'] }] }), 'spec.applyTo[0].operations[0]'],
  ['an operation twice', assign({ applyTo: [{ ...APPLY_TO[0], operations: ['CREATE', 'CREATE'] }] }), 'spec.applyTo[0].operations'],
  ['all operations and one', assign({ applyTo: [{ ...APPLY_TO[0], operations: ['*', 'CREATE'] }] }), 'spec.applyTo[0].operations'],
  ['no value', assign({ parameters: {} }), 'spec.parameters.assign'],
  ['null as value', assign({ parameters: value(null) }), 'spec.parameters.assign'],
  ['two values', assign({ parameters: { assign: { value: 1, fromMetadata: { field: 'name' } } } }), 'spec.parameters.assign'],
  ['data from outside', assign({ parameters: { assign: { externalData: { provider: 'p' } } } }), 'spec.parameters.assign.externalData'],
  [
    'another field of metadata',
    assign({ parameters: { assign: { fromMetadata: { field: 'uid' } } } }),
    'spec.parameters.assign.fromMetadata.field',
  ],
  ['an element that is no object', assign({ location: 'spec.c[name: a]' }), 'spec.parameters.assign.value'],
  [
    'an element with another key',
    assign({ location: 'spec.c[name: a]', parameters: value({ name: 'b' }) }),
    'spec.parameters.assign.value.name',
  ],
  [
    'an element with a number as key',
    assign({ location: 'spec.c[port: 80]', parameters: value({ port: 80 }) }),
    'spec.parameters.assign.value.port',
  ],
  ['all elements', assign({ location: 'spec.c[name: *]', parameters: value({ name: 'b' }) }), 'spec.location'],
  [
    'metadata as an element',
    assign({ location: 'spec.c[name: a]', parameters: { assign: { fromMetadata: { field: 'name' } } } }),
    'spec.parameters.assign.fromMetadata',
  ],
  ['a test of another place', assign({ parameters: tests(['spec.b', 'MustExist']) }), 'spec.parameters.pathTests[0]'],
  ['a test that is no location', assign({ parameters: tests(['spec.', 'MustExist']) }), 'spec.parameters.pathTests[0].subPath'],
  ['a test that asks for nothing known', assign({ parameters: tests(['spec', 'Exists']) }), 'spec.parameters.pathTests[0].condition'],
  ['contrary tests', assign({ parameters: tests(['spec', 'MustNotExist'], ['spec', 'MustExist']) }), 'spec.parameters.pathTests[0]'],
  [
    'a child of what must not be',
    assign({ parameters: tests(['spec', 'MustNotExist'], ['spec.a', 'MustExist']) }),
    'spec.parameters.pathTests[1]',
  ],
  ['another source', assign({ match: { source: 'Other' } }), 'spec.match.source'],
  ['a pattern that is none', assign({ match: { namespaces: ['a*b'] } }), 'spec.match.namespaces[0]'],
  [
    'an operator that is none',
    assign({ match: { labelSelector: { matchExpressions: [{ key: 'a', operator: 'Is' }] } } }),
    'spec.match.labelSelector.matchExpressions[0].operator',
  ],
  [
    'In without values',
    assign({ match: { labelSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } } }),
    'spec.match.labelSelector.matchExpressions[0].values',
  ],
  [
    'a label that is none',
    assign({ match: { namespaceSelector: { matchLabels: { 'a b': '' } } } }),
    'spec.match.namespaceSelector.matchLabels.a b',
  ],
  [
    'the label __proto__',
    assign({ match: { labelSelector: { matchLabels: JSON.parse('{"__proto__":"a"}') } } }),
    'spec.match.labelSelector.matchLabels.__proto__',
  ],
  ['metadata elsewhere', metadata('metadata.name'), 'spec.location'],
  ['metadata too deep', metadata('metadata.labels.a.b'), 'spec.location'],
  ['a label that is no text', metadata('metadata.labels.a', 5), 'spec.parameters.assign.value'],
  ['a set in elements', set({ location: 'spec.a[b: c]' }), 'spec.location'],
  ['another operation', set({ parameters: { operation: 'add' } }), 'spec.parameters.operation'],
  ['values that are no list', set({ parameters: { values: { fromList: 'a' } } }), 'spec.parameters.values.fromList'],
  ['an image in elements', image({ location: 'spec.a[b: c]' }), 'spec.location'],
  ['no part of an image', image({ parameters: {} }), 'spec.parameters.assignDomain'],
  ['a tag that is none', image({ parameters: { assignTag: '1' } }), 'spec.parameters.assignTag'],
  [
    'more kinds than can be',
    assign({ applyTo: [{ groups: [''], versions: ['v1'], kinds: Array.from({ length: 1001 }, (_, at) => `K${at}`) }] }),
    'spec.applyTo',
  ],
  ['a value too deep', assign({ parameters: value(JSON.parse('['.repeat(2000) + ']'.repeat(2000))) }), 'spec.parameters.assign.value'],
]

describe('mutators are read', () => {
  for (const [name, object, at] of WRONG)
    test(`not with ${name}`, () => assert.throws(() => readMutator(object as Parts), { name: 'ThymusError', code: 'MUTATOR', at }))

  test('with capital letters in its name', () => {
    assert.equal(readMutator({ ...assign({}), metadata: { name: 'fsGroup' } }).id.name, 'fsGroup')
  })

  test('each kind, in each of its versions', () => {
    const all = [assign({}), set({}), metadata('metadata.labels.a')]
    for (const version of ['v1', 'v1beta1', 'v1alpha1'])
      for (const one of all) {
        const { id } = readMutator({ ...one, apiVersion: `mutations.gatekeeper.sh/${version}` })
        assert.deepEqual(id, { kind: one.kind, namespace: '', name: 'm' })
      }
    assert.deepEqual(readMutator(image({})).effect, { type: 'image', parts: { domain: '', path: '', tag: ':1' } })
  })

  test('null is the same as nothing', () => {
    const spec = { match: null, parameters: { ...value('a'), pathTests: null } }
    assert.deepEqual(readMutator({ ...assign(spec), status: null }), readMutator(assign({ parameters: value('a') })))
  })

  test('a parent that must not be escapes where it is written later', () => {
    assert.equal(readMutator(assign({ parameters: tests(['spec.a', 'MustExist'], ['spec', 'MustNotExist']) })).tests.size, 2)
  })

  test('selectors become those of the core', () => {
    const { match } = readMutator(assign({ match: { labelSelector: { matchLabels: { a: 'b' } }, scope: null } }))
    assert.deepEqual(match.labelSelector, [{ key: 'a', operator: 'In', values: ['b'] }])
    assert.equal(match.namespaceSelector, undefined)
  })
})
