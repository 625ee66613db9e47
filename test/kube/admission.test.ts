// `thymus admission` beside a real API server: what its users see of Gatekeeper's policies, of Pod Security, and of the cluster it knows. One
// file, since all of it stands on one API server, which takes its seconds to start.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ClusterError, KubernetesClient } from '../../src/adapters/kubernetes/client.ts'
import { readKubeconfig } from '../../src/adapters/kubernetes/kubeconfig.ts'
import { type KubernetesObject, valueAt } from '../../src/formats/kubernetes/object.ts'
import { configMap, reviewOf } from '../kit/admission.ts'
import { thymus } from '../kit/cli.ts'
import { constraint, definition, ENDLESS, kinds, REQUIRED_LABELS, UNIQUE_HOST } from '../kit/gatekeeper.ts'
import { Kube, whyNoKube } from '../kit/kube.ts'
import { ingress, KubeWebhook, pod, REFUSED, said, writeKubeconfig } from '../kit/kube-webhook.ts'
import { eventually, Serving, tempFolder } from '../kit/serving.ts'

const skip = whyNoKube() ?? false
let webhook: KubeWebhook
let kube: Kube
let kubeconfig: string
let serving: Serving
const create: KubeWebhook['create'] = (...asked) => webhook.create(...asked)

const POLICIES =
  REQUIRED_LABELS +
  UNIQUE_HOST +
  ['deny', 'warn', 'dryrun']
    .map((action) =>
      constraint('K8sRequiredLabels', `need-${action}`, {
        enforcementAction: action,
        match: { kinds: kinds('ConfigMap'), labelSelector: { matchLabels: { action } } },
        parameters: { labels: ['team'] },
      }),
    )
    .join('') +
  constraint('K8sRequiredLabels', 'prod', {
    match: { kinds: kinds('ConfigMap'), namespaceSelector: { matchLabels: { env: 'prod' } } },
    parameters: { labels: ['prod-team'] },
  }) +
  constraint('K8sUniqueIngressHost', 'unique-host', { match: { kinds: kinds('Ingress') } }) +
  `
apiVersion: config.gatekeeper.sh/v1alpha1
kind: Config
metadata: {name: config}
spec:
  sync: {syncOnly: [{group: networking.k8s.io, version: v1, kind: Ingress}]}
  match: [{processes: [webhook], excludedNamespaces: ["left-*"]}]
---
apiVersion: mutations.gatekeeper.sh/v1
kind: Assign
metadata: {name: always-pull}
spec:
  applyTo: [{groups: [""], versions: [v1], kinds: [Pod]}]
  location: "spec.containers[name:*].imagePullPolicy"
  parameters: {assign: {value: Always}}
---
apiVersion: mutations.gatekeeper.sh/v1
kind: AssignMetadata
metadata: {name: owner}
spec:
  match: {kinds: [{apiGroups: [""], kinds: [Pod]}]}
  location: metadata.labels.owner
  parameters: {assign: {value: platform}}
`

before(async () => {
  if (skip !== false) return
  webhook = await KubeWebhook.start(POLICIES, { action: 'deny' })
  ;({ kube, kubeconfig, serving } = webhook)
})
after(() => webhook?.stop())

test('denials, warnings and dry runs of Gatekeeper are what kubectl sees', { skip }, async () => {
  const denied = await create('a', { action: 'deny' })
  assert.deepEqual([denied.status, said(denied)], [403, `${REFUSED}[need-deny] you must provide labels: {"team"}`])
  const warned = await create('b', { action: 'warn' })
  assert.deepEqual([warned.status, warned.warnings], [201, ['[need-warn] you must provide labels: {"team"}']])
  const recorded = await create('c', { action: 'dryrun' })
  assert.deepEqual([recorded.status, recorded.warnings], [201, []])
  assert.equal((await create('d', { action: 'deny', team: 'x' })).status, 201)
  const found = serving.decisions.find(({ violations }) => violations.some(({ action }) => action === 'dryrun'))
  assert.equal(found?.decision, 'allow')
})

test('mutators change what is stored', { skip }, async () => {
  const { status, body } = await kube.client.create(pod('mutated'))
  assert.equal(status, 201, JSON.stringify(body))
  assert.equal(valueAt(body, 'metadata', 'labels', 'owner'), 'platform')
  assert.deepEqual(
    (valueAt(body, 'spec', 'containers') as KubernetesObject[]).map(({ imagePullPolicy }) => imagePullPolicy),
    ['Always'],
  )
})

