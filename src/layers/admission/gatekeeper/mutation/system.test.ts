import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readMutator } from './read.ts'
import { type Mutable, MutationSystem } from './system.ts'

type Parts = Readonly<Record<string, unknown>>
const APPLY_TO = [{ groups: [''], versions: ['v1'], kinds: ['Pod'] }]

let count = 0
/** A mutator of the next name in order. */
function mutator(kind: string, location: string, parameters: Parts, more: Parts = {}) {
  const spec = { ...(kind === 'AssignMetadata' ? {} : { applyTo: APPLY_TO }), location, parameters, ...more }
  const metadata = { name: `m${String(count++).padStart(4, '0')}`, generation: 2 }
  return readMutator({ apiVersion: `mutations.gatekeeper.sh/v1alpha1`, kind, metadata, spec })
}
const assign = (location: string, value: unknown, more?: Parts) => mutator('Assign', location, { assign: { value } }, more)
const tested = (location: string, value: unknown, ...pathTests: readonly Parts[]) =>
  mutator('Assign', location, { assign: { value }, pathTests })
const label = (name: string, value: string, more?: Parts) =>
  mutator('AssignMetadata', `metadata.labels.${name}`, { assign: { value } }, more)
const set = (operation: string, location: string, ...fromList: readonly unknown[]) =>
  mutator('ModifySet', location, { operation, values: { fromList } })
const image = (location: string, parts: Parts) => mutator('AssignImage', location, parts)

const pod = (spec: unknown, metadata: Parts = {}) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', ...metadata }, spec })
const ABOUT = { namespace: undefined, source: 'Original', operation: 'CREATE' } as const
const mutate = (object: Parts, mutators: Parameters<typeof MutationSystem.of>[0], about: Partial<Mutable> = {}) =>
  MutationSystem.of(mutators).mutate({ ...ABOUT, object, ...about })
/** What becomes of a Pod's spec. */
const specOf = (spec: unknown, ...mutators: Parameters<typeof MutationSystem.of>[0]) => mutate(pod(spec), mutators).object.spec

test('without a mutator, an object is not read', () => {
  const object = {
    kind: 'Pod',
    metadata: { name: 'p' },
    get spec() {
      return assert.fail('it is read')
    },
  }
  assert.equal(mutate(object, []).object, object)
})

