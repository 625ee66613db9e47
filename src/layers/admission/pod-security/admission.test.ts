// Beside Kubernetes' library every kind of request is tried (test/oracles/pod-security); here the ones that each rule is about.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ThymusError } from '../../../core/errors.ts'
import { admit, type PodSecurityRequest } from './admission.ts'
import { NO_CONFIGURATION, type PodSecurityConfiguration, readConfiguration } from './configuration.ts'

const LABEL = 'pod-security.kubernetes.io/'
const named = (labels: Record<string, string>) => Object.fromEntries(Object.entries(labels).map(([name, value]) => [LABEL + name, value]))
const namespace = (labels: Record<string, string>) => ({ metadata: { name: 'ns', labels: named(labels) } })

const BAD = { containers: [{ name: 'x', image: 'i', securityContext: { privileged: true } }] }
const POD: PodSecurityRequest = {
  operation: 'CREATE',
  kind: { group: '', kind: 'Pod' },
  resource: { group: '', resource: 'pods' },
  name: 'web',
  namespace: 'ns',
  userInfo: { username: 'alice' },
  object: { metadata: {}, spec: BAD },
}
const DEPLOYMENT: PodSecurityRequest = {
  ...POD,
  kind: { group: 'apps', kind: 'Deployment' },
  resource: { group: 'apps', resource: 'deployments' },
  object: { spec: { template: { spec: BAD } } },
}
const DETAIL = 'privileged (container "x" must not set securityContext.privileged=true)'

function answer(
  request: PodSecurityRequest,
  labels: Record<string, string> | undefined,
  configuration: PodSecurityConfiguration = NO_CONFIGURATION,
  pods: readonly object[] = [],
  late = () => false,
) {
  const cluster = { namespace: () => labels && namespace(labels), pods: () => pods as Record<string, unknown>[], late }
  return admit(request, configuration, cluster)
}

const exempting = (exemptions: object) =>
  readConfiguration({
    apiVersion: 'pod-security.admission.config.k8s.io/v1',
    kind: 'PodSecurityConfiguration',
    defaults: { enforce: 'baseline' },
    exemptions,
  })

