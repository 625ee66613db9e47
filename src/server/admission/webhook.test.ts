import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { configMap, labelJudge, reviewOf } from '../../../test/kit/admission.ts'
import { ThymusError } from '../../core/errors.ts'
import type { Fields } from '../../formats/kubernetes/object.ts'
import type { AdmissionJudge } from '../../layers/admission/judgement.ts'
import type { Asked } from '../exchange.ts'
import { readPointer } from './mask.ts'
import { Metrics } from './metrics.ts'
import { Webhook, type WebhookOptions } from './webhook.ts'

const NOW = Date.UTC(2026, 0, 2)

function start(given: Partial<WebhookOptions> = {}) {
  const lines: string[] = []
  const faults: unknown[] = []
  const metrics = new Metrics()
  const webhook = new Webhook({
    judge: labelJudge,
    failMode: { validate: 'Fail', mutate: 'Ignore' },
    log: { mask: [], write: (line) => void lines.push(line) },
    metrics,
    now: () => NOW,
    clock: () => performance.now(),
    fault: (error) => void faults.push(error),
    ...given,
  })
  const send = async (target: string, body: unknown, more: Partial<Asked> = {}) => {
    const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(JSON.stringify(body))
    const headers = new Map([['content-type', ['application/json']]])
    const { status, body: text } = await webhook.answer({ method: 'POST', target, headers, body: bytes, from: '', ...more })
    return { status, text, document: text.startsWith('{') ? JSON.parse(text) : undefined }
  }
  const ask = async (object: object, target = '/v1/admit?timeout=10s', more: Fields = {}) =>
    (await send(target, { ...reviewOf(object as never, more) })).document.response
  return { send, ask, lines, faults, metrics }
}

test('a review is answered by one of its own version and uid', async () => {
  const { send } = start()
  const { uid } = reviewOf(configMap('a')).request as { uid: string }
  for (const apiVersion of ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1']) {
    const { status, document } = await send('/v1/admit', { ...reviewOf(configMap('a')), apiVersion })
    assert.deepEqual([status, document], [200, { apiVersion, kind: 'AdmissionReview', response: { uid, allowed: true } }])
  }
})

test('what is denied is told with its policy, what is warned of is shown', async () => {
  const { ask } = start()
  const { allowed, status, warnings } = await ask(configMap('a', { deny: 'no', warn: 'careful' }))
  assert.deepEqual([allowed, warnings], [false, ['the label says careful']])
  assert.deepEqual(status, { status: 'Failure', message: '[labels] the label says no', code: 403, reason: 'Forbidden' })
})

test('a mutation is a JSON patch; where nothing changes, or it is denied, there is none', async () => {
  const { ask } = start()
  const patch = async (object: object) => {
    const response = await ask(object, '/v1/mutate')
    return [response.patchType, response.patch && JSON.parse(Buffer.from(response.patch, 'base64').toString())]
  }
  assert.deepEqual(await patch(configMap('a')), ['JSONPatch', [{ op: 'add', path: '/metadata/labels/team', value: 'none' }]])
  assert.deepEqual(await patch(configMap('a', { team: 'x' })), [undefined, undefined])
  assert.deepEqual(await patch(configMap('a', { deny: 'x' })), [undefined, undefined])
})

test('a judge that breaks is replaced by the fail mode, and the client learns no more than a code', async () => {
  const { ask, faults, metrics } = start()
  const denied = await ask(configMap('a', { broken: 'secret' }))
  assert.deepEqual([denied.allowed, denied.status.code], [false, 500])
  assert.equal(denied.status.message, 'no judgement: INTERNAL: a fault in Thymus itself')
  const passed = await ask(configMap('a', { broken: 'secret' }), '/v1/mutate')
  assert.deepEqual(
    [passed.allowed, passed.warnings],
    [true, ['no judgement: INTERNAL: a fault in Thymus itself; allowed, as the fail mode is Ignore']],
  )
  assert.deepEqual(faults.map(String), ['Error: broken: secret', 'Error: broken: secret'])
  assert.match(metrics.text(), /^thymus_admission_failures_total\{webhook="validate",code="INTERNAL"\} 1$/m)
})