describe('one mutator', () => {
  test('makes what is missing on the way', () => {
    assert.deepEqual(specOf({}, assign('spec.a.b', 1)), { a: { b: 1 } })
    assert.deepEqual(specOf({}, assign('spec.c[name: x].a', 1)), { c: [{ name: 'x', a: 1 }] })
    assert.deepEqual(specOf({}, assign('spec.c[port: 80].a', 1)), { c: [{ port: 80, a: 1 }] })
    assert.deepEqual(specOf({}, assign('spec.c[name: x]', { name: 'x', a: 1 })), { c: [{ name: 'x', a: 1 }] })
  })

  test('goes to elements of lists by key, or to all', () => {
    const spec = { c: [{ name: 'x' }, { name: 'y', a: 2 }, { name: 'x', port: 80 }] }
    assert.deepEqual(specOf(spec, assign('spec.c[name: x].a', 1)), {
      c: [
        { name: 'x', a: 1 },
        { name: 'y', a: 2 },
        { name: 'x', port: 80, a: 1 },
      ],
    })
    assert.deepEqual(specOf(spec, assign('spec.c[name: *].a', 1)), {
      c: [
        { name: 'x', a: 1 },
        { name: 'y', a: 1 },
        { name: 'x', port: 80, a: 1 },
      ],
    })
    assert.deepEqual(specOf(spec, assign('spec.c[port: 80].a', 1)), {
      c: [{ name: 'x' }, { name: 'y', a: 2 }, { name: 'x', port: 80, a: 1 }],
    })
    assert.deepEqual(specOf(spec, assign('spec.c[name: y]', { name: 'y' })), { c: [{ name: 'x' }, { name: 'y' }, { name: 'x', port: 80 }] })
  })

  test('makes no element of all elements', () => {
    assert.deepEqual(specOf({ b: 1 }, assign('spec.c[name: *].a', 1)), { b: 1 })
  })

  test('cannot go on through what has another shape', () => {
    for (const spec of [5, null, [], { a: 'text' }, { a: [] }])
      assert.throws(() => specOf(spec, assign('spec.a.b', 1)), { code: 'MUTATOR', at: 'Pod p' })
    assert.throws(() => specOf({ c: {} }, assign('spec.c[name: x].a', 1)), { code: 'MUTATOR' })
    assert.throws(() => specOf({ c: ['x'] }, assign('spec.c[name: *].a', 1)), { code: 'MUTATOR' })
    assert.throws(() => specOf({ c: ['x'] }, assign('spec.c[name: x]', { name: 'x' })), { code: 'MUTATOR' })
    // An element that is no object has no key, so it is not the one that is meant.
    assert.deepEqual(specOf({ c: ['x'] }, assign('spec.c[name: x].a', 1)), { c: ['x', { name: 'x', a: 1 }] })
  })

  test('stops where a test says so', () => {
    assert.deepEqual(specOf({}, tested('spec.a.b', 1, { subPath: 'spec.a', condition: 'MustExist' })), {})
    assert.deepEqual(specOf({ a: {} }, tested('spec.a.b', 1, { subPath: 'spec.a', condition: 'MustExist' })), { a: { b: 1 } })
    assert.deepEqual(specOf({ a: { b: 0 } }, tested('spec.a.b', 1, { subPath: 'spec.a.b', condition: 'MustNotExist' })), { a: { b: 0 } })
    assert.deepEqual(specOf({}, tested('spec.a.b', 1, { subPath: 'spec.a.b', condition: 'MustNotExist' })), { a: { b: 1 } })
    const elements = { c: [{ name: 'x' }] }
    const at = 'spec.c[name: x]'
    assert.deepEqual(specOf(elements, tested(`${at}.a`, 1, { subPath: at, condition: 'MustNotExist' })), elements)
    assert.deepEqual(specOf({ c: [] }, tested(`${at}.a`, 1, { subPath: at, condition: 'MustExist' })), { c: [] })
    assert.deepEqual(specOf(elements, tested('spec.c[name: *].a', 1, { subPath: 'spec.c[name: *]', condition: 'MustNotExist' })), elements)
  })

  test('puts values into a set, or takes them out', () => {
    assert.deepEqual(specOf({ a: ['x', 1] }, set('merge', 'spec.a', 'y', 'x', 1, 'y', { b: 1 })), { a: ['x', 1, 'y', { b: 1 }] })
    assert.deepEqual(specOf({ a: ['x', 'y', 'x'] }, set('prune', 'spec.a', 'x')), { a: ['y'] })
    assert.deepEqual(specOf({}, set('merge', 'spec.b.a', 'x')), { b: { a: ['x'] } })
    assert.deepEqual(specOf({}, set('prune', 'spec.b.a', 'x')), { b: {} })
    assert.throws(() => specOf({ a: 'x' }, set('merge', 'spec.a', 'x')), { code: 'MUTATOR' })
  })

  test('without values merges what Go writes as null', () => {
    assert.deepEqual(specOf({}, mutator('ModifySet', 'spec.a', { values: {} })), { a: null })
    assert.deepEqual(specOf({}, set('merge', 'spec.a')), { a: [] })
  })

  test('changes the parts of an image', () => {
    const spec = { c: [{ name: 'x', image: 'nginx:1' }, { name: 'y' }] }
    assert.deepEqual(specOf(spec, image('spec.c[name: *].image', { assignDomain: 'gcr.io' })), {
      c: [
        { name: 'x', image: 'gcr.io/nginx:1' },
        { name: 'y', image: 'gcr.io/' },
      ],
    })
    assert.throws(() => specOf({ image: null }, image('spec.image', { assignTag: ':1' })), { code: 'MUTATOR' })
  })

  test('adds labels and annotations, and changes none', () => {
    const labelled = mutate(pod({}, { labels: { a: '1' } }), [label('a', '2'), label('b', '2')]).object.metadata
    assert.deepEqual(labelled, { name: 'p', labels: { a: '1', b: '2' } })
    const from = mutator('AssignMetadata', 'metadata.annotations.name', { assign: { fromMetadata: { field: 'name' } } })
    assert.deepEqual(mutate(pod({}), [from]).object.metadata, { name: 'p', annotations: { name: 'p' } })
  })
})

