import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { startService } from '../../../test/kit/rego-service.ts'
import { ask } from '../../../test/kit/rest.ts'
import { ThymusError } from '../../core/errors.ts'
import { RegoObject } from '../../lang/rego/values/value.ts'
import { empty } from '../exchange.ts'
import { listen, readAddress } from '../listen.ts'

const POLICY = { 'p.rego': 'package p\n\nallow if input.user == "ann"\n\nseen := input\n' }
const FOREVER = `package endless

forever if {
	every x in numbers.range(1, 100000) {
		every y in numbers.range(1, 100000) { x + y > 0 }
	}
}
`

async function start(t: TestContext, ...more: Parameters<typeof startService> extends [unknown, ...infer R] ? R : never) {
  const service = await startService(POLICY, ...more)
  t.after(() => service.stop())
  const send = (method: string, path: string, body?: string | Buffer, headers?: Record<string, string>) =>
    ask(service.socket, { method, path, ...(body === undefined ? {} : { body }), ...(headers ? { headers } : {}) })
  return { ...service, send }
}

const PATHS = [
  '/',
  '/v0/data/p/seen',
  '/v1/data',
  '/v1/data/p/seen',
  '/v1/policies',
  '/v1/policies/x',
  '/v1/query',
  '/v1/compile',
  '/v1/config',
  '/v1/status',
  '/health',
  '/health/x',
  '/metrics',
]
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE']
const deep = (open: string, close: string, times: number) => `${open.repeat(times)}1${close.repeat(times)}`
const BODIES = [
  '',
  '{',
  'null',
  '[]',
  '"x"',
  '1e999999999',
  '{"input":1e999999999}',
  deep('[', ']', 100_000),
  deep('{"input":', '}', 1_990),
  deep('{"a":', '}', 100_000),
  '{"__proto__":{"x":1}}',
  '\u0000',
  'package x',
  '{"query":"data"}',
  '{"query":"x := [1 | true]"}',
  `{"query":${JSON.stringify(deep('[', ']', 50_000))}}`,
  Buffer.from([0xff, 0xfe, 0x00]),
  '[{"op":"add","path":"/__proto__/x","value":1}]',
  '[{"op":"add","path":"/constructor","value":{}}]',
]

test('every endpoint answers every method and body with a status and a document', async (t) => {
  const { send, said } = await start(t)
  for (const path of PATHS)
    for (const method of METHODS)
      for (const body of BODIES) {
        const {
          status,
          headers,
          body: text,
        } = await send(method, path, body).catch((error) =>
          assert.fail(`${method} ${path} ${body.length} ${String(body).slice(0, 40)}: ${error}`),
        )
        assert.ok([200, 204, 304, 400, 404, 405, 500].includes(status), `${method} ${path}: ${status}`)
        if (headers['content-type'] === 'application/json') assert.doesNotThrow(() => JSON.parse(text))
        if (status === 500) assert.ok(!text.includes('INTERNAL'), `${method} ${path} ${String(body).slice(0, 40)}: ${text}`)
      }
  assert.deepEqual(said, [])
  assert.equal(({} as { x?: number }).x, undefined)
})

test('paths that lead nowhere, or out, or are none, are answered', async (t) => {
  const { send, said } = await start(t)
  for (const [path, status] of [
    ['/v1/data/__proto__', 200],
    ['/v1/data/constructor/name', 200],
    ['/v1/data/%00', 500],
    ['/v1/data/%', 400],
    ['/v1/data/%ff%fe', 200],
    ['/v1/data/../../etc/passwd', 307],
    [`/v1/data/${'a/'.repeat(20_000)}b`, 200],
    [`/v1/data/${'a/'.repeat(1_999)}b`, 200],
    [`/v1/data/${'a'.repeat(100_000)}`, 200],
    ['/v1/data?input=%', 200],
    [`/v1/data?${'pretty&'.repeat(10_000)}`, 200],
    ['/v1/policies/%2e%2e%2fx', 404],
    ['/v1/policies/__proto__', 404],
    ['*', 400],
    ['http://opa:8181/v1/data/p/allow?pretty', 200],
    ['HTTPS://opa/v1/data/%', 400],
    ['http://opa', 307],
    ['/v1/data/p/allow?pretty=%zz', 200],
  ] as const)
    assert.equal((await send('GET', path)).status, status, path.slice(0, 60))
  assert.deepEqual(said, [])
})

test('a document of 1,000 levels is read, and written, by a server that has just started; no deeper one is', async (t) => {
  const { send } = await start(t)
  const input = deep('{"a":', '}', 999)
  const { status, body } = await send('POST', '/v1/data/p/seen', `{"input":${input}}`)
  assert.deepEqual([status, body], [200, `{"result":${input}}\n`])
  const deeper = await send('POST', '/v1/data/p/seen', `{"input":${deep('{"a":', '}', 1_001)}}`)
  assert.equal(deeper.status, 400)
  assert.match(deeper.body, /nested deeper than 1000/)
})

