// Bad input: what cannot be taken is refused in few words, what was in force stays in force, and others are served meanwhile.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rmdirSync } from 'node:fs'
import { request } from 'node:http'
import { createConnection } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { inGroup } from '../../src/adapters/linux/groups.ts'
import type { ApplyResult, Status, WorkloadSummary } from '../../src/server/api.ts'
import { Agent } from '../kit/agent.ts'
import { needKernel, whyNoKernel } from '../kit/need-kernel.ts'

const POLICY = `
apiVersion: thymus.dev/v1
kind: WorkloadPolicy
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  mode: enforce
  exec:
    rules:
      - {effect: deny, path: /usr/bin/id}
`
const WEB = { name: 'web', namespace: 'default', labels: { app: 'web' } }

interface Refusal {
  readonly code: string
  readonly message: string
  readonly at?: string
}

let agent: Agent
let web: WorkloadSummary

function asWeb(...command: string[]) {
  const [file, ...words] = inGroup(web.cgroup, command)
  return spawnSync(file, words, { encoding: 'utf8', timeout: 60_000 })
}

/** Status and answer to a body that need not be JSON. */
function raw(method: string, path: string, body: string | Buffer = '', headers = {}): Promise<{ status: number; answer: Refusal }> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: agent.at.socket, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode!, answer: JSON.parse(Buffer.concat(chunks).toString()) }))
    })
    call.on('error', reject)
    call.end(body)
  })
}

function rulesFile(name: string, count: number, path = (at: number) => `/opt/${at}`): string {
  const rules = Array.from({ length: count }, (_, at) => `      - {effect: deny, path: ${path(at)}}\n`)
  return POLICY.replace('name: web', `name: ${name}`).replace(/ {6}- .*\n/, rules.join(''))
}

/** Short, in one line, and nothing of what is in force has changed. */
async function refuses(path: string, body: object, code: string, words: RegExp): Promise<void> {
  const before = await agent.get<Status>('/v1/status')
  await assert.rejects(agent.post(path, body), (error: Refusal) => {
    assert.equal(error.code, code)
    assert.match(`${error.message} ${error.at ?? ''}`, words)
    assert.ok(error.message.length < 400, `${error.message.length} characters`)
    return true
  })
  const now = await agent.get<Status>('/v1/status')
  assert.deepEqual([now.generation, now.policies, now.workloads], [before.generation, before.policies, before.workloads])
  assert.equal(asWeb('/usr/bin/id').stdout, '', 'the old policy fell')
}

