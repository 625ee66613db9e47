// A small run beside a live OPA; the large one is `npm run -s conform -- rego-opa PATH`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findOpa } from '../kit/opa.ts'

test('OPA takes, refuses and answers what we take, refuse and answer', async (t) => {
  const found = findOpa()
  if ('why' in found) return t.skip(found.why)
  Object.assign(process.env, { PROGRAMS: '150', INPUTS: '5', MUTANTS: '0' })
  const { regoOpa } = await import('./rego-opa.ts')
  const result = await regoOpa('/nonexistent')
  assert.equal(result.wrong + result.failed + result.refused, 0)
  assert.ok(result.passed > 300)
})
