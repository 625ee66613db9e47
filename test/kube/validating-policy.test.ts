// ValidatingAdmissionPolicies beside a real API server: which are taken, what they make of requests, and what their expressions come to.
// One file, since all of it stands on one API server, which takes its seconds to start. `CASE=TEXT`: only the cases that are called so.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { ThymusError } from '../../src/core/errors.ts'
import { type Fields, isFields, type KubernetesObject } from '../../src/formats/kubernetes/object.ts'
import { readBinding, readPolicy } from '../../src/layers/admission/validating-policy/read.ts'
import { whyNoKube } from '../kit/kube.ts'
import type { KubeAnswer } from '../kit/kube-client.ts'
import { type Outcome, PolicyCluster } from '../kit/policy-cluster.ts'
import { madeBinding, madePolicy } from '../kit/validating-policy.ts'
import { OBJECT } from '../oracles/cel/expressions.table.ts'
import { BINDINGS, NAMES, POLICIES, RULE } from './definitions.table.ts'
import { expressions, isOlder, mayRefuse, shown, thingsAt, typeOf } from './expressions.ts'
import { CASES } from './requests.table.ts'

/** Made expressions of each of two kinds, beside the written ones. */
const COUNT = Number(process.env.THYMUS_CEL_CASES ?? 600)
const SEED = Number(process.env.THYMUS_CEL_SEED ?? 1)

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

function refusal(read: () => unknown, code = 'ADMISSION_POLICY'): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    assert.equal((error as ThymusError).code, code)
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

test('expressions are refused, and come to the same values and errors', { skip }, async (context) => {
  const { client } = cluster
  const things = await thingsAt(client)
  const matchConstraints = {
    resourceRules: [{ apiGroups: ['test.thymus.dev'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['things'] }],
  }
  const policy = (name: string, spec: Fields) =>
    madePolicy(name, { ...spec, matchConstraints: { ...matchConstraints, objectSelector: { matchLabels: { asks: name } } } })
  const taken: string[] = []
  const all = expressions(COUNT, SEED)
  for (const part of parts(all, 50)) {
    const variables = part.map((expression, at) => ({ name: `v${at}`, expression }))
    const body = policy('try', { variables, validations: [{ expression: 'true' }] })
    const theirs = causesOf(await client.create(body, { dryRun: true }))
    for (const [at, expression] of part.entries()) {
      const [mine, other] = [refusal(() => typeOf(expression), 'CEL_REJECTED'), theirs.get(`spec.variables[${at}].expression`)]
      if (mine === undefined && other === undefined) taken.push(expression)
      else if (mine === undefined || other === undefined) {
        assert.ok(mayRefuse(mine, other), `${expression}\n  ours:   ${mine}\n  theirs: ${other}`)
      }
    }
  }
  // The messages of a few are all that one answer may have of warnings.
  const policies = parts(taken, 5).map((part, at) =>
    policy(`asks-${at}`, {
      validations: part.map((expression, at) => {
        const value = shown(expression, typeOf(expression))
        return { expression: `dyn(${value}) == 1`, messageExpression: `'${at}: ' + (${value})` }
      }),
    }),
  )
  const warn = (name: string) => madeBinding(name, { validationActions: ['Warn'] })
  await cluster.install(
    policies,
    policies.map(({ metadata }) => warn((metadata as Fields).name as string)),
  )
  const differences: string[] = []
  const seen = { values: 0, errors: 0 }
  for (const [at, part] of parts(taken, 5).entries()) {
    const metadata = { ...OBJECT.metadata, labels: { ...OBJECT.metadata.labels, asks: `asks-${at}` } }
    const body = { ...OBJECT, apiVersion: 'test.thymus.dev/v1', kind: 'Thing', metadata }
    const { ours, theirs } = await cluster.ask({ method: 'POST', path: things, body })
    for (const [index, expression] of part.entries()) {
      const [mine, other] = [ours.warnings[index], theirs.warnings[index]]
      seen[/resulted in error/.test(other ?? '') ? 'errors' : 'values']++
      if (mine !== other && !isOlder(expression, mine, other)) differences.push(`${expression}\n  ours:   ${mine}\n  theirs: ${other}`)
    }
  }
  context.diagnostic(`${all.length} expressions, ${taken.length} taken, ${JSON.stringify(seen)}`)
  assert.equal(differences.length, 0, `${differences.length} differ\n${differences.slice(0, 20).join('\n')}`)
})

const parts = <T>(all: readonly T[], size: number) =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size))

/** Of a refusal: messages by field. */
function causesOf({ body }: KubeAnswer): ReadonlyMap<string, string> {
  const causes = isFields(body.details) ? (body.details.causes as readonly { field: string; message: string }[]) : []
  return new Map(causes.map(({ field, message }) => [field, message]))
}

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
