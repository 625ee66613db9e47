// The webhook, asked by a real API server. The rules are those of a judge for tests; all else is what runs in a cluster. One file, for one server.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { type KubernetesObject, labelsOf, textAt, valueAt } from '../../src/formats/kubernetes/object.ts'
import { keptCertificates, type Lives } from '../../src/server/admission/certificates.ts'
import { type ConfigurationOptions, publishBundle, type Rule, webhookConfigurations } from '../../src/server/admission/configuration.ts'
import { type AdmissionOptions, AdmissionServer } from '../../src/server/admission/server.ts'
import type { FailMode } from '../../src/server/admission/webhook.ts'
import { configMap, labelJudge } from '../kit/admission.ts'
import { Kube, whyNoKube } from '../kit/kube.ts'
import type { KubeAnswer } from '../kit/kube-client.ts'

const skip = whyNoKube() ?? false
const DAY = 86_400_000
const RULES: readonly Rule[] = [
  { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps', 'secrets'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
]
/** A new configuration is in force when the API server has seen it, which takes it a moment. */
const IN_FORCE_MS = 10_000
let kube: Kube

before(async () => {
  if (skip === false) kube = await Kube.start()
})

/** Of the decision log. */
interface Line {
  readonly webhook: string
  readonly decision: 'allow' | 'deny'
  readonly dryRun: boolean
  readonly failure?: string
  readonly request: {
    readonly operation: string
    readonly resource: { readonly resource: string }
    readonly subResource?: string
    readonly object: KubernetesObject
  }
}

interface Running {
  readonly admission: AdmissionServer
  readonly lines: Line[]
  readonly faults: unknown[]
  readonly clock: { now: number }
}

interface Given {
  readonly mode?: FailMode
  readonly lives?: Lives
  /** Milliseconds by which the webhook's clock is behind. */
  readonly behind?: number
  readonly configuration?: Partial<ConfigurationOptions>
  /** False where no API server would take its answers. */
  readonly reachable?: boolean
}

/** A webhook that the API server asks, until the end of `use`. */
async function withWebhook(use: (running: Running) => Promise<void>, given: Partial<AdmissionOptions> & Given = {}): Promise<void> {
  const { mode = 'Fail', behind = 0, lives, configuration, reachable = true, ...options } = given
  const folder = mkdtempSync(join(tmpdir(), 'thymus-webhook-'))
  const lines: Running['lines'] = []
  const faults: unknown[] = []
  const clock = { now: Date.now() - behind }
  const failMode = { validate: mode, mutate: mode }
  let configurations: readonly KubernetesObject[] = []
  const admission = await AdmissionServer.start({
    address: { host: '127.0.0.1', port: 0 },
    certificates: keptCertificates(folder, ['127.0.0.1'], lives),
    publish: async (bundle) => publishBundle({ patch: patchObject }, configurations, bundle),
    judge: labelJudge,
    // It knows every field that this version of the API sends.
    strict: true,
    failMode,
    log: { mask: [], write: (line) => void lines.push(JSON.parse(line)) },
    now: () => clock.now,
    clock: () => performance.now(),
    fault: (error) => void faults.push(error),
    ...options,
  })
  configurations = webhookConfigurations({
    ...{ name: 'thymus', at: { url: admission.url }, bundle: admission.credentials.bundle, failMode, timeoutSeconds: 5 },
    ...(configuration === undefined ? { rules: RULES } : configuration),
  })
  try {
    for (const object of configurations) done(await kube.client.apply(object))
    if (reachable) await inForce(lines, configurations.length)
    lines.length = 0
    await use({ admission, lines, faults, clock })
  } finally {
    for (const object of configurations) await kube.client.delete(object)
    await outOfForce(lines)
    await admission.stop(1_000)
    rmSync(folder, { recursive: true })
  }
}

async function patchObject(object: { apiVersion: string; kind: string; name: string }, patch: readonly object[]): Promise<void> {
  const path = `/apis/${object.apiVersion}/${object.kind.toLowerCase()}s/${object.name}`
  done(await kube.client.ask('PATCH', path, { body: patch, type: 'application/json-patch+json' }))
}

/** Waits until no webhook is asked any more: the next test would be refused for it. */
async function outOfForce(lines: Running['lines']): Promise<void> {
  for (const until = Date.now() + IN_FORCE_MS; Date.now() < until; await sleep(50)) {
    const before = lines.length
    const { status } = await kube.client.create(configMap('probe'), { dryRun: true })
    if (status < 300 && lines.length === before) return
  }
}

/** Waits until every webhook was asked about an object that is made for that. */
async function inForce(lines: Running['lines'], webhooks: number): Promise<void> {
  for (const until = Date.now() + IN_FORCE_MS; Date.now() < until; await sleep(50)) {
    await kube.client.create(configMap('probe'), { dryRun: true })
    if (new Set(lines.map(({ webhook }) => webhook)).size === webhooks) return
  }
  assert.fail(`the webhook is not asked: ${kube.log()}`)
}

const done = (answer: KubeAnswer) => {
  assert.ok(answer.status < 300, `${answer.status} ${textAt(answer.body, 'message')}`)
  return answer
}
const create = (name: string, labels: Record<string, string> = {}, dryRun = false) =>
  kube.client.create(configMap(name, labels), { dryRun })
const exists = async (name: string) => (await kube.client.get(configMap(name))).status === 200

test('what the judge denies is not stored, and the client learns why', { skip }, () =>
  withWebhook(async () => {
    const { status, body } = await create('denied', { deny: 'no' })
    assert.equal(status, 403)
    assert.equal(
      textAt(body, 'message'),
      'admission webhook "validate.admission.thymus.dev" denied the request: [labels] the label says no',
    )
    assert.equal(textAt(body, 'reason'), 'Forbidden')
    assert.ok(!(await exists('denied')))
    done(await create('allowed'))
    assert.equal((await kube.client.apply(configMap('allowed', { deny: 'no' }))).status, 403)
    const change = kube.kubectl('label', 'configmap', 'allowed', 'deny=no')
    await assert.rejects(change, /admission webhook "validate\.admission\.thymus\.dev" denied the request: \[labels\] the label says no/)
    done(await kube.client.delete(configMap('allowed')))
  }),
)

test('a warning reaches the client, and the object is stored', { skip }, () =>
  withWebhook(async () => {
    const { warnings } = done(await create('warned', { warn: 'be-careful' }))
    assert.deepEqual(warnings, ['the label says be-careful'])
    const { stderr } = await kube.kubectl('label', '--overwrite', 'configmap', 'warned', 'warn=again')
    assert.equal(stderr, 'Warning: the label says again\n')
    done(await kube.client.delete(configMap('warned')))
  }),
)

test('a mutation is applied before the object is judged', { skip }, () =>
  withWebhook(
    async ({ lines }) => {
      done(await create('mutated'))
      assert.deepEqual(labelsOf((await kube.client.get(configMap('mutated'))).body), { team: 'none' })
      const judged = lines.find(({ webhook }) => webhook === 'validate')
      assert.equal(textAt(judged?.request.object, 'metadata', 'labels', 'team'), 'none')
      done(await kube.client.delete(configMap('mutated')))
    },
    { configuration: { rules: RULES, mutated: RULES } },
  ),
)

test('what is removed is judged by what it was', { skip }, async () => {
  done(await create('kept', { deny: 'no' }))
  await withWebhook(async ({ lines }) => {
    assert.equal((await kube.client.delete(configMap('kept'))).status, 403)
    assert.deepEqual([lines.at(-1)?.request.operation, lines.at(-1)?.decision], ['DELETE', 'deny'])
  })
  done(await kube.client.delete(configMap('kept')))
})

test('a dry run is judged like any other, stores nothing, and is marked as one', { skip }, () =>
  withWebhook(async ({ lines }) => {
    assert.equal((await create('dry', { deny: 'no' }, true)).status, 403)
    assert.equal((await create('dry', {}, true)).status, 201)
    assert.ok(!(await exists('dry')))
    assert.deepEqual(
      lines.map(({ dryRun, decision }) => [dryRun, decision]),
      [
        [true, 'deny'],
        [true, 'allow'],
      ],
    )
  }),
)

test('namespaces that are exempt are not asked about', { skip }, () =>
  withWebhook(async ({ lines }) => {
    const object = configMap('exempt', { deny: 'no' })
    const inSystem = { ...object, metadata: { ...(object.metadata as object), namespace: 'kube-system' } }
    done(await kube.client.create(inSystem))
    assert.equal(lines.length, 0)
    done(await kube.client.delete(inSystem))
  }),
)

test('the rules that are there from the start are taken by the cluster', { skip }, () =>
  withWebhook(
    async ({ lines }) => {
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p', namespace: 'default' },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      }
      done(await kube.client.create(pod, { dryRun: true }))
      const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'r' }, rules: [] }
      done(await kube.client.create(role, { dryRun: true }))
      assert.deepEqual(
        lines.map(({ request }) => request.object.kind),
        ['Pod', 'ClusterRole'],
      )
    },
    { configuration: {} },
  ),
)

