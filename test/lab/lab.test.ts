// The lab, from the host: what a guest is given, that its results come back, and that nothing of it stays. `guest.ts` looks from inside.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ended, ROOT, setUpLab, startLab } from '../kit/lab.ts'

const NOTHING = { processes: [], files: [] }

/** Milliseconds in which an end must be through; far less than what ended would take by itself. */
const SOON = 20_000

/** Where the lab has its temporary files, so that `left` finds what stays of them. */
let folder: string
let refusal: string | undefined

if (process.env.THYMUS_LAB_GUEST === '1') await import('./guest.ts')
else onTheHost()

function onTheHost(): void {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'thymus-lab-test-'))
    refusal = await setUpLab(folder)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  describe('a guest', () => {
    test('has what tests of the kernel need', async (t) => {
      if (!needLab(t) || !compile(t)) return
      const { status, stdout } = await lab(['test', '--tpm', 'test/lab/lab.test.ts'])
      assert.equal(stdout.trim().split('\n').at(-1), '7 passed, 0 failed, 0 skipped', stdout)
      assert.equal(status, 0)
      assert.deepEqual(await left(), NOTHING)
    })

    test('has a TPM behind its device', async (t) => {
      if (!needLab(t)) return
      const { status, stdout } = await lab(['test', '--tpm', 'test/kernel/tpm-device.test.ts'])
      assert.equal(stdout.trim().split('\n').at(-1), '3 passed, 0 failed, 0 skipped', stdout)
      assert.equal(status, 0)
    })

    test('brings back words, files and status, and changes nothing here', async (t) => {
      if (!needLab(t)) return
      const marker = join(ROOT, '.cache/lab-marker')
      const out = join(folder, 'out')
      const script = [
        'echo "$PWD" "$#" "$1" "$(cat "$2" | wc -c)"',
        `touch ${marker} && test -e ${marker} && echo written`,
        // The tag is there for the guest's root to mount again, without the overlay.
        `mkdir /again && { mount -t virtiofs host /again || mount -t 9p -o trans=virtio host /again; }`,
        `touch /again${marker} || echo refused`,
        'grep -o lab.word=1 /proc/cmdline; echo file >/out/file; echo complaint >&2; exit 7',
      ].join('\n')
      const words = ['--append', 'lab.word=1', '--out', out, '--', 'sh', '-c', script, 'sh', "it's  one word", 'package.json']
      const { status, stdout, stderr } = await lab(['run', ...words])
      const size = readFileSync(join(ROOT, 'package.json')).length
      assert.equal(stdout, `${ROOT} 2 it's  one word ${size}\nwritten\nrefused\nlab.word=1\n`)
      assert.match(stderr, /^complaint$/m)
      assert.equal(status, 7)
      assert.equal(readFileSync(join(out, 'file'), 'utf8'), 'file\n')
      assert.ok(existsSync(join(out, 'console.log')))
      assert.equal(existsSync(marker), false)
      rmSync(out, { recursive: true })
      assert.deepEqual(await left(), NOTHING)
    })

    test('boots with Secure Boot on: its kernel asks for signatures of modules, and the self-test sees them denied all the same', async (t) => {
      if (!needLab(t)) return
      const script = [
        'od -An -tu1 /sys/firmware/efi/efivars/SecureBoot-*',
        'exec bin/node --test --test-reporter=tap --test-name-pattern=self-test test/kernel/module.test.ts',
      ].join('\n')
      const { status, stdout } = await lab(['run', '--secure-boot', '--', 'sh', '-c', script])
      assert.deepEqual(stdout.split('\n')[0]!.trim().split(/\s+/), ['6', '0', '0', '0', '1']) // four bytes of attributes, then the value
      assert.match(stdout, /^# pass 1\n# fail 0\n# cancelled 0\n# skipped 0$/m)
      assert.equal(status, 0)
    })
  })

  describe('nothing is left', () => {
    test('of a guest that takes too long', async (t) => {
      if (!needLab(t)) return
      const { status, stderr } = await lab(['run', '--timeout', '2', '--', 'sleep', '60'])
      assert.equal(status, 124)
      assert.match(stderr, /^lab: timeout: no result after 2 s/m)
      assert.deepEqual(await left(), NOTHING)
    })

    for (const [signal, expected] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      test(`of one that is ended by ${signal}`, { timeout: SOON }, async (t) => {
        if (!needLab(t)) return
        const running = start(['run', '--tpm', '--timeout', '60', '--', 'sleep', '600'])
        const end = ended(running)
        await booting()
        running.kill(signal)
        assert.equal((await end).status, expected)
        assert.deepEqual(await left(), NOTHING)
      })
    }

    test('of one that is killed, but its files', { timeout: SOON }, async (t) => {
      if (!needLab(t)) return
      const running = start(['run', '--tpm', '--timeout', '60', '--', 'sleep', '600'])
      const end = ended(running)
      await booting()
      running.kill('SIGKILL')
      await end
      const { processes, files } = await left()
      assert.deepEqual(processes, [])
      for (const room of files) rmSync(join(folder, room), { recursive: true })
    })
  })

  describe('the command line', () => {
    const refused: readonly (readonly [words: readonly string[], reason: RegExp])[] = [
      [[], /what to do/],
      [['fly'], /unknown command: fly/],
      [['run', 'true'], /needs --/],
      [['run', '--'], /needs a command/],
      [['run', '--verbose', '--', 'true'], /unknown option: --verbose/],
      [['run', '--memory'], /--memory needs a value/],
      [['run', '--memory', '64', '--', 'true'], /--memory is a number from 512 to/],
      [['run', '--cpus', '010', '--', 'true'], /--cpus is a number/],
      [['run', '--timeout', '99999999999999999999', '--', 'true'], /--timeout is a number/],
      [['run', '--kernel', 'mine', '--', 'true'], /cloud or generic/],
      [['run', '--append', 'a=1; reboot', '--', 'true'], /--append takes words/],
      [['setup', 'now'], /no more words/],
    ]
    for (const [words, reason] of refused) {
      test(`refuses "${words.join(' ')}"`, async () => {
        const { status, stdout, stderr } = await lab(words)
        assert.equal(status, 64)
        assert.equal(stdout, '')
        assert.match(stderr, reason)
        assert.match(stderr, /lab\/lab run \[OPTIONS\]/)
      })
    }

    test('says why there is no lab where packages cannot be had', async () => {
      const bin = join(folder, 'bin')
      mkdirSync(bin)
      for (const name of ['bash', 'dirname', 'id', 'mkdir', 'readlink', 'realpath', 'uname']) {
        symlinkSync(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(), join(bin, name))
      }
      const { status, stderr } = await lab(['run', '--', 'true'], { PATH: bin, THYMUS_LAB: join(folder, 'cache') })
      assert.equal(status, 77)
      assert.match(stderr, /^lab: not here: .*no apt-get/m)
    })
  })
}

