import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { preparePlan } from '../engine.ts'
import { printJson, readJson } from '../values/text.ts'
import type { Value } from '../values/value.ts'

const local = (value: number) => ({ type: 'local', value })
const string = (value: number) => ({ type: 'string_index', value })
const stmt = (type: string, fields: object) => ({ type, stmt: { ...fields, file: 0, row: 1, col: 1 } })
const surroundings = { now: 0n, clock: () => 0, random: () => 0 }

/** A plan of one block; the strings are x, a, 3 and the builtins plus. */
function plan(stmts: readonly object[], funcs: readonly object[] = []) {
  return {
    static: { strings: ['x', 'a', '3'].map((value) => ({ value })), builtin_funcs: [{ name: 'plus' }] },
    plans: { plans: [{ name: 'eval', blocks: [{ stmts }] }] },
    funcs: { funcs },
  }
}

const answer = (source: number) => [
  stmt('MakeObjectStmt', { target: 90 }),
  stmt('ObjectInsertStmt', { object: 90, key: string(0), value: local(source) }),
  stmt('ResultSetAddStmt', { value: 90 }),
]

function evaluate(document: unknown, input?: Value, limits = {}) {
  return printJson(preparePlan(document).evaluate('eval', { input, data: readJson('{}'), surroundings, limits }))
}

const recursive = {
  name: 'f',
  params: [0, 1, 2],
  return: 3,
  blocks: [{ stmts: [stmt('CallStmt', { func: 'f', args: [local(0), local(1), local(2)], result: 3 })] }],
}