describe('a pod', () => {
  test('that violates what is enforced is forbidden, and warned of nothing', () => {
    const response = answer(POD, { enforce: 'baseline', audit: 'baseline', 'audit-version': 'v1.20', warn: 'restricted' })
    assert.deepEqual(response, {
      allowed: false,
      status: {
        status: 'Failure',
        message: `pods "web" is forbidden: violates PodSecurity "baseline:latest": ${DETAIL}`,
        reason: 'Forbidden',
        details: { name: 'web', kind: 'pods' },
        code: 403,
      },
      warnings: [],
      auditAnnotations: {
        'enforce-policy': 'baseline:latest',
        'audit-violations': `would violate PodSecurity "baseline:v1.20": ${DETAIL}`,
      },
      violations: response.violations,
    })
    assert.deepEqual(
      response.violations.map(({ mode, policy, failures }) => [mode, policy.version, failures.map(({ fields }) => fields)]),
      [
        ['enforce', 'latest', [['spec.containers[0].securityContext.privileged']]],
        ['audit', 'v1.20', [['spec.containers[0].securityContext.privileged']]],
      ],
    )
  })

  test('is warned of where nothing is enforced, and of nothing in a namespace without labels', () => {
    const { allowed, warnings } = answer(POD, { warn: 'baseline', 'warn-version': 'v1.30' })
    assert.deepEqual({ allowed, warnings }, { allowed: true, warnings: [`would violate PodSecurity "baseline:v1.30": ${DETAIL}`] })
    assert.deepEqual(answer(POD, {}).auditAnnotations, { 'enforce-policy': 'privileged:latest' })
  })

  test('is judged again when an image changes or a container comes, and not otherwise', () => {
    const update = (change: object, subResource = ''): boolean => {
      const oldObject = { spec: { ...BAD, ephemeralContainers: [{ name: 'e', image: 'i' }] } }
      const object = { spec: { ...oldObject.spec, ...change } }
      return answer({ ...POD, operation: 'UPDATE', subResource, object, oldObject }, { enforce: 'baseline' }).allowed
    }
    assert.equal(update({}), true)
    assert.equal(update({ hostPID: true }), true)
    assert.equal(update({ containers: [{ ...BAD.containers[0], image: 'j' }] }), false)
    assert.equal(update({ initContainers: [{ name: 'i' }] }), false)
    assert.equal(update({ ephemeralContainers: [] }), true)
    assert.equal(update({ ephemeralContainers: [{ name: 'f', image: 'i' }] }, 'ephemeralcontainers'), false)
    assert.equal(update({ ephemeralContainers: [{ name: 'e', image: 'j' }] }, 'ephemeralcontainers'), false)
    assert.equal(update({ initContainers: [{ name: 'i' }] }, 'status'), true)
  })

  test('with two ephemeral containers of one name is compared with the first', () => {
    const ephemeralContainers = ['i', 'j'].map((image) => ({ name: 'e', image }))
    const oldObject = { spec: { ...BAD, ephemeralContainers } }
    const update = (at: number) => ({
      ...POD,
      operation: 'UPDATE',
      oldObject,
      object: { spec: { ...BAD, ephemeralContainers: [ephemeralContainers[at]] } },
    })
    assert.equal(answer(update(0), { enforce: 'baseline' }).allowed, true)
    assert.equal(answer(update(1), { enforce: 'baseline' }).allowed, false)
  })

  test('is not judged for whom the configuration exempts', () => {
    const by = (exemptions: object, request = POD) => answer(request, {}, exempting(exemptions)).auditAnnotations.exempt
    assert.equal(by({}), undefined)
    assert.equal(by({ namespaces: ['ns'] }), 'namespace')
    assert.equal(by({ usernames: ['alice'] }), 'user')
    assert.equal(by({ usernames: ['alice'] }, { ...POD, userInfo: { username: 'bob' } }), undefined)
    const kata = { ...POD, object: { spec: { ...BAD, runtimeClassName: 'kata' } } }
    assert.equal(by({ runtimeClasses: ['kata'] }, kata), 'runtimeClass')
    assert.equal(by({ runtimeClasses: ['other'] }, kata), undefined)
  })

  test('in a namespace that is not known is refused, and an object that is none is an error', () => {
    assert.equal(answer(POD, undefined).status?.message, 'Internal error occurred: failed to lookup namespace "ns"')
    const error = 'failed to lookup namespace "ns": namespaces "ns" not found'
    assert.deepEqual(answer(DEPLOYMENT, undefined), { allowed: true, warnings: [], auditAnnotations: { error }, violations: [] })
    const wrong = (object: unknown) => () => answer({ ...POD, object }, { enforce: 'baseline' })
    for (const object of [undefined, null, [], 'pod'])
      assert.throws(wrong(object), (error) => error instanceof ThymusError && error.code === 'REVIEW')
  })
})

describe('what makes pods', () => {
  test('is audited and warned of, with paths of its own, and never forbidden', () => {
    const { allowed, warnings, violations } = answer(DEPLOYMENT, { enforce: 'baseline' })
    assert.deepEqual({ allowed, warnings }, { allowed: true, warnings: [`would violate PodSecurity "baseline:latest": ${DETAIL}`] })
    assert.deepEqual(violations[0]?.failures[0]?.fields, ['spec.template.spec.containers[0].securityContext.privileged'])
    const kata = { ...DEPLOYMENT, object: { spec: { template: { spec: { ...BAD, runtimeClassName: 'kata' } } } } }
    const silent = answer(kata, { enforce: 'baseline', warn: 'privileged' }, exempting({ runtimeClasses: ['kata'] }))
    assert.deepEqual(silent.auditAnnotations, {})
    assert.deepEqual(answer({ ...DEPLOYMENT, subResource: 'scale' }, { enforce: 'baseline' }).warnings, [])
    assert.deepEqual(answer({ ...DEPLOYMENT, operation: 'DELETE' }, { enforce: 'baseline' }).warnings, [])
  })

  test('is told of labels that are none', () => {
    const { auditAnnotations, warnings } = answer(POD, { enforce: 'Baseline', warn: 'x' })
    const values = 'must be one of privileged, baseline, restricted'
    assert.equal(auditAnnotations['enforce-policy'], 'restricted:latest')
    assert.equal(
      auditAnnotations.error,
      `Failed to parse policy: [metadata.labels[${LABEL}enforce]: Invalid value: "Baseline": ${values}, metadata.labels[${LABEL}warn]: Invalid value: "x": ${values}]`,
    )
    assert.deepEqual(warnings, [])
  })
})

