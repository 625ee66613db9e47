import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { configMap, reviewOf } from '../../../test/kit/admission.ts'
import { constraint, ENDLESS, FORBIDDEN_LABELS, template, UNIQUE_HOST } from '../../../test/kit/gatekeeper.ts'
import { type KubernetesObject, labelsOf } from '../../formats/kubernetes/object.ts'
import type { Judgement, JudgementContext } from '../../layers/admission/judgement.ts'
import { type AdmissionRequest, readReview } from '../../layers/admission/review.ts'
import type { Change } from './known-cluster.ts'
import { JudgePool } from './pool.ts'
import { QuickJudge } from './quick-judge.ts'

const CONTEXT = { now: 0, milliseconds: 60_000 }
const FORBIDS_TEAM = FORBIDDEN_LABELS + constraint('K8sForbiddenLabels', 'none', { parameters: { labels: ['team'] } })
/** Takes some hundred milliseconds for objects with the label `long`, and refuses them then. */
const LONG = template(
  'Long',
  `package long
violation[{"msg": "it took long"}] {
  input.review.object.metadata.labels.long
  all := numbers.range(1, 300000)
  squares := [square | n := all[_]; square := n * n]
  count(squares) == 300000
}`,
)
const KINDS: readonly Change[] = [{ type: 'kind', apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespaced: true }]
const SYNCED = `
apiVersion: config.gatekeeper.sh/v1alpha1
kind: Config
metadata: {name: config, namespace: gatekeeper-system}
spec: {sync: {syncOnly: [{group: networking.k8s.io, version: v1, kind: Ingress}]}}
---
`
const OWNED = `
apiVersion: mutations.gatekeeper.sh/v1
kind: AssignMetadata
metadata: {name: owner}
spec: {location: metadata.labels.owner, parameters: {assign: {value: somebody}}}
`

const EXPANDED = `
apiVersion: expansion.gatekeeper.sh/v1beta1
kind: ExpansionTemplate
metadata: {name: jobs}
spec:
  applyTo: [{groups: [batch], versions: [v1], kinds: [Job]}]
  templateSource: spec.template
  generatedGVK: {group: '', version: v1, kind: Pod}
`

const celPolicy = (expression: string, at: number) =>
  ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding']
    .map((kind, n) => {
      const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['*'] }]
      const policy = { matchConstraints: { resourceRules }, validations: [{ expression }] }
      const spec = n === 0 ? policy : { policyName: `p${at}`, validationActions: ['Deny'] }
      return JSON.stringify({ apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name: `p${at}` }, spec })
    })
    .join('\n---\n')

const ingress = (name: string, host: string): KubernetesObject => ({
  ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
  ...{ metadata: { name, namespace: 'default' }, spec: { rules: [{ host }] } },
})
const asked = (object: KubernetesObject) => readReview(reviewOf(object)).request
const labelled = (labels: Readonly<Record<string, string>>) => asked(configMap('a', labels))
const plain = labelled({})

interface Given {
  readonly locates?: boolean
  readonly snapshot?: readonly Change[]
  readonly clock?: () => number
  readonly cores?: number
}

/** With the policies in force, also here. */
async function judgeOf(t: TestContext, text: string, given: Given = {}): Promise<QuickJudge> {
  // Where nothing takes time, everything may be tried.
  const { snapshot: known = [], locates = false, clock = () => 0, cores = 2 } = given
  const notes: string[] = []
  const snapshot = () => known
  const others = new JudgePool({ threads: 2, follow: async () => {}, snapshot, note: (each) => void notes.push(each) })
  const judge = new QuickJudge({ others, snapshot, clock, cores, note: (each) => void notes.push(each) })
  t.after(() => judge.stop())
  t.after(() => assert.deepEqual(notes, []))
  await load(judge, text, locates)
  return judge
}

async function load(judge: QuickJudge, text: string, locates = false): Promise<void> {
  await judge.load({ sources: [{ file: 'f', text }], podSecurity: 'off', isAlone: false, locates })
  await atOnce(judge, plain)
}