test('limits of a judge, endless recursion, and errors that are thrown at once are no worse', async () => {
  const broken = (error: () => never): AdmissionJudge => ({ validate: error, mutate: error })
  const limited = start({
    judge: broken(() => {
      throw new ThymusError('REGO_LIMIT', 'too many steps')
    }),
  })
  assert.match((await limited.ask(configMap('a'))).status.message, /REGO_LIMIT: too many steps/)
  assert.deepEqual(limited.faults, [])
  const deep = start({
    judge: broken(function down(): never {
      return down()
    }),
  })
  assert.match((await deep.ask(configMap('a'))).status.message, /ADMISSION_LATE: out of stack or memory/)
})

test('what is late is answered within the time that the API server gives, also where the judge does not stop', async () => {
  const { ask } = start()
  const began = performance.now()
  const denied = await ask(configMap('a', { slow: '5000' }), '/v1/admit?timeout=200ms')
  assert.ok(performance.now() - began < 200)
  assert.deepEqual([denied.allowed, denied.status.code], [false, 504])
  assert.match(denied.status.message, /ADMISSION_LATE/)
  const busy: AdmissionJudge = {
    ...labelJudge,
    validate() {
      for (const until = performance.now() + 120; performance.now() < until; );
      return { allowed: true, warnings: [], auditAnnotations: {}, violations: [] }
    },
  }
  assert.equal((await start({ judge: busy }).ask(configMap('a'), '/v1/admit?timeout=100ms')).allowed, false)
  assert.equal((await start({ judge: busy }).ask(configMap('a'), '/v1/admit?timeout=1s')).allowed, true)
})

test('a judge is told how long it may take, and how large the review is', async () => {
  const told: number[] = []
  const bytes: unknown[] = []
  const judge: AdmissionJudge = {
    ...labelJudge,
    validate(request, context) {
      told.push(context.milliseconds, context.now)
      bytes.push(context.bytes)
      return labelJudge.validate(request, context)
    },
  }
  const { ask } = start({ judge })
  for (const query of ['', '?timeout=1m0s', '?timeout=2s']) await ask(configMap('a'), `/v1/admit${query}`)
  const [none, , minute, , two, now] = told as [number, number, number, number, number, number]
  assert.ok(none > 8_000 && none <= 9_000 && minute > 26_000 && minute <= 27_000 && two > 1_500 && two <= 1_800, told.join())
  assert.equal(now, NOW)
  assert.deepEqual(bytes, Array(3).fill(JSON.stringify(reviewOf(configMap('a'))).length))
})

test('judgements that never end are bounded', async () => {
  const judge: AdmissionJudge = { ...labelJudge, validate: () => new Promise(() => {}) }
  const { send } = start({ judge, maxPending: 3 })
  const statuses = await Promise.all(
    Array.from({ length: 5 }, async () => (await send('/v1/admit?timeout=50ms', reviewOf(configMap('a')))).status),
  )
  assert.deepEqual(statuses, [200, 200, 200, 503, 503])
  assert.equal((await send('/v1/admit?timeout=50ms', reviewOf(configMap('a')))).status, 503)
})

test('a request that is no review is refused by HTTP, with a code and its place', async () => {
  const { send, lines } = start()
  const review = JSON.stringify(reviewOf(configMap('a')))
  const cases: readonly (readonly [string, string, Partial<Asked>, number, object])[] = [
    ['/v1/admit', '{}', {}, 400, { message: 'missing', at: 'apiVersion' }],
    ['/v1/admit', '', {}, 400, { message: 'the body is empty' }],
    ['/v1/admit', '{"a":1,"a":2}', {}, 400, { message: 'the member "a" stands twice', at: 'character 8' }],
    ['/v1/admit', '['.repeat(2_000) + ']'.repeat(2_000), {}, 400, { message: 'the body is deeper than 1000', at: 'character 1001' }],
    [
      '/v1/mutate',
      review.replace('/v1"', '/v9"'),
      {},
      400,
      { message: '"admission.k8s.io/v9" is not admission.k8s.io/v1 or admission.k8s.io/v1beta1', at: 'apiVersion' },
    ],
    ['/v1/admit', review.replace('"uid"', '"id"'), {}, 400, { message: 'missing', at: 'request.uid' }],
    ['/v1/admit?timeout=soon', review, {}, 400, { message: 'no duration, as 10s', at: 'timeout' }],
    ['/v1/admit', review, { method: 'GET' }, 405, { message: 'a review is posted' }],
    ['/v1/admit', review, { headers: new Map() }, 415, { message: 'a review is application/json' }],
    [
      '/v1/admit',
      review,
      {
        headers: new Map([
          ['content-type', ['application/json']],
          ['content-encoding', ['gzip']],
        ]),
      },
      415,
      { message: 'a review comes as it is, without a Content-Encoding' },
    ],
    ['/v1/other', review, {}, 404, { message: 'no such path' }],
    ['/healthz', '', {}, 405, { message: 'this is read only' }],
  ]
  for (const [target, body, more, status, words] of cases) {
    const answer = await send(target, body, more)
    assert.deepEqual([answer.status, answer.document], [status, { code: 'REVIEW', ...words }])
  }
  assert.deepEqual(lines, [])
})

