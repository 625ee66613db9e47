import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { configMap, reviewOf } from '../../../test/kit/admission.ts'
import { constraint, FORBIDDEN_LABELS, kinds, REQUIRED_LABELS, template } from '../../../test/kit/gatekeeper.ts'
import { ThymusError } from '../../core/errors.ts'
import { Judge } from './judge.ts'
import type { Judgement } from './judgement.ts'
import { type Loaded, loadAdmission, loadingAdmission } from './loading.ts'
import { readObjects } from './manifests/document.ts'
import { readReview } from './review.ts'

const clock = () => performance.now()
const surroundings = () => ({ now: 0n, clock, random: () => 0.5, print: () => {} })
const load = (...texts: readonly string[]) =>
  loadAdmission(
    texts.flatMap((text, at) => readObjects({ file: `f${at}`, text }).objects),
    { surroundings },
  )
const cluster = { namespace: () => undefined, pods: () => [], late: () => false, params: () => undefined }
const judgeOf = (loaded: Loaded, locates = false) => new Judge({ ...loaded, podSecurity: undefined, cluster, locates, clock })
const asked = (namespace = 'default') => {
  const object = configMap('a', {})
  return readReview(reviewOf({ ...object, metadata: { name: 'a', namespace } }, { namespace })).request
}

const NEED = constraint('K8sRequiredLabels', 'need', { match: { kinds: kinds('ConfigMap') }, parameters: { labels: ['team'] } })
const CONFIG = `
apiVersion: config.gatekeeper.sh/v1alpha1
kind: Config
metadata: {name: config}
spec:
  sync: {syncOnly: [{group: networking.k8s.io, version: v1, kind: Ingress}]}
  match:
  - {processes: [webhook], excludedNamespaces: [web-*]}
  - {processes: [mutation-webhook], excludedNamespaces: [mut]}
  - {processes: ["*"], excludedNamespaces: [all]}
`
const SYNC = `
apiVersion: syncset.gatekeeper.sh/v1alpha1
kind: SyncSet
metadata: {name: s}
spec: {gvks: [{group: networking.k8s.io, version: v1, kind: Ingress}, {version: v1, kind: Service}]}
`
const OWNER = `
apiVersion: mutations.gatekeeper.sh/v1
kind: AssignMetadata
metadata: {name: owner}
spec: {location: metadata.labels.owner, parameters: {assign: {value: nobody}}}
`
const POLICY = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec:
  paramKind: {apiVersion: v1, kind: ConfigMap}
  matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  validations: [{expression: 'true'}]
