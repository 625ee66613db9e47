// The written expressions without Go: what cel-go answered when answers.json was recorded (`THYMUS_CEL_RECORD=1` with cel.test.ts records anew).
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { difference } from './compared.ts'
import { OBJECT, WRITTEN } from './expressions.table.ts'
import type { Answer } from './oracle.ts'
import { answerOf } from './ours.ts'

const RECORDED = JSON.parse(readFileSync(join(import.meta.dirname, 'answers.json'), 'utf8')) as Readonly<Record<string, Answer>>

test('written expressions are answered as cel-go once did', () => {
  assert.deepEqual(Object.keys(RECORDED), [...new Set(WRITTEN)])
  const differences = Object.entries(RECORDED).flatMap(([expression, go]) => {
    const found = difference(expression, answerOf({ expression, variables: { object: OBJECT } }), go)
    return found === undefined ? [] : [found]
  })
  assert.equal(differences.length, 0, differences.join('\n'))
})
