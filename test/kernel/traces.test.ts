// What a test leaves in the kernel is seen and named.
import assert from 'node:assert/strict'
import { rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { unifiedMount } from '../../src/adapters/linux/groups.ts'
import { Instance, needKernel } from '../kit/instance.ts'
import { runFile } from '../runner/run-file.ts'
import { traces } from '../runner/traces.ts'

test('a control group that a test file leaves behind is its failure', async (t) => {
  if (!needKernel(t)) return
  process.env.LITTER_GROUP = `thymus-litter-${process.pid}`
  const group = join(unifiedMount()!, process.env.LITTER_GROUP)
  try {
    const file = join(import.meta.dirname, '../runner/fixtures/litters-kernel.ts')
    const result = await runFile(file, { seconds: 20, settleMs: 500 })
    // Somebody else's tests may run on this machine, and be seen too.
    assert.deepEqual(
      result.failures.map(({ name }) => name),
      ['leaves nothing on the machine'],
    )
    assert.ok(result.failures[0]!.text.split('\n').includes(`control group ${group}`))
  } finally {
    rmdirSync(group)
  }
})

test('programs, links, groups and mounts of an instance are seen while it lives', (t) => {
  if (!needKernel(t)) return
  const before = traces(tmpdir())
  const instance = new Instance()
  try {
    const seen = [...traces(tmpdir())].filter((trace) => !before.has(trace))
    for (const kind of [/^BPF program \d+ on_exec$/, /^BPF link \d+ of on_exec$/, /^control group .*\/thymus-/, /^bpf mount .*\/thymus-/])
      assert.ok(
        seen.some((trace) => kind.test(trace)),
        `${kind} is not among:\n${seen.join('\n')}`,
      )
  } finally {
    instance[Symbol.dispose]()
  }
})