test('fields that nobody knows are refused only where reviews are read strictly', async () => {
  const review = { ...reviewOf(configMap('a')), future: true }
  assert.equal((await start().send('/v1/admit', review)).status, 200)
  assert.equal((await start({ strict: true }).send('/v1/admit', review)).status, 400)
})

test('health, readiness and figures are read', async () => {
  let why: string | undefined = 'policies are being read'
  const { send, ask } = start({ notReady: () => why })
  const get = { method: 'GET' }
  assert.equal((await send('/healthz', '', get)).status, 200)
  assert.deepEqual((await send('/readyz', '', get)).text, 'policies are being read\n')
  why = undefined
  assert.equal((await send('/readyz', '', get)).status, 200)
  await ask(configMap('a', { deny: 'x' }), '/v1/admit', { dryRun: true })
  await send('/v1/admit', '{')
  const { text } = await send('/metrics', '', get)
  assert.match(
    text,
    /^thymus_admission_requests_total\{webhook="validate",kind="ConfigMap",operation="CREATE",decision="deny",dry_run="true"\} 1$/m,
  )
  assert.match(text, /^thymus_admission_refused_total\{status="400"\} 1$/m)
  assert.match(text, /^thymus_admission_duration_seconds_bucket\{webhook="validate",le="\+Inf"\} 1$/m)
  for (const line of text.trimEnd().split('\n'))
    assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="([^"\\\n]|\\.)*",?)*\})? [-+.e\d]+)$/)
})

test('kinds that somebody makes up do not fill the memory', async () => {
  const { ask, metrics } = start()
  for (let at = 0; at < 1_100; at++) await ask({ ...configMap('a'), kind: `K${at}"\n\\` })
  const lines = metrics
    .text()
    .split('\n')
    .filter((line) => line.startsWith('thymus_admission_requests_total'))
  assert.equal(lines.length, 1_001)
  assert.ok(lines.at(-1)!.includes('kind="other"') && lines.at(-1)!.endsWith(' 100'))
})

test('a decision is logged with what was found, and marked where it was a dry run', async () => {
  const { ask, lines } = start()
  await ask(configMap('a', { deny: 'no' }), '/v1/admit', { dryRun: true })
  await ask(configMap('a'), '/v1/mutate')
  const [first, second] = lines.map((line) => JSON.parse(line))
  assert.deepEqual(
    [first.time, first.decision, first.dryRun, first.violations[0].field],
    ['2026-01-02T00:00:00.000Z', 'deny', true, 'metadata.labels.deny'],
  )
  assert.deepEqual([second.webhook, second.decision, second.dryRun, second.mutated], ['mutate', 'allow', false, true])
  assert.equal(second.request.object.metadata.name, 'a')
  assert.ok(lines.every((line) => !line.includes('\n')))
})

