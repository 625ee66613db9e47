import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { configMap, labelJudge, reviewOf } from '../../../test/kit/admission.ts'
import { keptCertificates, type Lives } from './certificates.ts'
import { type AdmissionOptions, AdmissionServer } from './server.ts'

const DAY = 86_400_000
/** Long ones, and a clock that is behind: whatever is done to it, clients, who go by the real one, find what is served valid. */
const LIVES: Lives = { authority: 1_000 * DAY, server: 900 * DAY, settle: 2 * DAY }
const BEHIND = 610 * DAY

async function start(t: TestContext, given: Partial<AdmissionOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'thymus-admission-'))
  const faults: unknown[] = []
  const clock = { now: Date.now() - BEHIND }
  const admission = await AdmissionServer.start({
    address: { host: '127.0.0.1', port: 0 },
    certificates: keptCertificates(folder, ['127.0.0.1'], LIVES),
    judge: labelJudge,
    failMode: { validate: 'Fail', mutate: 'Fail' },
    now: () => clock.now,
    clock: () => performance.now(),
    fault: (error) => void faults.push(error),
    ...given,
  })
  const agents: Agent[] = []
  t.after(async () => {
    for (const agent of agents) agent.destroy()
    await admission.stop(100)
    rmSync(folder, { recursive: true })
  })
  const port = Number(new URL(admission.url).port)
  /** A client that trusts what it was told once. */
  const client = (options: { readonly keepAlive?: boolean; readonly ca?: string } = {}) => {
    const agent = new Agent({ ca: admission.credentials.bundle, keepAlive: true, ...options })
    agents.push(agent)
    return (path: string, body?: string | Buffer, headers: Record<string, string> = {}) =>
      ask(agent, `${admission.url}${path}`, body, headers)
  }
  return { admission, clock, client, faults, port }
}

function ask(agent: Agent, url: string, body: string | Buffer | undefined, headers: Record<string, string>) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST'
    const call = request(
      url,
      { agent, method, headers: { ...(body && { 'Content-Type': 'application/json' }), ...headers } },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString() }))
      },
    )
    call.on('error', reject)
    call.end(body)
  })
}