test('what is done to a part of an object is asked about from the start', { skip }, async () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const metadata = { name: 'parts', namespace: 'default' }
  const container = (cpu: string) => ({ name: 'c', image: 'i', resources: { requests: { cpu } } })
  const scaled = (apiVersion: string, kind: string, selector: object) => ({
    ...{ apiVersion, kind, metadata },
    spec: { replicas: 0, selector, template },
  })
  const objects = [
    { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [container('100m')] } },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } },
    { apiVersion: 'v1', kind: 'Node', metadata: { name: 'parts' } },
    ...['Deployment', 'ReplicaSet', 'StatefulSet'].map((kind) => scaled('apps/v1', kind, { matchLabels: { a: 'b' } })),
    scaled('v1', 'ReplicationController', { a: 'b' }),
  ]
  for (const object of objects) done(await kube.client.create(object))
  await withWebhook(
    async ({ lines }) => {
      const [core, apps] = ['/api/v1/namespaces/default', '/apis/apps/v1/namespaces/default']
      const merge = (path: string, body: object) => ['PATCH', path, { body, type: 'application/merge-patch+json' }] as const
      const target = { apiVersion: 'v1', kind: 'Binding', metadata, target: { kind: 'Node', name: 'parts' } }
      const scales = ['deployments', 'replicasets', 'statefulsets'].map((name) => `${apps}/${name}`)
      const calls = [
        ...['attach', 'exec?command=ls', 'portforward?ports=80', 'proxy'].map((sub) => ['POST', `${core}/pods/parts/${sub}`, {}] as const),
        merge(`${core}/pods/parts/ephemeralcontainers`, { spec: { ephemeralContainers: [{ name: 'e', image: 'i' }] } }),
        merge(`${core}/pods/parts/resize`, { spec: { containers: [container('200m')] } }),
        ['POST', `${core}/pods/parts/binding`, { body: target }] as const,
        ['POST', `${core}/pods/parts/eviction`, { body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata } }] as const,
        ...[...scales, `${core}/replicationcontrollers`].map((path) => merge(`${path}/parts/scale`, { spec: { replicas: 1 } })),
        ['POST', `${core}/services/parts/proxy`, {}] as const,
        ['POST', '/api/v1/nodes/parts/proxy', {}] as const,
        merge(`${core}/services/parts/status`, { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } }),
      ]
      // What becomes of it without a kubelet is no matter.
      for (const [method, path, options] of calls) await kube.client.ask(method, path, options)
      const asked = lines.flatMap(({ request: { operation, resource, subResource } }) =>
        subResource === undefined ? [] : `${operation} ${resource.resource}/${subResource}`,
      )
      assert.deepEqual([...new Set(asked)].sort(), [
        'CONNECT nodes/proxy',
        'CONNECT pods/attach',
        'CONNECT pods/exec',
        'CONNECT pods/portforward',
        'CONNECT pods/proxy',
        'CONNECT services/proxy',
        'CREATE pods/binding',
        'CREATE pods/eviction',
        'UPDATE deployments/scale',
        'UPDATE pods/ephemeralcontainers',
        'UPDATE pods/resize',
        'UPDATE replicasets/scale',
        'UPDATE replicationcontrollers/scale',
        'UPDATE services/status',
        'UPDATE statefulsets/scale',
      ])
    },
    { configuration: {} },
  )
  for (const object of objects) await kube.client.delete(object)
})

