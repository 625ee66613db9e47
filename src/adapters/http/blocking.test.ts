import assert from 'node:assert/strict'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { after, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { callBuiltin } from '../../../test/kit/rego-builtin.ts'
import { BlockingHttp } from './blocking.ts'

/** In a thread of its own, since the test sleeps while it asks. */
const SERVER = `
  const { createServer } = require('node:http')
  const { parentPort } = require('node:worker_threads')
  let count = 0
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => { body += part }).on('end', () => {
      const answer = (status, headers, text) => response.writeHead(status, headers).end(text)
      const { url, method, headers } = request
      if (url === '/echo') return answer(200, { 'Content-Type': 'application/problem+json', 'X-Two': ['a', 'b'] }, JSON.stringify({ method, headers, body }))
      if (url === '/count') return answer(200, {}, String(++count))
      if (url === '/busy') return answer(503, {}, String(++count))
      if (url === '/yaml') return answer(200, { 'Content-Type': 'application/yaml' }, 'a: [1, x]')
      if (url === '/bad') return answer(200, { 'Content-Type': 'application/json' }, '{"a":')
      if (url === '/away') return answer(302, { Location: 'http://localhost:' + server.address().port + '/echo' }, '')
      if (url === '/near') return answer(303, { Location: '/echo' }, '')
      if (url === '/round') return answer(307, { Location: '/round' }, '')
      if (url === '/large') return answer(200, {}, 'x'.repeat(17 * 2 ** 20))
      if (url === '/never') return
      answer(404, {}, 'none')
    })
  })
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`
const server = new Worker(SERVER, { eval: true })
const [port] = (await once(server, 'message')) as [number]
const http = new BlockingHttp(['127.0.0.1'])
after(async () => {
  await http.close()
  await server.terminate()
})

type Answer = Record<string, unknown> | undefined
const send = (path: string, more: object = {}) =>
  callBuiltin('http.send', [{ method: 'get', url: `http://127.0.0.1:${port}${path}`, ...more }], { surroundings: { http } }) as Answer
const failure = (path: string, more: object = {}) =>
  (send(path, { raise_error: false, ...more })?.error as { code: string; message: string } | undefined) ?? { code: 'none', message: '' }

test('a request goes out, and its answer comes back', () => {
  const answer = send('/echo', { method: 'post', body: { a: [1, '<'] }, headers: { 'X-A': 'b' } })
  assert.equal(answer?.status, '200 OK')
  assert.equal(answer?.status_code, 200)
  const headers = new Map(Object.entries(answer?.headers ?? {}))
  assert.deepEqual(headers.get('x-two'), ['a', 'b'])
  const body = answer?.body as { method: string; body: string; headers: Record<string, string> }
  assert.deepEqual([body.method, body.body, body.headers['x-a']], ['POST', '{"a":[1,"\\u003c"]}', 'b'])
  assert.equal(send('/echo', { raw_body: 'é' })?.raw_body, send('/echo', { raw_body: 'é' })?.raw_body)
  assert.deepEqual(send('/yaml')?.body, { a: [1, 'x'] })
  assert.deepEqual([send('/bad')?.body, send('/bad')?.raw_body], [null, '{"a":'])
  assert.deepEqual([send('/count', { force_json_decode: true })?.body, send('/none')?.status_code], [1, 404])
})

test('who may be asked is decided by the host, and nobody is unless it is said', () => {
  const request = [{ method: 'get', url: `http://127.0.0.1:${port}/echo` }]
  assert.throws(() => callBuiltin('http.send', request), { code: 'REGO_BUILTIN' })
  for (const url of [`http://localhost:${port}/echo`, `http://127.0.0.1@localhost:${port}/`, 'http://127.0.0.2/', 'http://[::1]/']) {
    assert.match(failure('', { url }).message, /disallowed host/, url)
    assert.equal(send('', { url }), undefined)
  }
  for (const url of ['file:///etc/passwd', 'unix://localhost/?socket=%2Ftmp%2Fx', 'x', '', 1])
    assert.equal(send('', { url }), undefined, String(url))
  // Another spelling of a host that is allowed is that host.
  assert.equal(send('', { url: `http://2130706433:${port}/echo` })?.status_code, 200)
  for (const name of ['tls_ca_cert_file', 'tls_client_key_env_variable', 'tls_insecure_skip_verify']) {
    assert.match(failure('/echo', { [name]: name.endsWith('verify') ? true : '/etc/passwd' }).message, /not allowed/)
  }
})

test('redirects are followed where that is asked for, and only to whom may be asked', () => {
  assert.equal(send('/near')?.status_code, 303)
  const near = send('/near', { enable_redirect: true, method: 'post', body: 1 })?.body as { method: string; body: string }
  assert.deepEqual([near.method, near.body], ['GET', ''])
  assert.match(failure('/away', { enable_redirect: true }).message, /disallowed host: localhost/)
  assert.match(failure('/round', { enable_redirect: true }).message, /redirects/)
})

test('what goes wrong ends in time, and by code', () => {
  const started = performance.now()
  assert.deepEqual(failure('/never', { timeout: '200ms' }).code, 'eval_http_send_network_error')
  assert.ok(performance.now() - started < 5_000)
  assert.match(failure('/large').message, /larger/)
  assert.equal(failure('', { url: 'http://127.0.0.1:1/' }).code, 'eval_http_send_network_error')
  assert.equal(send('/never', { timeout: 200e6 }), undefined)
  for (const more of [
    { timeout: 'x' },
    { timeout: 1.5 },
    { headers: [] },
    { headers: { a: 1 } },
    { headers: { 'a b': 'c' } },
    { headers: { a: 'b\r\nc: d' } },
    { enable_redirect: 'yes' },
  ]) {
    assert.equal(failure('/echo', more).code, 'eval_http_send_internal_error', JSON.stringify(more))
  }
  const strict = { strict: true, surroundings: { http } }
  assert.throws(() => callBuiltin('http.send', [{ method: 'get', url: 'http://127.0.0.1/', bad: 1 }], strict), {
    opaCode: 'eval_type_error',
  })
  assert.throws(() => callBuiltin('http.send', [{ method: 'get' }], strict), { opaCode: 'eval_type_error' })
})