describe('which mutators apply', () => {
  const applies = (more: Parts, about: Partial<Mutable> = {}, object: Parts = pod({}, { namespace: 'ns' })) =>
    mutate(object, [assign('spec.a', 1, more)], about).applied.length > 0
  const operations = (...operations: readonly string[]) => ({ applyTo: [{ ...APPLY_TO[0], operations }] })

  test('those of the kind, with its group and version', () => {
    assert(applies({}))
    for (const [apiVersion, kind] of [
      ['v1', 'Service'],
      ['v2', 'Pod'],
      ['apps/v1', 'Pod'],
    ])
      assert(!applies({}, {}, { ...pod({}), apiVersion, kind }))
  })

  test('those of the operation; of all operations where nobody says', () => {
    assert(applies(operations('CREATE')))
    assert(!applies(operations('CREATE'), { operation: 'UPDATE' }))
    assert(!applies({}, { operation: 'DELETE' }))
    assert(!applies(operations('CREATE'), { operation: undefined }))
    for (const all of [operations('UPDATE', 'CREATE'), operations('*'), {}]) assert(applies(all, { operation: undefined }))
  })

  test('those that match', () => {
    assert(applies({ match: { source: 'Original' } }))
    assert(!applies({ match: { source: 'Original' } }, { source: 'Generated' }))
    assert(applies({ match: { namespaces: ['n*'] } }))
    assert(!applies({ match: { excludedNamespaces: ['ns'] } }))
    const selector = { match: { namespaceSelector: { matchLabels: { a: 'b' } } } }
    assert(applies(selector, { namespace: { metadata: { name: 'ns', labels: { a: 'b' } } } }))
    assert(!applies(selector, { namespace: { metadata: { name: 'ns' } } }))
    assert.throws(() => applies(selector), { code: 'MUTATOR', message: /missing Namespace/ })
  })
})

describe('several mutators', () => {
  test('are applied by kind and name, and again until nothing changes', () => {
    const first = assign('spec.a', 1, { match: { labelSelector: { matchLabels: { x: 'y' } } } })
    const second = label('x', 'y')
    assert.equal(specOfAll(pod({}), second, first).a, 1)
    const { applied } = mutate(pod({}), [first, second])
    assert.deepEqual(applied, [`Assign//${first.id.name}:2`, `AssignMetadata//${second.id.name}:2`])
    const [former, latter] = [assign('spec.b', 'former'), assign('spec.b', 'latter')]
    assert.equal(specOfAll(pod({}), latter, former).b, 'latter')
    assert.deepEqual(specOfAll(pod({}), set('prune', 'spec.c', 'x'), assign('spec.c', ['x'])).c, [])
  })

  test('that never come to an end are an error', () => {
    const renamed = (from: string, to: string) => assign('kind', to, { applyTo: [{ groups: [''], versions: ['v1'], kinds: [from] }] })
    const circle = [renamed('Y', 'Pod'), renamed('X', 'Y'), renamed('Pod', 'X')]
    assert.throws(() => mutate(pod({}), circle), { code: 'MUTATOR', message: /do not come to an end/ })
  })

  test('of one id: the later counts', () => {
    const old = assign('spec.a', 'old')
    assert.equal(specOfAll(pod({}), old, { ...assign('spec.a', 'new'), id: old.id }).a, 'new')
  })

  test('write one value into all places, so that what one changes is changed in all', () => {
    const spec = { c: [{ name: 'x' }, { name: 'y' }] }
    const both = specOf(spec, assign('spec.c[name: *].a', {}), assign('spec.c[name: x].a.b', 1))
    assert.deepEqual(both, {
      c: [
        { name: 'x', a: { b: 1 } },
        { name: 'y', a: { b: 1 } },
      ],
    })
  })

  test('tell numbers of a value from those of a document and of a location', () => {
    const added = specOf({}, assign('spec.c', [{ port: 80 }]), assign('spec.c[port: 80].a', 1))
    assert.deepEqual(added, { c: [{ port: 80 }, { port: 80, a: 1 }] })
  })

  const CONTRARY: readonly (readonly [string, readonly ReturnType<typeof assign>[], number])[] = [
    ['an object and a list', [assign('spec.a.b', 1), assign('spec.a[b: c].d', 1)], 2],
    ['two keys of a list', [assign('spec.a[b: c].d', 1), assign('spec.a[c: c].d', 1)], 2],
    ['a set and an object', [set('merge', 'spec.a', 1), assign('spec.a.b', 1)], 2],
    [
      'a set and an image, of which a value has no part',
      [set('merge', 'spec.a', 1), image('spec.a', { assignTag: ':1' }), assign('spec.a', 1)],
      2,
    ],
    ['an image and what is beyond it', [image('spec.a', { assignTag: ':1' }), assign('spec.a.b', 1)], 2],
    ['a value and what is beyond it', [assign('spec.a', {}), assign('spec.a.b', 1)], 0],
    [
      'other kinds',
      [assign('spec.a.b', 1), assign('spec.a[b: c].d', 1, { applyTo: [{ groups: [''], versions: ['v1'], kinds: ['X'] }] })],
      0,
    ],
    [
      'other operations',
      [
        assign('spec.a.b', 1, { applyTo: [{ ...APPLY_TO[0], operations: ['CREATE'] }] }),
        assign('spec.a[b: c].d', 1, { applyTo: [{ ...APPLY_TO[0], operations: ['UPDATE'] }] }),
      ],
      0,
    ],
  ]
  for (const [name, mutators, contrary] of CONTRARY)
    test(`that contradict each other are not applied: ${name}`, () => {
      const system = MutationSystem.of(mutators)
      assert.equal(system.conflicts.size, contrary)
      assert.equal(
        system.mutate({ ...ABOUT, object: pod({}) }).applied.length,
        system.conflicts.size === 0 ? (name === 'other kinds' || name === 'other operations' ? 1 : 2) : mutators.length - contrary,
      )
      for (const [id, others] of system.conflicts) assert(others.length === contrary - 1 && !others.includes(id))
    })
})

