import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { CODES } from '../core/errors.ts'
import { FINDING_CODES } from '../core/finding.ts'
import { CHECKS, meaningOf } from './codes.ts'

test('a code of any table has its meaning, and what is none has none', () => {
  assert.match(meaningOf('POLICY_FIELD')!, /Nothing of the file was applied/)
  assert.match(meaningOf('ADM_UNJUDGED')!, /could not be judged/)
  assert.match(meaningOf('TPM_EK_CHAIN')!, /^A check: .+ \(.+\)\.$/)
  for (const none of ['', 'ADM', 'toString', 'NET_DENIED-a1']) assert.equal(meaningOf(none), undefined)
})

test('no code is in a table alone', () => {
  const sources = globSync('src/**/*.ts', { cwd: `${import.meta.dirname}/../..`, exclude: ['**/*.test.ts'] })
  const named = new Set(sources.flatMap((file) => readFileSync(file, 'utf8').match(/(?<=')[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*(?=')/g) ?? []))
  const alone = Object.keys({ ...CODES, ...FINDING_CODES, ...CHECKS }).filter((code) => !named.has(code))
  assert.deepEqual(alone, [])
})
