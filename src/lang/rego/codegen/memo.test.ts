import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compilePolicy, QUERY } from '../policy.ts'
import { printJson, readJson } from '../values/text.ts'

const surroundings = { now: 0n, clock: () => 0, random: () => 0 }

function ask(rules: string, query: string, steps: number, input = '{}') {
  const policy = compilePolicy({ 'memo.rego': `package memo\n${rules}` }).prepare(`x = ${query}`)
  return printJson([...policy.evaluate(QUERY, { input: readJson(input), data: readJson('{}'), surroundings, limits: { steps } })])
}

const costly = 'costly(x) := sum([n | some n in numbers.range(1, 1000); n != x])'

describe('a function with a loop', () => {
  test('is computed once for the same scalar', () => {
    const rules = `${costly}\nall := sum([costly(k % 3) | some k in numbers.range(1, 1000)])`
    assert.equal(ask(rules, 'data.memo.all', 50_000), '[{"x":500499000}]')
    assert.throws(
      () => ask(rules.replaceAll('costly(x)', 'costly([x])').replace('costly(k % 3)', 'costly([k % 3])'), 'data.memo.all', 50_000),
      {
        code: 'REGO_LIMIT',
      },
    )
  })

  test('is computed once for the same two, and once where it is undefined', () => {
    const rules =
      'both(x, y) if { some n in numbers.range(1, 1000); n == x; n == y }\nall := count([k | some k in input; both(k[0], k[1])])'
    const pairs = JSON.stringify(Array.from({ length: 500 }, (_, at) => [at % 2, at % 3]))
    assert.equal(ask(rules, 'data.memo.all', 50_000, pairs), '[{"x":84}]')
  })

  test('is computed again where the world is another', () => {
    const rules = `
      seen(x) := [x, n] if { n := count([m | some m in input]) }
      here := [seen(k) | some k in [1, 1]]
      there := [a, b, c] if { a := here; b := here with input as [7]; c := here with data.memo.seen as 5 }
      base(x) := sum([n | some n in [x]])
      over(x) := top(x) + 100
      top(x) := sum([base(k) | some k in [x]])
      rerouted := [a, b] if { a := [[base(k), top(k)] | some k in [1, 2, 1]]; b := replaced with data.memo.base as over }
      replaced := [[base(k), top(k), base(k)] | some k in [1, 2, 1]]`
    assert.equal(ask(rules, 'data.memo.there', 10_000), '[{"x":[[[1,0],[1,0]],[[1,1],[1,1]],[5,5]]}]')
    const [plain, changed] = ['[[1,1],[2,2],[1,1]]', '[[101,101,101],[102,102,102],[101,101,101]]']
    assert.equal(ask(rules, 'data.memo.rerouted', 10_000), `[{"x":[${plain},${changed}]}]`)
  })

  test('is right for more arguments than it remembers', () => {
    const rules =
      'same(x, y) := [x, y] if { some n in [x]; n == x }\nall := count({p | some i, _ in input; some j in [1, 2]; p := same(i, j)})'
    assert.equal(ask(rules, 'data.memo.all', 100_000, JSON.stringify(Array.from({ length: 2000 }, () => 0))), '[{"x":4000}]')
  })
})
