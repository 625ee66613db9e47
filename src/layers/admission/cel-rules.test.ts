import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ThymusError } from '../../core/errors.ts'
import { type CelDefinition, compileCelRules } from './cel-rules.ts'
import type { CelInput } from './cel-session.ts'
import { visibleRequest } from './cel-variables.ts'

const POD = { kind: 'Pod', metadata: { name: 'web' }, spec: { replicas: 3 } }
const REQUEST = visibleRequest({
  operation: 'CREATE',
  name: 'web',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  userInfo: { username: 'ann' },
})

function evaluate(definition: Partial<CelDefinition>, input: Partial<CelInput> = {}) {
  return compileCelRules({ validations: [], ...definition }).evaluate({ request: REQUEST, object: POD, oldObject: null, ...input })
}

test('a validation that holds admits; one that does not denies with a message and a reason', () => {
  const { decisions } = evaluate({
    validations: [
      { expression: 'object.spec.replicas < 5' },
      { expression: ' object.spec.replicas > 5 ' },
      { expression: 'false', message: ' too few\n', reason: 'Forbidden' },
    ],
  })
  assert.deepEqual(decisions, [
    { action: 'admit', evaluation: 'admit', message: '', reason: '', index: 0 },
    { action: 'deny', evaluation: 'deny', message: 'failed expression: object.spec.replicas > 5', reason: 'Invalid', index: 1 },
    { action: 'deny', evaluation: 'deny', message: 'too few', reason: 'Forbidden', index: 2 },
  ])
})

test('a message expression is trimmed; the message stands in where it has lines, is empty, too long or an error', () => {
  const message = (messageExpression: string) =>
    evaluate({ validations: [{ expression: 'false', message: 'm', messageExpression }] }).decisions[0]?.message
  assert.equal(message('"  for " + object.metadata.name + " "'), 'for web')
  assert.equal(message('"two\\nlines"'), 'm')
  assert.equal(message('" "'), 'm')
  assert.equal(message('string(object.spec.nothing)'), 'm')
  assert.equal(message(`"${'x'.repeat(5 * 1024)}"`), 'x'.repeat(5 * 1024))
  assert.equal(message(`"${'x'.repeat(5 * 1024 + 1)}"`), 'm')
})

test('variables are composed in order and evaluated once, when asked for', () => {
  const definition: CelDefinition = {
    variables: [
      { name: 'broken', expression: 'object.spec.nothing' },
      { name: 'count', expression: 'object.spec.replicas' },
      { name: 'twice', expression: 'variables.count * 2' },
    ],
    validations: [{ expression: 'variables.twice == 6' }, { expression: 'variables.broken == 1' }],
  }
  const { decisions } = evaluate(definition)
  assert.equal(decisions[0]?.action, 'admit')
  assert.equal(
    decisions[1]?.message,
    'expression \'variables.broken == 1\' resulted in error: composited variable "broken" fails to evaluate: no such key: nothing',
  )
})

test('what parameters alone decide is kept for them, and costs every request the same', () => {
  const dear = 'params.list.all(i, params.list.all(j, j >= 0 || params.n == 0))'
  const names = Array.from({ length: 14 }, (_, at) => `v${at}`)
  const rules = compileCelRules({
    params: 'all',
    variables: [
      { name: 'limit', expression: 'params.n * 2' },
      { name: 'fits', expression: 'object.spec.replicas < variables.limit' },
      { name: 'missing', expression: 'params.none' },
      ...names.map((name) => ({ name, expression: dear })),
      { name: 'all', expression: names.map((name) => `variables.${name}`).join(' && ') },
    ],
    validations: [{ expression: 'variables.fits' }, { expression: 'has(params.dear) && variables.all || variables.missing' }],
  })
  const asked = (params: object, replicas: number) => {
    const object = { spec: { replicas } }
    return rules.evaluate({ request: REQUEST, object, oldObject: null, params: params as CelInput['params'] & object }).decisions
  }
  const [few, many] = [
    { n: 1, list: [] },
    { n: 4, list: [] },
  ]
  assert.deepEqual(
    [few, many, few, many].map((params) => asked(params, 3)[0]!.action),
    ['deny', 'admit', 'deny', 'admit'],
  )
  assert.equal(asked(many, 9)[0]!.action, 'deny')
  assert.match(asked(many, 3)[1]!.message, /"missing" fails to evaluate: no such key: none$/)
  assert.deepEqual(asked(many, 3), asked(many, 3))
  const poor = { n: 4, dear: true, list: Array.from({ length: 400 }, (_, at) => at) }
  const first = asked(poor, 3)
  assert.match(first[0]!.message, /running out of cost budget/)
  assert.deepEqual(asked(poor, 3), first)
  assert.equal(first.length, 1)
})

