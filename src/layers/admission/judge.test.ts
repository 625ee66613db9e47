import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap, reviewOf } from '../../../test/kit/admission.ts'
import { constraint, template } from '../../../test/kit/gatekeeper.ts'
import { madeBinding, madePolicy, PODS } from '../../../test/kit/validating-policy.ts'
import { type Fields, type KubernetesObject, nameOf } from '../../formats/kubernetes/object.ts'
import type { EnforcementPoint } from './gatekeeper/constraint.ts'
import { Judge } from './judge.ts'
import { loadAdmission } from './loading.ts'
import { readObjects } from './manifests/document.ts'
import { readReview } from './review.ts'

/** It stands still: what ends is the work that CEL may do in a time. */
const clock = () => 0
const surroundings = () => ({ now: 0n, clock, random: () => 0.5, print: () => {} })
const namespace = (name: string, labels: Fields = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
})

/** Of these policies, in a cluster with these namespaces: what it says of a request. */
function judging(text: string, ...namespaces: readonly KubernetesObject[]) {
  const cluster = {
    namespace: (name: string) => namespaces.find((each) => nameOf(each) === name),
    pods: () => [],
    late: () => false,
    params: () => undefined,
  }
  const loaded = loadAdmission(readObjects({ file: 'f', text }).objects, { surroundings })
  const judge = new Judge({ ...loaded, podSecurity: undefined, cluster, locates: false, clock })
  return (object: KubernetesObject, more: Fields, milliseconds = 5_000, point: EnforcementPoint = 'validation.gatekeeper.sh') =>
    judge.judge(readReview(reviewOf(object, more)).request, point, milliseconds)
}

/** As an API server sends it: a Namespace is in itself. */
const aboutNamespace = (object: KubernetesObject, operation: string, more: Fields = {}): [KubernetesObject, Fields] => {
  const old = operation === 'CREATE' ? null : object
  return [object, { namespace: nameOf(object), operation, object: operation === 'DELETE' ? null : object, oldObject: old, ...more }]
}

test('to templates a Namespace is in none, as Gatekeeper has it', () => {
  const ofEngine = (kind: string, code: string) => `
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: ${kind.toLowerCase()}}
spec:
  crd: {spec: {names: {kind: ${kind}}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      code: [${code}]
---
${constraint(kind, 'one', {})}`
  const rego = 'package x\nviolation[{"msg": "Rego"}] { not input.review.namespace; count(input.review.namespaceObject) == 0 }'
  const expression = '(has(request.namespace) && request.namespace != "") || namespaceObject != null'
  const judge = judging(
    ofEngine('InRego', JSON.stringify({ engine: 'Rego', source: { rego } })) +
      ofEngine('InCel', JSON.stringify({ engine: 'K8sNativeValidation', source: { validations: [{ expression, message: 'CEL' }] } })),
    namespace('shop'),
  )
  const messages = (...asked: ReturnType<typeof aboutNamespace>) => judge(...asked).violations.map(({ message }) => message)
  for (const operation of ['CREATE', 'UPDATE', 'DELETE'])
    assert.deepEqual(messages(...aboutNamespace(namespace('shop'), operation)), ['CEL', 'Rego'], operation)
  assert.deepEqual(messages(configMap('a'), { namespace: 'shop' }), [])
  const other: KubernetesObject = { apiVersion: 'x/v1', kind: 'Namespace', metadata: { name: 'a', namespace: 'shop' } }
  assert.deepEqual(messages(other, { namespace: 'shop', kind: { group: 'x', version: 'v1', kind: 'Namespace' } }), [])
})

test('a namespaceSelector of a policy is held to the Namespace that is there, unless a new one is written', () => {
  const policy = (failurePolicy: string) => `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: guard}
spec:
  failurePolicy: ${failurePolicy}
  matchConstraints:
    namespaceSelector: {matchLabels: {held: 'yes'}}
    resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: ['*'], resources: [namespaces, namespaces/*]}]
  validations: [{expression: 'namespaceObject != null', message: held}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: guard}
spec: {policyName: guard, validationActions: [Deny]}
`
  const [held, free] = [namespace('held', { held: 'yes' }), namespace('free')]
  for (const failurePolicy of ['Fail', 'Ignore']) {
    const judge = judging(policy(failurePolicy), held, free)
    const denied = (...asked: ReturnType<typeof aboutNamespace>) => /denied request: (.*)/.exec(judge(...asked).message ?? '')?.[1]
    assert.equal(denied(...aboutNamespace(held, 'DELETE')), 'held', failurePolicy)
    assert.equal(denied(...aboutNamespace(free, 'DELETE')), undefined, failurePolicy)
    const [taken, given] = [namespace('held'), namespace('free', { held: 'yes' })]
    for (const subResource of ['status', 'finalize']) {
      assert.equal(denied(...aboutNamespace(taken, 'UPDATE', { subResource })), 'held', failurePolicy)
      assert.equal(denied(...aboutNamespace(given, 'UPDATE', { subResource })), undefined, failurePolicy)
    }
    assert.equal(denied(...aboutNamespace(taken, 'UPDATE')), undefined, failurePolicy)
    assert.equal(denied(...aboutNamespace(given, 'UPDATE')), 'held', failurePolicy)
    assert.equal(denied(...aboutNamespace(namespace('new', { held: 'yes' }), 'CREATE')), 'held', failurePolicy)
  }
})

