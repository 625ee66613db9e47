import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { tryAdmission } from './admission.ts'

const folder = mkdtempSync(join(tmpdir(), 'thymus-probe-'))
after(() => rmSync(folder, { recursive: true }))
function program(text: string): string {
  const file = join(folder, `${text.length}.ts`)
  writeFileSync(file, text)
  return file
}

test('the engine is seen to refuse what it should', async () => assert.deepEqual(await tryAdmission(), { is: 'pass' }))

test('an engine that decides wrongly fails, one that cannot be tried is unknown', async () => {
  assert.deepEqual(await tryAdmission(program('process.exitCode = 42')), { is: 'fail' })
  const broken = await tryAdmission(program('throw new Error("no pack")'))
  assert.ok(broken.is === 'unknown' && broken.why.code === 'PROBE_BROKEN', JSON.stringify(broken))
  assert.match(broken.why.text, /no pack/)
  assert.equal((await tryAdmission(join(folder, 'gone.ts'))).is, 'unknown')
})
