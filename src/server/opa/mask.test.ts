import assert from 'node:assert/strict'
import test from 'node:test'
import { printJson, readJson, readTerm } from '../../lang/rego/values/text.ts'
import type { Value } from '../../lang/rego/values/value.ts'
import { MaskError, mask } from './mask.ts'

const INPUT = '{"a":{"b":[1,2,{"c":3}]},"d e":1,"n":null}'

function masked(rules: string, input = INPUT, result = '{"r":[1]}') {
  const before: Value = readJson(input)
  const found = mask({ input: before, result: readJson(result) }, readTerm(rules))
  assert.equal(printJson(before), printJson(readJson(input)), 'what was asked is not changed')
  const text = (value: Value | undefined) => (value === undefined ? 'none' : printJson(value))
  return [text(found.input), text(found.result), found.erased, found.masked]
}

test('pointers remove what they point at', () => {
  assert.deepEqual(masked('["/input/a/b/1", "/result/r/0"]'), [
    '{"a":{"b":[1,{"c":3}]},"d e":1,"n":null}',
    '{"r":[]}',
    ['/input/a/b/1', '/result/r/0'],
    [],
  ])
  assert.deepEqual(masked('["/input", "/input/a"]'), ['none', '{"r":[1]}', ['/input'], []])
  assert.deepEqual(masked('{"/input/n"}')[0], '{"a":{"b":[1,2,{"c":3}]},"d e":1}')
  assert.deepEqual(masked('["/input/0"]', '[1,2]')[0], '[2]')
})

test('what is not there is not masked, and not said to be', () => {
  const rules =
    '["/input/x", "/input/a/b/3", "/input/a/b/-1", "/input/a/b/x", "/input/n/x", "/input/d e", "/nd_builtin_cache", "/input/__proto__/x"]'
  assert.deepEqual(masked(rules), [INPUT, '{"r":[1]}', [], []])
})

test('upsert puts a value in place, and makes what leads there', () => {
  const rule = (path: string, value = '"*"') => `[{"op": "upsert", "path": "${path}", "value": ${value}}]`
  assert.deepEqual(masked(rule('/input/x/y'), '{}'), ['{"x":{"y":"*"}}', '{"r":[1]}', [], ['/input/x/y']])
  assert.equal(masked(rule('/input/a/b/0'))[0], '{"a":{"b":["*",2,{"c":3}]},"d e":1,"n":null}')
  assert.equal(masked(rule('/input/a/b/9'))[0], INPUT)
  assert.equal(masked(rule('/input/n/x'))[0], INPUT)
  assert.equal(masked(rule('/input'))[0], '"*"')
  assert.equal(masked(rule('/input/__proto__/x', '1'), '{}')[0], '{"__proto__":{"x":1}}')
  assert.equal(({} as { x?: number }).x, undefined)
})

test('rules that are none are refused as a whole', () => {
  for (const rules of [
    '3',
    '{"a": 1}',
    '[1]',
    '[""]',
    '["input"]',
    '["/output"]',
    '["/"]',
    '["/input/%zz"]',
    '[{"op": "move", "path": "/input"}]',
    '[{"op": "remove"}]',
    '[{"path": "/input"}]',
    '[{"op": "remove", "path": 1}]',
    '[["/input"]]',
  ])
    assert.throws(() => masked(rules), MaskError, rules)
})
