// Real processes that forbid themselves things, as root and as a user without any privilege: the kernel refuses both alike.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, openSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { describe, test } from 'node:test'
import { fromPolicies } from '../../src/adapters/linux/landlock/from-policy.ts'
import { selfRestrictionTest } from '../../src/agent/confine-self-test.ts'
import { readPolicies } from '../../src/layers/network/read-policies.ts'
import { as, CALLERS, CHECKOUT, confined, LAUNCHER, needLandlock, scratch } from '../kit/confined.ts'

const SH = realpathSync('/bin/sh')
const ECHO = realpathSync('/bin/echo')
const FILELESS = join(CHECKOUT, 'test/kit/fileless.ts')
/** By python or perl would do as well; Node is there. Prints the error code, or `ok`. */
const CONNECT = `const s = require('node:net').connect(+process.argv[1], process.argv[2]); const end = (c) => { console.log(c); process.exit() }; s.on('error', (e) => end(e.code)); s.on('connect', () => end('ok'))`
const LISTEN = `const s = require('node:net').createServer().listen(+process.argv[1], '127.0.0.1'); const end = (c) => { console.log(c); process.exit() }; s.on('error', (e) => end(e.code)); s.on('listening', () => end('ok'))`

for (const caller of CALLERS) {
  describe(`self-restriction as ${caller}`, () => {
    test('what is outside the allowed folders does not execute, be it binary or script', (t) => {
      if (!needLandlock(t, caller)) return
      const folder = scratch(t)
      copyFileSync(ECHO, join(folder, 'echo'))
      writeFileSync(join(folder, 'script'), `#!${SH}\necho ran\n`, { mode: 0o755 })
      const script = `echo inside; ${folder}/echo outside || echo $?; ${folder}/script || echo $?; echo made >${folder}/made; cat ${folder}/made`
      const allowed = confined(caller, { executable: [] }, SH, '-c', script)
      assert.equal(allowed.status, 126, 'nothing at all is allowed')
      const { stdout } = confined(caller, { executable: ['/usr/'] }, SH, '-c', script)
      assert.equal(stdout, 'inside\n126\n126\nmade\n')
      assert.equal(confined(caller, {}, SH, '-c', script).stdout, 'inside\noutside\nran\nmade\n', 'the control')
    })

    test('an exception inside an allowed folder is refused under each of its names', (t) => {
      if (!needLandlock(t, caller)) return
      const folder = scratch(t)
      mkdirSync(join(folder, 'bin'))
      for (const name of ['good', 'bad']) copyFileSync(ECHO, join(folder, 'bin', name))
      symlinkSync('bad', join(folder, 'bin/alias'))
      symlinkSync('bin', join(folder, 'other'))
      const run = (name: string) =>
        confined(caller, { executable: ['/'], notExecutable: [join(folder, 'bin/bad')] }, join(folder, name), 'ran')
      assert.equal(run('bin/good').stdout, 'ran\n')
      for (const name of ['bin/bad', 'bin/alias', 'other/bad']) assert.deepEqual([run(name).status, run(name).stdout], [126, ''], name)
    })

    test('code without a name is refused; what still passes is known', (t) => {
      if (!needLandlock(t, caller)) return
      const folder = scratch(t)
      const { policies } = readPolicies(withSpec('exec: {fileless: deny}'), 'policy.yaml')
      const { confinement, cannot } = fromPolicies(policies, 'enforce')
      const said = Object.keys(FORMS).map((form) => {
        const { stdout } = confined(caller, confinement, process.execPath, FILELESS, form, folder)
        for (const name of readdirSync(folder)) rmSync(join(folder, name))
        return [form, stdout === 'ran\n' ? 'ran' : 'refused']
      })
      assert.deepEqual(said, Object.entries(FORMS))
      const codes = cannot.map(({ code }) => code)
      assert.deepEqual(codes, ['SELF_EXEC_LOADER', 'SELF_EXEC_DELETED', 'SELF_EXEC_BY_FD', 'SELF_EXEC_LATER'])
      const shm = `/dev/shm/${basename(folder)}`
      t.after(() => rmSync(shm, { force: true }))
      copyFileSync(ECHO, shm)
      assert.equal(as(caller, shm, 'ran').stdout, 'ran\n', 'the control')
      const { status, stderr } = confined(caller, confinement, shm, 'ran')
      assert.deepEqual([status, stderr], [126, `thymus: COMMAND: execve: EACCES (at ${shm})\n`])
    })

    test('TCP goes to and listens at the listed ports only, over IPv4 and IPv6, and by no other name', async (t) => {
      if (!needLandlock(t, caller, 4)) return
      const server = createServer((socket) => socket.end()).listen(0, '::')
      await new Promise((resolve) => server.once('listening', resolve))
      t.after(() => server.close())
      const { port } = server.address() as { port: number }
      // Beside the server's own process, which must go on accepting: the calls are synchronous, but a backlog is enough.
      const connect = (ports: [number, number][], host: string) =>
        confined(caller, { tcpConnect: ports, systemCalls: ['network'] }, process.execPath, '-e', CONNECT, `${port}`, host).stdout.trim()
      for (const host of ['127.0.0.1', '::1']) {
        assert.equal(connect([[port, port]], host), 'ok')
        assert.equal(
          connect(
            [
              [0, port - 1],
              [port + 1, 65_535],
            ],
            host,
          ),
          'EACCES',
        )
        assert.equal(connect([], host), 'EACCES')
      }
      const calls = ['socket mptcp', 'socket vsock', 'sendto by fast open', 'io_uring_setup']
      const others = confined(
        caller,
        { tcpConnect: [], systemCalls: ['network'] },
        process.execPath,
        join(CHECKOUT, 'test/kit/calls.ts'),
        ...calls,
      )
      assert.deepEqual(Object.values(JSON.parse(others.stdout)), ['EPROTONOSUPPORT', 'EAFNOSUPPORT', 'ENOTSUP', 'EPERM'])
      const listen = (ports: [number, number][], at: number) =>
        confined(caller, { tcpBind: ports }, process.execPath, '-e', LISTEN, `${at}`).stdout.trim()
      assert.equal(listen([[0, 0]], 0), 'ok')
      assert.equal(listen([[1, 65_535]], 0), 'EACCES')
    })

    test('writing stops at the writable folder, and reading at the readable ones', (t) => {
      if (!needLandlock(t, caller, 3)) return
      const folder = scratch(t)
      mkdirSync(join(folder, 'state'))
      chmodSync(join(folder, 'state'), 0o777)
      for (const name of ['secret', 'empty-me']) writeFileSync(join(folder, name), 'x', { mode: 0o666 })
      chmodSync(join(folder, 'empty-me'), 0o666)
      const script = [
        `echo 1 >state/a && mkdir state/d && mv state/a state/d/b && echo inside`,
        `echo 1 >outside || echo refused`,
        `true >empty-me || echo refused`,
        `rm -f secret || echo refused`,
        `mv state/d/b moved || echo refused`,
        `cat secret || echo refused`,
      ].join('\n')
      const { stdout } = confined(
        caller,
        { readable: ['/usr/', '/etc/'], writable: [`${folder}/state/`, '/dev/null'], executable: ['/usr/'] },
        SH,
        '-c',
        `cd ${folder}\n${script}`,
      )
      assert.equal(stdout, `inside\n${'refused\n'.repeat(5)}`)
      assert.deepEqual(readdirSync(folder).sort(), ['empty-me', 'secret', 'state'])
    })
  })
}