describe('bad input', () => {
  before(async () => {
    if (whyNoKernel() !== undefined) return
    agent = new Agent()
    await agent.up()
    await agent.post('/v1/policies', { text: POLICY, file: 'web.yaml' })
    web = await agent.post('/v1/workloads', WEB)
  })
  after(() => agent?.down())

  test('100,000 rules in one file are in force, first and last; 131,073 are refused with both numbers', async (t) => {
    if (!needKernel(t)) return
    const text = rulesFile('many', 100_000, (at) => (at === 99_999 ? '/usr/bin/env' : `/o/${at}`))
    try {
      const taken = await agent.post<ApplyResult>('/v1/policies', { text, file: 'many.yaml' })
      assert.equal(taken.policies[0]!.rules, 100_000)
      assert.equal(asWeb('/usr/bin/env').stdout, '')
      await agent.delete('/v1/policies/default/many').catch(async () => agent.delete(`/v1/policies/${taken.policies[0]!.id}`))
    } catch (error) {
      const { code, message } = error as Refusal
      assert.equal(code, 'POLICY_LIMIT')
      assert.match(message, /\d{3}/)
    }
    assert.equal(asWeb('/usr/bin/id').stdout, '')
    assert.notEqual(asWeb('/usr/bin/env').stdout, '')
    await refuses('/v1/policies', { text: rulesFile('more', 131_073, (at) => `/o/${at}`), file: 'more.yaml' }, 'POLICY_LIMIT', /\d{3}/)
  })

  test('a selector that matches nothing is taken with a warning', async (t) => {
    if (!needKernel(t)) return
    const text = POLICY.replace('name: web', 'name: nobody').replace('app: web', 'app: nobody')
    const { warnings, policies } = await agent.post<ApplyResult>('/v1/policies', { text, file: 'nobody.yaml', dryRun: true })
    assert.deepEqual(warnings, [`${policies[0]!.id} selects no workload`])
  })

  test('a binary as YAML', async (t) => {
    if (!needKernel(t)) return
    const text = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 37) & 0xff)).toString('latin1')
    await refuses('/v1/policies', { text: `\u007fELF${text}`, file: 'binary.yaml' }, 'POLICY_SYNTAX', /binary\.yaml:\d+:\d+/)
  })

  test('a label of 1 MB', async (t) => {
    if (!needKernel(t)) return
    const long = 'x'.repeat(1 << 20)
    await refuses('/v1/workloads', { ...WEB, name: 'long', labels: { app: long } }, 'WORKLOAD_LABEL', /1048576 characters, more than 63/)
    await refuses('/v1/workloads', { ...WEB, name: 'long', labels: { [long]: 'x' } }, 'WORKLOAD_LABEL', /1048576 characters, more than 63/)
    await refuses('/v1/policies', { text: POLICY.replace('app: web', `app: ${long}`), file: 'long.yaml' }, 'POLICY_FIELD', /long\.yaml:\d/)
  })

  test('names that are none', async (t) => {
    if (!needKernel(t)) return
    const bad = ['', '..', '../web', 'a/b', 'a..b', '-a', 'A', 'a b', 'a\0b', 'ä', 'a'.repeat(254), '../../../../etc']
    for (const name of bad) await refuses('/v1/workloads', { ...WEB, name }, 'WORKLOAD_NAME', /must be|characters/)
    for (const namespace of bad) await refuses('/v1/workloads', { ...WEB, name: 'w', namespace }, 'WORKLOAD_NAME', /must be|characters/)
    await refuses('/v1/workloads', WEB, 'WORKLOAD_NAME', /already/)
    for (const cgroup of ['/etc', '/sys/fs/cgroup/unified/../../../../etc', `${agent.at.groups}/none`, ''])
      await refuses('/v1/workloads', { ...WEB, name: 'w', cgroup }, 'GROUP_UNKNOWN', /group/)
  })

  test('wrong types and unknown fields in requests name the field', async (t) => {
    if (!needKernel(t)) return
    const bad: readonly [string, object, RegExp][] = [
      ['/v1/workloads', { ...WEB, name: 7 }, /name/],
      ['/v1/workloads', { ...WEB, name: 'w', labels: { app: 1 } }, /labels\.app/],
      ['/v1/workloads', { ...WEB, name: 'w', labels: ['app'] }, /labels/],
      ['/v1/workloads', { ...WEB, name: 'w', mode: 'Enforce' }, /mode/],
      ['/v1/workloads', { ...WEB, name: 'w', netsn: true }, /netsn/],
      ['/v1/policies', { text: POLICY }, /file/],
      ['/v1/policies', { text: [POLICY], file: 'x' }, /text/],
      ['/v1/policies', { text: POLICY, file: 'x', confirmWithinSeconds: -1 }, /confirmWithinSeconds/],
      ['/v1/policies/why', { gate: 'fly', from: 'web' }, /gate/],
      ['/v1/policies/why', { gate: 'connect', from: 'web', port: 65_536 }, /port/],
      ['/v1/policies/why', { gate: 'module', sha256: 'AB'.repeat(32) }, /sha256/],
      ['/v1/policies/why', { gate: 'module', from: 'web' }, /from/],
      ['/v1/down', {}, /purge/],
      ['/v1/record', { file: 3 }, /file/],
      ['/v1/workloads', [], /body/],
    ]
    for (const [path, body, words] of bad) await refuses(path, body, 'AGENT_REQUEST', words)
  })

  test('bodies that are no JSON, and requests that there are not', async (t) => {
    if (!needKernel(t)) return
    for (const body of ['', '{', 'null', '[', Buffer.from([0xff, 0xfe, 0])]) {
      const { status, answer } = await raw('POST', '/v1/policies', body)
      assert.deepEqual([status, answer.code], [400, 'AGENT_REQUEST'])
    }
    const none = [
      ['GET', '/'],
      ['GET', '/v2/status'],
      ['PUT', '/v1/policies'],
      ['POST', '/v1/status'],
      ['GET', '/v1/../../etc/passwd'],
    ] as const
    for (const [method, path] of none) {
      const { status, answer } = await raw(method, path)
      assert.deepEqual([status, answer.code], [404, 'AGENT_REQUEST'], `${method} ${path}`)
    }
  })

  for (const way of ['with its length told', 'in chunks'] as const) {
    test(`a request of 100 MB ${way} is refused, and the agent lives`, async (t) => {
      if (!needKernel(t)) return
      const { pid } = (await agent.get<Status>('/v1/status')).agent
      const body = Buffer.alloc(100 << 20, 'x')
      const headers = way === 'in chunks' ? { 'transfer-encoding': 'chunked' } : { 'content-length': body.length }
      // Cut off in the middle is an answer too.
      const refused = await raw('POST', '/v1/policies', body, headers).catch((error: NodeJS.ErrnoException) => error)
      if (refused instanceof Error) assert.match(refused.code!, /EPIPE|ECONNRESET/)
      else assert.deepEqual([refused.status, refused.answer.code], [400, 'POLICY_LIMIT'])
      assert.equal((await agent.get<Status>('/v1/status')).agent.pid, pid)
    })
  }

  test('clients that hang keep nobody waiting', async (t) => {
    if (!needKernel(t)) return
    const hanging = Array.from({ length: 50 }, (_, at) => {
      const socket = createConnection(agent.at.socket)
      socket.on('error', () => {})
      if (at % 2 === 0) socket.write('POST /v1/policies HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{')
      return socket
    })
    await sleep(50)
    await agent.get('/v1/status')
    assert.deepEqual(
      hanging.filter(({ readyState }) => readyState !== 'open'),
      [],
      'they were not waited for',
    )
    for (const socket of hanging) socket.destroy()
  })

  test('an ordinary user is told that this is not their agent', async (t) => {
    if (!needKernel(t)) return
    const ask =
      'my $s = IO::Socket::UNIX->new(Peer => shift) or die $!; print $s "GET $ARGV[0] HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n"; print <$s>'
    const perl = ['perl', '-MIO::Socket::UNIX', '-e', ask, agent.at.socket]
    for (const path of ['/v1/status', '/v1/events', '/none']) {
      const user = spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', ...perl, path], { encoding: 'utf8' })
      const [head, answer] = user.stdout.split('\r\n\r\n')
      assert.match(head!, /^HTTP\/1.1 403 /, user.stderr)
      assert.equal(JSON.parse(answer!).code, 'PRIVILEGE')
    }
  })

  test('a group that somebody removes while policies change is let go of', async (t) => {
    if (!needKernel(t)) return
    const gone = await agent.post<WorkloadSummary>('/v1/workloads', { ...WEB, name: 'gone' })
    const applied = agent.post<ApplyResult>('/v1/policies', { text: POLICY.replace('/usr/bin/id', '/usr/bin/env'), file: 'web.yaml' })
    rmdirSync(gone.cgroup)
    await applied
    assert.equal(asWeb('/usr/bin/env').stdout, '')
    await agent.post('/v1/policies', { text: POLICY, file: 'web.yaml' })
    await agent.delete('/v1/workloads/default/gone')
    await assert.rejects(agent.get('/v1/workloads/default/gone'), { code: 'WORKLOAD_UNKNOWN' })
    assert.equal(asWeb('/usr/bin/id').stdout, '')
  })

  test('processes that die at once are all accounted for', async (t) => {
    if (!needKernel(t)) return
    const exec = async () => (await agent.get<Status>('/v1/status')).loss.find(({ program }) => program === 'exec')!
    const before = await exec()
    assert.equal(asWeb('/bin/bash', '-c', 'for i in {1..500}; do /bin/true & done; wait').status, 0)
    let now = await exec()
    for (const started = Date.now(); now.unread > 0 && Date.now() - started < 10_000; now = await exec()) await sleep(50)
    assert.ok(now.issued - before.issued >= 500)
    assert.equal(now.received, now.issued - now.dropped)
  })
})
