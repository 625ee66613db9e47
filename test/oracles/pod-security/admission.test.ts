// Our answers to requests beside those of Kubernetes' own library. REQUESTS and SEED make it another run, or a larger one.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { namespaceOf } from '../../../src/formats/kubernetes/object.ts'
import { admit, type PodSecurityRequest, type PodSecurityResponse } from '../../../src/layers/admission/pod-security/admission.ts'
import { readConfiguration } from '../../../src/layers/admission/pod-security/configuration.ts'
import { Random } from '../../kit/random.ts'
import { startOracle } from './oracle.ts'
import { type RequestCase, RequestMaker } from './requests.ts'

const REQUESTS = Number(process.env.REQUESTS ?? 2000)
const SEED = Number(process.env.SEED ?? 1)
/** Questions that are under way at once. */
const BATCH = 200

let oracle: ReturnType<typeof startOracle>
before(() => {
  oracle = startOracle()
})
after(() => {
  if (typeof oracle !== 'string') oracle.stop()
})

test('a request is answered as Kubernetes answers it', async (t) => {
  if (typeof oracle === 'string') return t.skip(oracle)
  const maker = new RequestMaker(new Random(SEED))
  const seen = { forbidden: 0, invalid: 0, error: 0, warned: 0, existing: 0, audited: 0, exempt: 0, plain: 0 }
  for (let done = 0; done < REQUESTS; done += BATCH) {
    const questions = Array.from(
      { length: Math.min(BATCH, REQUESTS - done) },
      () => JSON.parse(JSON.stringify(maker.request())) as RequestCase,
    )
    const answers = await oracle.ask(questions)
    for (const [at, question] of questions.entries()) {
      const ours = answer(question)
      assert.deepEqual(asKubernetes(ours), wire(answers[at]!), JSON.stringify(question))
      count(seen, ours)
    }
  }
  t.diagnostic(`seed ${SEED}: ${JSON.stringify(seen)}`)
  for (const [what, times] of Object.entries(seen)) assert.ok(times >= REQUESTS / 200, `only ${times} ${what}`)
})

test('a configuration is taken or refused as Kubernetes takes or refuses it', async (t) => {
  if (typeof oracle === 'string') return t.skip(oracle)
  const head = { apiVersion: 'pod-security.admission.config.k8s.io/v1', kind: 'PodSecurityConfiguration' }
  const levels = ['privileged', 'restricted', '', 'Baseline', null, 1].flatMap((enforce) => [{ enforce }, { warn: enforce }])
  const versions = ['latest', 'v1.0', '', 'v1', '1.2', null].map((version) => ({ 'audit-version': version }))
  const names = [
    '',
    'a',
    'a.b',
    'A',
    '-a',
    'a-',
    'a_b',
    'x'.repeat(63),
    'x'.repeat(64),
    `${'x.'.repeat(126)}x`,
    `${'x.'.repeat(126)}xx`,
    null,
    1,
  ]
  const lists = [...names.map((name) => [name]), ['a', 'a'], [], null, 'a', {}]
  const changes: readonly object[] = [
    ...[{}, { kind: 'Pod' }, { apiVersion: 'v1' }, { apiVersion: `${head.apiVersion}beta1` }, { extra: null }, { metadata: {} }],
    ...[...levels, ...versions, { Enforce: 'baseline' }, null, [], 'x'].map((defaults) => ({ defaults })),
    ...['usernames', 'namespaces', 'runtimeClasses', 'other'].flatMap((key) => lists.map((list) => ({ exemptions: { [key]: list } }))),
  ]
  const answers = await oracle.ask(changes.map((change) => ({ configuration: { ...head, ...change } })))
  let refused = 0
  for (const [at, change] of changes.entries()) {
    const theirs = answers[at]!.error
    const run = () => readConfiguration({ ...head, ...change })
    if (theirs === undefined) assert.doesNotThrow(run, JSON.stringify(change))
    else assert.throws(run, { code: 'CONFIG' }, `${theirs}: ${JSON.stringify(change)}`)
    refused += theirs === undefined ? 0 : 1
  }
  assert.ok(refused > 30 && refused < changes.length - 30)
})

function answer({ request, configuration, namespaces, pods, clusterMinor }: RequestCase): PodSecurityResponse {
  return admit(request as unknown as PodSecurityRequest, readConfiguration(configuration, clusterMinor), {
    namespace: (name) => namespaces.find(({ metadata }) => (metadata as { name: string }).name === name),
    pods: (namespace) => pods.filter((pod) => namespaceOf(pod) === namespace),
    late: () => false,
  })
}

/** Empty things are left out on the wire. */
function asKubernetes({ allowed, status, warnings, auditAnnotations }: PodSecurityResponse): unknown {
  return {
    allowed,
    ...(status && { status }),
    ...(warnings.length > 0 && { warnings }),
    ...(Object.keys(auditAnnotations).length > 0 && { auditAnnotations }),
  }
}

function wire({ error, response }: { error?: string; response?: Readonly<Record<string, unknown>> }): unknown {
  if (response === undefined) return { error }
  const { uid: _, status, ...rest } = response
  if (status === undefined) return rest
  const { metadata: __, ...kept } = status as Record<string, unknown>
  return { ...rest, status: kept }
}

function count(seen: Record<string, number>, { status, warnings, auditAnnotations }: PodSecurityResponse): void {
  const kinds = { Forbidden: 'forbidden', Invalid: 'invalid', InternalError: 'error' }
  const what = [
    ...(status ? [kinds[status.reason]] : []),
    ...(warnings.length > 0 ? ['warned'] : []),
    ...(warnings.some((text) => text.startsWith('existing pods in namespace')) ? ['existing'] : []),
    ...(auditAnnotations['audit-violations'] ? ['audited'] : []),
    ...(auditAnnotations.exempt ? ['exempt'] : []),
  ]
  for (const each of what.length > 0 ? what : ['plain']) seen[each] = (seen[each] ?? 0) + 1
}
