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

test('every case is counted once, in its part: right, wrong, refused', async () => {
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
  writeFileSync(join(folder, 'v1/some/cases.yaml'), SOURCES)
  const parts = {
    'ir-v1': { passed: 2, failed: 0, refused: 1, wrong: 2 },
    v1: { passed: 4, failed: 0, refused: 0, wrong: 2 },
  }
  assert.deepEqual(await rego(folder), { suite: 'rego', passed: 6, failed: 0, refused: 1, wrong: 4, otherText: 1, parts })
})

const SOURCES = `
cases:
  - note: exact numbers
    query: data.t.p = x
    modules: ["package t\\n\\np := input.n + 1"]
    input: {n: 18446744073709551616}
    want_result: [{x: 18446744073709551617}]
  - note: a plain yes that is a boolean
    query: data.t.p = x
    modules: ["package t\\n\\np := input.n"]
    input_term: '{"n": true}'
    want_result: [{x: yes}]
  - note: an error of the compiler
    query: data.t.p = x
    modules: ["package t\\n\\np := q"]
    want_error_code: rego_unsafe_var_error
    want_error: var q is unsafe
  - note: the same error in other words
    query: data.t.p = x
    modules: ["package t\\n\\np := q"]
    want_error_code: rego_unsafe_var_error
    want_error: something is wrong
  - note: another error
    query: data.t.p = x
    modules: ["package t\\n\\np := q"]
    want_error_code: rego_type_error
  - note: another answer
    query: data.t.p = x
    modules: ["package t\\n\\np := 1"]
    want_result: [{x: "1"}]
`
