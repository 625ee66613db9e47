import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePolicy, QUERY } from './policy.ts'
import { printJson, readJson } from './values/text.ts'

const surroundings = { now: 0n, clock: () => 0, random: () => 0 }
const chain = (name: string, step: (before: string) => string) =>
  [`${name}0 := input.a`, ...Array.from({ length: 40 }, (_, at) => `${name}${at + 1} := ${step(`${name}${at}`)}`)].join('\n')

/** Asks for a value of two, x and y, that are equal and have 2^40 parts each. */
function ask(value: string, step: (before: string) => string) {
  const rule = `r := v if {\n${chain('x', step)}\n${chain('y', step)}\nx := x40\ny := y40\nv := ${value}\n}`
  const policy = compilePolicy({ 'shared.rego': `package shared\n${rule}` }).prepare('x = data.shared.r')
  const input = readJson('{"a": 5}')
  return printJson([...policy.evaluate(QUERY, { input, data: readJson('{}'), surroundings, limits: { steps: 50_000 } })])
}

test('a value that holds the one before it twice, forty times, ends an evaluation by its steps', () => {
  const array = (before: string) => `[${before}, ${before}]`
  const object = (before: string) => `{"a": ${before}, "b": ${before}}`
  for (const step of [array, object]) {
    for (const value of [
      '{x}',
      '{x: 1}',
      '{{"k": x}}',
      'x == y',
      'x < y',
      'x in [y]',
      'max([x, y])',
      '{1} | {x}',
      'json.marshal(x)',
      'sprintf("%v", [x])',
    ]) {
      assert.throws(() => ask(value, step), { code: 'REGO_LIMIT' }, value)
    }
    for (const value of ['x == x', 'count(x) == 2', 'count([x, y]) == 2']) assert.equal(ask(value, step), '[{"x":true}]')
  }
  for (const value of ['object.union(x, y)', 'object.subset(x, y)']) assert.throws(() => ask(value, object), { code: 'REGO_LIMIT' }, value)
})
