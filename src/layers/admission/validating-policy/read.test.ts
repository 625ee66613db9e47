import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bindingObject, PODS, policyObject } from '../../../../test/kit/validating-policy.ts'
import type { ThymusError } from '../../../core/errors.ts'
import type { Fields } from '../../../formats/kubernetes/object.ts'
import { readBinding, readPolicy } from './read.ts'

test('a policy and a binding are read with what is left out as the API server fills it in', () => {
  const policy = readPolicy(policyObject())
  assert.equal(policy.name, 'few')
  assert.equal(policy.failurePolicy, 'Fail')
  assert.equal(policy.paramKind, undefined)
  assert.deepEqual(readBinding({ ...bindingObject(), apiVersion: 'admissionregistration.k8s.io/v1beta1' }), {
    name: 'bound',
    policyName: 'few',
    paramRef: undefined,
    matchResources: undefined,
    validationActions: ['Deny'],
  })
})

const resources = (...all: string[]): Fields => ({ matchConstraints: { resourceRules: [{ ...PODS, resources: all }] } })

/** [spec fields, the place of the fault] */
const POLICIES: readonly (readonly [Fields, string])[] = [
  [{ validation: [] }, 'spec.validation'],
  [{ failurePolicy: 'Warn' }, 'spec.failurePolicy'],
  [{ matchConstraints: {} }, 'spec.matchConstraints.resourceRules'],
  [{ matchConstraints: { resourceRules: [{ ...PODS, apiVersions: [] }] } }, 'spec.matchConstraints.resourceRules[0].apiVersions'],
  [
    { matchConstraints: { resourceRules: [{ ...PODS, operations: ['*', 'CREATE'] }] } },
    'spec.matchConstraints.resourceRules[0].operations',
  ],
  [{ matchConstraints: { resourceRules: [{ ...PODS, operations: ['READ'] }] } }, 'spec.matchConstraints.resourceRules[0].operations[0]'],
  [{ matchConstraints: { resourceRules: [{ ...PODS, scope: 'All' }] } }, 'spec.matchConstraints.resourceRules[0].scope'],
  [
    { matchConstraints: { resourceRules: [PODS], objectSelector: { matchLabels: { a: '-' } } } },
    'spec.matchConstraints.objectSelector.matchLabels.a',
  ],
  [{ validations: [] }, 'spec.validations'],
  [{ validations: [{ expression: ' ' }] }, 'spec.validations[0].expression'],
  [{ validations: [{ expression: 'object' }] }, 'spec.validations[0].expression'],
  [{ validations: [{ expression: 'true', message: 'a\nb' }] }, 'spec.validations[0].message'],
  [{ validations: [{ expression: 'true', reason: 'Gone' }] }, 'spec.validations[0].reason'],
  [{ validations: [{ expression: 'params.x' }] }, 'spec.validations[0].expression:1:1'],
  [{ validations: [{ expression: 'authorizer.path("/").check("get").allowed()' }] }, 'spec.validations[0].expression:1:1'],
  [{ variables: [{ name: '1a', expression: '1' }] }, 'spec.variables[0].name'],
  [{ variables: [{ name: 'namespace', expression: '1' }] }, 'spec.variables[0].name'],
  [{ matchConditions: [{ name: 'a b', expression: 'true' }] }, 'spec.matchConditions[0].name'],
  [{ validations: [{ expression: 'true', reason: 'Unauthorized' }] }, 'spec.validations[0].reason'],
  [{ validations: [{ expression: 'true', messageExpression: ' ' }] }, 'spec.validations[0].messageExpression'],
  [{ validations: [{ expression: 'variables == null' }] }, 'spec.validations[0].expression:1:1'],
  [{ auditAnnotations: [{ key: 'a/b', valueExpression: '""' }] }, 'spec.auditAnnotations[0].key'],
  [{ auditAnnotations: [{ key: 'a', valueExpression: `"${'x'.repeat(5_119)}"` }] }, 'spec.auditAnnotations[0].valueExpression'],
  [{ paramKind: { apiVersion: 'a/b/c', kind: 'A' } }, 'spec.paramKind.apiVersion'],
  [{ paramKind: { apiVersion: 'Apps/v1', kind: 'A' } }, 'spec.paramKind.apiVersion'],
  [{ paramKind: { apiVersion: 'v1.2', kind: 'A' } }, 'spec.paramKind.apiVersion'],
  [{ paramKind: { apiVersion: 'v1', kind: '1A' } }, 'spec.paramKind.kind'],
  [resources('*/*', 'pods'), 'spec.matchConstraints.resourceRules[0].resources'],
  [resources('*', 'pods'), 'spec.matchConstraints.resourceRules[0].resources'],
  [resources('pods/*', 'pods/exec'), 'spec.matchConstraints.resourceRules[0].resources[1]'],
  [resources('*/exec', 'pods/exec'), 'spec.matchConstraints.resourceRules[0].resources[1]'],
  [
    { matchConstraints: { resourceRules: [{ ...PODS, resourceNames: ['a/b'] }] } },
    'spec.matchConstraints.resourceRules[0].resourceNames[0]',
  ],
  [{ matchConditions: [{ name: 'a', expression: '1' }] }, 'spec.matchConditions[0].expression'],
  [{ auditAnnotations: [{ key: 'k', valueExpression: '1' }] }, 'spec.auditAnnotations[0].valueExpression'],
  [{ paramKind: { kind: 'ConfigMap' } }, 'spec.paramKind.apiVersion'],
]

