import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseModule } from '../../syntax/module.ts'
import { compileModules } from '../compile.ts'
import { typesOf } from '../typed.ts'
import { detailsJson } from './details-json.ts'

function details(text: string): unknown {
  const [fault] = typesOf(compileModules([parseModule('a.rego', `package a\n${text}`)])).faults
  return detailsJson(fault!)
}

test('a type error is explained as opa check does', () => {
  const number = { type: 'number' }
  assert.deepEqual(details('p := abs("x")'), {
    have: [{ type: 'string' }, null],
    want: {
      args: [
        { description: 'the number to take the absolute value of', name: 'x', type: 'number' },
        { description: 'the absolute value of `x`', name: 'y', type: 'number' },
      ],
    },
  })
  assert.deepEqual(details('p if [1] == {"a": 1}'), {
    a: { type: 'array', static: [number] },
    b: { type: 'object', static: [{ key: 'a', value: number }] },
  })
  const ref = (...names: readonly string[]) => [{ type: 'var', value: 'data' }, ...names.map((value) => ({ type: 'string', value }))]
  assert.deepEqual(details('q := {"a": 1}\np if q.b'), {
    ref: ref('a', 'q', 'b'),
    pos: 3,
    want: { type: 'string' },
    oneOf: ['a'],
  })
  assert.deepEqual(details('q := 1\np if q.b'), { ref: ref('a', 'q', 'b'), pos: 2, have: number })
})
