import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bindingObject, POD, PODS, policyObject, requestFor, SHOP } from '../../../../test/kit/validating-policy.ts'
import type { ThymusError } from '../../../core/errors.ts'
import type { Fields, KubernetesObject } from '../../../formats/kubernetes/object.ts'
import { Work } from '../../../lang/cel/cel.ts'
import { judgePolicies, type PolicyQuestion } from './judge.ts'
import type { ParamSource } from './params.ts'
import { readBinding, readPolicy } from './read.ts'

interface Given {
  readonly policy?: Fields
  readonly bindings?: readonly Fields[]
  readonly request?: Fields
  readonly namespace?: KubernetesObject | null
  readonly params?: ParamSource
  readonly work?: Work
}

function judge({ policy = {}, bindings = [{}], request = {}, namespace = SHOP, params, work = new Work(10_000) }: Given) {
  const question: PolicyQuestion = { request: requestFor(request), namespace: namespace ?? undefined, params: () => params, work }
  const read = bindings.map((spec) => readBinding(bindingObject(spec)))
  return judgePolicies({ policies: [readPolicy(policyObject(policy))], bindings: read }, question)
}

const denied = (given: Given) => judge(given).denied?.message
const PREFIX = 'pods "web" is forbidden: '
const BY = `${PREFIX}ValidatingAdmissionPolicy 'few' with binding 'bound' denied request: `
const FAILED = `${BY}failed expression: object.spec.replicas < 5`

test('a denial is told in the words of the API server', () => {
  assert.deepEqual(judge({}).denied, { message: FAILED, reason: 'Invalid', code: 422 })
  const validations = [{ expression: 'false', messageExpression: '"not " + request.userInfo.username', reason: 'Forbidden' }]
  assert.deepEqual(judge({ policy: { validations } }).denied, { message: `${BY}not ann`, reason: 'Forbidden', code: 403 })
  assert.equal(denied({ request: { object: { ...POD, spec: { replicas: 1 } } } }), undefined)
})

test('a policy without a binding is not in force', () => {
  assert.deepEqual(judge({ bindings: [] }), { denied: undefined, violations: [], warnings: [], auditAnnotations: {} })
  assert.equal(denied({ bindings: [{ policyName: 'other' }] }), undefined)
})

test('a warning is given once, however many rules come to it', () => {
  const validations = ['a', 'b', 'a'].map((message) => ({ expression: 'false', message }))
  assert.deepEqual(
    judge({ policy: { validations }, bindings: [{ validationActions: ['Warn'] }] }).warnings.map((text) => text.at(-1)),
    ['a', 'b'],
  )
})

test('all policies that are asked about a request share its time: where that ends, nothing is decided', () => {
  const object = { ...POD, text: 'x'.repeat(1_000_000) }
  const work = new Work(100)
  const ask = (expression: string) =>
    denied({ policy: { validations: [{ expression }], failurePolicy: 'Ignore' }, request: { object }, work })
  const limited = (error: ThymusError) => error.code === 'CEL_LIMIT'
  assert.equal(ask('object.text.size() == 1000000'), undefined)
  assert.throws(() => {
    for (let count = 0; count < 500; count++) ask('object.text.size() == 1000000')
  }, limited)
  // A policy that lets errors pass is not passed by.
  assert.throws(() => ask('object.text.size() == 0'), limited)
  // What one expression may do is a matter of its policy.
  const endless = { policy: { validations: [{ expression: '[0, 1].all(i, object.text.findAll("x").size() == 0)' }] } }
  assert.match(denied({ ...endless, request: { object }, work: new Work(100_000) })!, /resulted in error: operation cancelled/)
  const dear = { policy: { validations: [{ expression: 'object.list.sort().size() == 0' }] } }
  const list = Array.from({ length: 20_000 }, (_, at) => at)
  assert.match(denied({ ...dear, request: { object: { ...POD, list } } })!, /resulted in error: operation cancelled/)
})