test('prototypes are data like other data', async (t) => {
  const { send } = await start(t)
  assert.equal((await send('PUT', '/v1/data/__proto__/polluted', '1')).status, 204)
  assert.equal((await send('PUT', '/v1/data/constructor', '{"prototype":{"x":1}}')).status, 204)
  assert.equal((await send('GET', '/v1/data/__proto__')).body, '{"result":{"polluted":1}}\n')
  assert.equal((await send('PUT', '/v1/policies/__proto__', 'package proto\nx := 1')).status, 200)
  assert.equal((await send('GET', '/v1/data/proto/x')).body, '{"result":1}\n')
  assert.equal(({} as { polluted?: number }).polluted, undefined)
})

test('an evaluation ends by its limits, and the next one is answered', async (t) => {
  const { send } = await start(t, { milliseconds: 200 })
  await send('PUT', '/v1/policies/endless', FOREVER)
  const began = performance.now()
  const { status, body } = await send('POST', '/v1/data/endless/forever', '{}')
  assert.equal(status, 500)
  assert.equal(JSON.parse(body).errors[0].code, 'eval_cancel_error')
  assert.ok(performance.now() - began < 5_000)
  assert.equal((await send('POST', '/v1/data/p/allow', '{"input":{"user":"ann"}}')).body, '{"result":true}\n')
})

test('a body has a limit, told or not, packed or not', async (t) => {
  const { send } = await start(t, { maxBytes: 1_000 })
  const large = JSON.stringify({ input: 'x'.repeat(2_000) })
  const told = await send('POST', '/v1/data/p/seen', large)
  assert.equal(told.status, 400)
  assert.match(JSON.parse(told.body).message, /request body too large/)
  const chunked = await send('POST', '/v1/data/p/seen', large, { 'Transfer-Encoding': 'chunked' })
  assert.match(JSON.parse(chunked.body).message, /request body too large/)
  const packed = await send('POST', '/v1/data/p/seen', gzipSync(large), { 'Content-Encoding': 'gzip' })
  assert.match(JSON.parse(packed.body).message, /decompressed size exceeds/)
  for (const body of ['', 'no gzip', gzipSync('{"input":1}').subarray(0, 12)])
    assert.match(
      JSON.parse((await send('POST', '/v1/data/p/seen', body, { 'Content-Encoding': 'gzip' })).body).message,
      /could not decompress/,
    )
})

