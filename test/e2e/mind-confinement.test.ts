// The mind's confinement, tried from inside: a program in its place does what the mind needs, and fails at what a broken mind might try.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { confinedMind } from '../../src/agent/mind-confinement.ts'
import { viewFor } from '../../src/agent/mind-view.ts'
import { CHECKOUT, needLandlock, scratch } from '../kit/confined.ts'
import { Instance, needKernel } from '../kit/instance.ts'

/** Started by root, the mind is another user; started by anyone else it is the same user, and confined alike. */
const MIND = 65_530
const USERS = process.getuid!() === 0 ? [MIND, 0] : [process.getuid!()]
const CALLS = {
  bpf: 'EPERM',
  memfd_create: 'EPERM',
  io_uring_setup: 'EPERM',
  perf_event_open: 'EPERM',
  ptrace: 'EPERM',
  process_vm_readv: 'EPERM',
  mount: 'EPERM',
  unshare: 'EPERM',
  setns: 'EPERM',
  keyctl: 'EPERM',
  userfaultfd: 'EPERM',
  init_module: 'EPERM',
  clone3: 'ENOSYS',
  'clone of a user namespace': 'EPERM',
  'socket netlink': 'EAFNOSUPPORT',
  'socket vsock': 'EAFNOSUPPORT',
  'socket inet': 'ok',
  'socket mptcp': 'EPROTONOSUPPORT',
  'sendto by fast open': 'ENOTSUP',
}

for (const user of USERS) {
  describe(`a mind that runs as user ${user}`, () => {
    test('does what it needs, and nothing of what it must not', (t) => {
      if (!needLandlock(t, user === 0 ? 'root' : 'nobody', 6)) return
      const { folders, run } = placesOf(t, user)
      const { stdout, stderr } = run('mind-probe.ts', ...folders)
      const said = JSON.parse(stdout || '{}') as Record<string, string>
      const names = Object.keys(said)
      const needed = names.filter((name) => !name.startsWith('!'))
      assert.deepEqual([needed.length, names.length], [9, 19], stderr)
      assert.deepEqual(
        needed.filter((name) => said[name] !== 'ok').map((name) => `${name}: ${said[name]}`),
        [],
      )
      const passed = names.filter((name) => name.startsWith('!') && !['EACCES', 'EPERM', 'EROFS'].includes(said[name]!))
      assert.deepEqual(
        passed.map((name) => `${name}: ${said[name]}`),
        [],
      )
      assert.equal(readFileSync(join(folders[2], 'file'), 'utf8'), 'untouched')
      assert.equal(stderr, '')
    })

    test('cannot make the calls by which the kernel or other processes are reached', (t) => {
      if (!needLandlock(t, user === 0 ? 'root' : 'nobody')) return
      const { run } = placesOf(t, user)
      const { stdout, stderr } = run('calls.ts', ...Object.keys(CALLS))
      assert.deepEqual(JSON.parse(stdout || '{}'), CALLS, stderr)
    })
  })
}

test('a mind maps and reads the ring that it inherits from the guard', (t) => {
  if (!needKernel(t) || !needLandlock(t, 'nobody')) return
  using instance = new Instance()
  const group = instance.group('w', 1)
  instance.run(group, '/bin/true')
  const ring = instance.kernel.rings().find(({ name }) => name === 'alerts')!
  const { stdout, stderr } = placesOf(t, MIND, ring.fd).run('ring-probe.ts', `${ring.size}`)
  assert.ok(Number(stdout) > 0, stderr)
})

test('without a confinement the calls that are free to everybody go through', () => {
  const names = ['memfd_create', 'socket netlink', 'socket inet'] as const
  const { stdout } = spawnSync(process.execPath, [join(CHECKOUT, 'test/kit/calls.ts'), ...names], { encoding: 'utf8' })
  assert.deepEqual(JSON.parse(stdout), { memfd_create: 'ok', 'socket netlink': 'ok', 'socket inet': 'ok' })
})

type Folders = readonly [state: string, door: string, other: string]

function placesOf(
  t: TestContext,
  user: number,
  ring?: number,
): { folders: Folders; run: (program: string, ...words: readonly string[]) => { stdout: string; stderr: string } } {
  const home = scratch(t)
  const folders: Folders = [join(home, 'state'), join(home, 'door'), join(home, 'other')]
  for (const folder of folders) {
    mkdirSync(folder)
    chmodSync(folder, 0o777)
    if (process.getuid!() === 0) chownSync(folder, user, user)
  }
  writeFileSync(join(folders[2], 'file'), 'untouched')
  chmodSync(join(folders[2], 'file'), 0o666)
  const program = join(home, 'program')
  mkdirSync(program)
  const run = (file: string, ...words: readonly string[]) => {
    const at = { state: folders[0], door: folders[1], run: folders[2] }
    const { command } = confinedMind(at, [3, 4], [join(CHECKOUT, 'test/kit', file), ...words])
    // As the guard starts it (agent/guard.ts).
    const start = process.getuid!() === 0 ? viewFor(user, command, program) : { command, user }
    return spawnSync(start.command[0]!, start.command.slice(1), {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', 'ignore', ring ?? 'ignore'],
      ...(start.user === undefined ? {} : { uid: start.user, gid: start.user }),
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      timeout: 30_000,
    })
  }
  return { folders, run }
}