test('a binding warns, records or denies', () => {
  const verdict = judge({ bindings: [{ validationActions: ['Warn', 'Audit'] }] })
  assert.equal(verdict.denied, undefined)
  assert.deepEqual(verdict.warnings, [
    "Validation failed for ValidatingAdmissionPolicy 'few' with binding 'bound': failed expression: object.spec.replicas < 5",
  ])
  assert.deepEqual(verdict.auditAnnotations, {
    'validation.policy.admission.k8s.io/validation_failure':
      '[{"message":"failed expression: object.spec.replicas \\u003c 5","policy":"few","binding":"bound","expressionIndex":0,"validationActions":["Warn","Audit"]}]',
  })
  assert.deepEqual(verdict.violations, [
    {
      policy: 'few',
      binding: 'bound',
      message: 'failed expression: object.spec.replicas < 5',
      reason: 'Invalid',
      actions: ['Warn', 'Audit'],
      index: 0,
    },
  ])
})

test('audit annotations of bindings are put together, and denied where they fail', () => {
  const auditAnnotations = [{ key: 'who', valueExpression: 'params == null ? request.userInfo.username : string(params.metadata.name)' }]
  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' }
  const params: ParamSource = { scope: 'Namespaced', objects: [{ metadata: { name: 'c', namespace: 'shop' } }] }
  const paramRef = { name: 'c', parameterNotFoundAction: 'Deny' }
  const policy = { auditAnnotations, validations: null, paramKind }
  assert.deepEqual(judge({ policy, params, bindings: [{}, { paramRef }, {}] }).auditAnnotations, { 'few/who': 'ann, c' })
  const broken = { auditAnnotations: [{ key: 'k', valueExpression: 'string(object.none)' }], validations: null }
  assert.match(denied({ policy: broken, bindings: [{ validationActions: ['Audit'] }] })!, /resulted in error: no such key: none$/)
})

/** What a rule may say, and whether the request of a Pod is meant by it. */
const RULES: readonly (readonly [Fields, boolean])[] = [
  [{ apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }, true],
  [{ apiGroups: ['apps'] }, false],
  [{ apiVersions: ['v2'] }, false],
  [{ resources: ['pods/exec'] }, false],
  [{ resources: ['pods/*'] }, true],
  [{ resources: ['*/*'] }, true],
  [{ operations: ['UPDATE', 'CREATE'] }, true],
  [{ operations: ['DELETE'] }, false],
  [{ scope: 'Namespaced' }, true],
  [{ scope: 'Cluster' }, false],
  [{ resourceNames: ['web'] }, true],
  [{ resourceNames: ['other'] }, false],
]

test('rules choose by group, version, resource, operation, scope and name', () => {
  for (const [rule, meant] of RULES) {
    const about = JSON.stringify(rule)
    const rules = [{ ...PODS, ...rule }]
    assert.equal(denied({ policy: { matchConstraints: { resourceRules: rules } } }) !== undefined, meant, about)
    assert.equal(denied({ bindings: [{ matchResources: { resourceRules: rules } }] }) !== undefined, meant, `binding ${about}`)
    assert.equal(
      denied({ policy: { matchConstraints: { resourceRules: [PODS], excludeResourceRules: rules } } }) === undefined,
      meant,
      `not ${about}`,
    )
  }
})

test('Exact takes the resource that was asked for, Equivalent also what it became', () => {
  const request = { requestResource: { group: 'old', version: 'v1', resource: 'pods' } }
  assert.equal(denied({ request })?.startsWith('pods.old'), true)
  assert.equal(denied({ request, policy: { matchConstraints: { resourceRules: [PODS], matchPolicy: 'Exact' } } }), undefined)
})

