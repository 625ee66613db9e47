import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Coverage, spansOf } from './coverage.ts'
import { compilePolicy } from './policy.ts'
import { prepareQuery } from './query.ts'
import { fromHost } from './values/host.ts'

const TEXT = `package a

allow if {
	input.x == 1
	some y in [1, 2]
	y > 1
}

allow if {
	input.x == 2
	count([z |
		z := 1
	]) > 7
}

f(x) := 1 if {
	x > 5
} else := 2

b := f(1)
`

function reported(query: string, input: unknown, traced = true) {
  const policy = compilePolicy({ 'a.rego': TEXT })
  const coverage = new Coverage()
  const prepared = prepareQuery(policy, query, { traced })
  const surroundings = { now: 0n, clock: () => 0, random: () => 0 }
  const answer = prepared.solve({ input: fromHost(input), data: fromHost({}), surroundings, visited: coverage.visited })
  return { answer, report: coverage.report(policy.modules), file: coverage.report(policy.modules).files['a.rego']! }
}

test('what an evaluation reaches is covered, what it leaves out is not', () => {
  const { file } = reported('data.a.allow', { x: 1 })
  assert.deepEqual(spansOf(file.covered ?? []), [[3, 6]])
  assert.deepEqual(spansOf(file.not_covered ?? []), [
    [9, 13],
    [16, 18],
    [20, 20],
  ])
})

test('a body that fails is covered up to where it fails, its head is not', () => {
  const { file } = reported('data.a.allow', { x: 2 })
  assert.ok(file.not_covered?.some(({ start }) => start.row === 9))
  assert.ok(file.covered?.some(({ start, end }) => start.row === 11 && end.row === 13))
})

test('an else that is come to is covered; percentages are of lines', () => {
  const { file, report } = reported('data.a.b', {})
  assert.deepEqual(spansOf(file.covered ?? []), [
    [17, 18],
    [20, 20],
  ])
  assert.deepEqual([report.covered_lines, report.not_covered_lines, report.coverage], [3, 9, 25])
})

test('nothing is told, and the answer is the same, where it was not asked for', () => {
  for (const input of [{ x: 1 }, { x: 2 }, {}]) {
    for (const query of ['data.a.allow', 'data.a', 'data.a.f(9)']) {
      const [traced, plain] = [reported(query, input), reported(query, input, false)]
      assert.deepEqual(plain.answer, traced.answer)
      assert.equal(plain.report.covered_lines, 0)
    }
  }
  assert.doesNotMatch(compilePolicy({ 'a.rego': TEXT }).prepare('data.a.allow').code, /visit/)
})
