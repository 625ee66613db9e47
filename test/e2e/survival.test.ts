// It keeps working: killed in any order every verdict stays in force, a restart takes over without a gap, and a purge leaves nothing.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { inGroup, unifiedMount } from '../../src/adapters/linux/groups.ts'
import { networkOf } from '../../src/adapters/linux/netns.ts'
import type { ApplyResult, FindingList, Status, WorkloadSummary } from '../../src/server/api.ts'
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
    fileless: deny
    rules:
      - {effect: deny, path: /usr/bin/id}
  connect: {default: deny}
`

let agent: Agent
let web: WorkloadSummary

/** Runs a command as the workload. */
function asWeb(...command: string[]) {
  const [file, ...words] = inGroup(web.cgroup, command)
  return spawnSync(file, words, { encoding: 'utf8' })
}

function inForce(): boolean {
  const id = asWeb('/usr/bin/id')
  const connect = asWeb('/bin/bash', '-c', ': </dev/tcp/127.0.0.1/9')
  return (id.signal === 'SIGKILL' || id.status === 126) && id.stdout === '' && connect.stderr.includes('Operation not permitted')
}

describe('an agent', () => {
  before(async () => {
    if (whyNoKernel() !== undefined) return
    agent = new Agent()
    await agent.up()
    await agent.post('/v1/policies', { text: POLICY, file: 'web.yaml' })
    web = await agent.post('/v1/workloads', { name: 'web', namespace: 'default', labels: { app: 'web' } })
  })
  after(() => agent?.down())

  test('enforces', (t) => {
    if (!needKernel(t)) return
    assert.ok(inForce())
  })

  for (const order of [['pid'], ['guard'], ['pid', 'guard'], ['guard', 'pid']] as const) {
    test(`killed (${order.map((who) => (who === 'pid' ? 'mind' : who)).join(', then ')}), leaves every verdict in force, and a restart finds everything`, async (t) => {
      if (!needKernel(t)) return
      const before = await agent.get<Status>('/v1/status')
      const attached = attachments()
      for (const who of order) await agent.kill(before.agent[who]!).catch(() => {})
      assert.ok(inForce(), 'a verdict fell with the agent')
      if ((order as readonly string[]).includes('guard')) await agent.up()
      const again = await answering()
      assert.ok(inForce())
      assert.deepEqual(attachments(), attached, 'a program is attached twice, or not at all')
      assert.deepEqual([again.policies, again.workloads], [1, 1])
      assert.ok(again.generation >= before.generation)
    })
  }

  test('stores no event twice and loses none when it is killed while it reads', async (t) => {
    if (!needKernel(t)) return
    const before = (await settled()).loss.find(({ program }) => program === 'exec')!
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < 40; at++) asWeb('/bin/true')
      await agent.kill((await answering()).agent.pid)
    }
    for (let at = 0; at < 40; at++) asWeb('/bin/true')
    const after = (await settled()).loss.find(({ program }) => program === 'exec')!
    assert.ok(after.issued - before.issued >= 160)
    assert.deepEqual({ dropped: after.dropped, unread: after.unread }, { dropped: 0, unread: 0 })
    assert.equal(after.received, after.issued)
  })

  test('a second one is refused, and the first goes on', async (t) => {
    if (!needKernel(t)) return
    const second = spawnSync(process.execPath, ['src/agent/guard.ts'], {
      encoding: 'utf8',
      env: { ...process.env, THYMUS_HOME: agent.home },
    })
    assert.equal(second.status, 1)
    assert.match(second.stderr, /^thymus: AGENT_SECOND: .*\n$/m)
    assert.ok(await answering())
  })

  test('a change that is not confirmed undoes itself', async (t) => {
    if (!needKernel(t)) return
    const more = POLICY.replace('name: web', 'name: more').replace('/usr/bin/id', '/usr/bin/env')
    const applied = await agent.post<ApplyResult>('/v1/policies', { text: more, file: 'more.yaml', confirmWithinSeconds: 1 })
    assert.ok(applied.unconfirmed! > Date.now())
    assert.equal(asWeb('/usr/bin/env').stdout, '')
    await sleep(1_400)
    assert.notEqual(asWeb('/usr/bin/env').stdout, '')
    assert.equal((await answering()).policies, 1)
  })

  test('and one whose agent is killed meanwhile is undone by the next', async (t) => {
    if (!needKernel(t)) return
    const more = POLICY.replace('name: web', 'name: more').replace('/usr/bin/id', '/usr/bin/env')
    await agent.post<ApplyResult>('/v1/policies', { text: more, file: 'more.yaml', confirmWithinSeconds: 1 })
    const { pid, guard } = (await answering()).agent
    await agent.kill(guard!)
    await agent.kill(pid).catch(() => {})
    await sleep(1_100)
    await agent.up()
    assert.notEqual(asWeb('/usr/bin/env').stdout, '')
    assert.equal((await answering()).policies, 1)
  })

  test('bad policies change nothing', async (t) => {
    if (!needKernel(t)) return
    const before = await answering()
    const bad = [
      POLICY.replace('fileless', 'filelesss'),
      `${POLICY}---\nkind: Unknown\n`,
      Buffer.alloc(300, 7).toString('latin1'),
      'a: [',
      `${POLICY}\n  more: true`,
    ]
    for (const text of bad) {
      await assert.rejects(agent.post('/v1/policies', { text, file: 'bad.yaml' }), (error: { code: string; at: string }) => {
        assert.match(error.code, /^POLICY_/)
        assert.match(error.at, /^bad\.yaml:\d+:\d+/)
        return true
      })
    }
    assert.equal((await answering()).generation, before.generation)
    assert.ok(inForce())
  })

  test('a denied fileless image is a finding that names the line', async (t) => {
    if (!needKernel(t)) return
    asWeb(process.execPath, join(import.meta.dirname, '../kit/fileless.ts'), 'memfd by execveat', agent.home)
    await settled()
    const { items } = await agent.get<FindingList>('/v1/findings')
    const found = items.find(({ code }) => code === 'RT_FILELESS')!
    assert.equal(found.about, 'default/web')
    assert.ok(found.because && 'rule' in found.because && found.because.rule.source.line === 9)
  })

  test('a damaged database is set aside, and the kernel’s verdicts stay until policies come again', async (t) => {
    if (!needKernel(t)) return
    const { pid, guard } = (await answering()).agent
    await agent.kill(guard!)
    await agent.kill(pid).catch(() => {})
    // Its log alone could mend it.
    for (const rest of ['-wal', '-shm']) rmSync(join(agent.at.state, `thymus.db${rest}`), { force: true })
    writeFileSync(join(agent.at.state, 'thymus.db'), Buffer.alloc(8192, 0x5a))
    const status = await agent.up()
    assert.match(status.notices.join('\n'), /STATE_CORRUPT/)
    assert.ok(readdirSync(agent.at.state).some((name) => name.includes('corrupt')))
    assert.ok(inForce(), 'a verdict fell with the database')
    await agent.kill(status.agent.pid)
    await answering()
    assert.ok(inForce(), 'a verdict fell with the mind that came after')

    const other = { name: 'other', namespace: 'default', labels: {} }
    await assert.rejects(agent.post('/v1/workloads', other), { code: 'STATE_CORRUPT' })
    await agent.post('/v1/policies', { text: POLICY, file: 'web.yaml' })
    const adopted = await agent.post<WorkloadSummary>('/v1/workloads', {
      name: 'web',
      namespace: 'default',
      labels: { app: 'web' },
      cgroup: web.cgroup,
    })
    assert.equal(adopted.cgroup, web.cgroup)
    assert.ok(inForce())
  })

  test('2,000 workloads come and go, and nothing stays', async (t) => {
    if (!needKernel(t)) return
    const groups = () => readdirSync(agent.at.groups!, { withFileTypes: true }).filter((entry) => entry.isDirectory()).length
    const before = groups()
    const names = Array.from({ length: 2_000 }, (_, at) => `w${at}`)
    for (const name of names) await agent.post('/v1/workloads', { name, namespace: 'many', labels: { app: 'many', n: name } })
    assert.equal(groups(), before + 2_000)
    for (const name of names) await agent.delete(`/v1/workloads/many/${name}`)
    assert.equal(groups(), before)
    assert.ok((await answering()).workloads <= 1)
  })
})

test('a purge leaves the machine as it was', async (t) => {
  if (!needKernel(t)) return
  const mine = new Agent()
  const before = traces(mine)
  await mine.up()
  await mine.post('/v1/policies', { text: POLICY, file: 'web.yaml' })
  await mine.post('/v1/workloads', { name: 'web', namespace: 'default', labels: { app: 'web' }, netns: true })
  assert.notDeepEqual(traces(mine), before)
  const { pid, guard } = (await mine.get<Status>('/v1/status')).agent
  await mine.post('/v1/down', { purge: true })
  for (const started = Date.now(); (existsSync(`/proc/${pid}`) || existsSync(`/proc/${guard}`)) && Date.now() - started < 10_000; )
    await sleep(50)
  assert.deepEqual(traces(mine), before, mine.log())
  await mine.down()
})

/** What an instance leaves on a machine, as far as it can be listed. */
function traces({ at }: Agent) {
  const { bridge } = networkOf(at.instance)
  const list = (command: string, ...words: string[]) => execFileSync(command, words, { encoding: 'utf8' })
  return {
    groups: readdirSync(unifiedMount()!).filter((name) => name === at.instance),
    folders: [at.state, at.run, at.pins!].filter((folder) => existsSync(folder)),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(at.instance)).length,
    interfaces: list('ip', '-o', 'link')
      .split('\n')
      .filter((line) => line.includes(bridge)).length,
    namespaces: list('ip', 'netns')
      .split('\n')
      .filter((line) => line.includes(bridge)).length,
  }
}

/** What is attached for this agent: its pinned links, and the programs on its groups. Others on the machine attach and detach as they like. */
function attachments() {
  const links = readdirSync(join(agent.at.pins!, 'links'), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  ).length
  const shown = execFileSync('bpftool', ['-j', 'cgroup', 'show', agent.at.groups!], { encoding: 'utf8' })
  return { links, onGroup: (JSON.parse(shown) as unknown[]).length }
}

async function answering(): Promise<Status> {
  for (const started = Date.now(); Date.now() - started < 10_000; await sleep(30)) {
    const status = await agent.get<Status>('/v1/status').catch(() => undefined)
    if (status) return status
  }
  throw new Error(agent.log())
}

/** When all that was issued has been read. */
async function settled(): Promise<Status> {
  for (const started = Date.now(); Date.now() - started < 10_000; await sleep(50)) {
    const status = await answering()
    if (status.loss.filter(({ program }) => program === 'exec').every(({ unread }) => unread <= 0)) return status
  }
  throw new Error('the ring is never read empty')
}