test('what the API server would refuse is refused with the place of the field', () => {
  for (const [spec, at] of POLICIES) refused(() => readPolicy(policyObject(spec)), at)
  refused(() => readPolicy({ ...policyObject(), kind: 'Pod' }), 'kind')
  refused(() => readPolicy({}), 'apiVersion')
  refused(() => readPolicy(JSON.parse('{"__proto__": {"kind": "x"}}')), 'apiVersion')
})

test('what it takes is taken', () => {
  const twice = [
    { name: 'a', expression: '1' },
    { name: 'a', expression: '"later"' },
  ]
  const taken: readonly Fields[] = [
    { variables: twice, validations: [{ expression: 'variables.a == "later"', messageExpression: '' }] },
    { matchConditions: [{ name: 'a.example/b', expression: 'true' }] },
    ...[
      ['pods', '*'],
      ['*', '*/exec'],
      ['pods/exec', 'pods/*'],
    ].map((all) => resources(...all)),
    { matchConstraints: { resourceRules: [PODS], objectSelector: { matchLabels: { a: null } } } },
  ]
  for (const spec of taken) readPolicy(policyObject(spec))
})

const BINDINGS: readonly (readonly [Fields, string])[] = [
  [{ policyName: '' }, 'spec.policyName'],
  [{ validationActions: [] }, 'spec.validationActions'],
  [{ validationActions: ['Deny', 'Warn'] }, 'spec.validationActions'],
  [{ validationActions: ['Audit', 'Audit'] }, 'spec.validationActions[1]'],
  [{ paramRef: { name: 'a' } }, 'spec.paramRef.parameterNotFoundAction'],
  [{ paramRef: { parameterNotFoundAction: 'Deny' } }, 'spec.paramRef'],
  [{ paramRef: { name: 'a', selector: {}, parameterNotFoundAction: 'Deny' } }, 'spec.paramRef'],
  [{ paramRef: { name: 'a/b', parameterNotFoundAction: 'Deny' } }, 'spec.paramRef.name'],
  [{ matchResources: { rules: [] } }, 'spec.matchResources.rules'],
]

test('so are bindings', () => {
  for (const [spec, at] of BINDINGS) refused(() => readBinding(bindingObject(spec)), at)
})

function refused(read: () => unknown, at: string): void {
  assert.throws(
    read,
    (error: ThymusError) => {
      assert.deepEqual([error.code, error.at], ['ADMISSION_POLICY', at])
      return true
    },
    at,
  )
}