test('secrets, and what the operator names, stand in no log', async () => {
  const lines: string[] = []
  const mask = ['/object/spec/containers/*/env/*/value', '/userInfo/extra', '/object/metadata/annotations/a~1b'].map(readPointer)
  const { ask } = start({ log: { mask, write: (line) => void lines.push(line) } })
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":"c2VjcmV0"}', 'a/b': 'secret', c: 'seen' }
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', annotations },
    data: { k: 'c2VjcmV0' },
    stringData: { k: 'secret' },
  }
  await ask(secret, '/v1/admit', {
    operation: 'UPDATE',
    oldObject: { ...secret, data: 'c2VjcmV0' },
    userInfo: { username: 'u', extra: { k: ['secret'] } },
  })
  const spec = { containers: [{ name: 'seen', env: [{ name: 'K', value: 'secret' }] }] }
  await ask({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec })
  assert.ok(!/secret|c2VjcmV0/.test(lines.join('').replaceAll('"secrets"', '')), lines.join('\n'))
  const [first, second] = lines.map((line) => JSON.parse(line).request)
  assert.deepEqual([first.object.data, first.oldObject.data, first.object.metadata.annotations.c], [{ k: '***' }, '***', 'seen'])
  assert.deepEqual(second.object.spec.containers[0], { name: 'seen', env: [{ name: 'K', value: '***' }] })
  for (const text of ['', '/', 'object', '/a~2']) assert.throws(() => readPointer(text), { code: 'CONFIG' }, text)
})

test('a log that cannot be written is told and counted, and takes no decision back', async () => {
  const { ask, faults, metrics } = start({ log: { mask: [], write: () => assert.fail('the disk is full') } })
  assert.equal((await ask(configMap('a'))).allowed, true)
  assert.match(String(faults[0]), /the disk is full/)
  assert.match(metrics.text(), /^thymus_admission_unlogged_total 1$/m)
  const later = start({ log: { mask: [], write: (_, lost) => setImmediate(lost, new Error('the reader is gone')) } })
  assert.equal((await later.ask(configMap('a'))).allowed, true)
  await new Promise(setImmediate)
  assert.match(String(later.faults[0]), /the reader is gone/)
  assert.match(later.metrics.text(), /^thymus_admission_unlogged_total 1$/m)
})

test('a large object is not copied into the log', async () => {
  const { ask, lines } = start()
  await ask(configMap('a', {}, { data: { k: 'x'.repeat(1 << 20) } }))
  assert.ok(lines[0]!.length < 2_000)
  assert.equal(JSON.parse(lines[0]!).request.cut, true)
})

test('warnings are cut to what an API server passes on', async () => {
  const warnings = ['a\nb\u0007c', '🙂'.repeat(300), ...Array.from({ length: 100 }, (_, at) => `${at} ${'x'.repeat(100)}`), 'a\nb\u0007c']
  const judge: AdmissionJudge = {
    ...labelJudge,
    validate: () => ({ allowed: true, warnings, auditAnnotations: { k: 'v' }, violations: [] }),
  }
  const response = await start({ judge }).ask(configMap('a'))
  const shown: string[] = response.warnings
  assert.equal(shown[0], 'a b c')
  assert.equal([...shown[1]!].length, 256)
  assert.ok([...shown.join('')].length <= 4_096)
  assert.equal(shown.at(-1), `and ${102 - (shown.length - 1)} more warnings`)
  assert.deepEqual(response.auditAnnotations, { k: 'v' })
})

test('whatever is sent, it is answered', async () => {
  const { send, faults } = start()
  const review = reviewOf(configMap('a'))
  const words = [
    'request',
    'uid',
    'kind',
    'object',
    'oldObject',
    'metadata',
    'labels',
    '__proto__',
    'deny',
    'warn',
    'operation',
    'userInfo',
    'dryRun',
  ]
  const target = fc.constantFrom('/v1/admit', '/v1/mutate', '/v1/admit?timeout=1s', '/metrics', '/v1/admit?timeout=%zz')
  const changed = fc.tuple(fc.constantFrom(...words), fc.jsonValue({ maxDepth: 3 })).map(([name, value]) => {
    const request = review.request as object
    return JSON.stringify({ ...review, request: { ...request, [name]: value } })
  })
  const body = fc.oneof(changed, fc.json(), fc.string())
  await fc.assert(
    fc.asyncProperty(target, body, async (path, text) => {
      const { status } = await send(path, text)
      assert.ok([200, 400, 405].includes(status), String(status))
    }),
    { numRuns: 600 },
  )
  assert.deepEqual(faults, [])
})