test('what is wrong is refused with the place of the field and of the text', () => {
  const refused = (definition: Partial<CelDefinition>, at: string) =>
    assert.throws(
      () => evaluate(definition),
      (error: ThymusError) => error.code === 'CEL_REJECTED' && error.at === at,
      at,
    )
  refused({ validations: [{ expression: 'object.spec.replicas' }] }, 'validations[0].expression')
  refused({ validations: [{ expression: 'true' }, { expression: 'variables.none' }] }, 'validations[1].expression:1:1')
  const one = [{ name: 'one', expression: '1' }]
  refused({ variables: one, validations: [{ expression: 'variables.none' }] }, 'validations[0].expression:1:10')
  refused({ validations: [{ expression: 'request.nothing == 1' }] }, 'validations[0].expression:1:8')
  refused({ validations: [{ expression: 'params.x == 1' }] }, 'validations[0].expression:1:1')
  refused({ validations: [{ expression: 'true', messageExpression: '1' }] }, 'validations[0].messageExpression')
  const later = [
    { name: 'a', expression: 'variables.b' },
    { name: 'b', expression: '1' },
  ]
  refused({ variables: later }, 'variables[0].expression:1:10')
  refused({ matchConditions: [{ name: 'c', expression: 'variables.b' }], variables: [later[1]!] }, 'matchConditions[0].expression:1:1')
})

test('an error is a decision by the failure policy', () => {
  const validations = [{ expression: 'object.nothing == 1' }]
  const message = "expression 'object.nothing == 1' resulted in error: no such key: nothing"
  assert.deepEqual(evaluate({ validations }).decisions, [{ action: 'deny', evaluation: 'error', message, reason: '', index: 0 }])
  assert.equal(evaluate({ validations, failurePolicy: 'Ignore' }).decisions[0]?.action, 'admit')
})

test('a match condition that is false excludes whatever the others are; errors go by the failure policy', () => {
  const no = { name: 'no', expression: 'request.userInfo.username == "bob"' }
  const broken = { name: 'broken', expression: 'object.nothing == 1' }
  const validations = [{ expression: 'false' }]
  assert.deepEqual(evaluate({ matchConditions: [broken, no], validations }), { matched: false, decisions: [], annotations: [] })
  const failed = evaluate({ matchConditions: [broken], validations })
  assert.equal(failed.decisions[0]?.message, "expression 'object.nothing == 1' resulted in error: no such key: nothing")
  assert.equal(failed.decisions[0]?.evaluation, 'error')
  assert.equal(evaluate({ matchConditions: [broken], validations, failurePolicy: 'Ignore' }).matched, false)
})

test('params may be for variables alone, as Gatekeeper has it, and variables for match conditions', () => {
  const definition: Partial<CelDefinition> = {
    params: 'variables',
    variablesInConditions: true,
    variables: [{ name: 'params', expression: '!has(params.spec) ? null : params.spec.parameters' }],
    matchConditions: [{ name: 'c', expression: 'variables.params.on' }].map((one) => ({ ...one, expression: `${one.expression} == true` })),
    validations: [{ expression: 'variables.params.least <= object.spec.replicas' }],
  }
  const { decisions } = evaluate(definition, { params: { spec: { parameters: { on: true, least: 4 } } } })
  assert.equal(decisions[0]?.action, 'deny')
  assert.throws(() => evaluate({ ...definition, validations: [{ expression: 'params.spec == null' }] }))
})

