// What follows from the data alone is computed once for all inputs; nothing else is, and no answer tells the difference.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Random } from '../../../../test/kit/random.ts'
import { DATA, randomInput, randomProgram } from '../../../../test/kit/rego-programs.ts'
import { ThymusError } from '../../../core/errors.ts'
import { compilePolicy, QUERY } from '../policy.ts'
import { printJson, readJson } from '../values/text.ts'
import type { Value } from '../values/value.ts'
import { DEFAULT_LIMITS, type Known, Runtime } from './runtime.ts'

const surroundings = { now: 5n, clock: () => 0, random: () => 0 }
const data = readJson('{"ns":[1,2,3]}')
/** Takes more than 1,000 steps. */
const COSTLY = 'costly := sum([v | some n in numbers.range(1, 1000); some m in data.ns; v := n * m])'
const ENOUGH = 50_000
const FEW = 1_000

interface Asked {
  readonly input?: Value
  readonly data?: Value
  readonly now?: bigint
  readonly strict?: boolean
  readonly steps?: number
}

/** A query about rules of a package, asked any number of times. */
function asking(rules: string, query: string) {
  const prepared = compilePolicy({ 'p.rego': `package p\n${rules}` }).prepare(`x = ${query}`)
  return ({ steps = ENOUGH, now = 5n, ...options }: Asked = {}) =>
    printJson([...prepared.evaluate(QUERY, { data, surroundings: { ...surroundings, now }, limits: { steps }, ...options })])
}

describe('what follows from the data alone', () => {
  test('is computed once for all inputs, and again for other data', () => {
    const ask = asking(`${COSTLY}\nanswer := costly + input`, 'data.p.answer')
    assert.throws(() => ask({ input: readJson('1'), steps: FEW }), { code: 'REGO_LIMIT' })
    assert.equal(ask({ input: readJson('1') }), '[{"x":3003001}]')
    assert.equal(ask({ input: readJson('2'), steps: FEW }), '[{"x":3003002}]')
    const other = readJson('{"ns":[1]}')
    assert.throws(() => ask({ input: readJson('2'), data: other, steps: FEW }), { code: 'REGO_LIMIT' })
    assert.equal(ask({ input: readJson('2'), data: other }), '[{"x":500502}]')
    assert.equal(ask({ input: readJson('3'), steps: FEW }), '[{"x":3003003}]')
  })

  test('that is undefined is known as well, and a conflict is told each time', () => {
    const ask = asking(
      'none if { some n in numbers.range(1, 1000); some m in data.ns; n * m < 0 }\nanswer := input if not none',
      'data.p.answer',
    )
    assert.equal(ask({ input: readJson('1') }), '[{"x":1}]')
    assert.equal(ask({ input: readJson('2'), steps: FEW }), '[{"x":2}]')
    const two = asking('two := n if some n in data.ns', 'data.p.two')
    for (const _ of [1, 2]) assert.throws(() => two(), { opaCode: 'eval_conflict_error' })
  })

  test('stands also where another input is put in place, and not where data or functions are', () => {
    const rules = `${COSTLY}
      inside := x if { x := costly with input as 7 }
      changed := x if { x := costly with data.ns as [1] }
      mocked := x if { x := costly with sum as 3 }`
    const [inside, changed, mocked] = ['inside', 'changed', 'mocked'].map((name) => asking(rules, `[data.p.costly, data.p.${name}]`))
    for (const steps of [ENOUGH, FEW]) assert.equal(inside!({ steps }), '[{"x":[3003000,3003000]}]')
    for (const _ of [1, 2]) {
      assert.equal(changed!(), '[{"x":[3003000,500500]}]')
      assert.equal(mocked!(), '[{"x":[3003000,3]}]')
    }
    assert.throws(() => changed!({ steps: FEW }), { code: 'REGO_LIMIT' })
  })

  test('does not hold what a replaced function said', () => {
    // In `stand_in` no function is replaced, but what it asks for was computed where one was.
    const rules = `
      base := count([n | some n in data.ns])
      top := base + count([n | some n in data.ns])
      stand_in(xs) := top
      mocked := [a, b] if { a := base with count as 7; b := later with count as stand_in }
      later := abs(count(input))`
    const ask = asking(rules, '[data.p.mocked, data.p.top, data.p.base]')
    for (const _ of [1, 2]) assert.equal(ask({ input: readJson('[]') }), '[{"x":[[7,6],6,3]}]')
  })

  test('and from a scalar argument, is known for as many arguments as there is room for', () => {
    const ask = asking(
      'f(x) := sum([v | some n in numbers.range(1, 1000); some m in data.ns; v := (n * m) + x])\nanswer := f(input)',
      'data.p.answer',
    )
    const first = { input: readJson('1') }
    assert.throws(() => ask({ ...first, steps: FEW }), { code: 'REGO_LIMIT' })
    assert.equal(ask(first), '[{"x":3006000}]')
    assert.equal(ask({ ...first, steps: FEW }), '[{"x":3006000}]')
    assert.throws(() => ask({ ...first, data: readJson('{"ns":[1]}'), steps: FEW }), { code: 'REGO_LIMIT' })
    // Those that came first make room for those that come now.
    for (let at = 2; at <= 600; at++) ask({ input: readJson(`${at}`) })
    assert.equal(ask({ input: readJson('600'), steps: FEW }), '[{"x":4803000}]')
    assert.throws(() => ask({ ...first, steps: FEW }), { code: 'REGO_LIMIT' })
  })

  test('and from an argument that is no scalar, or is long, or makes much of it, is asked each time', () => {
    const ask = asking('f(x) := [n | some n in numbers.range(1, 100); n != x]\nanswer := count(f(input))', 'data.p.answer')
    for (const input of ['[1]', `"${'x'.repeat(2_000)}"`, '-1']) {
      const given = { input: readJson(input) }
      assert.equal(ask(given), '[{"x":100}]')
      assert.throws(() => ask({ ...given, steps: 100 }), { code: 'REGO_LIMIT' })
    }
  })

  test('and from an argument, is not what a replaced function said', () => {
    const rules = `
      unit(text) := to_number(replace(text, "m", ""))
      plain := unit(input)
      mocked := x if { x := unit(input) with replace as "7" }`
    const ask = asking(rules, '[data.p.plain, data.p.mocked, data.p.plain]')
    for (const _ of [1, 2]) assert.equal(ask({ input: readJson('"5m"') }), '[{"x":[5,7,5]}]')
    const reversed = asking(rules, '[data.p.mocked, data.p.plain]')
    for (const _ of [1, 2]) assert.equal(reversed({ input: readJson('"5m"') }), '[{"x":[7,5]}]')
  })

  test('is apart for a strict evaluation', () => {
    const ask = asking('bad := [n | some m in data.ns; n := to_number(sprintf("x%d", [m]))]', 'data.p.bad')
    assert.equal(ask(), '[{"x":[]}]')
    assert.throws(() => ask({ strict: true }), { opaCode: 'eval_builtin_error' })
    assert.equal(ask(), '[{"x":[]}]')
  })

  test('is not kept where it takes up too much', () => {
    const runtime = new Runtime(DEFAULT_LIMITS, surroundings, false)
    const known: Known = { data, values: [], room: 100 }
    runtime.known = known
    for (const [slot, size] of [60, 60, 40].entries()) {
      const before = runtime.bytes
      runtime.spend(size)
      runtime.keep(data, slot, size, before)
    }
    assert.deepEqual([{ ...known.values }, known.room, runtime.memo], [{ 0: 60, 2: 40 }, 0, [60, 60, 40]])
  })
})

