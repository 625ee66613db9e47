// What somebody may send, by mistake or on purpose: one clear error that names the place, nothing half-applied, and the agent goes on.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, rmdirSync } from 'node:fs'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApplyResult, Status, WorkloadSummary } from '../../src/server/api.ts'
import { Agent } from '../kit/agent.ts'
import { needKernel, whyNoKernel } from '../kit/need-kernel.ts'

const POLICY = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
`
const REFUSED: readonly (readonly [what: string, text: string, code: RegExp, at: RegExp])[] = [
  ['an unknown field', POLICY.replace('policyTypes', 'policyTypess'), /^POLICY_FIELD$/, /^bad\.yaml:7:/],
  ['an unknown kind', 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n', /^POLICY_KIND$/, /^bad\.yaml:2:/],
  ['a binary', Buffer.from(Array.from({ length: 4096 }, (_, at) => at % 251)).toString('latin1'), /^POLICY_SYNTAX$/, /^bad\.yaml:/],
  ['half a file', POLICY.slice(0, -30), /^POLICY_/, /^bad\.yaml:/],
  ['a label of a megabyte', POLICY.replace('app: web', `app: ${'x'.repeat(1 << 20)}`), /^POLICY_FIELD$/, /^bad\.yaml:6:/],
  ['a named port', `${POLICY}  ingress: [{ports: [{port: http}]}]\n`, /^POLICY_UNSUPPORTED$/, /^bad\.yaml:8:/],
  ['a good document and a bad one', `${POLICY}---\n${POLICY.replace('name: web', 'name: 7')}`, /^POLICY_/, /^bad\.yaml:\d/],
]

let agent: Agent

const apply = (text: string) => agent.post<ApplyResult>('/v1/policies', { text, file: 'bad.yaml', mode: 'enforce' })
const status = () => agent.get<Status>('/v1/status')

describe('an agent', () => {
  before(async () => {
    if (whyNoKernel() !== undefined) return
    agent = new Agent()
    await agent.up()
    await agent.post('/v1/policies', { text: POLICY, file: 'web.yaml', mode: 'enforce' })
  })
  after(() => agent?.down())

  for (const [what, text, code, at] of REFUSED) {
    test(`refuses ${what}, whole, and names the place in few words`, async (t) => {
      if (!needKernel(t)) return
      const before = await status()
      await assert.rejects(apply(text), (error: { code: string; at: string; message: string }) => {
        assert.match(error.code, code)
        assert.match(error.at, at)
        assert.ok(error.message.length < 2_000)
        return true
      })
      const now = await status()
      assert.deepEqual([now.generation, now.policies], [before.generation, before.policies])
    })
  }

  test('warns of a selector that matches nothing', async (t) => {
    if (!needKernel(t)) return
    const { warnings } = await apply(POLICY.replace('name: web', 'name: lonely').replace('app: web', 'app: nobody'))
    assert.deepEqual(warnings, ['NetworkPolicy/default/lonely selects no workload'])
    await agent.delete('/v1/policies/NetworkPolicy/default/lonely')
  })

  test('takes 100,000 rules, and refuses more with exact numbers and what was in force still in force', async (t) => {
    if (!needKernel(t)) return
    const rules = (peers: number, ports: number) => {
      const from = Array.from({ length: peers }, (_, at) => `{ipBlock: {cidr: 10.${at >> 8}.${at & 255}.0/24}}`)
      const list = Array.from({ length: ports }, (_, at) => `{protocol: TCP, port: ${2 * at + 1}}`)
      return `${POLICY.replace('name: web', 'name: many')}  ingress: [{from: [${from}], ports: [${list}]}]\n`
    }
    const taken = await apply(rules(10, 10_000))
    assert.equal(taken.policies[0]!.rules, 100_000)
    await assert.rejects(apply(rules(1_000, 30_000)), (error: { code: string; message: string }) => {
      assert.equal(error.code, 'POLICY_LIMIT')
      assert.match(error.message, /30000000|30,000,000/)
      return true
    })
    assert.equal((await status()).generation, taken.generation)
    await agent.delete('/v1/policies/NetworkPolicy/default/many')
  })

  test('answers every malformed request with a code, and goes on', async (t) => {
    if (!needKernel(t)) return
    const bad: readonly (readonly [string, object])[] = [
      ['/v1/policies', { text: POLICY }],
      ['/v1/policies', { text: POLICY, file: 'a', more: true }],
      ['/v1/policies', { text: 7, file: 'a' }],
      ['/v1/policies', { text: POLICY, file: 'a', mode: 'maybe' }],
      ['/v1/policies/why', { gate: 'open', from: 'web' }],
      ['/v1/workloads', { name: '../x', namespace: 'default', labels: {} }],
      ['/v1/workloads', { name: 'x', namespace: 'default', labels: { a: 'y'.repeat(1 << 20) } }],
      ['/v1/workloads', { name: 'x', namespace: 'default', labels: {}, cgroup: '/etc' }],
      ['/v1/workloads', { name: 'x', namespace: 'default', labels: {}, cgroup: `${agent.at.groups}/../..` }],
      ['/v1/record', { file: '../../etc/passwd' }],
      ['/v1/nothing', {}],
    ]
    for (const [path, body] of bad) {
      await assert.rejects(agent.post(path, body), (error: { code: string; message: string }) => {
        assert.match(error.code, /^(AGENT_REQUEST|WORKLOAD_NAME|WORKLOAD_LABEL|GROUP_UNKNOWN|USAGE)$/, `${path}: ${error.message}`)
        assert.ok(error.message.length < 2_000)
        return true
      })
    }
    assert.equal((await status()).workloads, 0)
  })

  test('serves others while a client hangs', async (t) => {
    if (!needKernel(t)) return
    const hanging = Array.from({ length: 20 }, () => connect(agent.at.socket))
    await Promise.all(hanging.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    for (const socket of hanging) socket.write('POST /v1/policies HTTP/1.1\r\ncontent-length: 1000\r\n\r\n{')
    assert.ok(await status())
    for (const socket of hanging) socket.destroy()
  })

  test('answers nobody but root', (t) => {
    if (!needKernel(t)) return
    chmodSync(agent.home, 0o755)
    const ask = `require('http').get({socketPath: ${JSON.stringify(agent.at.socket)}, path: '/v1/status'}, (r) => { r.on('data', (d) => console.log(r.statusCode, String(d))) })`
    const words = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, '-e', ask]
    const { stdout } = spawnSync('setpriv', words, { encoding: 'utf8', cwd: '/', timeout: 20_000 })
    assert.match(stdout, /^403 .*"PRIVILEGE"/)
  })

  test('lets a workload go whose group somebody removed', async (t) => {
    if (!needKernel(t)) return
    const web = await agent.post<WorkloadSummary>('/v1/workloads', { name: 'web', namespace: 'default', labels: { app: 'web' } })
    rmdirSync(web.cgroup)
    await apply(POLICY.replace('Ingress', 'Egress'))
    await agent.delete('/v1/workloads/default/web')
    assert.equal((await status()).workloads, 0)
  })

  test('sees processes that die at once, each exactly once', async (t) => {
    if (!needKernel(t)) return
    for (let round = 0; round < 5; round++) spawnSync('/bin/sh', ['-c', 'for i in $(seq 100); do /bin/true; done'])
    for (const started = Date.now(); Date.now() - started < 10_000; await sleep(50)) {
      const { loss } = await status()
      if (loss.every(({ unread }) => unread === 0)) {
        for (const { program, issued, received, dropped } of loss) assert.equal(issued, received + dropped, program)
        assert.ok(loss.find(({ program }) => program === 'exec')!.received >= 500)
        return
      }
    }
    assert.fail('the rings are never read empty')
  })
})
