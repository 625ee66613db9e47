// Whole policies beside Kubernetes' own validator: match conditions, variables, validations, messages, annotations, failure policies.
// `THYMUS_CEL_POLICIES=5000` for more than by default, `THYMUS_CEL_SEED` for others.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type CelDefinition, compileCelRules } from '../../../src/layers/admission/cel-rules.ts'
import { visibleRequest } from '../../../src/layers/admission/cel-variables.ts'
import { Random } from '../../kit/random.ts'
import { OBJECT } from './expressions.table.ts'
import { type Review, startRules, type Verdict } from './oracle.ts'

const POLICIES = Number(process.env.THYMUS_CEL_POLICIES ?? 150)
const SEED = Number(process.env.THYMUS_CEL_SEED ?? 1)
const SHOWN = 5
let oracle: ReturnType<typeof startRules> = 'not started'

before(() => {
  oracle = startRules()
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
  const userInfo = { username: user }
  const request = visibleRequest({ kind: KIND, resource: RESOURCE, operation, name: 'web', namespace: 'shop', userInfo, dryRun: false })
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

test('policies decide, explain and annotate as in Kubernetes', async (context) => {
  if (typeof oracle === 'string') return void context.skip(oracle)
  const random = new Random(SEED)
  const reviews = Array.from({ length: POLICIES }, () => made(random))
  const theirs = await oracle.ask(reviews.map((review) => ({ review })))
  const differences: string[] = []
  const counts: Record<string, number> = {}
  for (const [at, review] of reviews.entries()) {
    const [left, right] = [ours(review), theirs[at]!]
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

/** About what is declared: fields of the request, of the namespace, of variables, and what a validation may come to. */
const TYPED = [
  'request.nothing == 1',
  'request.kind.nothing == ""',
  'request.kind.group == 1',
  'request.kind.group == ""',
  'request.userInfo.extra["a"].exists(x, x == "b")',
  'request.userInfo.extra.a == ["b"]',
  'request.userInfo.groups.exists(g, g == 1)',
  'request.options.anything == 1',
  'request.uid == ""',
  'request.object == null',
  'request.dryRun',
  'request == object',
  'request == null',
  'namespaceObject.metadata.labels["a"] == "b"',
  'namespaceObject.metadata.labels["a"] == 1',
  'namespaceObject.metadata.uid == ""',
  'namespaceObject.metadata.creationTimestamp < timestamp("2024-01-01T00:00:00Z")',
  'namespaceObject.kind == ""',
  'namespaceObject.status.conditions.all(c, c.type != c.lastTransitionTime)',
  'namespaceObject == null',
  'has(namespaceObject.nothing)',
  'has(request.name)',
  'object',
  'object.a',
  '1',
  '"true"',
  'optional.of(true).orValue(false)',
  'params.a == 1',
  'variables.none == 1',
  'variables.count == "a"',
  'variables.count + 1 == 2',
  'variables.names == [1]',
  'variables.names.join() == ""',
  'variables.free.isLessThan(quantity("1"))',
  'variables.free + 1 == 2',
  'variables == 1',
  'has(variables.count)',
  'nothing == 1',
]

test('what a policy is refused for is what Kubernetes cannot compile', async (context) => {
  if (typeof oracle === 'string') return void context.skip(oracle)
  const reviews: Review[] = TYPED.map((expression) => ({
    spec: {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      failurePolicy: 'Fail',
      variables: VARIABLES,
      validations: [{ expression }],
    },
    object: OBJECT,
    operation: 'CREATE',
    user: 'ann',
  }))
  const theirs = await oracle.ask(reviews.map((review) => ({ review })))
  const refusals = { ours: [] as string[], theirs: [] as string[] }
  for (const [at, review] of reviews.entries()) {
    if (/^compilation error/.test(theirs[at]!.decisions[0]!.message)) refusals.theirs.push(TYPED[at]!)
    try {
      ours(review)
    } catch {
      refusals.ours.push(TYPED[at]!)
    }
  }
  assert.ok(refusals.theirs.length > TYPED.length / 4)
  assert.deepEqual(refusals.ours, refusals.theirs)
})
