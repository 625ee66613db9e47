import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Expander, implied, readExpansion } from './expansion.ts'
import { readMutator } from './mutation/read.ts'
import { MutationSystem } from './mutation/system.ts'

type Parts = Readonly<Record<string, unknown>>
const KINDS = { Deployment: ['apps', 'v1'], Pod: ['', 'v1'], Job: ['batch', 'v1'], CronJob: ['batch', 'v1'] } as const
type Kind = keyof typeof KINDS

function template(name: string, from: Kind, to: Kind, more: Parts = {}) {
  const applyTo = [{ groups: [KINDS[from][0]], versions: [KINDS[from][1]], kinds: [from] }]
  const generatedGVK = { group: KINDS[to][0], version: KINDS[to][1], kind: to }
  const spec = { applyTo, templateSource: 'spec.template', generatedGVK, ...more }
  return { apiVersion: 'expansion.gatekeeper.sh/v1beta1', kind: 'ExpansionTemplate', metadata: { name }, spec }
}
const NONE = MutationSystem.of([])
const expander = (mutations: MutationSystem, ...templates: readonly Parts[]) => Expander.of(templates.map(readExpansion), mutations)
const deployment = (inside: unknown, metadata: Parts = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'Web', ...metadata },
  spec: { template: inside },
})
const OWNER = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'Web', uid: '' }

describe('templates are read', () => {
  const WRONG: readonly (readonly [string, Parts, string])[] = [
    ['another version', { ...template('t', 'Deployment', 'Pod'), apiVersion: 'expansion.gatekeeper.sh/v1' }, 'apiVersion'],
    ['an unknown field', template('t', 'Deployment', 'Pod', { source: 'spec' }), 'spec.source'],
    ['no source', template('t', 'Deployment', 'Pod', { templateSource: '' }), 'spec.templateSource'],
    ['no kinds', template('t', 'Deployment', 'Pod', { applyTo: [] }), 'spec.applyTo'],
    ['no kind to generate', template('t', 'Deployment', 'Pod', { generatedGVK: {} }), 'spec.generatedGVK'],
    ['its own kind', template('t', 'Pod', 'Pod'), 'spec.applyTo[0]'],
    ['a long name', template('a'.repeat(64), 'Deployment', 'Pod'), 'metadata.name'],
  ]
  for (const [name, object, at] of WRONG)
    test(`not with ${name}`, () => assert.throws(() => readExpansion(object), { code: 'MUTATOR', at }))
})