/** The fingerprint of the certificate that a new connection is shown. */
async function served(port: number, ca: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', ca })
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

const REVIEW = JSON.stringify(reviewOf(configMap('a')))
const fails = async (call: Promise<unknown>) => assert.rejects(call)

test('it answers over TLS, to a client that trusts the bundle', async (t) => {
  const { client } = await start(t)
  const { status, text } = await client()('/v1/admit', REVIEW)
  assert.deepEqual([status, JSON.parse(text).response.allowed], [200, true])
  await fails(client({ ca: '' })('/healthz'))
})

test('certificates change under open connections, and the cluster is told before', async (t) => {
  const published: string[] = []
  let refuses = false
  const { admission, clock, client, faults, port } = await start(t, {
    publish: async (bundle) => {
      if (refuses) throw new Error('the cluster is away')
      published.push(bundle)
    },
  })
  const old = client()
  const first = admission.credentials
  assert.deepEqual(published, [first.bundle])
  clock.now += 501 * DAY
  refuses = true
  await admission.refresh()
  assert.match(String(faults.at(-1)), /the cluster is away/)
  clock.now += 3 * DAY
  await admission.refresh()
  refuses = false
  await admission.refresh()
  await admission.refresh()
  assert.equal(published.length, 2)
  assert.ok(published[1]!.startsWith(first.bundle) && published[1] !== first.bundle)
  const issuer = () => new X509Certificate(admission.credentials.cert).issuer
  assert.equal(issuer(), new X509Certificate(first.cert).issuer, 'the new authority is not used at once')
  assert.equal((await old('/healthz')).status, 200)
  clock.now += 3 * DAY
  await admission.refresh()
  assert.notEqual(issuer(), new X509Certificate(first.cert).issuer)
  assert.equal(await served(port, admission.credentials.bundle), new X509Certificate(admission.credentials.cert).fingerprint256)
  assert.equal((await old('/healthz')).status, 200, 'a connection that was open goes on')
})

test('a burst of requests while the certificate changes loses none', async (t) => {
  const { admission, clock, client } = await start(t)
  const send = client({ keepAlive: false })
  const { cert } = admission.credentials
  const answers = Array.from({ length: 200 }, async (_, at) => {
    await sleep(at)
    if (at % 20 === 0) {
      if (at === 100) clock.now += 601 * DAY
      await admission.refresh()
    }
    return (await send('/v1/admit', REVIEW)).status
  })
  assert.deepEqual(new Set(await Promise.all(answers)), new Set([200]))
  assert.notEqual(admission.credentials.cert, cert)
})

test('a certificate that has ended is told by readiness, and the server goes on', async (t) => {
  const { admission, clock, client } = await start(t, {
    certificates: { refresh: (now) => ({ credentials: stale(now), fault: undefined }) },
  })
  const send = client({ ca: admission.credentials.bundle })
  assert.equal((await send('/readyz')).status, 200)
  clock.now += 2 * DAY
  assert.deepEqual(await send('/readyz'), { status: 503, text: 'UNTRUSTED: the certificate has ended\n' })
  assert.equal((await send('/healthz')).status, 200)
  assert.match((await send('/metrics')).text, /^thymus_admission_certificate_end_seconds \d+(\.\d+)?$/m)
})

let made: { readonly cert: string; readonly key: string; readonly bundle: string; readonly notAfter: number } | undefined
/** Says that it ends tomorrow. */
function stale(now: number) {
  if (made !== undefined) return made
  const folder = mkdtempSync(join(tmpdir(), 'thymus-admission-'))
  made = { ...keptCertificates(folder, ['127.0.0.1'], LIVES).refresh(now).credentials, notAfter: now + DAY }
  rmSync(folder, { recursive: true })
  return made
}

test('a body that is too large is refused, told or not', async (t) => {
  const { client } = await start(t, { listening: { maxBytes: 2_000 } })
  const send = client({ keepAlive: false })
  const large = REVIEW + ' '.repeat(3_000)
  assert.deepEqual(await send('/v1/admit', large), {
    status: 413,
    text: '{"code":"REVIEW","message":"the body is larger than 2000 bytes"}\n',
  })
  assert.equal((await send('/v1/admit', REVIEW + ' '.repeat(2_000 - REVIEW.length))).status, 200)
  assert.equal((await send('/v1/admit', large, { 'Transfer-Encoding': 'chunked' })).status, 413)
})

test('a head that is too large, a plain connection, and what is no HTTP end by themselves', async (t) => {
  const { client, port, admission } = await start(t)
  const send = client({ keepAlive: false })
  assert.equal((await send('/healthz', undefined, { long: 'x'.repeat(20_000) })).status, 431)
  const plain = connectPlain(port, '127.0.0.1')
  plain.on('error', () => {})
  plain.end('GET / HTTP/1.1\r\n\r\n')
  await new Promise((resolve) => plain.once('close', resolve))
  const wild = connect({ port, host: '127.0.0.1', ca: admission.credentials.bundle })
  wild.on('error', () => {})
  wild.write('\0\0\0\0')
  wild.resume()
  await new Promise((resolve) => wild.once('close', resolve))
  assert.equal((await send('/healthz')).status, 200)
})

test('clients that hang or trickle are cut, and stop nobody else', async (t) => {
  const { client, port, admission } = await start(t, { listening: { requestMs: 300, idleMs: 1_000 } })
  const began = performance.now()
  const slow = [
    '',
    'POST /v1/admit HTTP/1.1\r\n',
    'POST /v1/admit HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
  ].map((text) => {
    const socket = connect({ port, host: '127.0.0.1', ca: admission.credentials.bundle })
    socket.on('error', () => {})
    socket.write(text)
    socket.resume()
    return new Promise<void>((resolve) => socket.once('close', () => resolve()))
  })
  const silent = connectPlain(port, '127.0.0.1')
  silent.on('error', () => {})
  const silence = new Promise<void>((resolve) => silent.once('close', () => resolve()))
  assert.equal((await client()('/v1/admit', REVIEW)).status, 200)
  await Promise.all([...slow, silence])
  assert.ok(performance.now() - began < 5_000)
})

test('there are only so many connections', async (t) => {
  const { port, admission, client } = await start(t, { listening: { maxConnections: 5 } })
  const sockets = Array.from({ length: 20 }, () => connect({ port, host: '127.0.0.1', ca: admission.credentials.bundle }))
  let [open, closed] = [0, 0]
  for (const socket of sockets) {
    socket.on('error', () => {})
    socket.on('secureConnect', () => open++)
    socket.on('close', () => closed++)
  }
  for (const until = Date.now() + 5_000; open + closed < 20 && Date.now() < until; ) await sleep(20)
  assert.deepEqual([open, closed], [5, 15])
  for (const socket of sockets) socket.destroy()
  await sleep(100)
  assert.equal((await client()('/healthz')).status, 200)
})

test('a server that is told to stop answers what it has begun', async (t) => {
  const { admission, client } = await start(t)
  const slow = client()('/v1/admit', JSON.stringify(reviewOf(configMap('a', { slow: '200' }))))
  await sleep(100)
  const began = performance.now()
  await admission.stop(5_000)
  assert.equal((await slow).status, 200)
  assert.ok(performance.now() - began < 2_000, 'and ends then, though the client would keep the connection')
})