test('a secret is judged, and not logged', { skip }, () =>
  withWebhook(async ({ lines }) => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'default' }, stringData: { k: 'hidden' } }
    done(await kube.client.create(secret))
    assert.deepEqual(lines.at(-1)?.request.object.data, { k: '***' })
    assert.ok(!JSON.stringify(lines).includes(Buffer.from('hidden').toString('base64')))
    done(await kube.client.delete(secret))
  }),
)

test('the older version of reviews is answered in kind', { skip }, () =>
  withWebhook(async ({ lines }) => {
    await patchObject({ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', name: 'thymus' }, [
      { op: 'replace', path: '/webhooks/0/admissionReviewVersions', value: ['v1beta1'] },
    ])
    await sleep(500)
    assert.equal((await create('older', { deny: 'no' }, true)).status, 403)
    done(await create('older', {}, true))
    assert.equal(lines.length, 2)
  }),
)

test('where there is no judgement in time, the fail mode decides: refused', { skip }, () =>
  withWebhook(
    async () => {
      const { status, body } = await create('slow', { slow: '60000' })
      assert.equal(status, 504)
      assert.match(textAt(body, 'message'), /denied the request: no judgement: ADMISSION_LATE/)
      const broken = await create('broken', { broken: 'x' })
      assert.equal(broken.status, 500)
      assert.match(textAt(broken.body, 'message'), /no judgement: INTERNAL: a fault in Thymus itself$/)
    },
    { configuration: { rules: RULES, timeoutSeconds: 1 } },
  ),
)