test('namespaces are known with the labels that they have now, new ones at once', { skip }, async () => {
  await webhook.namespace('shop', { env: 'prod' })
  assert.equal(said(await create('a', {}, 'shop')), `${REFUSED}[prod] you must provide labels: {"prod-team"}`)
  await webhook.namespace('shop', { env: 'test' })
  await eventually('the label is gone', async () => (await create('a', {}, 'shop', true)).status === 201)
  await webhook.namespace('shop', { env: 'prod' })
  await eventually('the label is back', async () => (await create('b', {}, 'shop', true)).status === 403)
  await webhook.namespace('left-alone', { env: 'prod' })
  assert.equal((await create('a', {}, 'left-alone')).status, 201)
})

test('the inventory follows the cluster: a host is taken while its ingress is there', { skip }, async () => {
  assert.equal((await kube.client.create(ingress('one', 'a.example'))).status, 201)
  const second = () => kube.client.create(ingress('two', 'a.example'), { dryRun: true })
  await eventually('the host is taken', async () => (await second()).status === 403)
  assert.equal(said(await second()), `${REFUSED}[unique-host] ingress host conflicts with an existing ingress <a.example>`)
  assert.equal((await kube.client.apply(ingress('one', 'b.example'))).status, 200)
  await eventually('the host is free', async () => (await second()).status === 201)
  await kube.client.delete(ingress('one', 'b.example'))
})

test('a connection that breaks is made again, and what happened meanwhile is known', { skip }, async () => {
  await kube.client.create(ingress('old', 'c.example'))
  const third = (host: string) => kube.client.create(ingress('new', host), { dryRun: true })
  await eventually('the host is taken', async () => (await third('c.example')).status === 403)
  webhook.link.cut()
  await serving.says(/CLUSTER: the (watch broke off|API server cannot be asked)/)
  await kube.client.delete(ingress('old', 'c.example'))
  await kube.client.create(ingress('other', 'd.example'))
  assert.match(
    (await serving.get('/metrics')).body,
    /^thymus_admission_cluster_age_seconds 0\.[0-9]*[1-9]|^thymus_admission_cluster_age_seconds [1-9]/m,
  )
  // What was known holds on.
  assert.equal((await third('c.example')).status, 403)
  webhook.link.mend()
  await eventually('the first is free', async () => (await third('c.example')).status === 201)
  await eventually('the other is taken', async () => (await third('d.example')).status === 403)
  await eventually('it is current', async () => /^thymus_admission_cluster_age_seconds 0$/m.test((await serving.get('/metrics')).body))
  await kube.client.delete(ingress('other', 'd.example'))
})

test('policies are replaced while requests of the API server run', { skip }, async () => {
  let running = true
  let asked = 0
  const asking = Array.from({ length: 8 }, async () => {
    while (running || asked < 200) {
      const answer = await create('e', { action: 'deny' }, 'default', true)
      assert.match(said(answer), /\[need-deny\] you must provide labels: \{"team"(, "tier")?\}$/)
      asked++
    }
  })
  serving.write('policies.yaml', POLICIES.replace('"labels":["team"]', '"labels":["team","tier"]'))
  await eventually('it is in force', async () => said(await create('e', { action: 'deny' }, 'default', true)).includes('tier'))
  serving.write('policies.yaml', POLICIES)
  await eventually('it is back', async () => !said(await create('e', { action: 'deny' }, 'default', true)).includes('tier'))
  running = false
  await Promise.all(asking)
})

test('policies that want what cannot be listed just now are in force when it can', { skip }, async () => {
  webhook.link.cut()
  serving.write(
    'policies.yaml',
    POLICIES.replace('"labels":["team"]', '"labels":["later"]').replace('syncOnly: [', 'syncOnly: [{version: v1, kind: Service}, '),
  )
  await serving.says(/CLUSTER: the API server cannot be asked: .*\n.*the former policies stay in force/)
  assert.match((await serving.get('/metrics')).body, /^thymus_admission_policies_stale 1$/m)
  webhook.link.mend()
  await eventually('they are in force', async () => said(await create('e', { action: 'deny' }, 'default', true)).includes('later'))
  assert.match((await serving.get('/metrics')).body, /^thymus_admission_policies_stale 0$/m)
  serving.write('policies.yaml', POLICIES)
  await eventually('it is back', async () => !said(await create('e', { action: 'deny' }, 'default', true)).includes('later'))
})