for (const [name, rule, first, second] of [
  ['the clock', 'answer := [time.now_ns() | some n in data.ns; n == 1]', '[{"x":[5]}]', '[{"x":[6]}]'],
  [
    'the clock, by way of a function',
    'f(n) := time.now_ns() + n\nanswer := [f(n) | some n in data.ns]',
    '[{"x":[6,7,8]}]',
    '[{"x":[7,8,9]}]',
  ],
  ['the clock, by a function of one argument', 'f(n) := abs(time.now_ns() + n)\nanswer := [f(1)]', '[{"x":[6]}]', '[{"x":[7]}]'],
  ['the input, by a function of one argument', 'f(n) := abs(abs(input + n))\nanswer := [f(0)]', '[{"x":[5]}]', '[{"x":[6]}]'],
  ['the input', 'answer := [input | some n in data.ns; n == 1]', '[{"x":[5]}]', '[{"x":[6]}]'],
  ['the input, by way of a rule', 'other := input\nanswer := [other | some n in data.ns; n == 1]', '[{"x":[5]}]', '[{"x":[6]}]'],
  ['the input, as an argument', 'f(x) := x\nanswer := [f(input) | some n in data.ns; n == 1]', '[{"x":[5]}]', '[{"x":[6]}]'],
  ['the input, by a name that is computed', 'answer := [data.p.sub[k] | some k in ["a"]]\nsub.a := input', '[{"x":[5]}]', '[{"x":[6]}]'],
] as const) {
  test(`a rule that looks at ${name} is asked each time`, () => {
    const ask = asking(rule, 'data.p.answer')
    assert.equal(ask({ now: 5n, input: readJson('5') }), first)
    assert.equal(ask({ now: 6n, input: readJson('6') }), second)
  })
}

test('programs answer alike, whether they have been asked before or not', () => {
  const random = new Random(2026)
  const known = readJson(JSON.stringify(DATA))
  let answers = 0
  for (let seed = 0; seed < 400; seed++) {
    const compile = () => compilePolicy({ 'g.rego': randomProgram(seed) }).prepare('x = data.g')
    const said = (prepared: ReturnType<typeof compile>, input: Value) => {
      try {
        return printJson([...prepared.evaluate(QUERY, { input, data: known, surroundings })])
      } catch (error) {
        if (error instanceof ThymusError) return error.message
        throw error
      }
    }
    let asked: ReturnType<typeof compile>
    try {
      asked = compile()
    } catch (error) {
      if (error instanceof ThymusError) continue
      throw error
    }
    for (let round = 0; round < 3; round++) {
      const input = readJson(JSON.stringify(randomInput(random)))
      assert.equal(said(asked, input), said(compile(), input), `seed ${seed}`)
      answers++
    }
  }
  assert.ok(answers > 400, `${answers} answers`)
})