`
const SECURITY = 'apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\ndefaults: {enforce: baseline}\n'

test('documents may come in any order', () => {
  const all = [REQUIRED_LABELS, NEED, CONFIG, SYNC, OWNER, POLICY, SECURITY, 'apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n']
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (texts) => {
      const loaded = load(...texts)
      assert.equal(loaded.library.constraints.length, 1)
      assert.equal(loaded.mutations.size, 1)
      assert.equal(loaded.podSecurity?.defaults.enforce.level, 'baseline')
      assert.equal(loaded.validating.policies.length, 1)
      assert.deepEqual(loaded.wanted.map(({ kind }) => kind).sort(), ['ConfigMap', 'Ingress', 'Service'])
      assert.deepEqual(
        loaded.others.map(({ object }) => object.kind),
        ['Namespace'],
      )
    }),
    { numRuns: 10 },
  )
})

test('a suite and the objects that it names are not taken for the cluster; its policies are in force, but for samples', () => {
  const cases = [{ object: 'samples/a.yaml', inventory: ['samples/b.yaml'] }, { object: '../policies/need.yaml' }]
  const suite = { apiVersion: 'test.gatekeeper.sh/v1alpha1', kind: 'Suite', metadata: { name: 's' }, tests: [{ name: 't', cases }] }
  const namespace = (name: string) => JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const read = (files: Readonly<Record<string, string>>) =>
    loadAdmission(
      Object.entries(files).flatMap(([file, text]) => readObjects({ file, text }).objects),
      { surroundings },
    )
  const { others, library } = read({
    './policies/suite.yaml': JSON.stringify(suite),
    './policies/other.yaml': JSON.stringify(suite),
    'policies/samples/a.yaml': namespace('a'),
    './policies/samples/b.yaml': namespace('b'),
    'policies/samples/c.yaml': namespace('c'),
    'samples/a.yaml': namespace('d'),
    'policies/need.yaml': REQUIRED_LABELS + NEED,
  })
  assert.deepEqual(
    others.map(({ file }) => file),
    ['policies/samples/c.yaml', 'samples/a.yaml'],
  )
  assert.equal(library.constraints.length, 1)
  const odd = [1, null, { cases: 1 }, { cases: [1, null, { object: 1, inventory: [1, null] }, { inventory: {} }] }]
  for (const tests of [...odd, odd]) assert.deepEqual(read({ 's.yaml': JSON.stringify({ ...suite, tests }) }).others, [])

  const sampled = (at: string, isNamed = false) => {
    const tests = [{ template: 'template.yaml', constraint: 'constraint.yaml' }, { constraint: at }, { cases: [{ object: at }] }]
    const files = {
      'samples/mine/suite.yaml': JSON.stringify({ ...suite, tests }),
      'samples/mine/template.yaml': REQUIRED_LABELS,
      'samples/mine/constraint.yaml': NEED,
    }
    const own = constraint('K8sRequiredLabels', 'own', {})
    const sources = Object.entries(files).map(([file, text]) => ({ file, text }))
    const documents = [...sources, { file: `samples/mine/${at}`, text: own, isNamed }].flatMap((source) => readObjects(source).objects)
    return loadAdmission(documents, { surroundings }).library.constraints.map(({ name }) => name)
  }
  assert.deepEqual(sampled('samples/own.yaml'), ['need'])
  assert.deepEqual(sampled('samples/more/own.yaml'), ['need'])
  assert.deepEqual(sampled('own.yaml'), ['need', 'own'])
  assert.deepEqual(sampled('samples/own.yaml', true), ['need', 'own'])
})

test('namespaces are left alone by the processes that were told to', () => {
  const judge = judgeOf(load(REQUIRED_LABELS, NEED, CONFIG, OWNER))
  const refuses = (namespace: string) => !judge.validate(asked(namespace), { now: 0, milliseconds: 1_000 }).allowed
  const mutates = (namespace: string) => judge.mutate(asked(namespace)).object !== undefined
  const audits = (namespace: string) => !judge.judge(asked(namespace), 'audit.gatekeeper.sh', 1_000).allowed
  assert.deepEqual(
    ['default', 'web-1', 'mut', 'all'].map((name) => [refuses(name), mutates(name), audits(name)]),
    [
      [true, true, true],
      [false, true, true],
      [true, false, true],
      [false, false, false],
    ],
  )
})

test('what is wrong has one code and its place', () => {
  const refused = (...texts: readonly string[]) => {
    try {
      load(...texts)
    } catch (error) {
      assert.ok(error instanceof ThymusError, String(error))
      return `${error.code} ${error.at}`
    }
    return 'taken'
  }
  assert.equal(refused(NEED), 'CONSTRAINT f0:1:1, K8sRequiredLabels need')
  assert.equal(refused(REQUIRED_LABELS, REQUIRED_LABELS), 'TEMPLATE f1:2:1')
  assert.equal(refused(SECURITY, SECURITY), 'CONFIG f1:1:1')
  assert.equal(refused(SECURITY.replace('baseline', 'strict')), 'CONFIG f0:3:12, defaults.enforce')
  assert.equal(refused(POLICY.replace("'true'", "'1'")), 'ADMISSION_POLICY f0:8:18, spec.validations[0].expression')
  assert.equal(refused(CONFIG.replace('[webhook]', '[hook]')), 'CONFIG f0:8:18, Config config')
  assert.equal(refused(OWNER.replace('labels.owner', 'name')), 'MUTATOR f0:5:8, spec.location')
  const assign = (name: string, location: string) =>
    `apiVersion: mutations.gatekeeper.sh/v1\nkind: Assign\nmetadata: {name: ${name}}\nspec:\n  applyTo: [{groups: [''], versions: [v1], kinds: [Pod]}]\n  location: "${location}"\n  parameters: {assign: {value: {}}}\n`
  assert.equal(refused(assign('a', 'spec.x[k: *].y'), assign('b', 'spec.x.z')), 'MUTATOR f0:1:1')
})

test('a kind of object meets the constraints that were added since it was last asked about', () => {
  const { library, ...rest } = load(REQUIRED_LABELS, NEED)
  const judge = judgeOf({ library, ...rest })
  const policies = () => judge.validate(asked(), { now: 0, milliseconds: 1_000 }).violations.map(({ policy }) => policy)
  assert.deepEqual(policies(), ['K8sRequiredLabels/need'])
  for (const [name, match] of [
    ['any', {}],
    ['star', { kinds: [{ kinds: ['*'] }] }],
    ['other', { kinds: [{ kinds: ['Pod'] }] }],
    ['group', { kinds: [{ apiGroups: ['apps'], kinds: ['ConfigMap'] }] }],
  ] as const) {
    const [each] = readObjects({ file: 'f', text: constraint('K8sRequiredLabels', name, { match, parameters: { labels: ['x'] } }) }).objects
    library.addConstraint(each!.object)
  }
  assert.deepEqual(policies(), ['K8sRequiredLabels/any', 'K8sRequiredLabels/need', 'K8sRequiredLabels/star'])
})

test('fields are looked for where somebody reads them, and no answer depends on it', () => {
  const forbid = (enforcementAction: string, label: string) =>
    constraint('K8sForbiddenLabels', `no-${label}`, { enforcementAction, parameters: { labels: [label] } })
  const loaded = load(FORBIDDEN_LABELS, forbid('deny', 'a'), forbid('warn', 'b'), forbid('deny', 'c'))
  const { request } = readReview(reviewOf(configMap('m', { a: 'x', b: 'x', c: 'x' })))
  const [located, bare] = [true, false].map((locates) => judgeOf(loaded, locates).validate(request, { now: 0, milliseconds: 10_000 }))
  const fields = ({ violations }: Judgement) => violations.map(({ field }) => field)
  const answer = ({ violations, ...told }: Judgement) => told
  assert.deepEqual(fields(located!), ['metadata.labels.a', 'metadata.labels.b', undefined])
  assert.deepEqual(fields(bare!), [undefined, undefined, undefined])
  assert.deepEqual(answer(located!), answer(bare!))
})

test('all constraints together have the time that there is, not each of them', () => {
  const slow = template(
    'Slow',
    'package slow\nviolation[{"msg": "never"}] { x := numbers.range(1, 60); x[_] * x[_] * x[_] == count(input.review.object) - 100 }',
  )
  const many = Array.from({ length: 200 }, (_, at) => constraint('Slow', `s${at}`, {})).join('')
  const judge = judgeOf(load(slow, many))
  const began = performance.now()
  assert.throws(() => judge.validate(asked(), { now: 0, milliseconds: 300 }), { code: 'REGO_LIMIT' })
  assert.ok(performance.now() - began < 600)
})

test('what is many is read one at a time', () => {
  const mutator = (at: number) => `
apiVersion: mutations.gatekeeper.sh/v1
kind: AssignMetadata
metadata: {name: m${at}}
spec: {location: metadata.labels.l${at}, parameters: {assign: {value: x}}}
`
  const text = Array.from({ length: 20 }, (_, at) => mutator(at)).join('---')
  const steps = [...loadingAdmission(readObjects({ file: 'f', text }).objects, { surroundings })]
  assert.ok(steps.length > 20, String(steps.length))
})