test('Pod Security says what the API server’s own plugin says', { skip }, async () => {
  const own = await Kube.start(['--etcd-compaction-interval=1s', '--watch-cache=false'])
  const level = (enforce: string) => ({
    'pod-security.kubernetes.io/enforce': enforce,
    'pod-security.kubernetes.io/warn': 'restricted',
  })
  for (const { client } of [own, kube])
    for (const enforce of ['baseline', 'restricted', 'privileged']) {
      const metadata = { name: `ps-${enforce}`, labels: level(enforce) }
      assert.ok((await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata })).status < 300)
    }
  const specs = [
    {},
    { hostNetwork: true },
    { containers: [{ name: 'c', image: 'i', securityContext: { privileged: true } }], hostPID: true },
    { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 80 }] }] },
    { volumes: [{ name: 'v', hostPath: { path: '/' } }], securityContext: { runAsUser: 0 } },
    { containers: [{ name: 'c', image: 'i', securityContext: { capabilities: { add: ['NET_ADMIN', 'SYS_TIME'] } } }] },
  ]
  let refused = 0
  for (const enforce of ['baseline', 'restricted', 'privileged']) {
    for (const [at, spec] of specs.entries()) {
      const object = pod(`p${at}`, spec, `ps-${enforce}`)
      const deployment = {
        ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: `d${at}`, namespace: `ps-${enforce}` } },
        spec: {
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec } },
        },
      }
      for (const each of [object, deployment]) {
        const [theirs, ours] = await Promise.all([own, kube].map(({ client }) => client.create(each)))
        assert.equal(said(ours!).replace(REFUSED, ''), said(theirs!))
        assert.deepEqual([ours!.status, ours!.warnings], [theirs!.status, theirs!.warnings])
        if (theirs!.status === 403) refused++
      }
    }
  }
  assert.ok(refused > 5)
  // Labels of a namespace are held to the pods that run in it.
  const stricter = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ps-privileged', labels: level('restricted') } }
  const theirs = await own.client.apply(stricter)
  await eventually(
    'the pods are known',
    async () => (await kube.client.apply(stricter, { dryRun: true })).warnings.length === theirs.warnings.length,
  )
  const ours = await kube.client.apply(stricter)
  assert.ok(theirs.warnings.length > 1)
  assert.deepEqual(ours.warnings, theirs.warnings)
  await assertForgets(own)
  await own.stop()
})

/** It soon remembers nothing of its beginning. */
async function assertForgets(own: Kube): Promise<void> {
  const client = new KubernetesClient(readKubeconfig(writeKubeconfig(own, own.client.url)))
  const resource = (await client.resource({ apiVersion: 'v1', kind: 'ConfigMap' }))!
  const status = async () => {
    try {
      for await (const _ of client.watch(resource, '1', AbortSignal.timeout(1_000), () => {}));
    } catch (error) {
      return error instanceof ClusterError ? error.status : error
    }
    return undefined
  }
  await eventually('its beginning is forgotten', async () => (await status()) === 410)
  client.close()
}

test('a template that never ends meets the fail mode, and leaves others alone', { skip }, async () => {
  for (const [mode, expected] of [
    ['ignore', 201],
    ['fail', 500],
  ] as const) {
    const policies = ENDLESS + REQUIRED_LABELS + constraint('Endless', 'endless', { match: { kinds: kinds('ConfigMap') } })
    const slow = await Serving.start({ 'a.yaml': policies }, '--kubeconfig', kubeconfig, '--fail-mode', mode, '--name', 'slow')
    const words = ['--kubeconfig', kubeconfig, '--url', slow.url, '--ca', slow.authorities, '--timeout', '3', '--name', 'slow']
    assert.equal((await thymus(['admission', 'install', ...words, '--fail-mode', mode], { env: process.env })).status, 0)
    await eventually('it is asked', async () => {
      await create('probe', {}, 'default', true)
      return slow.decisions.length > 0
    })
    const began = performance.now()
    const asked = [1, 2].map((at) => create(`slow${at}`, { slow: 'yes' }, 'default', true))
    const before = performance.now()
    assert.equal((await create('quick', {}, 'default', true)).status, 201)
    assert.ok(performance.now() - before < 1_500)
    for (const answer of await Promise.all(asked)) {
      assert.equal(Math.floor(answer.status / 100), Math.floor(expected / 100), said(answer))
      assert.match(said(answer) + answer.warnings.join(), /no judgement: (REGO_LIMIT|ADMISSION_LATE)/)
    }
    assert.ok(performance.now() - began < 4_000)
    await kube.kubectl('delete', 'validatingwebhookconfiguration/slow')
    await slow.stop()
  }
})

