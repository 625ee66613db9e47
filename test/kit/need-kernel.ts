import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { unifiedMount } from '../../src/adapters/linux/groups.ts'
import { bpfRefusal } from '../../tools/bpf-refusal.ts'

const OBJECTS = join(import.meta.dirname, '../../kernel/build')
let known: { readonly why: string | undefined } | undefined

/** Why tests of the kernel cannot run here; undefined where they can. A test file asks before it makes anything. */
export function whyNoKernel(): string | undefined {
  known ??= { why: find() }
  return known.why
}

/** Skips where the kernel takes no program of ours, with the reason; with REQUIRE_KERNEL=1 that is a failure. */
export function needKernel(t: TestContext): boolean {
  const why = whyNoKernel()
  if (why === undefined) return true
  if (process.env.REQUIRE_KERNEL === '1') throw new Error(`REQUIRE_KERNEL=1, but ${why}`)
  t.skip(why)
  return false
}

function find(): string | undefined {
  if (process.getuid!() !== 0) return 'this needs root'
  if (unifiedMount() === undefined) return 'no unified control group hierarchy is mounted'
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'the kernel has no BTF'
  if (!existsSync(join(OBJECTS, 'exec.bpf.o'))) return 'the kernel objects have not been built (make kernel)'
  return bpfRefusal()
}
