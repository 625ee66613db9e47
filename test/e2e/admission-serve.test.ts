// The webhook without a cluster, as somebody tries it on a laptop.
import assert from 'node:assert/strict'
import { globSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { configMap, reviewOf } from '../kit/admission.ts'
import { thymus } from '../kit/cli.ts'
import { constraint, ENDLESS, FORBIDDEN_LABELS, kinds, REQUIRED_LABELS } from '../kit/gatekeeper.ts'
import { eventually, Serving, tempFolder } from '../kit/serving.ts'

const needTeam = (action: string) =>
  constraint('K8sRequiredLabels', `need-${action}`, {
    enforcementAction: action,
    match: { kinds: kinds('ConfigMap'), labelSelector: { matchLabels: { action } } },
    parameters: { labels: ['team'] },
  })
const LABELS = REQUIRED_LABELS + needTeam('deny') + needTeam('warn') + needTeam('dryrun')
const asked = (labels: Record<string, string>) => reviewOf(configMap('a', labels))

test('denies in Gatekeeper’s words, warns, only records; says what is in force and what to type next', async () => {
  const serving = await Serving.start({ 'labels.yaml': LABELS }, '--no-cluster')
  assert.match(serving.said, /in force: 3 constraints, 0 mutators, 0 ValidatingAdmissionPolicies of 1 files/)
  assert.match(serving.said, /next: curl --cacert \S+authorities\.pem .*\/v1\/admit/)
  const denied = await serving.review(asked({ action: 'deny' }))
  assert.deepEqual([denied.allowed, denied.status?.code], [false, 403])
  assert.equal(denied.status?.message, '[need-deny] you must provide labels: {"team"}')
  const warned = await serving.review(asked({ action: 'warn' }))
  assert.deepEqual([warned.allowed, warned.warnings], [true, ['[need-warn] you must provide labels: {"team"}']])
  const recorded = await serving.review(asked({ action: 'dryrun' }))
  assert.deepEqual([recorded.allowed, recorded.warnings], [true, undefined])
  assert.deepEqual(
    serving.decisions.map(({ decision, violations }) => [decision, violations.map(({ action }) => action)]),
    [
      ['deny', ['deny']],
      ['allow', ['warn']],
      ['allow', ['dryrun']],
    ],
  )
  const { status, body } = await serving.get('/metrics')
  assert.equal(status, 200)
  assert.match(body, /^thymus_admission_constraints 3$/m)
  assert.match(body, /^thymus_admission_policies_stale 0$/m)
  const { status: exit, signal } = await serving.stop()
  assert.deepEqual([exit, signal], [0, null])
})

test('of the built-in policies their constraints are in force, and not what their suites try out', async () => {
  const policies = join(import.meta.dirname, '../../policies')
  const serving = await Serving.start({}, '--no-cluster', '--policy', policies)
  const [, constraints] = /in force: (\d+) constraints, .* files\n/.exec(serving.said) ?? []
  assert.equal(Number(constraints), globSync('admission/*/*/constraint.yaml', { cwd: policies }).length, serving.said)
  const container = {
    name: 'app',
    image: `registry.example.net/app@sha256:${'0'.repeat(64)}`,
    resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '1Gi' } },
    readinessProbe: { httpGet: { port: 80 } },
    livenessProbe: { httpGet: { port: 80 } },
    securityContext: {
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], add: ['CHOWN'] },
    },
  }
  const metadata = { name: 'good', namespace: 'shop', labels: { env: 'prod' } }
  const spec = { automountServiceAccountToken: false, serviceAccountName: 'own', containers: [container] }
  const { allowed, warnings } = await serving.review(
    reviewOf(
      { apiVersion: 'v1', kind: 'Pod', metadata, spec },
      { namespace: 'shop', resource: { group: '', version: 'v1', resource: 'pods' } },
    ),
  )
  assert.deepEqual([allowed, warnings, serving.decisions[0]?.violations], [true, undefined, []])
  await serving.stop()
})