test('an audit finds what was there before', { skip }, async () => {
  const folder = tempFolder()
  writeFileSync(join(folder, 'p.yaml'), POLICIES.replaceAll('"matchLabels":{"action":"deny"}', '"matchLabels":{"action":"warn"}'))
  const words = ['--kubeconfig', kubeconfig, '--policy', folder, '-o', 'json', '-o', `sarif=${join(folder, 'audit.sarif')}`]
  const { status, stdout, stderr } = await thymus(['admission', 'audit', ...words], { env: process.env })
  assert.equal(status, 2, stderr)
  const { items } = JSON.parse(stdout) as { items: { code: string; about: string; severity: string; title: string }[] }
  const about = (name: string) => items.filter((each) => each.about === name).map(({ code, severity, title }) => [code, severity, title])
  assert.deepEqual(about('ConfigMap default/b').sort(), [
    ['ADM_VIOLATION', 'high', 'you must provide labels: {"team"}'],
    ['ADM_VIOLATION', 'medium', 'you must provide labels: {"team"}'],
  ])
  assert.ok(items.some(({ code, about: pods }) => code === 'ADM_POD_SECURITY' && pods === 'Pod ps-privileged/p1'))
  assert.ok(!items.some(({ code }) => code === 'ADM_UNJUDGED'), stdout)
  assert.match(stderr, /\d+ objects, \d+ findings/)
  assert.equal(JSON.parse(readFileSync(join(folder, 'audit.sarif'), 'utf8')).runs[0].results.length, items.length)
})

test('a dry run of install changes nothing; credentials that a program would have to make are refused', { skip }, async () => {
  const dry = await thymus(['admission', 'install', '--kubeconfig', kubeconfig, '--dry-run', '--name', 'dry'], { env: process.env })
  assert.equal(dry.status, 0, dry.stderr)
  assert.equal(JSON.parse(dry.stdout).items[0].metadata.name, 'dry')
  await assert.rejects(kube.kubectl('get', 'validatingwebhookconfiguration/dry'))
  const exec = writeKubeconfig(kube, kube.client.url, { exec: { command: 'sh' } })
  const refused = await thymus(['admission', 'audit', '--kubeconfig', exec], { env: process.env })
  assert.deepEqual([refused.status, /CONFIG: the user has exec/.test(refused.stderr)], [1, true], refused.stderr)
})

test('policies of Gatekeeper are taken from the cluster, and followed', { skip }, async () => {
  const apply = async (text: string) => {
    const folder = tempFolder()
    writeFileSync(join(folder, 'a.yaml'), text)
    await kube.kubectl('apply', '-f', join(folder, 'a.yaml'))
  }
  const described = async (kind: string, template: string) => {
    await kube.client.apply(definition('constraints.gatekeeper.sh', 'v1beta1', kind, kind.toLowerCase()))
    await apply(template)
  }
  const without = await thymus(
    ['admission', 'serve', '--policy', 'cluster', '--certificates', tempFolder(), '--kubeconfig', kubeconfig, '--listen', '127.0.0.1:0'],
    { env: process.env },
  )
  assert.match(without.stderr, /CONFIG: the cluster has no ConstraintTemplates of Gatekeeper/)

  await kube.client.apply(definition('templates.gatekeeper.sh', 'v1', 'ConstraintTemplate', 'constrainttemplates'))
  await kube.client.apply(definition('mutations.gatekeeper.sh', 'v1', 'AssignMetadata', 'assignmetadata'))
  const { client } = kube
  await eventually(
    'kinds are served',
    async () => (await client.ask('GET', '/apis/mutations.gatekeeper.sh/v1/assignmetadata')).status === 200,
  )
  await described('K8sRequiredLabels', REQUIRED_LABELS)
  await eventually(
    'they are all',
    async () => (await client.ask('GET', '/apis/constraints.gatekeeper.sh/v1beta1/k8srequiredlabels')).status === 200,
  )
  const need = (name: string, label: string) =>
    constraint('K8sRequiredLabels', name, { match: { kinds: kinds('ConfigMap') }, parameters: { labels: [label] } })
  await apply(need('first', 'one'))
  const followed = await Serving.start({}, '--policy', 'cluster', '--kubeconfig', kubeconfig, '--mutate', '--name', 'followed')
  const asked = async () => (await followed.review(reviewOf(configMap('a')))).status?.message ?? ''
  assert.equal(await asked(), '[first] you must provide labels: {"one"}')
  await apply(need('second', 'two'))
  await eventually('the second is in force', async () => (await asked()).includes('[second] you must provide labels: {"two"}'))
  await kube.kubectl('delete', 'k8srequiredlabels/first')
  await eventually('the first is not', async () => !(await asked()).includes('[first]'))
  await apply(
    'apiVersion: mutations.gatekeeper.sh/v1\nkind: AssignMetadata\nmetadata: {name: m}\nspec: {location: metadata.labels.m, parameters: {assign: {value: v}}}\n',
  )
  const patched = async () => (await followed.review(reviewOf(configMap('a')), { path: '/v1/mutate' })).patch !== undefined
  await eventually('the mutator is in force', patched)
  // A kind of constraints that comes while it runs.
  await described('Endless', ENDLESS)
  await eventually(
    'the kind is served',
    async () => (await client.ask('GET', '/apis/constraints.gatekeeper.sh/v1beta1/endless')).status === 200,
  )
  await apply(constraint('Endless', 'endless', { enforcementAction: 'warn', match: { kinds: kinds('ConfigMap') } }))
  await eventually('it is in force', async () => /^thymus_admission_constraints 2$/m.test((await followed.get('/metrics')).body))
  await apply(REQUIRED_LABELS.replace('count(missing)', 'count(missing'))
  await followed.says(/TEMPLATE: [\s\S]*the former policies stay in force/)
  assert.match(await asked(), /^\[second\]/)
  await apply(REQUIRED_LABELS)
  await eventually('all is well', async () => /^thymus_admission_policies_stale 0$/m.test((await followed.get('/metrics')).body))
  await followed.stop()
})