const start = (words: readonly string[], environment?: NodeJS.ProcessEnv) => startLab(folder, words, environment)

async function lab(words: readonly string[], environment?: NodeJS.ProcessEnv) {
  return ended(start(words, environment))
}

function needLab(t: TestContext): boolean {
  if (refusal !== undefined) t.skip(refusal)
  return refusal === undefined
}

/** Compiles the program to where `guest.ts` finds it; a guest sees the host's files. */
function compile(t: TestContext): boolean {
  const object = join(ROOT, '.cache/lab/deny.bpf.o')
  mkdirSync(join(ROOT, '.cache/lab'), { recursive: true })
  const flags = ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', '-D__TARGET_ARCH_x86', '-I', '/usr/include/x86_64-linux-gnu']
  const words = [...flags, '-I', join(ROOT, 'kernel/lib'), '-c', join(import.meta.dirname, 'deny.bpf.c'), '-o', object]
  const { error, stderr, status } = spawnSync('clang', words, { encoding: 'utf8' })
  if (error !== undefined) t.skip('there is no clang')
  else assert.equal(status, 0, stderr)
  return error === undefined
}

/** When QEMU runs. */
async function booting(): Promise<void> {
  for (let tries = 200; tries > 0; tries--) {
    if (processes().some((command) => command.startsWith('qemu-system-x86_64'))) return
    await sleep(50)
  }
  assert.fail('QEMU was not started')
}

/** A killed process takes a moment to go. */
async function left(): Promise<{ readonly processes: readonly string[]; readonly files: readonly string[] }> {
  for (let tries = 20; tries > 0 && processes().length > 0; tries--) await sleep(100)
  return { processes: processes(), files: readdirSync(folder) }
}

/** The command lines of processes that are in our folder or name it. */
function processes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
        return command.includes(folder) || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder) ? [command] : []
      } catch {
        return [] // it has ended
      }
    })
}
