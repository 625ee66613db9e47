import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fmt } from './fmt.ts'

test('modules are found in files of every kind, and judged in every way that they can be read', async (t) => {
  if (!spawnSync('opa', ['version'], { encoding: 'utf8' }).stdout?.includes('Version: 1.22.')) {
    return t.skip('there is no opa 1.22 to compare with')
  }
  const folder = mkdtempSync(join(tmpdir(), 'thymus-fmt-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'deep'))
  writeFileSync(join(folder, 'deep/a.rego'), 'package a\np := 1\n')
  writeFileSync(join(folder, 'b.yaml'), 'cases:\n- modules:\n  - |\n    package b\n    p { x }\n---\nno: module\n')
  writeFileSync(join(folder, 'c.json'), JSON.stringify({ same: 'package a\np := 1\n', none: 'package ' }))
  assert.deepEqual(await fmt(folder), { suite: 'fmt', passed: 5, wrong: 0, failed: 0, refused: 0, texts: 3 })
})