describe('generated code', () => {
  test('looks up, and is undefined where nothing is', () => {
    const document = plan([stmt('DotStmt', { source: local(0), key: string(1), target: 2 }), ...answer(2)])
    assert.equal(evaluate(document, readJson('{"a": false}')), '[{"x":false}]')
    for (const input of ['{}', '[1]', '"a"', 'null']) assert.equal(evaluate(document, readJson(input)), '[]')
    assert.equal(evaluate(document), '[]')
    assert.equal(evaluate({ ...document, static: { strings: [{ value: 'x' }, { value: '__proto__' }] } }, readJson('{}')), '[]')
  })

  test('calls no function with nothing in the place of the data', () => {
    const gives = { name: 'g', path: ['g'], params: [0, 1], return: 3, blocks: [{ stmts: [stmt('ResultSetAddStmt', { value: 1 })] }] }
    for (const [name, call] of [
      ['CallStmt', { func: 'g', args: [local(0), local(5)], result: 6 }],
      ['CallDynamicStmt', { path: [{ type: 'string_index', value: 3 }], args: [0, 5], result: 6 }],
    ] as const) {
      const document = plan([stmt('ResetLocalStmt', { target: 5 }), stmt(name, call)], [gives])
      document.static.strings.push({ value: 'g' })
      assert.equal(evaluate(document, readJson('1')), '[]', name)
    }
  })

  test('is the same when its blocks move out into functions', () => {
    const sum = (count: number) => [
      stmt('MakeNumberIntStmt', { value: 0, target: 3 }),
      stmt('ScanStmt', {
        source: 0,
        key: 4,
        value: 5,
        block: {
          stmts: [
            stmt('BlockStmt', {
              blocks: [
                { stmts: [stmt('EqualStmt', { a: local(5), b: local(3) }), stmt('BreakStmt', { index: 1 })] },
                { stmts: Array.from({ length: count }, () => stmt('CallStmt', { func: 'plus', args: [local(3), local(5)], result: 3 })) },
              ],
            }),
          ],
        },
      }),
      ...answer(3),
    ]
    // 1 + 1 is met by 2, so the second is passed over.
    const input = readJson('[1, 5]')
    assert.equal(evaluate(plan(sum(2)), input), '[{"x":12}]')
    const large = preparePlan(plan(sum(600)))
    assert.match(large.code, /function p0_\d+\(rt, L\)/)
    assert.equal(evaluate(plan(sum(600)), input), `[{"x":${600 + 3000}}]`)
  })

  test('replaces within `with`, and puts back after it', () => {
    const document = plan([
      stmt('WithStmt', {
        local: 0,
        path: [1],
        value: string(2),
        block: { stmts: [stmt('AssignVarStmt', { source: local(0), target: 3 })] },
      }),
      stmt('MakeArrayStmt', { capacity: 2, target: 4 }),
      stmt('ArrayAppendStmt', { array: 4, value: local(3) }),
      stmt('ArrayAppendStmt', { array: 4, value: local(0) }),
      ...answer(4),
    ])
    assert.equal(evaluate(document, readJson('{"b":1}')), '[{"x":[{"a":"3","b":1},{"b":1}]}]')
  })

  test('makes the same collections at once as part by part', () => {
    // The input, what is nowhere, an array, an object; 3 and 4 are made, and may be made again.
    const value = fc.oneof(
      { weight: 1, arbitrary: fc.constantFrom(0, 2, 3, 4).map(local) },
      { weight: 9, arbitrary: fc.nat(11).map(string) },
    )
    const key = fc.oneof({ weight: 9, arbitrary: fc.nat(11).map(string) }, { weight: 1, arbitrary: fc.constantFrom(local(0), local(3)) })
    const part = fc.oneof(
      { weight: 1, arbitrary: fc.constantFrom(stmt('MakeArrayStmt', { capacity: 0, target: 3 }), stmt('MakeObjectStmt', { target: 4 })) },
      { weight: 3, arbitrary: value.map((value) => stmt('ArrayAppendStmt', { array: 3, value })) },
      { weight: 5, arbitrary: fc.tuple(key, value).map(([key, value]) => stmt('ObjectInsertStmt', { object: 4, key, value })) },
    )
    const made = [stmt('MakeArrayStmt', { capacity: 0, target: 3 }), stmt('MakeObjectStmt', { target: 4 })]
    const document = (stmts: readonly object[]) => {
      const written = plan([...stmts, ...answer(3), ...answer(4)])
      for (const each of ['b', 'c', 'd', 'e', 'f', 'g', 'h', '\0', '']) written.static.strings.push({ value: each })
      return written
    }
    // A plan may put a collection into itself, which cannot be written.
    const said = (stmts: readonly object[]) => {
      try {
        return evaluate(document(stmts), readJson('{"a": 1}'))
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    fc.assert(
      fc.property(fc.array(part, { maxLength: 16 }), (parts) => {
        const stmts = [...made, ...parts]
        assert.equal(said(stmts), said(stmts.flatMap((each) => [each, stmt('NopStmt', {})])))
      }),
      { numRuns: 1_000 },
    )
    const { code } = preparePlan(document([...made, stmt('ObjectInsertStmt', { object: 4, key: string(0), value: local(3) })]))
    assert.match(code, /l4 = RegoObject.ofNames\(\[k0\], \[l3\]\)/)
  })

  test('ends where a rule has two values', () => {
    const twice = [1, 2].map((value) => [
      stmt('MakeNumberIntStmt', { value, target: 4 }),
      stmt('AssignVarOnceStmt', { source: local(4), target: 2 }),
    ])
    assert.throws(() => evaluate(plan(twice.flat())), { code: 'REGO_EVAL', opaCode: 'eval_conflict_error' })
  })

  test('holds its limits on depth, steps and time', () => {
    const call = stmt('CallStmt', { func: 'f', args: [local(0), local(1), string(1)], result: 2 })
    const argued = plan([stmt('AssignVarStmt', { source: string(1), target: 5 }), { ...call }], [recursive])
    const limited = { code: 'REGO_LIMIT' }
    assert.throws(() => evaluate(argued), limited)
    assert.throws(() => evaluate(argued, undefined, { depth: 1e9 }), limited)
    const scan = plan([stmt('ScanStmt', { source: 0, key: 3, value: 4, block: { stmts: [] } })])
    assert.throws(() => evaluate(scan, Array(10_000).fill(1), { steps: 5_000 }), limited)
    let clock = 0
    const slow = { data: null, input: Array(10_000).fill(1) as Value, surroundings: { ...surroundings, clock: () => clock++ * 6_000 } }
    assert.throws(() => preparePlan(scan).evaluate('eval', slow), limited)
  })
})

describe('a plan of strangers', () => {
  test('is refused with the place where it is none', () => {
    const documents: readonly [unknown, RegExp][] = [
      [[], /^plan$/],
      [plan([stmt('EvilStmt', {})]), /^plans\.plans\[0\]\.blocks\[0\]\.stmts\[0\]$/],
      [plan([stmt('constructor', {})]), /stmts\[0\]$/],
      [plan([stmt('MakeNullStmt', { target: '0;evil()' })]), /MakeNullStmt\.target$/],
      [plan([stmt('MakeNullStmt', { target: -1 })]), /target$/],
      [plan([stmt('BreakStmt', { index: 1 })]), /stmts\[0\]$/],
      [plan([stmt('AssignVarStmt', { source: string(3), target: 1 })]), /source$/],
    ]
    for (const [document, at] of documents) {
      assert.throws(
        () => preparePlan(document),
        (error: { code: string; at: string }) => error.code === 'REGO_PLAN' && at.test(error.at),
      )
    }
  })

  test('that calls an unknown function is refused with its name', () => {
    const call = plan([stmt('CallStmt', { func: 'no.such', args: [], result: 2 })])
    assert.throws(() => preparePlan(call), { code: 'REGO_BUILTIN', message: /"no\.such"/ })
  })

  test('that nests without end is refused', () => {
    let block = { stmts: [] as object[] }
    for (let depth = 0; depth < 5_000; depth++) block = { stmts: [stmt('NotStmt', { block })] }
    assert.throws(() => preparePlan(plan(block.stmts)), { code: 'REGO_PLAN' })
  })
})
