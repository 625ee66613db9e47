// What the three modes come to, whole: one policy at every gate of a workload, observed, then in shadow, then in force, and the agent never
// started anew. The gate of modules is the lab's: module-agent.test.ts.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { inGroup } from '../../src/adapters/linux/groups.ts'
import type { Finding } from '../../src/core/finding.ts'
import type { Mode } from '../../src/core/workload.ts'
import type { EventRecord, FindingList, FlowSummary, RememberedDecision, Status, WorkloadSummary } from '../../src/server/api.ts'
import { Agent } from '../kit/agent.ts'
import { thymus } from '../kit/cli.ts'
import { needKernel, whyNoKernel } from '../kit/need-kernel.ts'
import { lend, Puppet } from '../kit/puppet.ts'

const ECHO = realpathSync('/bin/echo')
/** A port that nobody listens on. */
const NOBODY = 9
const WAIT_MS = 10_000

let agent: Agent | undefined

before(async () => {
  if (whyNoKernel() !== undefined) return
  agent = new Agent()
  await agent.up()
})
after(() => agent?.down())

const workload = async (name: string, mode: Mode) =>
  (await agent!.post<WorkloadSummary>('/v1/workloads', { name, namespace: 'default', labels: { app: name }, mode })).cgroup

/** Nothing is allowed to app=web that it is about to try: to execute, to connect, to take a port, to be connected to. */
const apply = (mode: Mode, name: string) =>
  agent!.post('/v1/policies', {
    file: 'web.yaml',
    mode,
    text: `apiVersion: thymus.dev/v1
kind: WorkloadPolicy
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app: ${name} } }
  exec: { rules: [{ effect: deny, path: ${ECHO} }] }
  connect: { default: deny }
  accept: { default: deny }
  bind: { default: deny }
`,
  })

/** What a workload tries, and what came of it; `at` is a port on which it listens. */
async function tryAll(group: string, puppet: Puppet, at: number, client: Puppet): Promise<readonly string[]> {
  const [file, ...words] = inGroup(group, [ECHO, 'ran'])
  const exec = spawnSync(file, words, { encoding: 'utf8' })
  const bind = await puppet.bound('127.0.0.1').then(
    () => 'ok',
    () => 'refused',
  )
  return [exec.stdout, bind, await puppet.tryConnect('127.0.0.1', NOBODY), await client.tryConnect('127.0.0.1', at)]
}

/** Events are read some milliseconds later: all that a workload did is known when its last one is. */
async function told(name: string, denied: number): Promise<readonly EventRecord[]> {
  for (const end = Date.now() + WAIT_MS; ; await sleep(20)) {
    const words = ['event', 'tail', '--no-follow', '--workload', name, '-o', 'ndjson']
    const { stdout } = await thymus(words, { env: { ...process.env, THYMUS_HOME: agent!.home } })
    const events = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as EventRecord)
      .filter(({ ruling }) => ruling?.effect === 'deny')
    if (events.length >= denied || Date.now() > end) return events
  }
}

const findings = async (name: string) =>
  (await agent!.get<FindingList>('/v1/findings')).items.filter(({ about }) => about === `default/${name}`)
const gist = ({ code, title }: Finding) => `${code} ${title.replace(/ of .*| (TCP|UDP) .*/, '')}`
/** Flows that would be denied, as `thymus flow list` has them. */
const flows = async (name: string) =>
  (await agent!.get<{ items: readonly FlowSummary[] }>('/v1/flows')).items
    .filter(({ from, to, state }) => state === 'would deny' && [from, to].includes(`default/${name}`))
    .map(({ from, to, port, because }) => `${from} ${to}:${port} ${because}`)

/** As `thymus decision list` has them. */
const decisions = async (name: string) =>
  (await agent!.get<{ items: readonly RememberedDecision[] }>('/v1/decisions')).items
    .filter(({ decision }) => decision.request.subject === `default/${name}`)
    .map(({ decision, count }) => `${decision.request.gate} ${decision.enforced ? '' : 'would '}${decision.effect} ${count}`)
    .sort()

test('a denial is counted when observed, a finding in shadow, and real in force, and no restart comes between', async (t) => {
  if (!needKernel(t)) return
  const group = await workload('web', 'enforce')
  const web = lend(t, new Puppet({ group }))
  const client = lend(t, new Puppet({ group: await workload('client', 'enforce') }))
  const { port } = await web.listen('127.0.0.1')
  const { agent: started } = await agent!.get<Status>('/v1/status')

  await apply('observe', 'web')
  assert.deepEqual(await tryAll(group, web, port, client), ['ran\n', 'ok', 'ECONNREFUSED', 'ok'])
  const observed = await told('web', 4)
  assert.deepEqual(observed.map(({ type, ruling }) => `${type} ${ruling!.enforced}`).sort(), [
    ...['accept false', 'bind false', 'connect false', 'exec false'],
  ])
  const because = 'nothing allows it; isolated by WorkloadPolicy/default/web'
  assert.deepEqual((await flows('web')).sort(), [
    `default/client default/web:${port} ${because}`,
    `default/web 127.0.0.1:${NOBODY} ${because}`,
  ])
  assert.deepEqual([await findings('web'), await findings('client')], [[], []])
  assert.deepEqual(await decisions('web'), ['accept would deny 1', 'bind would deny 1', 'connect would deny 1', 'exec would deny 1'])

  await apply('shadow', 'web')
  assert.deepEqual(await tryAll(group, web, port, client), ['ran\n', 'ok', 'ECONNREFUSED', 'ok'])
  assert.equal((await told('web', 8)).length, 8)
  assert.deepEqual(await decisions('web'), ['accept would deny 2', 'bind would deny 2', 'connect would deny 2', 'exec would deny 2'])
  const shadowed = ['NET_DENIED Would be denied: accept', 'NET_DENIED Would be denied: bind', 'NET_DENIED Would be denied: connect']
  assert.deepEqual((await findings('web')).map(gist).sort(), [...shadowed, 'RT_EXEC_DENIED Would be denied: execution'])
  assert.deepEqual((await findings('client')).map(gist), ['NET_DENIED Would be denied: connect'])

  await apply('enforce', 'web')
  assert.deepEqual(await tryAll(group, web, port, client), ['', 'refused', 'EPERM', 'EPERM'])
  await told('web', 11)
  // What was left of the former connections is cut now, and may be told of as dropped.
  const real = (await findings('web')).map(gist).filter((each) => !/Would|drop/.test(each))
  assert.deepEqual(real.sort(), ['NET_DENIED Denied: bind', 'NET_DENIED Denied: connect', 'RT_EXEC_DENIED Denied: execution'])
  assert.deepEqual((await agent!.get<Status>('/v1/status')).agent.since, started.since)
})

test('the weaker of a policy’s mode and a workload’s holds: of a workload that is only observed nothing is reported', async (t) => {
  if (!needKernel(t)) return
  const group = await workload('quiet', 'observe')
  const quiet = lend(t, new Puppet({ group }))
  const client = lend(t, new Puppet({ group: await workload('other', 'enforce') }))
  const { port } = await quiet.listen('127.0.0.1')
  await apply('enforce', 'quiet')
  assert.deepEqual(await tryAll(group, quiet, port, client), ['ran\n', 'ok', 'ECONNREFUSED', 'ok'])
  assert.equal((await told('quiet', 4)).length, 4)
  assert.deepEqual([await findings('quiet'), await findings('other')], [[], []])
})
