// The life of an agent and of workloads as a user drives them: up, run, apply, down. A real agent, a real kernel.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { inGroup, unifiedMount } from '../../src/adapters/linux/groups.ts'
import { type Places, placesOf } from '../../src/agent/places.ts'
import { isAlive } from '../../src/cli/agent-process.ts'
import { Client } from '../../src/cli/client.ts'
import type { WorkloadSummary } from '../../src/server/api.ts'
import { begin, type Ended, ended, printed, thymus } from '../kit/cli.ts'
import { needKernel, whyNoKernel } from '../kit/need-kernel.ts'

const POLICY = `
apiVersion: thymus.dev/v1
kind: WorkloadPolicy
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  exec:
    rules:
      - {effect: deny, path: /usr/bin/id}
  connect: {default: deny}
`

let home: string
let at: Places
let env: NodeJS.ProcessEnv

const run = (...words: string[]): Promise<Ended> => thymus(words, { env })
/** What the agent says, without a program started for it. */
const board = () => new Client(at).status()
const workloads = async () => (await new Client(at).workloads()).items

/** What the kernel tells of takes its time to the store. */
async function firstFinding() {
  for (;;) {
    const [finding] = (await new Client(at).findings(undefined)).items
    if (finding) return finding
    await sleep(50)
  }
}

/** Is a connection refused to the workload default/web? It is asked by somebody who enters its group and needs no agent for it. */
function denied(): boolean {
  const [file, ...words] = inGroup(join(at.groups!, 'default.web'), ['bash', '-c', ': </dev/tcp/127.0.0.1/9'])
  return spawnSync(file, words, { encoding: 'utf8' }).stderr.includes('Operation not permitted')
}