const MANIFEST = join(import.meta.dirname, '../../deploy/admission/thymus.yaml')

test('what is deployed is taken by the API server, and its account may do what it needs and no more', { skip }, async () => {
  const { stdout, stderr } = await kube.kubectl('apply', '--server-side', '--validate=strict', '-f', MANIFEST)
  assert.equal(stderr, '')
  assert.match(stdout, /deployment\.apps\/thymus-admission serverside-applied/)
  const token = (await kube.kubectl('create', 'token', 'thymus-admission', '-n', 'thymus')).stdout.trim()
  const own = writeKubeconfig(kube, kube.client.url, { token })
  const deployed = await Serving.start({ 'a.yaml': REQUIRED_LABELS }, '--kubeconfig', own)
  // Its account may put its authorities into its own configuration, which the shared one then is.
  assert.doesNotMatch(deployed.said, /CLUSTER|403/)
  const { stdout: bundle } = await kube.kubectl(
    'get',
    'validatingwebhookconfiguration/thymus',
    '-o',
    'jsonpath={.webhooks[0].clientConfig.caBundle}',
  )
  assert.equal(
    Buffer.from(bundle, 'base64').toString(),
    readFileSync(deployed.authorities, 'latin1').replace(/-----BEGIN PRIVATE[\s\S]*?-----END PRIVATE KEY-----\n/g, ''),
  )
  await deployed.stop()
  for (const [verb, what] of [
    ['list', 'secrets'],
    ['update', 'validatingwebhookconfigurations/thymus'],
    ['patch', 'validatingwebhookconfigurations/other'],
    ['create', 'pods'],
  ] as const)
    await assert.rejects(kube.kubectl('auth', 'can-i', verb, what, '--as=system:serviceaccount:thymus:thymus-admission'))
  await webhook.install()
  await eventually('the shared one is asked again', async () =>
    said(await create('probe', { action: 'deny' }, 'default', true)).includes('need-deny'),
  )
})

test('an API server that ends and begins anew is found again', { skip }, async () => {
  await kube.crash()
  await serving.says(/CLUSTER: the API server cannot be asked: ECONN|CLUSTER: the watch broke off[\s\S]*CLUSTER: the watch broke off/)
  await kube.revive()
  await eventually('it is heard', async () => /^thymus_admission_cluster_age_seconds 0$/m.test((await serving.get('/metrics')).body))
  assert.equal((await kube.client.create(ingress('after', 'e.example'))).status, 201)
  await eventually(
    'the host is taken',
    async () => (await kube.client.create(ingress('new', 'e.example'), { dryRun: true })).status === 403,
  )
})

test('told to stop, it answers what has begun and ends', { skip }, async () => {
  const last = await Serving.start({ 'a.yaml': POLICIES }, '--kubeconfig', kubeconfig, '--name', 'last')
  const { status, signal, stderr } = await last.stop()
  assert.deepEqual([status, signal], [0, null], stderr)
})