test('a client that goes away, or is slow, stops nobody else', async (t) => {
  const { send, socket, said } = await start(t, {}, { requestMs: 300, idleMs: 300 })
  const talk = (text: string) => {
    const client = connect(socket)
    client.on('error', () => {})
    client.write(text)
    return client
  }
  const closed = (client: ReturnType<typeof talk>) => new Promise((resolve) => client.once('close', resolve).resume())
  for (let count = 0; count < 20; count++) talk('POST /v1/data HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{').destroy()
  for (let count = 0; count < 20; count++) {
    const client = talk('POST /v1/data/p/seen HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n{"input":1}')
    await sleep(1)
    client.destroy()
  }
  const slow = [talk('GET /v1/da'), talk('POST /v1/data HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{'), talk('')]
  const rude = [
    talk('nonsense\r\n\r\n'),
    talk('GET / HTTP/9.9\r\n\r\n'),
    talk(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(2 << 20)}\r\n\r\n`),
  ]
  assert.equal((await send('GET', '/health')).status, 200)
  await Promise.all([...slow.slice(0, 2), ...rude].map(closed))
  assert.equal((await send('GET', '/health')).status, 200)
  for (const client of slow) client.destroy()
  assert.deepEqual(said, [])
})

test('a change of a policy or of data is seen by the next request, and a failed one is not', async (t) => {
  const { send } = await start(t)
  const ask = async () => (await send('POST', '/v1/data/q/x', '{"input":1}')).body
  assert.equal(await ask(), '{}\n')
  for (const value of [1, 2]) {
    await send('PUT', '/v1/policies/q', `package q\nx := ${value} + data.base`)
    await send('PUT', '/v1/data/base', '10')
    assert.equal(await ask(), `{"result":${10 + value}}\n`)
  }
  assert.equal((await send('PUT', '/v1/policies/q', 'package q\nx := y')).status, 400)
  assert.equal((await send('PUT', '/v1/policies/r', 'package q\nx = 1 if {')).status, 400)
  assert.equal((await send('PATCH', '/v1/data', '[{"op":"replace","path":"/base","value":0},{"op":"remove","path":"/nope"}]')).status, 404)
  assert.equal(await ask(), '{"result":12}\n')
  assert.equal((await send('DELETE', '/v1/policies/q')).status, 200)
  assert.equal(await ask(), '{}\n')
})

test('what an authorization policy does not allow is not done', async (t) => {
  const { send } = await start(t, { authorization: 'basic', authentication: 'token' })
  assert.equal((await send('GET', '/v1/data')).status, 500)
  const policy =
    'package system.authz\n\ndefault allow := false\n\nallow if input.identity == "root"\n\nallow if input.path == ["health"]\n'
  assert.equal((await send('PUT', '/v1/policies/authz', policy)).status, 500)
})

test('nothing is logged of a decision whose mask fails, and the operator is told', async (t) => {
  const { send, lines, said } = await start(t, { logged: true })
  await send('PUT', '/v1/policies/mask', 'package system.log\n\nmask := ["nowhere"]\n')
  const { body } = await send('POST', '/v1/data/p/seen', '{"input":"secret"}')
  assert.equal(body, '{"decision_id":"id-2","result":"secret"}\n')
  assert.equal(lines.length, 0)
  assert.deepEqual(said, ['decision id-2 is not logged: the policy to mask it failed: mask must be slash-prefixed'])
  await send('PUT', '/v1/policies/mask', 'package system.log\n\nmask contains "/input"\n\nmask contains "/result"\n')
  await send('POST', '/v1/data/p/seen', '{"input":"secret"}')
  assert.equal(lines.length, 1)
  assert.ok(!lines[0]!.includes('secret'))
  const { timestamp, time, erased } = JSON.parse(lines[0]!)
  assert.deepEqual([timestamp, time, erased], ['2023-11-14T22:13:20.12Z', '2023-11-14T22:13:20Z', ['/input', '/result']])
})

test('a decision that cannot be logged is not given', async (t) => {
  const decisions = { labels: new RegoObject(), id: () => 'x', write: () => assert.fail('the disk is full'), complain: () => {} }
  const { send } = await start(t, { decisions })
  const { status, body } = await send('POST', '/v1/data/p/seen', '{"input":"secret"}')
  assert.deepEqual([status, JSON.parse(body)], [500, { code: 'internal_error', message: 'decision_logs: the disk is full' }])
})

test('what is not there is refused by name', async (t) => {
  const { send } = await start(t)
  const { status, body } = await send('POST', '/v1/compile', '{"query":"data.p.allow"}')
  assert.deepEqual([status, JSON.parse(body).code], [404, 'resource_not_found'])
  const explained = JSON.parse((await send('POST', '/v1/data/p/seen?explain=full', '{"input":1}')).body)
  assert.match(explained.warning.message, /no traces/)
})

test('a server that is told to stop answers what it has begun', async () => {
  const service = await startService(POLICY)
  const answers = Array.from({ length: 5 }, () => ask(service.socket, { method: 'GET', path: '/v1/data/p/allow' }))
  await Promise.all(answers)
  const idle = connect(service.socket)
  idle.on('error', () => {})
  await new Promise((resolve) => idle.once('connect', resolve))
  await service.stop()
  await assert.rejects(ask(service.socket, { method: 'GET', path: '/health' }))
  idle.destroy()
})

test('a socket that is in use, and a file that is none, are left alone', async (t) => {
  const { socket, send } = await start(t)
  const options = { maxBytes: 1, tooLarge: empty(400) }
  const isUsage = (error: unknown) => error instanceof ThymusError && error.code === 'USAGE'
  await assert.rejects(
    listen({ path: socket }, () => assert.fail(), options),
    isUsage,
  )
  assert.equal((await send('GET', '/health')).status, 200)
  await assert.rejects(
    listen({ path: import.meta.filename }, () => assert.fail(), options),
    isUsage,
  )
  assert.ok(existsSync(import.meta.filename))
})

test('addresses are read as OPA writes them', () => {
  assert.deepEqual(readAddress('localhost:8181'), { host: 'localhost', port: 8181 })
  assert.deepEqual(readAddress(':0'), { host: '0.0.0.0', port: 0 })
  assert.deepEqual(readAddress('http://127.0.0.1:1'), { host: '127.0.0.1', port: 1 })
  assert.deepEqual(readAddress('[::1]:8181'), { host: '::1', port: 8181 })
  assert.deepEqual(readAddress('unix:///run/x.sock'), { path: '/run/x.sock' })
  for (const text of ['', 'localhost', '1:70000', 'https://x:1', 'unix://', 'a/b:1'])
    assert.throws(
      () => readAddress(text),
      (error: unknown) => error instanceof ThymusError && error.code === 'USAGE',
    )
})
