// ValidatingAdmissionPolicies beside a real API server: which are taken, what they make of requests, and what their expressions come to.
// One file, since all of it stands on one API server, which takes its seconds to start. `CASE=TEXT`: only the cases that are called so.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { ThymusError } from '../../src/core/errors.ts'
import type { Fields, KubernetesObject } from '../../src/formats/kubernetes/object.ts'
import { readBinding, readPolicy } from '../../src/layers/admission/validating-policy/read.ts'
import { whyNoKube } from '../kit/kube.ts'
import { type Outcome, PolicyCluster } from '../kit/policy-cluster.ts'
import { madeBinding, madePolicy } from '../kit/validating-policy.ts'
import { BINDINGS, NAMES, POLICIES, RULE } from './definitions.table.ts'
import { CASES } from './requests.table.ts'

const skip = whyNoKube() ?? false
let cluster: PolicyCluster

before(async () => {
  if (skip === false) cluster = await PolicyCluster.start()
})

test('a definition is taken or refused as the API server takes or refuses it', { skip }, async (context) => {
  const policy = (spec: Fields) =>
    madePolicy('p', { matchConstraints: { resourceRules: [RULE] }, validations: [{ expression: 'true' }], ...spec })
  const binding = (spec: Fields) => madeBinding('b', { policyName: 'p', ...spec })
  const named = NAMES.flatMap((name) => [policy({}), binding({})].map((one): KubernetesObject => ({ ...one, metadata: { name } })))
  const seen = { taken: 0, refused: 0 }
  for (const definition of [...POLICIES.map(policy), ...BINDINGS.map(binding), ...named]) {
    const isPolicy = definition.kind === 'ValidatingAdmissionPolicy'
    const text = JSON.stringify(definition)
    const path = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic${isPolicy ? 'ies' : 'ybindings'}?fieldValidation=Strict`
    const { status, body } = await cluster.client.ask('POST', path, { dryRun: true, body: definition })
    const ours = refusal(() => (isPolicy ? readPolicy(JSON.parse(text)) : readBinding(JSON.parse(text))))
    assert.equal(ours === undefined, status === 201, `${text}\n  ours:   ${ours}\n  theirs: ${body.message}`)
    seen[status === 201 ? 'taken' : 'refused']++
  }
  context.diagnostic(JSON.stringify(seen))
})

function refusal(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    assert.equal((error as ThymusError).code, 'ADMISSION_POLICY')
    return (error as Error).message
  }
}

test('requests are denied, warned of and recorded with the words of the API server', { skip }, async (context) => {
  const cases = CASES.filter(({ what }) => what.includes(process.env.CASE ?? '')).map((one, at) => ({ ...one, name: `case-${at}` }))
  const { client } = cluster
  for (const { name, labels, before } of cases) {
    await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { case: name, ...labels } } })
    for (const object of before?.(name) ?? []) {
      const { status, body } = await client.create(object)
      assert.equal(status, 201, JSON.stringify(body))
    }
  }
  const policies = cases.map(({ name, policy }) => {
    const own = { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] }] }
    return madePolicy(name, {
      ...policy,
      matchConstraints: { namespaceSelector: { matchLabels: { case: name } }, ...((policy.matchConstraints ?? own) as object) },
    })
  })
  const bindings = cases.flatMap(({ name, bindings = [{}] }) =>
    bindings.map((spec, at) =>
      madeBinding(`${name}-${at}`, { policyName: name, ...JSON.parse(JSON.stringify(spec).replaceAll('NAMESPACE', name)) }),
    ),
  )
  await cluster.install(policies, bindings)
  const seen = { denied: 0, warned: 0, recorded: 0, passed: 0 }
  const differences: string[] = []
  for (const { name, what, requests } of cases) {
    for (const request of requests(name)) {
      const { ours, theirs } = await cluster.ask(request)
      try {
        assert.deepEqual(ordered(ours), ordered(theirs))
      } catch {
        differences.push(
          `${what}: ${request.method} ${request.path}\n  ours:   ${JSON.stringify(ours)}\n  theirs: ${JSON.stringify(theirs)}`,
        )
      }
      seen[kindOf(theirs)]++
    }
  }
  context.diagnostic(JSON.stringify(seen))
  assert.equal(differences.length, 0, `${differences.length} differ\n${differences.join('\n')}`)
  if (process.env.CASE === undefined)
    assert.ok(
      Object.values(seen).every((count) => count > 5),
      JSON.stringify(seen),
    )
})

/** An API server asks bindings in any order, and so puts their annotations together. */
function ordered(outcome: Outcome): Outcome {
  const entries = Object.entries(outcome.annotations).map(([key, value]) => [
    key,
    key.startsWith('validation.') ? value : value.split(', ').sort().join(', '),
  ])
  return { ...outcome, annotations: Object.fromEntries(entries) }
}

function kindOf({ denied, warnings, annotations }: Outcome) {
  if (denied !== undefined) return 'denied'
  if (warnings.length > 0) return 'warned'
  return Object.keys(annotations).length > 0 ? 'recorded' : 'passed'
}
