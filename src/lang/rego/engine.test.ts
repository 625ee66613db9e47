import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RegoError } from './errors.ts'
import { compilePolicy, QUERY } from './policy.ts'
import { payer } from './values/meter.ts'
import { printJson, readJson } from './values/text.ts'
import type { Value } from './values/value.ts'

const surroundings = { now: 0n, clock: () => 0, random: () => 0 }
const chain = (name: string, step: (before: string) => string) =>
  [`${name}0 := input.a`, ...Array.from({ length: 40 }, (_, at) => `${name}${at + 1} := ${step(`${name}${at}`)}`)].join('\n')

const STEPS = 50_000

/** Writes a value as one does who has only so many steps. */
function printed(value: Value): string {
  let left = STEPS
  const charge = (steps: number) => {
    left -= steps
    if (left < 0) throw new RegoError('REGO_LIMIT', 'eval_cancel_error', 'too large')
  }
  const before = payer({ charge, spend: () => {} })
  try {
    return printJson(value)
  } finally {
    payer(before)
  }
}

/** Asks for a value of two, x and y, that are equal and have 2^40 parts each, and writes what is answered. */
function ask(value: string, step: (before: string) => string, print = printed) {
  const rule = `r := v if {\n${chain('x', step)}\n${chain('y', step)}\nx := x40\ny := y40\nv := ${value}\n}`
  const policy = compilePolicy({ 'shared.rego': `package shared\n${rule}` }).prepare('x = data.shared.r')
  const input = readJson('{"a": 5}')
  return print([...policy.evaluate(QUERY, { input, data: readJson('{}'), surroundings, limits: { steps: STEPS } })])
}

const array = (before: string) => `[${before}, ${before}]`
const object = (before: string) => `{"a": ${before}, "b": ${before}}`

test('a value that holds the one before it twice, forty times, ends an evaluation, or the writing of its answer, by its steps', () => {
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

test('where nobody pays for the writing of an answer, it has an end all the same', () => {
  assert.throws(() => ask('{x}', array, printJson), { code: 'REGO_LIMIT', message: /too large to be written/ })
})