describe('the launcher', () => {
  const caller = CALLERS[0]!

  test('the command starts as a shell would start it: no signal ignored, none blocked, no new privileges, none of our descriptors', (t) => {
    if (!needLandlock(t, caller)) return
    const { stdout } = confined(caller, { scope: [] }, SH, '-c', 'cat /proc/self/status; ls /proc/self/fd')
    const plain = spawnSync(SH, ['-c', 'cat /proc/self/status'], { encoding: 'utf8' }).stdout
    const value = (field: string, text = stdout) => new RegExp(`^${field}:\\s*(\\S+)`, 'm').exec(text)?.[1]
    // Whoever runs the tests may have left something ignored (a realtime signal, say); the launcher adds nothing to it.
    for (const field of ['SigIgn', 'SigBlk']) assert.equal(value(field), value(field, plain), field)
    assert.equal(value('NoNewPrivs'), '1')
    assert.deepEqual(stdout.trim().split('\n').slice(-4), ['0', '1', '2', '3'], 'the fourth is of ls itself')
  })

  test('a pipe that nobody reads ends the command by SIGPIPE, as it should', (t) => {
    if (!needLandlock(t, caller)) return
    const { stdout } = spawnSync(
      '/bin/bash',
      ['-c', `"$0" "$1" '{}' -- yes | head -1; echo "\${PIPESTATUS[0]}"`, process.execPath, LAUNCHER],
      { encoding: 'utf8' },
    )
    assert.equal(stdout, `y\n${128 + 13}\n`)
  })

  test('exit status and signals pass', async (t) => {
    if (!needLandlock(t, caller)) return
    assert.equal(confined(caller, {}, SH, '-c', 'exit 42').status, 42)
    assert.equal(confined(caller, {}, SH, '-c', 'kill -TERM $$').signal, 'SIGTERM')
    const child = spawn(process.execPath, [
      LAUNCHER,
      '{"scope":["signals"]}',
      '--',
      SH,
      '-c',
      'trap "exit 7" USR1; echo ready; while :; do sleep 0.05; done',
    ])
    await new Promise((resolve) => child.stdout.once('data', resolve))
    child.kill('SIGUSR1')
    assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 7)
  })

  test('words that are no UTF-8, and empty ones, arrive as they were given', () => {
    const { stdout } = spawnSync('/bin/bash', ['-c', `"$0" "$1" '{}' -- printf '[%s]' $'\\xff\\xfe' '' x`, process.execPath, LAUNCHER], {
      encoding: 'latin1',
    })
    assert.equal(stdout, '[\xff\xfe][][x]')
  })

  test('a descriptor is inherited if it is listed, and only then', (t) => {
    const folder = scratch(t)
    writeFileSync(join(folder, 'file'), 'read through a descriptor')
    const fd = openSync(join(folder, 'file'), 'r')
    const run = (description: string) =>
      spawnSync(process.execPath, [LAUNCHER, description, '--', SH, '-c', 'cat /proc/self/fd/20'], {
        encoding: 'utf8',
        stdio: [...Array(20).fill('ignore').with(1, 'pipe').with(2, 'pipe'), fd],
      })
    assert.equal(run('{"descriptors":[20]}').stdout, 'read through a descriptor')
    assert.equal(run('{}').stdout, '')
    assert.equal(run('{"descriptors":[500]}').status, 64)
  })

  test('the description may come by a descriptor', (t) => {
    const folder = scratch(t)
    writeFileSync(join(folder, 'description'), '{"executable":["/usr/"]}')
    const fd = openSync(join(folder, 'description'), 'r')
    const run = spawnSync(process.execPath, [LAUNCHER, 'fd:3', '--', ECHO, 'ran'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', fd],
    })
    assert.equal(run.stdout, 'ran\n')
  })

  test('what cannot be is one line with a code, and the exit status of shells', (t) => {
    if (!needLandlock(t, caller)) return
    const refused = (words: readonly string[]) => {
      const { status, stdout, stderr } = as(caller, process.execPath, LAUNCHER, ...words)
      assert.equal(stdout, '')
      assert.match(stderr, /^thymus: [A-Z_]+: .*\n$/)
      return `${status} ${stderr.split(': ')[1]}`
    }
    assert.equal(refused([]), '64 USAGE')
    assert.equal(refused(['{}', '--']), '64 USAGE')
    assert.equal(refused(['{}', 'echo']), '64 USAGE')
    assert.equal(refused(['{', '--', 'echo']), '64 USAGE')
    assert.equal(refused(['fd:99', '--', 'echo']), '64 USAGE')
    assert.equal(refused(['{"unknown":[]}', '--', 'echo']), '64 USAGE')
    assert.equal(refused(['{}', '--', 'no-such-command']), '127 COMMAND')
    assert.equal(refused(['{}', '--', '/etc/passwd']), '126 COMMAND')
    assert.equal(refused(['{"executable":[],"systemCalls":["network","kernel","fileless"]}', '--', ECHO]), '126 COMMAND')
    assert.equal(refused(['{"executable":["/nowhere/"]}', '--', ECHO]), '77 PRIVILEGE')
    const accepted = '{"executable":["/nowhere/","/usr/"],"accepts":["PATH_ABSENT"]}'
    assert.equal(as(caller, process.execPath, LAUNCHER, accepted, '--', ECHO, 'ran').stdout, 'ran\n')
  })

  test('the self-test sees every rung refuse', (t) => {
    if (!needLandlock(t, caller, 4)) return
    const rungs = selfRestrictionTest()
    assert.equal(rungs.length, 5)
    assert.deepEqual(
      rungs.filter(({ works }) => works.is !== 'pass'),
      [],
    )
  })
})

/** What seccomp and Landlock see of the forms of test/kit/fileless.ts; a deleted file by /proc/self/fd passes, and is reported as unknown. */
const FORMS: Readonly<Record<string, 'ran' | 'refused'>> = {
  'memfd by execveat': 'refused',
  'memfd by /proc/self/fd': 'refused',
  'memfd by /dev/fd': 'refused',
  O_TMPFILE: 'ran',
  'deleted file': 'refused',
  'unlinked name of a file with another link': 'refused',
  'script in a memfd by /proc/self/fd': 'refused',
  'script in a memfd by a symbolic link': 'refused',
  'script in a memfd by /proc/PID/fd': 'refused',
  'sh /proc/self/fd': 'refused',
  'ld.so with a descriptor': 'refused',
  'linked file by execveat': 'refused',
  'linked file by path': 'ran',
  'script by path': 'ran',
}

function withSpec(spec: string): string {
  return `apiVersion: thymus.dev/v1\nkind: WorkloadPolicy\nmetadata: {name: test}\nspec:\n  selector: {}\n  mode: enforce\n  ${spec}\n`
}