describe('an agent that a user starts', () => {
  before(async () => {
    if (whyNoKernel() !== undefined) return
    home = mkdtempSync(join(tmpdir(), 'thymus-cli-'))
    chmodSync(home, 0o755) // the mind is another user, and must get there
    env = { ...process.env, THYMUS_HOME: home, LC_ALL: 'C.UTF-8' }
    at = placesOf({ uid: 0, env, unified: unifiedMount(), checkout: '/nonexistent', writable: () => true })
    const { status, stdout, stderr } = await run('up')
    assert.equal(status, 0, stderr)
    assert.match(stdout, /network +✓ pass/)
  })
  after(async () => {
    if (home === undefined) return
    await run('down', '--purge')
    rmSync(home, { recursive: true, force: true })
  })

  test('is not started twice', async (t) => {
    if (!needKernel(t)) return
    const before = (await board()).agent
    const { status } = await run('up')
    assert.equal(status, 0)
    assert.deepEqual((await board()).agent, before)
  })

  test('run puts the command into its group before its first instruction, and takes the group away after its last', async (t) => {
    if (!needKernel(t)) return
    const { stdout, stderr, status } = await run('run', '--name', 'web', '--label', 'app=web', '--', 'tail', '-n1', '/proc/self/cgroup')
    assert.equal(status, 0, stderr)
    assert.match(stdout, new RegExp(`0::/${at.instance}/default\\.web\n$`))
    assert.match(stderr, /^\[kernel\] default\/web in /)
    assert.deepEqual(await workloads(), [])
    assert.ok(!existsSync(join(at.groups!, 'default.web')))
  })

  test('run gives its own stdin, arguments and environment to the command, and nothing of ours', async (t) => {
    if (!needKernel(t)) return
    const script = 'cat; printf "<%s>" "$@"; env | grep -c NODE_COMPILE_CACHE; true'
    const words = ['run', '--name', 'io', '--', 'sh', '-c', script, 'sh', '--name', 'a b', '*', '']
    const { stdout } = await thymus(words, { env, input: 'in\n' })
    assert.equal(stdout, 'in\n<--name><a b><*><>0\n')
  })

  test('the exit status is that of the command, or 128 and its signal, or that of a shell that cannot start it', async (t) => {
    if (!needKernel(t)) return
    const statusOf = async (...command: string[]) => (await run('run', '--name', 'x', '--', ...command)).status
    assert.equal(await statusOf('sh', '-c', 'exit 7'), 7)
    assert.equal(await statusOf('sh', '-c', 'kill -SEGV $$'), 139)
    assert.equal(await statusOf('/no/such/command'), 127)
    assert.equal(await statusOf('/etc/passwd'), 126)
    assert.deepEqual(await workloads(), [])
  })

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const) {
    test(`${signal} reaches the command, which decides what it means`, async (t) => {
      if (!needKernel(t)) return
      const script = `trap 'echo caught; exit 9' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`
      // In a session of its own: in the foreground of a terminal, what comes from there reaches the command without us.
      const child = begin(['run', '--name', 'sig', '--', 'sh', '-c', script], { env, detached: true })
      const end = ended(child)
      await printed(child, 'ready\n')
      child.kill(signal)
      const { status, stdout, stderr } = await end
      assert.deepEqual([status, stdout], [9, 'ready\ncaught\n'], stderr)
      assert.deepEqual(await workloads(), [])
    })
  }

  test('a workload whose processes go on is left, and said to be', async (t) => {
    if (!needKernel(t)) return
    const { stderr, status } = await run('run', '--name', 'left', '--', 'sh', '-c', 'sleep 60 >/dev/null 2>&1 & echo $! >&2')
    assert.equal(status, 0)
    assert.match(stderr, /1 other process of default\/left went on/)
    const left = (await workloads()).find(({ name }) => name === 'left')
    assert.equal(left?.processes, 1)
    assert.equal((await run('workload', 'remove', 'left')).status, 0)
    assert.deepEqual(await workloads(), [])
    const pid = Number(/^(\d+)$/m.exec(stderr)![1])
    assert.ok(isAlive(pid), 'it is let go, not killed')
    process.kill(pid, 'SIGKILL')
  })

  test('--netns runs the command in a network of its own, with an address of each family', async (t) => {
    if (!needKernel(t)) return
    const { stdout, stderr, status } = await run('run', '--name', 'net', '--netns', '--', 'ip', '-br', 'address')
    assert.equal(status, 0, stderr)
    const [, v4, v6] = /at (\S+) and (\S+)$/m.exec(stderr)!
    assert.ok(stdout.includes(`${v4}/16`) && stdout.includes(`${v6}/64`), stdout)
    assert.deepEqual(
      stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split(/[ @]/)[0]),
      ['lo', 'eth0'],
    )
  })

  test('a name that is taken is an error, and the command does not run', async (t) => {
    if (!needKernel(t)) return
    const child = begin(['run', '--name', 'one', '--', 'sh', '-c', 'echo ready; cat'], { env })
    const first = ended(child)
    await printed(child, 'ready\n')
    const second = await run('run', '--name', 'one', '--', 'echo', 'ran')
    assert.deepEqual([second.status, second.stdout], [1, ''])
    assert.match(second.stderr, /^thymus: WORKLOAD_NAME: /)
    child.stdin!.end()
    assert.equal((await first).status, 0)
  })

  test('a policy that is applied denies, names its line, rolls back unless confirmed, and is deleted', async (t) => {
    if (!needKernel(t)) return
    const file = join(home, 'web.yaml')
    writeFileSync(file, POLICY)
    const child = begin(['run', '--name', 'web', '--label', 'app=web', '--', 'sh', '-c', 'echo ready; cat'], { env })
    const end = ended(child)
    await printed(child, 'ready\n')
    assert.equal(denied(), false)
    const { generation } = await board()
    const applied = await run('apply', '-f', file, '--enforce', '--confirm-within', '2s')
    assert.match(applied.stderr, /undone in \d s unless confirmed/)
    while ((await board()).unconfirmed !== null) await sleep(50)
    assert.equal((await board()).generation, generation + 2, 'it was in force, and was undone because nobody confirmed it')
    assert.equal(denied(), false)
    await run('apply', '-f', file, '--enforce', '--confirm-within', '1h')
    assert.equal((await run('apply', '--confirm')).status, 0)
    assert.equal(denied(), true)
    const explained = await run('explain', (await firstFinding()).id)
    assert.match(explained.stdout, new RegExp(`${file}:\\d+:\\d+`))
    assert.equal((await run('policy', 'delete', 'WorkloadPolicy/default/web')).status, 0)
    assert.equal(denied(), false)
    child.stdin!.end()
    assert.equal((await end).status, 0)
  })

  test('what is recorded can be replayed', async (t) => {
    if (!needKernel(t)) return
    assert.equal((await run('record', 'a.rec')).status, 0)
    assert.equal((await run('record', '../b.rec')).status, 1)
    await run('run', '--name', 'copied', '--', 'perl', join(import.meta.dirname, '../../docs/examples/memfd.pl'))
    assert.equal((await run('record', '--stop')).status, 0)
    const { stdout, stderr, status } = await run('replay', join(at.state, 'a.rec'), '-o', 'json')
    assert.equal(status, 0, stderr)
    assert.match(stderr, /^\[replayed\] \d+ events, recorded .* on Linux /m)
    const { items } = JSON.parse(stdout) as { items: { code: string; about: string }[] }
    assert.deepEqual(
      items.map(({ code, about }) => [code, about]),
      [['RT_FILELESS', 'default/copied']],
    )
  })

  test('adopt takes a running group under a name made from its own', async (t) => {
    if (!needKernel(t)) return
    const group = join(unifiedMount()!, `${at.instance}-adopted.service`)
    spawnSync('mkdir', [group])
    try {
      const adopted = await run('workload', 'adopt', '--cgroup', `/${at.instance}-adopted.service`, '--label', 'app=x', '-o', 'json')
      assert.equal(adopted.status, 0, adopted.stderr)
      const { name, owned, cgroup } = JSON.parse(adopted.stdout) as WorkloadSummary
      assert.deepEqual([name, owned, cgroup], [`${at.instance}-adopted`.toLowerCase(), false, group])
      assert.equal((await run('workload', 'remove', name)).status, 0)
      assert.ok(existsSync(group), 'it was not ours to remove')
    } finally {
      spawnSync('rmdir', [group])
    }
  })

  test('down leaves verdicts in force and says so; up takes over; down --purge leaves nothing, also of an agent that was killed', async (t) => {
    if (!needKernel(t)) return
    const file = join(home, 'web.yaml')
    writeFileSync(file, POLICY)
    await run('apply', '-f', file, '--enforce')
    const child = begin(['run', '--name', 'web', '--label', 'app=web', '--', 'sh', '-c', 'echo ready; cat'], { env })
    const end = ended(child)
    await printed(child, 'ready\n')
    assert.ok(denied())

    const down = await run('down')
    assert.equal(down.status, 0)
    assert.match(down.stderr, /verdicts stay in force/)
    assert.ok(denied(), 'after down')
    assert.equal((await run('status')).status, 1)

    assert.equal((await run('up')).status, 0)
    const { agent, policies } = await board()
    assert.equal(policies, 1)
    for (const pid of [agent.guard!, agent.pid]) process.kill(pid, 'SIGKILL')
    while (isAlive(agent.guard!) || isAlive(agent.pid)) await sleep(10)
    assert.ok(denied(), 'after kill -9')

    const purged = await run('down', '--purge')
    assert.equal(purged.status, 0, purged.stderr)
    assert.ok(!existsSync(at.groups!) && !existsSync(at.pins!) && !existsSync(at.state) && !existsSync(at.run))
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(home))
    child.stdin!.end()
    assert.equal((await end).status, 0, 'the command itself goes on to its end')
    assert.equal((await run('down', '--purge')).status, 0, 'and once more')
  })
})