test('where there is no judgement in time, the fail mode decides: ignored', { skip }, () =>
  withWebhook(
    async ({ lines }) => {
      const { warnings } = done(await create('slow', { slow: '60000' }))
      assert.match(warnings[0]!, /^no judgement: ADMISSION_LATE: .*; allowed, as the fail mode is Ignore$/)
      assert.match(lines.at(-1)?.failure ?? '', /^ADMISSION_LATE/)
      done(await kube.client.delete(configMap('slow')))
    },
    { mode: 'Ignore', configuration: { rules: RULES, timeoutSeconds: 1 } },
  ),
)

for (const mode of ['Fail', 'Ignore'] as const) {
  test(`a webhook that is gone: the cluster goes by the same mode (${mode})`, { skip }, () =>
    withWebhook(
      async ({ admission }) => {
        await admission.stop(0)
        const { status, body } = await create('gone', {}, true)
        assert.equal(status, mode === 'Fail' ? 500 : 201, textAt(body, 'message'))
      },
      { mode },
    ),
  )
}

test('certificates and authorities change while requests go on, and none fails', { skip }, () => {
  const lives: Lives = { authority: 1_000 * DAY, server: 900 * DAY, settle: 2 * DAY }
  return withWebhook(
    async ({ admission, clock, lines }) => {
      const first = admission.credentials
      let ended = false
      const statuses: number[] = []
      const load = Array.from({ length: 8 }, async () => {
        while (!ended) statuses.push((await create('rotated', {}, true)).status)
      })
      // A second authority; it is trusted, and then it signs; then the first one ends.
      for (const days of [501, 3, 496]) {
        const before = statuses.length
        clock.now += days * DAY
        await admission.refresh()
        while (statuses.length < before + 100) await sleep(10)
      }
      ended = true
      await Promise.all(load)
      assert.deepEqual(new Set(statuses), new Set([201]))
      assert.equal(lines.filter(({ decision }) => decision === 'allow').length, statuses.length)
      const { body } = await kube.client.get({
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingWebhookConfiguration',
        metadata: { name: 'thymus' },
      })
      const [webhook] = body.webhooks as readonly object[]
      const bundle = Buffer.from(textAt(webhook, 'clientConfig', 'caBundle'), 'base64').toString()
      assert.equal(bundle, admission.credentials.bundle)
      assert.ok(!bundle.includes(first.bundle) && valueAt(body, 'webhooks') !== undefined)
    },
    { lives, behind: 610 * DAY },
  )
})

test('of a burst of a thousand objects every one is judged, and none is lost', { skip }, (t) =>
  withWebhook(async ({ lines }) => {
    const labels = (at: number): Record<string, string> => (at % 10 === 0 ? { deny: 'no' } : {})
    const began = performance.now()
    const answers = await Promise.all(Array.from({ length: 1_000 }, (_, at) => create(`burst-${at}`, labels(at))))
    const seconds = (performance.now() - began) / 1_000
    assert.equal(answers.filter(({ status }) => status === 201).length, 900)
    assert.equal(answers.filter(({ status }) => status === 403).length, 100)
    assert.equal(lines.filter(({ decision }) => decision === 'allow').length, 900)
    assert.equal(lines.filter(({ decision }) => decision === 'deny').length, 100)
    t.diagnostic(`1,000 objects in ${seconds.toFixed(1)} s`)
    done(await kube.client.ask('DELETE', '/api/v1/namespaces/default/configmaps'))
  }),
)

for (const mode of ['Fail', 'Ignore'] as const) {
  test(`a certificate that has ended is told, and the cluster goes by the mode (${mode})`, { skip }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'thymus-webhook-'))
    const { credentials } = keptCertificates(folder, ['127.0.0.1']).refresh(Date.now() - 200 * DAY)
    rmSync(folder, { recursive: true })
    return withWebhook(
      async () => {
        const { status, body } = await create('ended', {}, true)
        assert.equal(status, mode === 'Fail' ? 500 : 201)
        if (mode === 'Fail') assert.match(textAt(body, 'message'), /failed calling webhook .*certificate has expired/)
      },
      { mode, reachable: false, certificates: { refresh: () => ({ credentials, fault: undefined }) } },
    )
  })
}

test('clients that hang keep nobody else from an answer', { skip }, () =>
  withWebhook(async ({ admission, lines }) => {
    const port = Number(new URL(admission.url).port)
    const hanging = Array.from({ length: 200 }, (_, at) => {
      const socket = at % 2 === 0 ? connectPlain(port, '127.0.0.1') : connect({ port, host: '127.0.0.1', ca: admission.credentials.bundle })
      socket.on('error', () => {})
      if (at % 4 === 1)
        socket.write('POST /v1/admit HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{')
      return socket
    })
    try {
      await sleep(200)
      const answers = await Promise.all(Array.from({ length: 50 }, () => create('beside', {}, true)))
      assert.ok(answers.every(({ status }) => status === 201))
      assert.equal(lines.length, 50)
    } finally {
      for (const socket of hanging) socket.destroy()
    }
  }),
)
