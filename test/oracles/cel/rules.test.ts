// Whole policies beside Kubernetes' own validator: match conditions, variables, validations, messages, annotations, failure policies.
// `THYMUS_CEL_POLICIES=5000` for more than by default, `THYMUS_CEL_SEED` for others.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type CelDefinition, compileCelRules } from '../../../src/layers/admission/cel-rules.ts'
import { Random } from '../../kit/random.ts'
import { OBJECT } from './expressions.ts'
import { Oracle, type Review, type Verdict } from './oracle.ts'

const POLICIES = Number(process.env.THYMUS_CEL_POLICIES ?? 150)
const SEED = Number(process.env.THYMUS_CEL_SEED ?? 1)
const SHOWN = 5
let oracle: Oracle | string = 'not started'

before(() => {
  oracle = Oracle.start()
})
after(() => {
  if (typeof oracle !== 'string') oracle.stop()
})

const CONDITIONS = [
  'object.spec.replicas < 5',
  'object.spec.replicas > 5',
  'object.metadata.name == "web"',
  'request.operation == "CREATE"',
  'request.userInfo.username == "ann"',
  'has(request.userInfo.groups)',
  'has(request.dryRun) && !request.dryRun',
  'request.namespace == "shop" && request.name == "web"',
  'request.resource.resource == "pods" && request.requestKind.kind == "Pod"',
  'oldObject == null',
  'object.nothing == 1',
  'object.spec.containers.all(c, has(c.securityContext))',
  'params != null && params.least <= object.spec.replicas',
  'params.least > 1',
  'namespaceObject.metadata.labels.tier == "front"',
  'has(namespaceObject.metadata)',
  'variables.count > 1',
  'variables.broken == 1',
  'variables.names.exists(n, n == "a")',
  'variables.free.isGreaterThan(quantity("1"))',
  'lists.range(1000).all(x, lists.range(1000).all(y, y >= 0))',
  'request.options == null',
]

const MESSAGES = [
  '"replicas: " + string(object.spec.replicas)',
  '"  " + request.userInfo.username + " "',
  '""',
  '"a\\nb"',
  'string(object.nothing)',
  'variables.names.join(", ")',
  'params.text',
  '"x".replace("x", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef") + string(object.spec.big)',
]

const VARIABLES = [
  { name: 'count', expression: 'object.spec.containers.size()' },
  { name: 'broken', expression: 'object.spec.nothing' },
  { name: 'names', expression: 'object.spec.containers.map(c, string(c.name))' },
  { name: 'free', expression: 'quantity("2")' },
]

function made(random: Random): Review {
  const some = <T>(most: number, make: (at: number) => T) => Array.from({ length: random.below(most + 1) }, (_, at) => make(at))
  // Kubernetes gives match conditions variables, though it refuses a policy where they use them.
  const condition = () => random.of(CONDITIONS.filter((one) => !one.includes('variables.')))
  const validations = [0, ...some(2, () => 0)].map(() => ({
    expression: random.of(CONDITIONS),
    ...(random.below(2) === 0 ? { message: ' a message ' } : {}),
    ...(random.below(2) === 0 ? { messageExpression: random.of(MESSAGES.filter((one) => !one.startsWith('params'))) } : {}),
    ...(random.below(3) === 0 ? { reason: 'Forbidden' } : {}),
  }))
  return {
    spec: {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      failurePolicy: random.of(['Fail', 'Ignore']),
      variables: VARIABLES,
      matchConditions: random.below(3) === 0 ? some(2, (at) => ({ name: `c${at}`, expression: condition() })) : [],
      validations,
      auditAnnotations: some(2, (at) => ({ key: `k${at}`, valueExpression: random.of([...MESSAGES.slice(0, 6), 'null']) })),
    },
    object: random.below(6) === 0 ? null : OBJECT,
    oldObject: random.below(2) === 0 ? null : OBJECT,
    params: random.below(3) === 0 ? null : { least: 2, text: 'from params' },
    namespace: random.below(4) === 0 ? null : { metadata: { name: 'shop', labels: { tier: 'front' } } },
    operation: random.of(['CREATE', 'UPDATE']),
    user: random.of(['ann', 'bob']),
  }
}

const KIND = { group: '', version: 'v1', kind: 'Pod' }
const RESOURCE = { group: '', version: 'v1', resource: 'pods' }

function ours({ spec, object, oldObject, params, namespace, operation, user }: Review): Verdict {
  const rules = compileCelRules({ ...(spec as CelDefinition), params: 'all' })
  const request = { kind: KIND, resource: RESOURCE, operation, name: 'web', namespace: 'shop', userInfo: { username: user }, dryRun: false }
  const { decisions, annotations } = rules.evaluate({
    request,
    object: object as never,
    oldObject: (oldObject ?? null) as never,
    params: (params ?? null) as never,
    namespaceObject: (namespace ?? null) as never,
  })
  return {
    decisions: decisions.map(({ action, evaluation, message, reason }) => ({ action, evaluation, message, reason })),
    annotations: annotations.map(({ key, action, text }) => ({
      key,
      action,
      value: action === 'publish' ? text : '',
      error: action === 'publish' ? '' : text,
    })),
  }
}

/** Errors are told in Go's words; which of them is an error is compared, and what it says of the expression. */
const comparable = ({ decisions, annotations }: Verdict) => ({
  decisions: decisions.map((one) => (one.evaluation === 'error' ? { ...one, message: short(one.message) } : one)),
  annotations: annotations.map((one) => ({ ...one, error: short(one.error) })),
})
const short = (message: string) => message.replace(/resulted in error: (?!operation cancelled).*$/s, 'resulted in error')

test('policies decide, explain and annotate as in Kubernetes', async (context) => {
  if (typeof oracle === 'string') return void context.skip(oracle)
  const random = new Random(SEED)
  const reviews = Array.from({ length: POLICIES }, () => made(random))
  const theirs = await oracle.judge(reviews)
  const differences: string[] = []
  const counts: Record<string, number> = {}
  for (const [at, review] of reviews.entries()) {
    const [left, right] = [comparable(ours(review)), comparable(theirs[at]!)]
    for (const { evaluation } of right.decisions) counts[evaluation] = (counts[evaluation] ?? 0) + 1
    try {
      assert.deepEqual(left, right)
    } catch {
      differences.push(`${JSON.stringify(review.spec)}\n  ours: ${JSON.stringify(left)}\n  Go:   ${JSON.stringify(right)}`)
    }
  }
  context.diagnostic(JSON.stringify(counts))
  assert.ok(['admit', 'deny', 'error'].every((evaluation) => counts[evaluation]! > POLICIES / 10))
  assert.equal(differences.length, 0, `${differences.length} differ\n${differences.slice(0, SHOWN).join('\n')}`)
})