describe('an object is expanded', () => {
  test('with a name, its namespace and its owner', () => {
    const [pod, ...more] = expander(NONE, template('t', 'Deployment', 'Pod')).expand(
      deployment({ metadata: { labels: { a: 'b' }, name: 'x' }, spec: { a: 1 }, kind: 'Other' }, { namespace: 'ns' }),
      undefined,
    )
    assert.deepEqual(pod?.object, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { labels: { a: 'b' }, name: 'web-pod', namespace: 'ns', ownerReferences: [OWNER] },
      spec: { a: 1 },
    })
    assert.deepEqual(more, [])
  })

  test('into the namespace that is known, or into none', () => {
    const into = (namespace: Parts) => {
      const [made] = expander(NONE, template('t', 'Deployment', 'Pod')).expand(
        deployment({ metadata: { namespace: 'x' } }, { namespace: 'ns' }),
        namespace,
      )
      return (made!.object.metadata as Parts).namespace
    }
    assert.equal(into({ metadata: { name: 'other' } }), 'other')
    assert.equal(into({}), undefined)
  })

  test('into none where a file names none, whatever the template says', () => {
    const into = (metadata: Parts, namespace?: Parts) => {
      const [made] = expander(NONE, template('t', 'Deployment', 'Pod')).expandInFile(
        deployment({ metadata: { namespace: 'x' } }, metadata),
        namespace,
      )
      return (made!.object.metadata as Parts).namespace
    }
    assert.equal(into({}), undefined)
    assert.equal(into({ namespace: '' }), undefined)
    assert.equal(into({ namespace: null }), undefined)
    assert.equal(into({ namespace: 'ns' }), 'ns')
    assert.equal(into({ namespace: 'ns' }, { metadata: { name: 'other' } }), 'other')
  })

  test('keeping the owners that it has', () => {
    const owners = (...written: readonly unknown[]) => {
      const inside = { metadata: { ownerReferences: written } }
      const [made] = expander(NONE, template('t', 'Deployment', 'Pod')).expand(deployment(inside), undefined)
      return (made!.object.metadata as Parts).ownerReferences
    }
    const other = { kind: 'X', name: 'x', controller: true, extra: 1 }
    assert.deepEqual(owners(other), [{ apiVersion: '', kind: 'X', name: 'x', uid: '', controller: true }, OWNER])
    assert.deepEqual(owners({ ...OWNER, extra: 1 }), [{ ...OWNER, extra: 1 }])
    assert.deepEqual(owners('x'), [OWNER])
  })

  test('over several levels, the last first', () => {
    const chain = expander(NONE, template('a', 'CronJob', 'Job'), template('b', 'Job', 'Pod', { enforcementAction: 'warn' }))
    const made = chain.expand(
      { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'c' }, spec: { template: { spec: { template: {} } } } },
      undefined,
    )
    assert.deepEqual(
      made.map(({ object, template }) => [(object.metadata as Parts).name, template.name, template.enforcementAction]),
      [
        ['c-job-pod', 'b', 'warn'],
        ['c-job', 'a', undefined],
      ],
    )
  })

  test('and mutated as a generated object, of no operation', () => {
    const mutator = (name: string, match: Parts, more: Parts = {}) =>
      readMutator({
        apiVersion: 'mutations.gatekeeper.sh/v1',
        kind: 'Assign',
        metadata: { name },
        spec: {
          applyTo: [{ groups: [''], versions: ['v1'], kinds: ['Pod'], ...more }],
          match,
          location: `spec.${name}`,
          parameters: { assign: { value: 1 } },
        },
      })
    const mutators = [
      mutator('all', {}),
      mutator('generated', { source: 'Generated' }),
      mutator('original', { source: 'Original' }),
      mutator('create', {}, { operations: ['CREATE'] }),
    ]
    const [made] = expander(MutationSystem.of(mutators), template('t', 'Deployment', 'Pod')).expand(deployment({}), undefined)
    assert.deepEqual(made!.object.spec, { all: 1, generated: 1 })
  })

  test('not where it has nothing to make another of', () => {
    for (const inside of [undefined, null, 5, []])
      assert.throws(() => expander(NONE, template('t', 'Deployment', 'Pod')).expand(deployment(inside), undefined), {
        code: 'MUTATOR',
        at: 'spec.template',
      })
    assert.deepEqual(expander(NONE, template('t', 'Job', 'Pod')).expand(deployment({}), undefined), [])
  })

  test('by no template of a circle', () => {
    const circle = expander(
      NONE,
      template('a', 'Deployment', 'Job'),
      template('b', 'Job', 'Deployment'),
      template('c', 'Deployment', 'Pod'),
    )
    assert.deepEqual(circle.cycles, ['a', 'b'])
    assert.deepEqual(
      circle.expand(deployment({}), undefined).map(({ template }) => template.name),
      ['c'],
    )
  })

  test('without end only so far', () => {
    const kind = (level: number) => ({ groups: ['x'], versions: ['v1'], kinds: [`K${level}`] })
    const step = (level: number, copy: number) =>
      template(`t${level}-${copy}`, 'Job', 'Pod', {
        applyTo: [kind(level)],
        generatedGVK: { group: 'x', version: 'v1', kind: `K${level + 1}` },
        templateSource: 'spec',
      })
    const object = {
      apiVersion: 'x/v1',
      kind: 'K0',
      metadata: { name: 'a' },
      spec: JSON.parse(`${'{"spec":'.repeat(60)}{}${'}'.repeat(60)}`),
    }
    const long = Array.from({ length: 40 }, (_, level) => step(level, 0))
    assert.throws(() => expander(NONE, ...long).expand(object, undefined), { code: 'MUTATOR', message: /levels/ })
    const wide = Array.from({ length: 25 }, (_, level) => [step(level, 0), step(level, 1)]).flat()
    assert.throws(() => expander(NONE, ...wide).expand(object, undefined), { code: 'MUTATOR', message: /more than/ })
  })

  test('with __proto__ as a name as any other', () => {
    const inside = JSON.parse('{"__proto__":{"a":1},"metadata":{"__proto__":{"name":"x"}}}')
    const [made] = expander(NONE, template('t', 'Deployment', 'Pod')).expand(deployment(inside), undefined)
    assert.match(JSON.stringify(made!.object), /^\{"__proto__":\{"a":1\},"metadata":\{"__proto__":\{"name":"x"\},"name":"web-pod"/)
  })
})

test('a violation of what is made is one of what makes it', () => {
  const [plain, warning] = [template('t', 'Job', 'Pod'), template('t', 'Job', 'Pod', { enforcementAction: 'warn' })].map(readExpansion)
  const violation = { message: 'no', actions: ['deny'], rule: 'r' }
  assert.deepEqual(implied(plain!, violation), { message: '[Implied by t] no', actions: ['deny'], rule: 'r', impliedBy: 't' })
  assert.deepEqual(implied(warning!, violation), { message: '[Implied by t] no', actions: ['warn'], rule: 'r', impliedBy: 't' })
})