test('the log of decisions has the rule, its line and the field', async () => {
  const forbid = constraint('K8sForbiddenLabels', 'none', { parameters: { labels: ['owner'] } })
  const serving = await Serving.start({ 'a.yaml': FORBIDDEN_LABELS + forbid }, '--no-cluster')
  await serving.review(asked({ owner: 'x' }))
  const [decision] = serving.decisions
  assert.deepEqual(decision?.violations, [
    {
      policy: 'K8sForbiddenLabels/none',
      rule: 'k8sforbiddenlabels.rego:2',
      message: 'the label owner is forbidden',
      action: 'deny',
      field: 'metadata.labels.owner',
    },
  ])
  await serving.stop()
})

test('mutates where it is told to', async () => {
  const assign = `
apiVersion: mutations.gatekeeper.sh/v1
kind: AssignMetadata
metadata: {name: owner}
spec: {location: metadata.labels.owner, parameters: {assign: {value: nobody}}}
`
  for (const [words, expected] of [
    [['--mutate'], [{ op: 'add', path: '/metadata/labels/owner', value: 'nobody' }]],
    [[], undefined],
  ] as const) {
    const serving = await Serving.start({ 'assign.yaml': assign }, '--no-cluster', ...words)
    const { patch } = await serving.review(asked({ a: 'b' }), { path: '/v1/mutate' })
    assert.deepEqual(patch && JSON.parse(Buffer.from(patch, 'base64').toString()), expected)
    await serving.stop()
  }
})

test('namespaces and inventory come from the policies; Kubernetes’ own policies and Pod Security are asked too', async () => {
  const world = `
apiVersion: v1
kind: Namespace
metadata: {name: default, labels: {env: prod, pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: few}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]}
  validations: [{expression: "!has(object.data) || size(object.data) < 2", message: too many}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: few}
spec: {policyName: few, validationActions: [Deny]}
---
`
  const prod = constraint('K8sRequiredLabels', 'prod', {
    match: {
      kinds: kinds('ConfigMap'),
      namespaceSelector: { matchLabels: { env: 'prod' } },
      labelSelector: { matchLabels: { which: 'prod' } },
    },
    parameters: { labels: ['team'] },
  })
  const serving = await Serving.start({ 'a.yaml': prod + world + REQUIRED_LABELS }, '--no-cluster')
  assert.match((await serving.review(asked({ which: 'prod' }))).status?.message ?? '', /^\[prod\] you must/)
  const many = await serving.review(reviewOf(configMap('a', {}, { data: { a: '1', b: '2' } })))
  assert.equal(many.status?.code, 422)
  assert.equal(
    many.status?.message,
    `configmaps "a" is forbidden: ValidatingAdmissionPolicy 'few' with binding 'few' denied request: too many`,
  )
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  }
  assert.match((await serving.review(reviewOf(pod))).status?.message ?? '', /violates PodSecurity "restricted:latest"/)
  await serving.stop()
})

