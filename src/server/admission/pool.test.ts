import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { configMap, reviewOf } from '../../../test/kit/admission.ts'
import { constraint, FORBIDDEN_LABELS } from '../../../test/kit/gatekeeper.ts'
import { readReview } from '../../layers/admission/review.ts'
import { JudgePool } from './pool.ts'

const slow = readReview(reviewOf(configMap('slow'))).request
const quick = readReview(reviewOf(configMap('quick'))).request

/** Within the cost that Kubernetes grants to each, but there are many. */
function policies(count: number): string {
  const list = JSON.stringify(Array.from({ length: 60 }, (_, at) => at))
  const sums = `[${Array.from({ length: 60 }, () => 'a + b').join()}]`
  const expression = `object.metadata.name == 'quick' || ${list}.all(a, ${list}.all(b, ${sums}.size() > 0))`
  const of = (kind: string, name: string, spec: object) =>
    JSON.stringify({ apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name }, spec })
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['*'] }]
  const namespace = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } })
  const each = Array.from({ length: count }, (_, at) => [
    of('ValidatingAdmissionPolicy', `p${at}`, { matchConstraints: { resourceRules }, validations: [{ expression }] }),
    of('ValidatingAdmissionPolicyBinding', `p${at}`, { policyName: `p${at}`, validationActions: ['Deny'] }),
  ])
  return [namespace, ...each.flat()].join('\n---\n')
}

const mutator = (at: number) =>
  JSON.stringify({
    ...{ apiVersion: 'mutations.gatekeeper.sh/v1', kind: 'Assign', metadata: { name: `m${at}` } },
    spec: {
      applyTo: [{ groups: [''], versions: ['v1'], kinds: ['ConfigMap'] }],
      ...{ location: `items[name: *].f${at}`, parameters: { assign: { value: 'x' } } },
    },
  })

/** Its threads would keep a test that fails from its end. */
function poolOf(t: TestContext, threads: number, notes: string[] = []): JudgePool {
  const pool = new JudgePool({ threads, follow: async () => {}, snapshot: () => [], note: (text) => void notes.push(text) })
  t.after(() => pool.stop())
  return pool
}

test('a thread that does not stop by itself is ended, and another begins in its place', async (t) => {
  const notes: string[] = []
  const pool = poolOf(t, 1, notes)
  // Mutators stop at no time.
  const text = Array.from({ length: 1_000 }, (_, at) => mutator(at)).join('\n---\n')
  await pool.load({ sources: [{ file: 'f', text }], podSecurity: 'off', isAlone: true, locates: false })
  const items = Array.from({ length: 4_000 }, (_, at) => ({ name: `n${at}` }))
  const endless = readReview(reviewOf(configMap('endless', {}, { items }))).request
  const began = performance.now()
  const asked = pool.mutate(endless, { now: 0, milliseconds: 50 })
  const waiting = pool.mutate(quick, { now: 0, milliseconds: 60_000 })
  await assert.rejects(asked, { code: 'ADMISSION_LATE' })
  assert.ok(performance.now() - began < 2_000)
  assert.deepEqual(notes, ['ADMISSION_LATE: a judging thread is begun anew: a judgement did not come to an end'])
  assert.equal((await waiting).allowed, true)
})

test('what waits behind a judgement that takes long is judged by another thread', async (t) => {
  const pool = poolOf(t, 2)
  await pool.load({ sources: [{ file: 'f', text: policies(400) }], podSecurity: 'off', isAlone: true, locates: false })
  const ask = (request: typeof quick, milliseconds: number) => pool.validate(request, { now: 0, milliseconds })
  const warm = await ask(quick, 60_000)
  assert.equal(warm.allowed, true)
  let isOver = false
  // The first keeps a thread busy, so that the others come to it in one message.
  const first = ask(quick, 60_000)
  const long = ask(slow, 20_000).finally(() => {
    isOver = true
  })
  const behind = [first, ...Array.from({ length: 6 }, () => ask(quick, 60_000))]
  assert.ok((await Promise.all(behind)).every(({ allowed }) => allowed))
  assert.equal(isOver, false)
  pool.stop()
  void long.catch(() => {})
})

test('what waits for longer than it has is told so', async (t) => {
  const pool = poolOf(t, 1)
  await pool.load({ sources: [], podSecurity: 'off', isAlone: true, locates: false })
  await assert.rejects(pool.validate(quick, { now: 0, milliseconds: 0 }), { code: 'ADMISSION_LATE' })
  assert.equal((await pool.validate(quick, { now: 0, milliseconds: 10_000 })).allowed, true)
})

test('what cannot be loaded leaves the former in force', async (t) => {
  const pool = poolOf(t, 2)
  const orders = (text: string) => ({ sources: [{ file: 'f', text }], podSecurity: 'off' as const, isAlone: true, locates: false })
  await pool.load(orders(policies(1)))
  await assert.rejects(pool.load(orders('a: [')), { code: 'MANIFEST' })
  await assert.rejects(pool.load({ ...orders(''), podSecurity: { file: 's', text: 'apiVersion: v1\nkind: Pod\n' } }), {
    code: 'CONFIG',
    at: 's, kind',
  })
  assert.equal(pool.summary?.policies, 1)
  assert.equal((await pool.validate(quick, { now: 0, milliseconds: 10_000 })).allowed, true)
})

test('what is loaded while it is stopped does not begin', async (t) => {
  const pool = poolOf(t, 2)
  const loading = pool.load({ sources: [{ file: 'f', text: policies(1) }], podSecurity: 'off', isAlone: true, locates: false })
  pool.stop()
  await assert.rejects(loading, { code: 'ADMISSION_LATE' })
  assert.equal(pool.size, 0)
})

test('fields of violations are looked for only on order', async (t) => {
  const pool = poolOf(t, 1)
  const text = FORBIDDEN_LABELS + constraint('K8sForbiddenLabels', 'none', { parameters: { labels: ['team'] } })
  const fields = async (locates: boolean) => {
    await pool.load({ sources: [{ file: 'f', text }], podSecurity: 'off', isAlone: true, locates })
    const { violations } = await pool.validate(readReview(reviewOf(configMap('a', { team: 'x' }))).request, {
      now: 0,
      milliseconds: 10_000,
    })
    return violations.map(({ field }) => field)
  }
  assert.deepEqual(await fields(true), ['metadata.labels.team'])
  assert.deepEqual(await fields(false), [undefined])
})
