// The demo on each rung, as far as this machine has it. It checks its own promises, and fails where one is not kept.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { unifiedMount } from '../../src/adapters/linux/groups.ts'
import { replay } from '../../src/agent/replay.ts'
import type { Status } from '../../src/server/api.ts'
import { type Ended, ended, PROGRAM, succeeded, thymus } from '../kit/cli.ts'
import { AS_NOBODY, NOBODY, needLandlock } from '../kit/confined.ts'
import { needKernel } from '../kit/need-kernel.ts'

const CHECKOUT = join(import.meta.dirname, '../..')
const RECORDINGS = join(CHECKOUT, 'src/cli/demo/recordings')
const WITHOUT = [process.execPath, '--disable-warning=ExperimentalWarning', join(CHECKOUT, 'test/kit/without-calls.ts')]
const LANDLOCK_TCP = 4

/** Runs the demo as a user without any capability, in whose kernel some calls are not there. */
async function demo(t: TestContext, without: string | undefined): Promise<Ended> {
  const home = mkdtempSync(join(tmpdir(), 'thymus-demo-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  if (process.getuid!() === 0) chownSync(home, NOBODY, NOBODY)
  const words = [...AS_NOBODY, ...(without === undefined ? [] : [...WITHOUT, without, '--']), PROGRAM]
  const run = (...more: string[]) => {
    const [file, ...args] = [...words, ...more]
    const { HOME: _, ...rest } = process.env
    return ended(spawn(file!, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...rest, THYMUS_HOME: home, LC_ALL: 'C.UTF-8' } }))
  }
  const said = await run('demo')
  const left = readdirSync(home)
  assert.equal((await run('down', '--purge')).status, 0)
  assert.deepEqual(left, [])
  return said
}

const rungs = ({ stdout }: Ended) => [...stdout.matchAll(/^Act (\d+)\. .* {2}\[([a-z-]+)\]$/gm)].map(([, act, rung]) => `${act} ${rung}`)

for (const without of ['landlock', 'landlock,seccomp']) {
  test(`without a kernel and without ${without}, both acts that need it are replayed, and say so`, async (t) => {
    const said = await demo(t, without)
    assert.equal(said.status, 0, said.stdout + said.stderr)
    assert.deepEqual(rungs(said), ['1 replayed', '2 replayed', '3 engine', '4 replayed'])
    for (const words of [
      /^This was played before, elsewhere, and is only shown here/m,
      /^ {2}connect: .*Landlock, or a filter hides it$/m,
      /^ {2}\[replayed\] \d+ events, recorded \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ on Linux \S+ x86_64, Thymus \S+$/m,
      /^ {2}default\/stranger +default\/web TCP \d+ +denied .*isolated by NetworkPolicy\/default\/web-ingress$/m,
      /^ {2}NET_DENIED-\w+ .* default\/stranger +Denied: connect TCP/m,
      /^ {2}RT_FILELESS-\w+ .* default\/worker +Stopped: /m,
      /^ {2}✔ it names the file and the line: WorkloadPolicy\/default\/no-fileless \(.*no-fileless\.yaml:\d+\)$/m,
    ])
      assert.match(said.stdout, words)
    assert.match(said.stdout, /\nEvery promise was kept\.\n$/)
  })
}

test('without a kernel but with Landlock, commands restrict themselves', async (t) => {
  if (!needLandlock(t, 'nobody', LANDLOCK_TCP)) return
  const said = await demo(t, undefined)
  assert.equal(said.status, 0, said.stdout + said.stderr)
  assert.deepEqual(rungs(said), ['1 self-restricted', '2 self-restricted', '3 engine', '4 replayed'])
})

test('with the kernel, the acts are played by it', async (t) => {
  if (!needKernel(t)) return
  const { env, traces } = instance(t)
  const said = await thymus(['demo'], { env })
  assert.equal(said.status, 0, said.stdout + said.stderr)
  assert.deepEqual(rungs(said), ['1 kernel', '2 kernel', '3 engine', '4 replayed'])
  assert.deepEqual(traces(), [])
})

test('what was there before the demo is there after it: an agent that runs, and without one its verdicts and its state', async (t) => {
  if (!needKernel(t)) return
  const { env, traces } = instance(t)
  const run = async (...words: string[]) => succeeded(await thymus(words, { env }))
  const agent = async () => (JSON.parse(await run('status', '-o', 'json')) as Status).agent
  await run('up')
  await run('apply', '-f', join(CHECKOUT, 'docs/examples/fileless.yaml'), '--enforce')
  const { guard, pid } = await agent()
  const before = traces()
  await run('demo', '4')
  assert.deepEqual([(await agent()).guard, (await agent()).pid], [guard, pid])
  await run('down')
  await run('demo', '4')
  assert.deepEqual(
    [before.filter((trace) => !traces().includes(trace)), await thymus(['status'], { env }).then(({ status }) => status)],
    [[], 1],
  )
  await run('up')
  assert.match(await run('policy', 'list'), /fileless/)
})

/** An instance that goes with the test, and what there is of it: below its folder, its group, its mounts. */
function instance(t: TestContext) {
  const home = mkdtempSync(join(tmpdir(), 'thymus-demo-'))
  chmodSync(home, 0o755)
  const env = { ...process.env, THYMUS_HOME: home, LC_ALL: 'C.UTF-8' }
  t.after(async () => {
    await thymus(['down', '--purge'], { env })
    rmSync(home, { recursive: true, force: true })
  })
  const group = join(unifiedMount()!, `thymus-${basename(home)}`)
  const pins = (folder: string) => (existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String) : [])
  const traces = () => [
    ...readdirSync(home),
    ...pins(join(home, 'bpf')).filter((name) => !/links\/\d+/.test(name)),
    ...[group].filter(existsSync),
    ...readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(home)),
  ]
  return { env, traces }
}

test('the recordings are of the acts as they are now', () => {
  for (const act of ['act-1.rec', 'act-2.rec']) assert.equal(replay(join(RECORDINGS, act)).lost, 0)
  const { findings } = replay(join(RECORDINGS, 'act-2.rec'))
  const because = findings.find(({ about }) => about === 'default/worker')?.because
  assert.ok(because && 'rule' in because)
  const { file, line } = because.rule.source
  assert.match(readFileSync(join(CHECKOUT, file), 'utf8').split('\n')[line - 1]!, /^ +fileless: deny$/)
})