describe('a namespace', () => {
  const update = (labels: Record<string, string>, before: Record<string, string>): PodSecurityRequest => ({
    ...POD,
    operation: 'UPDATE',
    kind: { group: '', kind: 'Namespace' },
    resource: { group: '', resource: 'namespaces' },
    name: 'ns',
    object: namespace(labels),
    oldObject: namespace(before),
  })
  const pods = ['q', 'p', 'r'].map((name) => ({ metadata: { name }, spec: name === 'r' ? { hostPID: true } : BAD }))
  const STRICTER = update({ enforce: 'baseline' }, {})

  test('with a label that is none is refused, unless it had it before', () => {
    const { allowed, status } = answer(update({ 'enforce-version': '1.2' }, {}), {})
    assert.equal(allowed, false)
    const field = `metadata.labels[${LABEL}enforce-version]`
    assert.equal(status?.message, `Namespace "ns" is invalid: ${field}: Invalid value: "1.2": must be "latest" or "v1.x"`)
    assert.equal(answer(update({ warn: 'x' }, { warn: 'x' }), {}).allowed, true)
    assert.equal(answer(update({ warn: 'y' }, { warn: 'x' }), {}).allowed, false)
  })

  test('that becomes stricter warns of pods that are there', () => {
    assert.deepEqual(answer(STRICTER, {}, NO_CONFIGURATION, pods).warnings, [
      'existing pods in namespace "ns" violate the new PodSecurity enforce level "baseline:latest"',
      'p (and 1 other pod): privileged',
      'r: host namespaces',
    ])
    const looser = update({ enforce: 'baseline' }, { enforce: 'restricted' })
    assert.deepEqual(answer(looser, {}, NO_CONFIGURATION, pods).warnings, [])
  })

  test('leaves out what takes too long, and pods over 3000', () => {
    const first = (text: string) => [`new PodSecurity enforce level only checked against the first ${text} existing pods`]
    assert.deepEqual(answer(STRICTER, {}, NO_CONFIGURATION, pods, () => true).warnings.slice(0, 1), first('1 of 3'))
    const many = Array.from({ length: 3001 }, (_, at) => ({ metadata: { name: `p${at}` }, spec: {} }))
    assert.deepEqual(answer(STRICTER, {}, NO_CONFIGURATION, many).warnings, first('3000 of 3001'))
  })

  test('looks at one pod of each controller before all others', () => {
    const owned = (name: string, uid: string, spec: object) => ({
      metadata: {
        name,
        ownerReferences: [
          { uid: 'not', controller: false },
          { uid, controller: true },
        ],
      },
      spec,
    })
    const some = [owned('a', '1', {}), owned('b', '1', BAD), owned('c', '2', { hostPID: true })]
    let asked = 0
    const { warnings } = answer(STRICTER, {}, NO_CONFIGURATION, some, () => ++asked === 2)
    assert.deepEqual(warnings.slice(-1), ['c: host namespaces'])
  })

  test('that is exempt is told that its labels are for nothing', () => {
    const { warnings } = answer(update({ enforce: 'restricted', 'audit-version': 'v1.2' }, {}), {}, exempting({ namespaces: ['ns'] }))
    assert.deepEqual(warnings, ['namespace "ns" is exempt from Pod Security, and the policy (enforce=restricted:latest) will be ignored'])
  })
})