test('an expression beyond its cost is an error; validations beyond theirs end all of them', () => {
  const expensive =
    '[0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, [0,1,2,3,4,5,6,7,8,9].all(c, [0,1,2,3,4,5,6,7,8,9].all(d, D))))'
  const of = (innermost: string) => expensive.replace('D', innermost)
  const one = evaluate({ validations: [{ expression: of('lists.range(1000).size() > 0') }] })
  assert.match(one.decisions[0]!.message, /operation cancelled: actual cost limit exceeded$/)
  const cheap = of('lists.range(50).size() > 0')
  const many = evaluate({ validations: Array.from({ length: 20 }, () => ({ expression: cheap })) })
  assert.equal(many.decisions.length, 1)
  assert.match(many.decisions[0]!.message, /running out of cost budget/)
  // Message expressions count, whether they are wanted or not; what is left is theirs.
  const holds = (count: number) => Array.from({ length: count }, () => ({ expression: 'true', messageExpression: `string(${cheap})` }))
  assert.deepEqual([...new Set(evaluate({ validations: holds(9) }).decisions.map(({ action }) => action))], ['admit'])
  const messages = evaluate({ validations: [...holds(20), { expression: 'object.nothing == 1' }] }).decisions.map(({ message }) => message)
  assert.match(messages[0]!, /^failed messageExpression: validation failed due to running out of cost budget/)
  assert.match(messages.at(-1)!, /no such key: nothing$/)
})

test('audit annotations are published, left out where empty or null, and an error by the failure policy', () => {
  const auditAnnotations = [
    { key: 'who', valueExpression: 'request.userInfo.username' },
    { key: 'none', valueExpression: 'null' },
    { key: 'broken', valueExpression: 'string(object.nothing)' },
  ]
  const { annotations } = evaluate({ auditAnnotations })
  assert.deepEqual(
    annotations.map(({ key, action }) => [key, action]),
    [
      ['who', 'publish'],
      ['none', 'exclude'],
      ['broken', 'error'],
    ],
  )
  assert.equal(evaluate({ auditAnnotations, failurePolicy: 'Ignore' }).annotations[2]?.action, 'exclude')
})

test('a request is seen as an API server fills it in, and match conditions know no namespace yet', () => {
  const seen = 'request.dryRun == false && request.requestKind.kind == "Pod" && request.options == null && !has(request.subResource)'
  const namespaceObject = { metadata: { name: 'shop' } }
  const matchConditions = [{ name: 'c', expression: 'namespaceObject == null' }]
  const validations = [{ expression: `${seen} && !has(request.userInfo.groups) && namespaceObject.metadata.name == "shop"` }]
  const request = visibleRequest({ ...REQUEST, subResource: '', userInfo: { username: 'ann', groups: [] } })
  const { decisions } = evaluate({ matchConditions, validations }, { request, namespaceObject })
  assert.deepEqual(
    decisions.map(({ evaluation }) => evaluation),
    ['admit'],
  )
})

test('a request and a namespace as a whole hold what the API server gives them', () => {
  const namespaceObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', uid: 'u', managedFields: [] } }
  const shows = ['"%s".format([dyn(namespaceObject)])', '"%s".format([dyn(request)])']
  const { decisions, annotations } = evaluate(
    {
      validations: shows.map((messageExpression) => ({ expression: 'false', messageExpression })),
      auditAnnotations: [{ key: 'a', valueExpression: shows[0]! }],
    },
    { namespaceObject },
  )
  assert.equal(decisions[0]!.message, '{"metadata":{"name":"shop", "uid":"u"}, "spec":{}, "status":{}}')
  assert.match(decisions[1]!.message, /"object":null, "oldObject":null, "operation":"CREATE".*"uid":"", "userInfo"/)
  assert.equal(annotations[0]!.text, '{"metadata":{"managedFields":[], "name":"shop", "uid":"u"}, "spec":{}, "status":{}}')
})
