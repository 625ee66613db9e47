// The configuration file: what it says holds in the kernel, and a file that is wrong starts nothing.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { unifiedMount } from '../../src/adapters/linux/groups.ts'
import { placesOf } from '../../src/agent/places.ts'
import type { WorkloadSummary } from '../../src/server/api.ts'
import { Agent } from '../kit/agent.ts'
import { thymus } from '../kit/cli.ts'
import { needKernel } from '../kit/need-kernel.ts'
import { lend, Puppet, type Socket } from '../kit/puppet.ts'

/** web may neither be reached nor reach anybody. */
const CLOSED = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
`

test('ports that the file calls failsafe are never cut, though a policy denies everything', async (t) => {
  if (!needKernel(t)) return
  const outside = lend(t, new Puppet())
  const free = await freePorts(outside)
  const failsafe = [
    { port: free.entry, protocol: 'TCP', direction: 'in' },
    { port: free.exit, protocol: 'TCP', direction: 'out' },
    { port: free.name, protocol: 'UDP', direction: 'out' },
  ]
  const agent = new Agent(JSON.stringify({ failsafe }))
  t.after(() => agent.down())
  await agent.up()
  const start = (name: string) => agent.post<WorkloadSummary>('/v1/workloads', { name, namespace: 'default', labels: { app: name } })
  const web = lend(t, new Puppet({ group: (await start('web')).cgroup }))
  const client = lend(t, new Puppet({ group: (await start('client')).cgroup }))
  const [entry, other] = [await web.listen('127.0.0.1', free.entry), await web.listen('127.0.0.1')]
  const [exit, elsewhere] = [await outside.listen('127.0.0.1', free.exit), await outside.listen('127.0.0.1')]
  const [name, log] = [await outside.bound('127.0.0.1', free.name), await outside.bound('127.0.0.1')]
  const datagram = async (to: Socket & { readonly port: number }) => {
    const socket = await web.socket('udp', 4)
    return [await socket.sendTo('127.0.0.1', to.port, 'x'), await to.receive()]
  }
  const all = async () => ({
    entry: await client.tryConnect('127.0.0.1', entry.port),
    other: await client.tryConnect('127.0.0.1', other.port),
    exit: await web.tryConnect('127.0.0.1', exit.port),
    elsewhere: await web.tryConnect('127.0.0.1', elsewhere.port),
    name: await datagram(name),
    log: await datagram(log),
  })
  const open = { entry: 'ok', other: 'ok', exit: 'ok', elsewhere: 'ok', name: ['ok', 'x'], log: ['ok', 'x'] }
  assert.deepEqual(await all(), open, 'without a policy')

  await agent.post('/v1/policies', { text: CLOSED, file: 'closed.yaml', mode: 'enforce' })
  const denied = { ...open, other: 'EPERM', elsewhere: 'EPERM', log: ['EPERM', '[EAGAIN]'] }
  assert.deepEqual(await all(), denied)

  await agent.kill(agent.guard)
  assert.deepEqual(await all(), denied, 'with nobody there to ask')
})

test('with enforceRoot: host a socket that was made outside is judged when it is carried in', async (t) => {
  if (process.env.THYMUS_LAB_GUEST !== '1') return t.skip('attaches at the root of the hierarchy: in the lab only')
  if (!needKernel(t)) return
  const outside = lend(t, new Puppet())
  const server = await outside.listen('127.0.0.1')
  const said = async (config: object) => {
    const agent = new Agent(JSON.stringify(config))
    try {
      await agent.up()
      await agent.post('/v1/policies', { text: CLOSED, file: 'closed.yaml', mode: 'enforce' })
      const web = await agent.post<WorkloadSummary>('/v1/workloads', { name: 'web', namespace: 'default', labels: { app: 'web' } })
      const inside = new Puppet({ group: web.cgroup })
      const carried = await inside.carry(outside, await outside.socket('tcp', 4))
      const answer = await carried.connect('127.0.0.1', server.port)
      await inside.stop()
      return answer
    } finally {
      await agent.down()
    }
  }
  assert.equal(await said({}), 'ok')
  assert.equal(await said({ enforceRoot: 'host' }), 'EPERM')
})

describe('a configuration file that is wrong', () => {
  const bad = {
    'with a field that there is not': ['{"failsave": []}', /^thymus: CONFIG: failsave: there is no such setting \(at \S+config\.json\)\n$/],
    'with such a field further down': [
      '{"failsafe": [{"port": 22, "protocol": "TCP", "direction": "in", "ports": 1}]}',
      /^thymus: CONFIG: failsafe\[0\]: there is no field "ports" \(at \S+config\.json\)\n$/,
    ],
    'that is no JSON': ['failsafe: []', /^thymus: CONFIG: it is no JSON \(at \S+config\.json\)\n$/],
    'that is not there': [undefined, /^thymus: CONFIG: it cannot be read \(at \S+config\.json\)\n$/],
  } as const
  for (const [how, [text, message]] of Object.entries(bad)) {
    test(`${how} is one error, and no agent starts`, async (t) => {
      if (!needKernel(t)) return
      const home = mkdtempSync(join(tmpdir(), 'thymus-config-'))
      chmodSync(home, 0o755)
      const file = join(home, 'config.json')
      const env = { ...process.env, THYMUS_HOME: home, THYMUS_CONFIG: file }
      t.after(async () => {
        await thymus(['down', '--purge'], { env })
        rmSync(home, { recursive: true })
      })
      if (text !== undefined) writeFileSync(file, text)
      const { status, stdout, stderr } = await thymus(['up'], { env })
      assert.deepEqual([status, stdout], [1, ''])
      assert.match(stderr, message)
      const at = placesOf({ uid: 0, env, unified: unifiedMount(), checkout: '/nonexistent', writable: () => true })
      assert.ok(!existsSync(at.pins!) && !existsSync(at.groups!) && !existsSync(at.state), 'nothing was begun')
      assert.match((await thymus(['status'], { env })).stderr, /^thymus: AGENT_DOWN: /)
    })
  }
})

/** Ports that nobody has, drawn by the kernel. */
async function freePorts(puppet: Puppet): Promise<{ readonly entry: number; readonly exit: number; readonly name: number }> {
  const sockets = [await puppet.listen('127.0.0.1'), await puppet.listen('127.0.0.1'), await puppet.bound('127.0.0.1')]
  for (const socket of sockets) await socket.close()
  const [entry, exit, name] = sockets.map(({ port }) => port)
  return { entry: entry!, exit: exit!, name: name! }
}
