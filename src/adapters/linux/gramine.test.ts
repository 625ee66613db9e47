import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { gramineFiles } from './gramine.ts'

test('attestation files are read and written whole; what is not there is said', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'gramine-'))
  context.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'quote'), Buffer.alloc(10_000, 5))
  writeFileSync(join(folder, 'user_report_data'), '')
  const files = gramineFiles(folder)
  assert.deepEqual(files.read('quote'), Buffer.alloc(10_000, 5))
  assert.equal(files.read('report'), undefined)
  files.write('user_report_data', Buffer.alloc(64, 1))
  assert.deepEqual(readFileSync(join(folder, 'user_report_data')), Buffer.alloc(64, 1))
  assert.throws(() => files.write('target_info', Buffer.alloc(512)), { code: 'EVIDENCE' })
  assert.throws(() => files.read('.'), { code: 'EVIDENCE' })
})
