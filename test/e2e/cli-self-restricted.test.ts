// Without any privilege: an ordinary user with no capability, where a command restricts itself.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { landlockAbi } from '../../src/adapters/linux/landlock/restrict.ts'
import { type Ended, ended, PROGRAM } from '../kit/cli.ts'
import { AS_NOBODY, NOBODY } from '../kit/confined.ts'

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
const LANDLOCK_TCP = 4

let home: string
let policy: string
const thymus = (...words: string[]): Promise<Ended> => {
  const [file, ...args] = [...AS_NOBODY, PROGRAM, ...words]
  const { HOME: _, ...rest } = process.env
  const child = spawn(file!, args, { env: { ...rest, THYMUS_HOME: home, LC_ALL: 'C.UTF-8' } })
  child.stdin.end()
  return ended(child)
}

describe('a user without privilege', () => {
  before(() => {
    home = mkdtempSync(join(tmpdir(), 'thymus-cli-'))
    policy = join(home, 'web.yaml')
    writeFileSync(policy, POLICY)
    if (process.getuid!() === 0) chownSync(home, NOBODY, NOBODY)
  })
  after(async () => {
    await thymus('down', '--purge')
    rmSync(home, { recursive: true, force: true })
  })

  test('runs a command, and is told that nothing is denied to it', async () => {
    const { status, stdout, stderr } = await thymus('run', '--name', 'web', '--', 'sh', '-c', 'echo ran; exit 3')
    assert.deepEqual([status, stdout], [3, 'ran\n'])
    assert.equal(stderr, '[self-restricted] no policy selects default/web: nothing is denied\n')
  })

  test('has a command restrict itself by a file of policies, and is told what the policies ask for in vain', async (t) => {
    if (!needLandlock(t)) return
    const { status, stdout, stderr } = await thymus(
      'run',
      '--name',
      'web',
      '--label',
      'app=web',
      '--policy',
      policy,
      '--',
      'sh',
      '-c',
      'id; echo $?',
    )
    assert.deepEqual([status, stdout], [0, '126\n'])
    assert.match(stderr, /^\[self-restricted\] default\/web is restricted by WorkloadPolicy\/default\/web$/m)
    assert.match(stderr, /^unknown: .*only TCP is restricted; UDP, SCTP and ICMP pass/m)
    const other = await thymus('run', '--name', 'db', '--label', 'app=db', '--policy', policy, '--', 'id', '-u')
    assert.deepEqual([other.status, other.stdout], [0, `${AS_NOBODY.length > 0 ? NOBODY : process.getuid!()}\n`])
  })

  test('keeps what is applied for the commands that are run later, with and without an agent', async (t) => {
    if (!needLandlock(t)) return
    const denied = async () =>
      (await thymus('run', '--name', 'web', '--label', 'app=web', '--', 'sh', '-c', 'id >/dev/null 2>&1')).status === 126
    assert.equal(await denied(), false)
    const applied = await thymus('apply', '-f', policy, '--enforce')
    assert.equal(applied.status, 0, applied.stderr)
    assert.match(applied.stderr, /no agent/)
    assert.equal(await denied(), true)
    assert.match((await thymus('policy', 'list')).stdout, /WorkloadPolicy\/default\/web +enforce/)
    assert.equal((await thymus('policy', 'delete', 'WorkloadPolicy/default/web')).status, 0)
    assert.equal(await denied(), false)

    const up = await thymus('up')
    assert.equal(up.status, 0, up.stderr)
    assert.match(up.stdout, /network +\? unknown/)
    assert.equal((await thymus('apply', '-f', policy, '--enforce')).status, 0)
    assert.equal(await denied(), true)
    assert.equal((await thymus('policy', 'delete', 'WorkloadPolicy/default/web')).status, 0)
    assert.equal(await denied(), false)
    assert.equal((await thymus('down')).status, 0)
  })

  test('is refused what needs privilege, with status 77', async () => {
    assert.equal((await thymus('up')).status, 0)
    for (const words of [
      ['run', '--name', 'web', '--netns', '--', 'true'],
      ['apply', '-f', policy, '--confirm-within', '10s'],
    ]) {
      const { status, stderr } = await thymus(...words)
      assert.equal(status, 77, stderr)
      assert.match(stderr, /^thymus: PRIVILEGE: /)
    }
    assert.equal((await thymus('down')).status, 0)
  })

  test('is told by doctor what is refused, and the doctor is content', async () => {
    const { status, stdout } = await thymus('doctor', '-o', 'json')
    assert.equal(status, 0)
    const { items } = JSON.parse(stdout) as { items: { code: string; state: string; fix: string | null; reason: string }[] }
    const of = (code: string) => items.find((item) => item.code === code)!
    assert.equal(of('NODE').state, 'ok')
    // Without libbpf it cannot be tried.
    assert.equal(of('BPF').state, of('LIBBPF').state === 'ok' ? 'refused' : 'unknown')
    assert.equal(of('AGENT').state, 'missing')
    assert.equal(of('AGENT').fix, 'thymus up')
    assert.ok(items.length >= 20 && items.every(({ reason }) => reason !== ''), JSON.stringify(items))
    for (const { state, fix } of items) assert.equal(fix === null, state === 'ok')
  })

  test('a policy that the kernel cannot hold is not run without it', async () => {
    const wrong = await thymus('run', '--name', 'web', '--label', 'app=web', '--policy', '/nonexistent', '--', 'echo', 'ran')
    assert.deepEqual([wrong.status, wrong.stdout], [64, ''])
    const broken = join(home, 'broken.yaml')
    writeFileSync(broken, POLICY.replace('exec:', 'exce:'))
    const refused = await thymus('run', '--name', 'web', '--label', 'app=web', '--policy', broken, '--', 'echo', 'ran')
    assert.deepEqual([refused.status, refused.stdout], [1, ''])
    assert.match(refused.stderr, /^thymus: POLICY_FIELD: .*\(at .*broken\.yaml:\d+:\d+\)$/m)
  })
})

function needLandlock(t: TestContext): boolean {
  const { abi, verdict } = landlockAbi()
  if (verdict.is === 'pass' && abi >= LANDLOCK_TCP) return true
  t.skip(`Landlock has version ${abi} here, and this needs ${LANDLOCK_TCP}`)
  return false
}