test('what is wrong is told with its place, and does not start', async () => {
  const folder = tempFolder()
  const file = (text: string) => {
    writeFileSync(join(folder, 'p.yaml'), text)
    return join(folder, 'p.yaml')
  }
  const wrong = constraint('K8sRequiredLabels', 'x', { parameters: { labels: 'team' } })
  for (const [text, expected] of [
    [`${REQUIRED_LABELS}${wrong}`, /CONSTRAINT: spec\.parameters\.labels: .* \(at \S+p\.yaml:19:124, K8sRequiredLabels x\)/],
    [wrong, /CONSTRAINT: there is no template of this kind \(at \S+p\.yaml:1:1, /],
    [
      'apiVersion: mutations.gatekeeper.sh/v1\nkind: Assign\nmetadata: {name: a}\nspec:\n  location: "a["\n',
      /MUTATOR: .*p\.yaml:5:3, spec\.location/,
    ],
    [REQUIRED_LABELS + REQUIRED_LABELS, /TEMPLATE: ConstraintTemplate k8srequiredlabels is also in \S+p\.yaml:2:1/],
    [
      'apiVersion: config.gatekeeper.sh/v1alpha1\nkind: Config\nmetadata: {name: config}\nspec:\n  sync:\n    syncOnly:\n    - {version: v1}\n',
      /CONFIG: spec\.sync\.syncOnly\[0\]\.kind is missing \(at \S+p\.yaml:7:7, Config config\)/,
    ],
    ['a: [', /MANIFEST: /],
  ] as const) {
    const words = ['--policy', file(text), '--certificates', join(folder, 'certs'), '--no-cluster', '--listen', '127.0.0.1:0']
    const { status, stderr } = await thymus(['admission', 'serve', ...words], { env: process.env })
    assert.equal(status, 1, stderr)
    assert.match(stderr, expected)
  }
})

test('policies are replaced whole while requests run; what is wrong leaves the former in force, and is told', async () => {
  const serving = await Serving.start({ 'labels.yaml': LABELS }, '--no-cluster')
  let running = true
  let answered = 0
  const asking = Array.from({ length: 8 }, async () => {
    while (running || answered < 200) {
      const { allowed, status } = await serving.review(asked({ action: 'deny' }))
      // One of the two configurations, never something in between.
      assert.equal(allowed, false)
      assert.match(status?.message ?? '', /^\[need-deny\] you must provide labels: \{"team"(, "tier")?\}$/)
      answered++
    }
  })
  serving.write('labels.yaml', LABELS.replaceAll('["team"]', '["team","tier"]'))
  await serving.says(/(in force: [\s\S]*){2}/)
  assert.match((await serving.review(asked({ action: 'deny' }))).status?.message ?? '', /"tier"/)
  serving.write('labels.yaml', LABELS.replace('count(missing)', 'count(missing'))
  await serving.says(/TEMPLATE: [\s\S]*the former policies stay in force/)
  assert.match((await serving.review(asked({ action: 'deny' }))).status?.message ?? '', /"tier"/)
  assert.match((await serving.get('/metrics')).body, /^thymus_admission_policies_stale 1$/m)
  serving.write('labels.yaml', LABELS)
  serving.signal('SIGHUP')
  await serving.says(/(in force: [\s\S]*){3}/)
  running = false
  await Promise.all(asking)
  assert.ok(answered >= 200, `${answered}`)
  assert.match((await serving.get('/metrics')).body, /^thymus_admission_policies_stale 0$/m)
  await serving.stop()
})

test('a folder that is a mounted ConfigMap is read again when the link in it changes, a file when another is put in its place', async () => {
  const folder = tempFolder()
  const write = (name: string, label: string) => {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'p.yaml'), LABELS.replaceAll('["team"]', `["${label}"]`))
    symlinkSync(name, join(folder, 'next'))
    renameSync(join(folder, 'next'), join(folder, '..data'))
  }
  write('..1', 'one')
  symlinkSync('..data/p.yaml', join(folder, 'p.yaml'))
  const file = join(tempFolder(), 'single.yaml')
  const single = (name: string) => {
    writeFileSync(
      `${file}.new`,
      constraint('K8sRequiredLabels', name, { match: { kinds: kinds('ConfigMap') }, parameters: { labels: ['x'] } }),
    )
    renameSync(`${file}.new`, file)
  }
  single('first')
  const serving = await Serving.start({}, '--policy', folder, '--policy', file, '--no-cluster')
  const said = async () => (await serving.review(asked({ action: 'deny' }))).status?.message ?? ''
  assert.match(await said(), /\[need-deny\] .*"one"/)
  write('..2', 'two')
  await eventually('the link is followed', async () => (await said()).includes('"two"'))
  for (const name of ['second', 'third']) {
    single(name)
    await eventually('the file is read', async () => (await said()).includes(`[${name}]`))
  }
  await serving.stop()
})