test('who takes all the time of one engine is refused all the same where another refuses', () => {
  const rego = 'package x\nviolation[{"msg": "never"}] { input.review.object.data.bad }'
  const denying = template('Never', rego) + constraint('Never', 'one', {})
  const policy = (name: string, expression: string, action: string) => `
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: ${name}}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: ['*'], resources: ['*']}]}
  validations: [{expression: ${JSON.stringify(expression)}, message: ${name}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: ${name}}
spec: {policyName: ${name}, validationActions: [${action}]}
`
  const dear = policy('dear', "object.data.long.matches('^([a-z]+[0-9]?)+$')", 'Warn')
  const long = 'a'.repeat(20_000)
  const said = (text: string, data: object, point?: EnforcementPoint) =>
    judging(text, namespace('default'))({ ...configMap('a'), data: { long, ...data } }, {}, 1, point)
  const late = { code: 'CEL_LIMIT' }
  assert.throws(() => said(denying + dear, {}), late)
  assert.equal(said(denying + dear, { bad: 'yes' }).message, '[one] never')
  assert.throws(() => said(denying + dear, { bad: 'yes' }, 'audit.gatekeeper.sh'), late, 'an audit is told that not all was judged')
  assert.throws(() => said(policy('a', 'true', 'Deny') + dear, {}), late)
  assert.match(said(policy('a', 'false', 'Deny') + dear, {}).message!, /'a' with binding 'a' denied request/)
})

test('who takes the time of one constraint is refused all the same where another one has something to say, whichever is asked first', () => {
  const rego = 'package x\nviolation[{"msg": "never"}] { input.review.object.data.bad }'
  const matching = 'package x\nviolation[{"msg": "never"}] { regex.match("(?:a?){200}a{200}$", input.review.object.data.long) }'
  const dear = (kind: string) => template(kind, matching) + constraint(kind, 'dear', {})
  const long = `${'a'.repeat(100_000)}b`
  const policies = dear('Before') + template('Never', rego) + constraint('Never', 'one', {}) + dear('Zealous')
  const said = (data: object) => judging(policies, namespace('default'))({ ...configMap('a'), data: { long, ...data } }, {}, 1_000)
  assert.throws(() => said({}), { code: 'REGO_LIMIT' })
  assert.deepEqual([said({ bad: 'yes' }).allowed, said({ bad: 'yes' }).message], [false, '[one] never'])
})

test('an attempt ends when its time is over, however little each policy and each parameter takes', () => {
  const config = configMap('c', { of: 'p' })
  const paramRef = { selector: { matchLabels: { of: 'p' } }, parameterNotFoundAction: 'Deny' }
  const policies = (count: number, paramKind?: object) =>
    Array.from({ length: count }, (_, at) => {
      const spec = { validations: [{ expression: 'true' }], matchConstraints: { resourceRules: [{ ...PODS, resources: ['configmaps'] }] } }
      const [policy, binding] = paramKind === undefined ? [spec, {}] : [{ ...spec, paramKind }, { paramRef }]
      return [madePolicy(`p${at}`, policy), madeBinding(`p${at}`, binding)].map((each) => JSON.stringify(each))
    }).flat()
  const { request } = readReview(reviewOf(configMap('a')))
  for (const text of [policies(200), policies(1, { apiVersion: 'v1', kind: 'ConfigMap' })]) {
    const loaded = loadAdmission(readObjects({ file: 'f', text: text.join('\n---\n') }).objects, { surroundings })
    const params = () => ({ scope: 'Namespaced', objects: Array.from({ length: 200 }, () => config) }) as const
    const cluster = { namespace, pods: () => [], late: () => false, params }
    let now = 0
    const parts = { ...loaded, podSecurity: undefined, cluster, locates: false, clock: () => now++ }
    assert.equal(new Judge(parts).judge(request, 'validation.gatekeeper.sh', 100).allowed, true)
    const attempt = new Judge({ ...parts, attempt: { memory: 1 << 20 } })
    assert.throws(() => attempt.judge(request, 'validation.gatekeeper.sh', 100), { code: 'CEL_LIMIT' })
    assert.equal(attempt.judge(request, 'validation.gatekeeper.sh', 1_000).allowed, true)
  }
})
