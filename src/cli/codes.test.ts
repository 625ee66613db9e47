import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meaningOf } from './codes.ts'

test('a code of any table has its meaning, and what is none has none', () => {
  assert.match(meaningOf('POLICY_FIELD')!, /Nothing of the file was applied/)
  assert.match(meaningOf('ADM_UNJUDGED')!, /could not be judged/)
  assert.match(meaningOf('TPM_EK_CHAIN')!, /^A check: .+ \(.+\)\.$/)
  for (const none of ['', 'ADM', 'toString', 'NET_DENIED-a1']) assert.equal(meaningOf(none), undefined)
})
