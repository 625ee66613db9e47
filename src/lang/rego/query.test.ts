import assert from 'node:assert/strict'
import test from 'node:test'
import { compilePolicy } from './policy.ts'
import { prepareQuery } from './query.ts'
import { RegoObject } from './values/value.ts'

const surroundings = { now: 0n, clock: () => 0, random: () => 0 }

function solve(query: string, module = '') {
  const policy = compilePolicy(module === '' ? {} : { 'p.rego': module })
  return prepareQuery(policy, query)
    .solve({ data: new RegoObject(), surroundings })
    .map(({ expressions, bindings }) => [expressions.map(({ value }) => value), Object.fromEntries(bindings)])
}

test('a line that is null has the value null', () => {
  assert.deepEqual(solve('null'), [[[null], {}]])
  assert.deepEqual(solve('data.p.x', 'package p\nx := null'), [[[null], {}]])
  assert.deepEqual(solve('x := null'), [[[true], { x: null }]])
})

test('a function may be given a variable for its value', () => {
  assert.deepEqual(solve('data.p.f(1, y)', 'package p\nf(x) := x + 1'), [[[true], { y: 2 }]])
  assert.deepEqual(solve('plus(1, 2, y)'), [[[true], { y: 3 }]])
  assert.deepEqual(solve('data.p.f(1)', 'package p\nf(x) := x + 1'), [[[2], {}]])
})