/** Code that is new may take too long at first. */
async function atOnce(judge: QuickJudge, request: AdmissionRequest, context: JudgementContext = CONTEXT): Promise<Judgement> {
  for (let tried = 0; tried < 1_000; tried++) {
    const judgement = judge.validate(request, context)
    if (!(judgement instanceof Promise)) return judgement
    await judgement
    await sleep(5)
  }
  assert.fail('it is always asked of a thread')
}

/** By a thread. */
async function later(judge: QuickJudge, request: AdmissionRequest, context: JudgementContext = CONTEXT): Promise<Judgement> {
  const judgement = judge.validate(request, context)
  assert.ok(judgement instanceof Promise, 'it is not asked of a thread')
  return judgement
}

test('what is quick is judged where it is asked', async (t) => {
  const judge = await judgeOf(t, FORBIDS_TEAM)
  assert.deepEqual((await atOnce(judge, labelled({ team: 'x' }))).violations, [
    { policy: 'K8sForbiddenLabels/none', rule: 'k8sforbiddenlabels.rego:2', message: 'the label team is forbidden', action: 'deny' },
  ])
  assert.equal((await atOnce(judge, plain)).allowed, true)
})

test('what takes long is judged by a thread as a whole, and keeps nobody waiting', async (t) => {
  const judge = await judgeOf(t, FORBIDS_TEAM + LONG + constraint('Long', 'long', {}))
  const long = later(judge, labelled({ team: 'x', long: 'x' }))
  const order = await Promise.race([long.then(() => 'long'), atOnce(judge, plain).then(() => 'plain')])
  assert.equal(order, 'plain')
  assert.equal((await long).message, '[none] the label team is forbidden\n[long] it took long')
})

test('what never ends is stopped by its limit', async (t) => {
  const judge = await judgeOf(t, ENDLESS + constraint('Endless', 'endless', {}))
  const endless = later(judge, labelled({ slow: 'x' }), { now: 0, milliseconds: 200 })
  assert.equal((await atOnce(judge, plain)).allowed, true)
  await assert.rejects(endless, { code: 'REGO_LIMIT' })
})

test('policies in CEL that take long beside one that refuses are all asked', async (t) => {
  const numbers = JSON.stringify(Array.from({ length: 60 }, (_, at) => at))
  const sums = `[${Array.from({ length: 60 }, () => 'a + b').join()}]`
  const long = `${numbers}.all(a, ${numbers}.all(b, ${sums}.size() > 0))`
  const policies = ["object.metadata.name != 'cel'", `object.metadata.name != 'cel' || !${long}`].map(celPolicy)
  const snapshot = [{ type: 'put', object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } } }] as const
  const judge = await judgeOf(t, policies.join('\n---\n'), { snapshot })
  const { violations } = await later(judge, asked(configMap('cel')))
  assert.deepEqual(
    violations.map(({ policy }) => policy),
    ['ValidatingAdmissionPolicy/p0', 'ValidatingAdmissionPolicy/p1'],
  )
})

test('what is told of the cluster is known at once where it is little, and by the threads alone until all of it is', async (t) => {
  const judge = await judgeOf(t, SYNCED + UNIQUE_HOST + constraint('K8sUniqueIngressHost', 'unique', {}), {
    snapshot: [...KINDS, { type: 'put', object: ingress('a', 'a.example') }],
  })
  const isTaken = async (host: string) => !(await atOnce(judge, asked(ingress('new', host)))).allowed
  assert.deepEqual([await isTaken('a.example'), await isTaken('b.example')], [true, false])
  judge.tell([
    { type: 'put', object: ingress('b', 'b.example') },
    { type: 'remove', object: ingress('a', 'a.example') },
  ])
  assert.deepEqual([await isTaken('a.example'), await isTaken('b.example')], [false, true])
  const isKnownAtOnce = () => {
    judge.tell([{ type: 'put', object: ingress('b', 'b.example') }])
    return !(judge.validate(plain, CONTEXT) instanceof Promise)
  }
  assert.ok(Array.from({ length: 100 }, isKnownAtOnce).includes(true))
  const pod = (at: number) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: `p${at}`, namespace: 'default' } })
  judge.tell(Array.from({ length: 50_000 }, (_, at) => ({ type: 'put', object: pod(at) })))
  judge.tell([{ type: 'put', object: ingress('c', 'c.example') }])
  assert.equal((await later(judge, asked(ingress('new', 'c.example')))).allowed, false)
  assert.deepEqual([await isTaken('b.example'), await isTaken('c.example')], [true, true])
})