test('selectors look at labels of the object, old or new, and of the namespace', () => {
  const constraints = (fields: Fields) => ({ policy: { matchConstraints: { resourceRules: [PODS], ...fields } } })
  const object = (value: string) => constraints({ objectSelector: { matchLabels: { app: value } } })
  assert.equal(denied(object('web')), FAILED)
  assert.equal(denied(object('db')), undefined)
  assert.equal(denied({ ...object('db'), request: { oldObject: { metadata: { labels: { app: 'db' } } } } }), FAILED)
  const tier = (value: string) =>
    constraints({ namespaceSelector: { matchExpressions: [{ key: 'tier', operator: 'In', values: [value] }] } })
  assert.equal(denied(tier('front')), FAILED)
  assert.equal(denied(tier('back')), undefined)
})

test('a namespace that is not known is an error of configuration, by the failure policy', () => {
  const message = `${PREFIX}ValidatingAdmissionPolicy 'few' denied request: failed to configure policy: namespaces "shop" not found`
  const matchConstraints = { resourceRules: [PODS], namespaceSelector: { matchLabels: { a: 'b' } } }
  assert.equal(denied({ namespace: null, policy: { matchConstraints } }), message)
  assert.equal(denied({ namespace: null, policy: { matchConstraints, failurePolicy: 'Ignore' } }), undefined)
  assert.equal(denied({ namespace: null }), `${BY}failed to configure binding: namespaces "shop" not found`)
})

test('parameters come from a name or a selector, in the namespace of the request unless another is named', () => {
  const config = (name: string, namespace: string, most: number) => ({ metadata: { name, namespace, labels: { app: name } }, most })
  const params: ParamSource = { scope: 'Namespaced', objects: [config('a', 'shop', 10), config('a', 'other', 2), config('b', 'shop', 3)] }
  const policy = {
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    validations: [{ expression: 'object.spec.replicas <= params.most', messageExpression: 'params.kind + " " + params.metadata.name' }],
  }
  const by = (paramRef: Fields) => denied({ policy, params, bindings: [{ paramRef: { parameterNotFoundAction: 'Deny', ...paramRef } }] })
  assert.equal(by({ name: 'a' }), undefined)
  assert.equal(by({ name: 'a', namespace: 'other' }), `${BY}ConfigMap a`)
  assert.equal(by({ selector: {} }), `${BY}ConfigMap b`)
  assert.equal(
    by({ name: 'z' }),
    `${BY}failed to configure binding: no params found for policy binding with \`Deny\` parameterNotFoundAction`,
  )
  assert.equal(by({ name: 'z', parameterNotFoundAction: 'Allow' }), undefined)
  assert.match(denied({ policy, bindings: [{}] })!, /failed to find resource referenced by paramKind: 'v1, Kind=ConfigMap'$/)
})

test('on DELETE there is no object, whatever the request holds', () => {
  const policy = { validations: [{ expression: 'object == null && oldObject.metadata.name == "web"' }] }
  assert.equal(denied({ policy, request: { operation: 'DELETE', oldObject: POD } }), undefined)
})

test('configuration of admission is not judged by it', () => {
  const matchConstraints = { resourceRules: [{ ...PODS, apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }] }
  const request = {
    kind: { group: 'admissionregistration.k8s.io', version: 'v1', kind: 'ValidatingAdmissionPolicy' },
    resource: { group: 'admissionregistration.k8s.io', version: 'v1', resource: 'validatingadmissionpolicies' },
    requestResource: undefined,
    namespace: '',
  }
  assert.equal(denied({ policy: { matchConstraints }, request }), undefined)
})

test('of several failures the audit annotation tells the first', () => {
  const validations = [
    { expression: 'false', message: 'one' },
    { expression: 'false', message: 'two' },
  ]
  const { auditAnnotations } = judge({ policy: { validations }, bindings: [{ validationActions: ['Audit'] }] })
  assert.deepEqual(
    Object.values(auditAnnotations).map((text) => JSON.parse(text)[0].message),
    ['one'],
  )
})