test('a template that never ends is answered by the fail mode in time, and the others go on', async () => {
  for (const [mode, allowed] of [
    ['fail', false],
    ['ignore', true],
  ] as const) {
    const policies = LABELS + ENDLESS + constraint('Endless', 'endless', { match: { kinds: kinds('ConfigMap') } })
    const serving = await Serving.start({ 'a.yaml': policies }, '--no-cluster', '--fail-mode', mode, '--threads', '3')
    const began = performance.now()
    const slow = [1, 2].map(() => serving.review(asked({ slow: 'yes' }), { path: '/v1/admit?timeout=3s' }))
    const quick = []
    for (let at = 0; at < 20; at++) {
      const before = performance.now()
      assert.equal((await serving.review(asked({ action: 'deny' }))).allowed, false)
      quick.push(performance.now() - before)
    }
    assert.ok(Math.max(...quick) < 1_000, `${quick}`)
    for (const answer of await Promise.all(slow)) {
      assert.equal(answer.allowed, allowed)
      assert.match(answer.status?.message ?? answer.warnings?.[0] ?? '', /no judgement: (REGO_LIMIT|ADMISSION_LATE)/)
    }
    assert.ok(performance.now() - began < 3_500)
    await serving.stop()
  }
})

test('however many meet a template that never ends, other kinds go on', async () => {
  const policies = LABELS + ENDLESS + constraint('Endless', 'endless', { match: { kinds: kinds('ConfigMap') } })
  const serving = await Serving.start({ 'a.yaml': policies }, '--no-cluster', '--threads', '2')
  const slow: Promise<unknown>[] = []
  const asking = setInterval(() => slow.push(serving.review(asked({ slow: 'yes' }), { path: '/v1/admit?timeout=1s' })), 50)
  await sleep(1_500)
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's', namespace: 'default' } }
  const before = performance.now()
  for (let at = 0; at < 20; at++) assert.equal((await serving.review(reviewOf(service))).allowed, true)
  const took = performance.now() - before
  clearInterval(asking)
  assert.ok(took < 2_000, `${took}`)
  await Promise.all(slow)
  await serving.stop()
})

test('takes the packs of the repository as they are: suites and samples are no cluster', async () => {
  const serving = await Serving.start({}, '--no-cluster', '--policy', join(import.meta.dirname, '../../policies/admission/baseline'))
  assert.match(serving.said, /in force: 2 constraints, 0 mutators, 0 ValidatingAdmissionPolicies of \d+ files$/m)
  await serving.stop()
})

test('told to stop, it answers what has begun and takes nothing more', async () => {
  const policies = ENDLESS + constraint('Endless', 'endless', { match: { kinds: kinds('ConfigMap') } })
  for (const by of ['SIGTERM', 'SIGINT'] as const) {
    const serving = await Serving.start({ 'a.yaml': policies }, '--no-cluster', '--fail-mode', 'ignore')
    const slow = serving.review(asked({ slow: 'yes' }), { path: '/v1/admit?timeout=3s' })
    await serving.review(asked({}))
    serving.signal(by)
    await serving.says(/told to stop/)
    await assert.rejects(fetch(serving.url))
    assert.equal((await slow).allowed, true)
    const { status, signal } = await serving.ended
    assert.deepEqual([status, signal], [0, null])
  }
})

test('ten thousand constraints are loaded in seconds and asked in milliseconds', async () => {
  const many = Array.from({ length: 10_000 }, (_, at) =>
    constraint('K8sRequiredLabels', `c${at}`, {
      match: { kinds: kinds(at % 100 === 0 ? 'ConfigMap' : `Kind${at % 500}`) },
      parameters: { labels: [at === 0 ? 'team' : 'name'] },
    }),
  ).join('')
  const began = performance.now()
  const serving = await Serving.start({ 'a.yaml': REQUIRED_LABELS + many }, '--no-cluster')
  const loaded = performance.now() - began
  const times = []
  for (let at = 0; at < 50; at++) {
    const before = performance.now()
    assert.equal((await serving.review(asked({ name: 'x' }))).status?.message, '[c0] you must provide labels: {"team"}')
    times.push(performance.now() - before)
  }
  const [median] = times.sort((a, b) => a - b).slice(25)
  console.log(`10,000 constraints: loaded in ${Math.round(loaded)} ms, ${median!.toFixed(1)} ms a review`)
  assert.ok(loaded < 30_000, `${loaded}`)
  assert.ok(median! < 100, `${median}`)
  await serving.stop()
})
