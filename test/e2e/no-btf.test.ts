// A kernel without BTF, as far as the agent can see: in a mount namespace of its own there is none, or one that is broken.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { unifiedMount } from '../../src/adapters/linux/groups.ts'
import { type Ended, ended, PROGRAM } from '../kit/cli.ts'
import { needKernel } from '../kit/need-kernel.ts'

const POLICY = join(import.meta.dirname, '../../docs/examples/fileless.yaml')
const PAYLOAD = join(import.meta.dirname, '../../docs/examples/memfd.pl')
/** Where libbpf looks. */
const HIDE = 'for folder in /sys/kernel/btf /boot /lib/modules /usr/lib/debug; do [ ! -d $folder ] || mount -t tmpfs none $folder; done'
const BREAK = 'echo "no BTF" >/sys/kernel/btf/vmlinux'
/** What the agent would have made in the kernel and around it; nothing is shown where there is nothing. */
const TRACES = 'find "$THYMUS_HOME/bpf"; grep "$THYMUS_HOME" /proc/self/mountinfo'

/** Types commands into a shell that sees such a kernel. */
async function without(t: TestContext, hide: string, script: string): Promise<Ended> {
  const home = mkdtempSync(join(tmpdir(), 'thymus-no-btf-'))
  chmodSync(home, 0o755)
  t.after(() => rmSync(home, { recursive: true }))
  const env = { ...process.env, THYMUS_HOME: home, THYMUS: PROGRAM, LC_ALL: 'C.UTF-8' }
  const words = ['--mount', '--propagation', 'private', 'sh', '-c', `${hide}; ${script}; "$THYMUS" down --purge`]
  const said = await ended(spawn('unshare', words, { env, stdio: ['ignore', 'pipe', 'pipe'] }))
  assert.ok(!existsSync(join(unifiedMount()!, `thymus-${basename(home)}`)), 'a control group is left')
  return said
}

test('without BTF the agent says so, puts nothing into the kernel, and commands restrict themselves', async (t) => {
  if (!needKernel(t)) return
  const run = `"$THYMUS" run --name job --policy ${POLICY} -- perl ${PAYLOAD}`
  const { stdout, stderr } = await without(t, HIDE, `"$THYMUS" up && echo up; ${TRACES}; ${run}`)
  assert.match(stderr, /^without the kernel: KERNEL_NO_BTF: the kernel has no BTF, by which programs are fitted to it \(at \/sys\/\S+\)$/m)
  assert.match(stdout, /^ +network +\? unknown +.*the kernel has no BTF/m)
  assert.match(stdout, /^up\n(?!\/)/m, 'something was begun')
  assert.match(stderr, /^\[self-restricted\] default\/job is restricted by WorkloadPolicy\/default\/fileless$/m)
})

test('with a BTF that is broken likewise, with the words of who could not read it', async (t) => {
  if (!needKernel(t)) return
  const { stdout, stderr } = await without(t, `${HIDE}; ${BREAK}`, `"$THYMUS" up && echo up; ${TRACES}; ls "$THYMUS_HOME/run"`)
  assert.match(stderr, /^without the kernel: KERNEL_REFUSED: .*BTF/m)
  assert.match(stdout, /^ +network +\? unknown/m)
  assert.match(stdout, /^up\nagent\.lock\n/m, 'something was begun')
  assert.match(stdout, /^verifier\.log$/m)
})
