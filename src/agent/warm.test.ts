import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'

/** Says once, on its own descriptor 3 as well, what it is when it goes on. */
const PROGRAM = `
import { writeSync } from 'node:fs'
import { startWarm } from ${JSON.stringify(join(import.meta.dirname, 'warm.ts'))}
startWarm([3])
const strips: boolean = process.moduleLoadList.some((name: string) => name.includes('amaro'))
writeSync(3, JSON.stringify({ strips, pid: process.pid, words: process.argv.slice(2), again: process.env.THYMUS_STARTED_OVER ?? null }))
`

test('who had to strip types starts over as the same process, with its words and descriptors, and has no stripper then', (t) => {
  const run = starter(t)
  const first = run()
  assert.deepEqual(first, { strips: false, pid: first.pid, words: ['a word', '--flag'], again: '1' })
  const second = run()
  assert.deepEqual([second.strips, second.again], [false, null], 'nothing to strip, nothing to start over for')
})

test('where nothing can be kept, it goes on as it is', (t) => {
  const run = starter(t)
  assert.deepEqual([run({ NODE_DISABLE_COMPILE_CACHE: '1' }).strips, run({ NODE_COMPILE_CACHE: '/dev/null/no' }).strips], [true, true])
})

test('what strips the second time too is not started a third time', (t) => {
  const run = starter(t)
  const { strips, again } = run({ THYMUS_STARTED_OVER: '1' })
  assert.deepEqual([strips, again], [true, '1'])
})

interface Said {
  readonly strips: boolean
  readonly pid: number
  readonly words: readonly string[]
  readonly again: string | null
}

function starter(t: TestContext): (env?: Readonly<Record<string, string>>) => Said {
  const home = mkdtempSync(join(tmpdir(), 'thymus-warm-'))
  t.after(() => rmSync(home, { recursive: true }))
  const program = join(home, 'program.mts')
  writeFileSync(program, PROGRAM)
  return (env = {}) => {
    const { pid, status, output, stderr } = spawnSync(process.execPath, [program, 'a word', '--flag'], {
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: join(home, 'cache'), NODE_NO_WARNINGS: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
    const said = JSON.parse(output[3]!) as Said
    assert.equal(said.pid, pid)
    return said
  }
}
