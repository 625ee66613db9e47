import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Explanation, explain } from './explain.ts'
import { compilePolicy } from './policy.ts'
import { fromHost, toHost } from './values/host.ts'

const SURROUNDINGS = { now: 0n, clock: () => 0, random: () => 0 }

function explained(rules: string, path: string, input: unknown, data: unknown = {}): Explanation {
  const policy = compilePolicy({ 'p.rego': `package p\n\n${rules}` })
  return explain(policy, `data.p.${path}`, { input: fromHost(input), data: fromHost(data), surroundings: SURROUNDINGS })
}

/** Outcome, values and the line that fails, of each rule. */
const told = ({ rules }: Explanation) =>
  rules.map(({ outcome, values, failed }) => [
    outcome,
    ...values.map(toHost),
    ...(failed === undefined ? [] : [failed.at.row, failed.text]),
  ])

describe('a rule', () => {
  test('that holds says what it makes, and of what it speaks', () => {
    const { value, rules } = explained('deny contains m if {\n\tsome u in input.users\n\tm := u.name\n}\n', 'deny', {
      users: [{ name: 'a' }, { name: 'b' }],
    })
    assert.deepEqual(toHost(value!), ['a', 'b'])
    assert.deepEqual(rules[0]!.values.map(toHost), ['a', 'b'])
    assert.deepEqual(
      rules[0]!.seen!.map(({ name }) => name),
      ['input.users'],
    )
  })

  test('that fails says at which line, with the variables that the lines before bound', () => {
    const { rules } = explained('allow if {\n\tx := input.a\n\ty := x + 1\n\ty > 10\n}\n', 'allow', { a: 3 })
    const { failed } = rules[0]!
    assert.deepEqual([failed!.at.row, failed!.text], [6, 'y > 10'])
    assert.deepEqual(
      failed!.bound.map(({ name, value }) => [name, toHost(value)]),
      [
        ['x', 3],
        ['y', 4],
      ],
    )
  })

  test('whose line needs a later one is asked for both', () => {
    assert.deepEqual(told(explained('allow if {\n\tx > 10\n\tx = input.a\n}\n', 'allow', { a: 3 })), [
      ['fails', 4, 'x > 10\n\tx = input.a'],
    ])
  })

  test('whose body holds but whose value does not exist fails at its head', () => {
    assert.deepEqual(told(explained('v := input.missing if input.a\n', 'v', { a: 1 })), [['fails', 3, 'input.missing']])
  })

  test('with else: each is told until one holds', () => {
    const rules = 'v := 1 if { input.a == 1 } else := 2 if { input.a == 2 } else := 3\n'
    assert.deepEqual(told(explained(rules, 'v', { a: 2 })), [
      ['fails', 3, 'input.a == 1'],
      ['holds', 2],
    ])
  })

  test('that is a default or a function is said to be one', () => {
    assert.deepEqual(told(explained('default v := 7\n\nv := 1 if input.a\n', 'v', {})), [
      ['default', 7],
      ['fails', 5, 'input.a'],
    ])
    assert.deepEqual(told(explained('f(x) := x\n', 'f', {})), [['function']])
  })
})

describe('a line', () => {
  test('leads to the rules that it depends on, as deep as needed', () => {
    const { rules } = explained('allow if admin\n\nadmin if staff\n\nstaff if input.staff\n', 'allow', {})
    const [admin] = rules[0]!.failed!.because
    const [staff] = admin!.rules[0]!.failed!.because
    assert.deepEqual([admin!.document, staff!.document], ['data.p.admin', 'data.p.staff'])
    assert.deepEqual(staff!.rules[0]!.failed!.seen, [{ name: 'input.staff', value: undefined }])
  })

  test('that negates a rule which holds shows why it holds', () => {
    const [because] = explained('allow if not banned\n\nbanned if input.user == "eve"\n', 'allow', { user: 'eve' }).rules[0]!.failed!
      .because
    assert.equal(because!.rules[0]!.outcome, 'holds')
  })

  test('of rules that depend on each other through data ends', () => {
    const policy = 'a if data.p.b\n\nb if input.x\n'
    assert.equal(explained(policy, 'a', {}).rules[0]!.failed!.because[0]!.document, 'data.p.b')
  })
})

test('an error that ends the evaluation is told in place of a value', () => {
  assert.match(explained('v := 1\n\nv := 2 if input.a\n', 'v', { a: true }).error!, /^eval_conflict_error: /)
})

test('a document that no rule makes has no rules', () => {
  assert.deepEqual(explained('a := 1\n', 'nothing', {}).rules, [])
})
