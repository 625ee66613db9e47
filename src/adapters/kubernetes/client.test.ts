// What no API server does, and somebody in its place might. What one does is in test/kube.
import assert from 'node:assert/strict'
import test from 'node:test'
import { served } from '../../../test/kit/api-server.ts'
import { ClusterError, KubernetesClient, type Resource } from './client.ts'
import { ClusterMirror } from './mirror.ts'

const PODS: Resource = { apiVersion: 'v1', kind: 'Pod', name: 'pods', namespaced: true, verbs: ['list', 'watch'] }

const refused = (status: number, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ClusterError, String(error))
  assert.deepEqual([error.code, error.status], ['CLUSTER', status])
  assert.match(error.message, message)
  return true
}

test('answers that are none are errors with a code, and soon', async (t) => {
  const json = { 'Content-Type': 'application/json' }
  const client = await served(t, (request, response) => {
    assert.equal(request.headers.authorization, 'Bearer secret')
    const path = request.url ?? ''
    if (path === '/list') response.writeHead(200, json).end('[1]')
    else if (path === '/half') response.writeHead(200, { ...json, 'Content-Length': '100' }).write('{', () => response.destroy())
    else if (path === '/escape') response.writeHead(403, json).end('{"message":"\\u001b[2Jno"}')
    else if (path === '/html') response.writeHead(502, { 'Content-Type': 'text/html' }).end('<p>bad')
    else if (path === '/moved') response.writeHead(302, { Location: 'https://elsewhere.example/' }).end()
  })
  await assert.rejects(client.get('/list'), refused(0, /no JSON object/))
  await assert.rejects(client.get('/half'), refused(0, /broke off/))
  await assert.rejects(client.get('/escape'), refused(403, /^403 \\u\{1b\}\[2Jno$/))
  await assert.rejects(client.get('/html'), refused(502, /^502 <p>bad$/))
  await assert.rejects(client.get('/moved'), refused(302, /^302/))
  await assert.rejects(client.get('/silence', 100), refused(0, /no answer in time/))
})

test('a server that nobody vouches for is not asked, and learns no token', async (t) => {
  let asked = 0
  const client = await served(t, (_, response) => {
    asked++
    response.end()
  })
  const stranger = new KubernetesClient({ url: client.url, tls: {}, token: () => 'secret' })
  await assert.rejects(stranger.get('/api'), refused(0, /cannot be asked/))
  assert.equal(asked, 0)
  stranger.close()
})

test('a line without an end, and an event that is none, end a watch', async (t) => {
  const client = await served(t, (request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' })
    if (request.url?.includes('resourceVersion=1')) return void response.end('{"type":"ADDED"\n')
    const chunk = 'x'.repeat(1 << 20)
    const write = () => response.write(chunk, (error) => error ?? write())
    write()
  })
  const watched = async (version: string) => {
    for await (const _ of client.watch(PODS, version, AbortSignal.timeout(20_000), () => {}));
  }
  await assert.rejects(watched('1'), refused(0, /no JSON object/))
  await assert.rejects(watched('2'), refused(0, /an event has more than/))
})

test('a watch that ends at once is not asked for without a pause', async (t) => {
  let watches = 0
  const client = await served(t, (request, response) => {
    if (request.url?.includes('watch=true')) watches++
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.end(request.url?.includes('watch=true') ? '' : '{"items":[],"metadata":{"resourceVersion":"1"}}')
  })
  const clock = () => performance.now()
  const mirror = new ClusterMirror(client, {
    keep: (object) => object,
    changed: () => {},
    began: () => {},
    gone: () => {},
    fault: () => {},
    clock,
  })
  await mirror.follow(PODS)
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  mirror.stop()
  assert.ok(watches >= 1 && watches < 10, `${watches}`)
})