function specOfAll(object: Parts, ...mutators: Parameters<typeof MutationSystem.of>[0]) {
  return mutate(object, mutators).object.spec as Parts
}

describe('the result', () => {
  test('is another object; the same where nothing changed', () => {
    const object = pod({ a: { b: [1] } })
    const before = structuredClone(object)
    const { object: after } = mutate(object, [set('merge', 'spec.a.b', 2)])
    assert.deepEqual(object, before)
    assert.deepEqual(after.spec, { a: { b: [1, 2] } })
    assert.equal(mutate(object, [set('merge', 'spec.a.b', 1)]).object, object)
  })

  test('has annotations where they are switched on', () => {
    const one = assign('spec.a', 1)
    const { object } = mutate(pod({}, { annotations: { a: 'b' } }), [one], { annotate: 'id' })
    assert.deepEqual((object.metadata as Parts).annotations, {
      a: 'b',
      'gatekeeper.sh/mutations': `Assign//${one.id.name}:2`,
      'gatekeeper.sh/mutation-id': 'id',
    })
    assert.deepEqual(mutate(pod({ a: 1 }), [set('merge', 'spec.b')], { annotate: 'id' }).applied.length, 1)
  })

  test('keeps large numbers', () => {
    const spec = { a: 2 ** 60, b: 1.5, c: -0, d: 9007199254740993n, e: 1e300 }
    assert.deepEqual(specOf(spec, assign('spec.x', 1)), { ...spec, c: 0, x: 1 })
  })
})

describe('hostile input', () => {
  test('__proto__ is a name as any other', () => {
    const object = JSON.parse('{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"__proto__":{"a":1},"constructor":[]}}')
    const text = JSON.stringify(
      mutate(object, [assign('spec.__proto__.polluted', 'yes'), assign('spec.new.__proto__.polluted', 'yes')]).object.spec,
    )
    assert.equal(text, '{"__proto__":{"a":1,"polluted":"yes"},"constructor":[],"new":{"__proto__":{"polluted":"yes"}}}')
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
    assert.deepEqual(specOf({}, assign('spec.toString.a', 1)), { toString: { a: 1 } })
  })

  test('an object that is too deep is refused', () => {
    const deep = JSON.parse(`{"kind":"Pod","spec":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`)
    assert.throws(() => mutate(deep, [assign('spec.a', 1)]), { code: 'MUTATOR', message: /deeper/ })
  })

  test('a deep location makes a deep object', () => {
    const { object } = mutate(pod({}), [assign(`spec${'.a'.repeat(250)}`, 1)])
    assert.equal(JSON.stringify(object).split('{"a":').length, 251)
  })

  test('a long list takes as long as it is', () => {
    const object = pod({ c: Array.from({ length: 50_000 }, (_, at) => ({ name: `c${at}` })) })
    const { object: after } = mutate(object, [assign('spec.c[name: *].a', 1), assign('spec.c[name: "c7"].b', 1)])
    assert.deepEqual((after.spec as { c: unknown[] }).c.slice(6, 8), [
      { name: 'c6', a: 1 },
      { name: 'c7', a: 1, b: 1 },
    ])
  })

  test('lists in lists, each put into all elements of another, come to an end', () => {
    const many = Array.from({ length: 10 }, (_, depth) =>
      assign(
        `spec${'.l[k: *]'.repeat(depth + 1)}.l`,
        Array.from({ length: 10 }, (_, k) => ({ k, l: [] })),
      ),
    )
    assert.throws(() => mutate(pod({ l: [{ k: 1 }] }), many), { code: 'MUTATOR', message: /too many steps/ })
  })
})
