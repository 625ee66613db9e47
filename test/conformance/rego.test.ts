import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { rego } from './rego.ts'

const folder = mkdtempSync(join(tmpdir(), 'thymus-rego-'))
after(() => rmSync(folder, { recursive: true }))

/** A plan that answers {x: input}. */
function plan(builtins: readonly string[] = []) {
  const place = { file: 0, row: 1, col: 1 }
  const local = (value: number) => ({ type: 'local', value })
  const stmts = [
    { type: 'MakeObjectStmt', stmt: { target: 2, ...place } },
    { type: 'ObjectInsertStmt', stmt: { object: 2, key: { type: 'string_index', value: 0 }, value: local(0), ...place } },
    { type: 'ResultSetAddStmt', stmt: { value: 2, ...place } },
  ]
  const fixed = { strings: [{ value: 'x' }], builtin_funcs: builtins.map((name) => ({ name })) }
  return { static: fixed, plans: { plans: [{ name: 'eval', blocks: [{ stmts }] }] } }
}

test('every case is counted once: right, wrong, refused; what has no plan is not built', async () => {
  mkdirSync(join(folder, 'ir-v1/some'), { recursive: true })
  mkdirSync(join(folder, 'v1/some'), { recursive: true })
  const cases = [
    { note: 'right', input_term: '[{1.0}]', want_plan_result: [{ x: [[1]] }], plan: plan() },
    { note: 'undefined', want_plan_result: [], plan: plan() },
    { note: 'wrong', input: 1, want_plan_result: [{ x: 2 }], plan: plan() },
    { note: 'no error', input: 1, want_error_code: 'eval_conflict_error', plan: plan() },
    { note: 'refused', input: 1, want_plan_result: [{ x: 1 }], plan: plan(['no.such']) },
  ]
  writeFileSync(join(folder, 'ir-v1/some/cases.json'), JSON.stringify({ cases }))
  writeFileSync(join(folder, 'v1/some/cases.yaml'), 'cases:\n  - note: one\n    query: x\n  - note: two\n')
  const result = await rego(folder)
  assert.deepEqual(result, { suite: 'rego', passed: 2, failed: 0, refused: 1, wrong: 2, notBuilt: 2 })
})