test('new policies are in force with all that is asked after them', async (t) => {
  const judge = await judgeOf(t, '')
  assert.equal((await atOnce(judge, labelled({ team: 'x' }))).allowed, true)
  const orders = { sources: [{ file: 'f', text: FORBIDS_TEAM }], podSecurity: 'off' as const, isAlone: false, locates: false }
  await judge.load(orders)
  assert.equal((await judge.validate(labelled({ team: 'x' }), CONTEXT)).allowed, false)
  assert.equal((await atOnce(judge, labelled({ team: 'x' }))).allowed, false)
  await assert.rejects(judge.load({ ...orders, sources: [{ file: 'f', text: 'a: [' }] }), { code: 'MANIFEST' })
  assert.equal((await atOnce(judge, labelled({ team: 'x' }))).allowed, false)
})

test('what is stopped while it loads is read no further', async (t) => {
  const judge = await judgeOf(t, '')
  let read = 0
  const text = JSON.stringify(configMap('a'))
  const sources = Array.from({ length: 5_000 }, (_, at) => ({
    file: `f${at}`,
    get text() {
      read++
      return text
    },
  }))
  await judge.load({ sources, podSecurity: 'off', isAlone: false, locates: false })
  judge.stop()
  read = 0
  await sleep(50)
  assert.equal(read, 0)
})

test('where somebody reads the fields of violations, a thread looks for them', async (t) => {
  const judge = await judgeOf(t, FORBIDS_TEAM, { locates: true })
  const { violations } = await later(judge, labelled({ team: 'x' }))
  assert.deepEqual(
    violations.map(({ field }) => field),
    ['metadata.labels.team'],
  )
})

test('namespaces are for the threads, as all of their pods may be looked at', async (t) => {
  const judge = await judgeOf(t, '')
  assert.equal((await later(judge, asked({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }))).allowed, true)
})

test('what is large is for the threads, as whoever looks at all of it looks at no clock', async (t) => {
  const judge = await judgeOf(t, FORBIDS_TEAM)
  await later(judge, plain, { ...CONTEXT, bytes: 100_000 })
  await atOnce(judge, plain, { ...CONTEXT, bytes: 2_000 })
})

test('what is slower than quick is tried for a part of the time, where another core could do it', async (t) => {
  let now = 0
  const given = { clock: () => (now += 2) }
  const laterOf = (judge: QuickJudge) => () => judge.validate(plain, CONTEXT) instanceof Promise
  const isLater = laterOf(await judgeOf(t, '', { ...given, cores: 2 }))
  const tried = Array.from({ length: 1_000 }, isLater).indexOf(true)
  assert.ok(tried > 0 && tried < 200, `${tried} were tried`)
  now += 1_000
  assert.equal(isLater(), false)
  const alone = laterOf(await judgeOf(t, '', { ...given, cores: 1 }))
  assert.equal(Array.from({ length: 1_000 }, alone).includes(true), false)
})

test('where mutators change what objects make, threads judge them', async (t) => {
  const judge = await judgeOf(t, FORBIDS_TEAM)
  const orders = (text: string) => ({ sources: [{ file: 'f', text }], podSecurity: 'off' as const, isAlone: false, locates: false })
  await judge.load(orders(`${OWNED}---\n${EXPANDED}`))
  await sleep(100)
  await later(judge, plain)
  await load(judge, OWNED)
  await load(judge, EXPANDED)
})

test('mutators are for the threads, and without one there is nothing to be changed', async (t) => {
  const judge = await judgeOf(t, '')
  assert.deepEqual(judge.mutate(plain, CONTEXT), { allowed: true, warnings: [], auditAnnotations: {}, violations: [], object: undefined })
  await load(judge, OWNED)
  const mutation = judge.mutate(plain, CONTEXT)
  assert.ok(mutation instanceof Promise)
  assert.equal(labelsOf((await mutation).object!).owner, 'somebody')
})
