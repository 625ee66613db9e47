// Policies, plans and values that were written to do harm: each ends, soon, by an answer or by an error that has a code.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { callBuiltin } from '../../../test/kit/rego-builtin.ts'
import { ThymusError } from '../../core/errors.ts'
import type { Limits, Surroundings } from './codegen/runtime.ts'
import { preparePlan } from './engine.ts'
import { formatSource } from './format/source.ts'
import { compilePolicy, policyOf, QUERY } from './policy.ts'
import { prepareQuery } from './query.ts'
import { parseQuery } from './syntax/module.ts'
import { fromHost, toHost } from './values/host.ts'
import { printJson, readJson } from './values/text.ts'
import type { Value } from './values/value.ts'

const MANY = 100_000
const times = (n: number, line: (at: number) => string, by = '\n') => Array.from({ length: n }, (_, at) => line(at)).join(by)
const ones = (n: number) => Array.from({ length: n }, () => 1)
const surroundings: Surroundings = { now: 0n, clock: () => performance.now(), random: () => 0 }

function answer(body: string, limits: Partial<Limits> = {}, data: Value = readJson('{}'), more: Partial<Surroundings> = {}): unknown {
  const query = prepareQuery(compilePolicy({ 'a.rego': `package a\n${body}` }), 'data.a.p')
  const [solution] = query.solve({ input: null, data, limits, surroundings: { ...surroundings, ...more } })
  return solution === undefined ? undefined : toHost(solution.expressions[0]!.value)
}

/** Runs for less than so many milliseconds of CPU, to an end that has a code; answers with the code. */
function code(run: () => unknown, most = 10_000): string {
  const start = process.cpuUsage()
  let found = 'none'
  try {
    run()
  } catch (error) {
    if (!(error instanceof ThymusError)) throw error
    found = error.code
  }
  const { user, system } = process.cpuUsage(start)
  assert.ok((user + system) / 1_000 < most, `${(user + system) / 1_000} ms`)
  return found
}

describe('a text', () => {
  const DEEP: Readonly<Record<string, string>> = {
    arrays: `p := ${'['.repeat(MANY)}${']'.repeat(MANY)}`,
    sets: `p := ${'{'.repeat(MANY)}${'}'.repeat(MANY)}`,
    objects: `p := ${'{"a":'.repeat(MANY)}1${'}'.repeat(MANY)}`,
    parentheses: `p := ${'('.repeat(MANY)}1${')'.repeat(MANY)}`,
    comprehensions: `p := ${'[1|'.repeat(MANY)}true${']'.repeat(MANY)}`,
    every: `p if ${'every x in [1] {'.repeat(MANY)}true${'}'.repeat(MANY)}`,
    calls: `p := ${'f('.repeat(MANY)}1${')'.repeat(MANY)}`,
    references: `p := ${'a['.repeat(MANY)}1${']'.repeat(MANY)}`,
    templates: `p := ${'$"{'.repeat(MANY)}1${'}"'.repeat(MANY)}`,
    negations: `p if { ${'not '.repeat(MANY)}true }`,
    signs: `p := ${'-'.repeat(MANY)}1`,
    else: `p := 1 if { false } ${'else := 1 if { false } '.repeat(MANY)}`,
    names: `p := input${'.b'.repeat(MANY)}`,
    head: `p${'.b'.repeat(MANY)} := 1`,
    iteration: `p if input${'[_]'.repeat(MANY)}`,
    digits: `p := ${'9'.repeat(MANY * 10)}`,
    ...Object.fromEntries(['+', '*', '|', '==', 'in'].map((operator) => [operator, `p if { x := 1${` ${operator} 1`.repeat(MANY)} }`])),
  }
  for (const [what, text] of Object.entries(DEEP)) {
    test(`that nests, or goes on, without end is refused: ${what}`, () => {
      const module = `package a\n${text}\n`
      assert.equal(
        code(() => compilePolicy({ 'a.rego': module })),
        'REGO_REJECTED',
      )
      assert.match(
        code(() => formatSource('a.rego', module)),
        /^(?:REGO_REJECTED|none)$/,
      )
    })
  }

  test('of ten megabytes in one token is read', () => {
    for (const text of [`p := "${'a'.repeat(10_000_000)}"`, `p := \`${'a'.repeat(10_000_000)}\``, `#${'a'.repeat(10_000_000)}`]) {
      assert.equal(
        code(() => compilePolicy({ 'a.rego': `package a\n${text}\n` })),
        'none',
      )
    }
  })

  test('of many rules, lines or parts takes time in proportion', () => {
    for (const text of [
      times(5_000, (at) => `p${at} := ${at}`),
      times(5_000, (at) => `p contains ${at}`),
      `p if {\n${'input.x == 1\n'.repeat(5_000)}}`,
      `p := [${times(MANY, String, ',')}]`,
      `p := {${times(MANY, (at) => `"${at}": 1`, ',')}}`,
    ]) {
      assert.equal(
        code(() => answer(text), 30_000),
        'none',
      )
    }
  })

  test('that is no query is refused', () => {
    const policy = compilePolicy({ 'a.rego': 'package a' })
    for (const text of ['', ' ', '# a', '}', 'x', 'data.a.f(1)']) {
      assert.equal(
        code(() => prepareQuery(policy, text)),
        'REGO_REJECTED',
        text,
      )
    }
    assert.equal(parseQuery('', '').length, 0)
  })
})

describe('an evaluation', () => {
  const LOOP = 'p := count([1 | some i in numbers.range(1, 1000000); some j in numbers.range(1, 1000000); i == j])'

  test('ends by its steps, its time, or when it is cancelled', () => {
    assert.equal(
      code(() => answer(LOOP, { steps: 5_000_000 })),
      'REGO_LIMIT',
    )
    assert.throws(() => answer(LOOP, { milliseconds: 100 }), /more than 100 ms/)
    let asked = 0
    assert.throws(() => answer(LOOP, {}, readJson('{}'), { cancelled: () => ++asked > 10 }), /cancelled/)
  })

  test('begins no match that may end after its time, for nothing interrupts one', () => {
    const match = 'p := regex.match("(?:a?){200}a{200}$", data.text)'
    const stopped = { clock: () => 0 }
    const texts = { short: fromHost({ text: `${'a'.repeat(1_000)}b` }), long: fromHost({ text: `${'a'.repeat(100_000)}b` }) }
    assert.equal(answer(match, { milliseconds: 1_000 }, texts.short, stopped), false)
    assert.throws(() => answer(match, { milliseconds: 1_000 }, texts.long, stopped), /more than 1000 ms/)
  })

  test('takes memory for what it puts into collections', () => {
    for (const head of ['[[i, j] |', '{[i, j] |', '{sprintf("%d-%d", [i, j]): i |']) {
      const text = `p := ${head} some i in numbers.range(1, 100000); some j in numbers.range(1, 100000)${head.startsWith('[') ? ']' : '}'}`
      assert.throws(() => answer(text, { memory: 16 * 2 ** 20, milliseconds: 60_000 }), /bytes are made/, head)
    }
  })

  test('looks at the clock however large the collections are that a builtin goes through', () => {
    const data = fromHost({
      xs: Array.from({ length: 50_000 }, (_, at) => `x${at}`),
      o: Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [at, at])),
    })
    for (const line of [
      'count({x | some x in data.xs} | {i}) > 0',
      'count(array.concat(data.xs, [i])) > 0',
      'count(object.union(data.o, {"a": i})) > 0',
      'not i in data.xs',
      'sum([x | some x in [i]]) == i; max(data.xs) != i',
      'data.o.a == 1 with data.o.b as i',
      'count(object.union_n([data.o, data.o, {"a": i}])) > 0',
    ]) {
      const ended = code(() => answer(`p := [1 | some i in numbers.range(1, 1000000); ${line}]`, { milliseconds: 200 }, data), 5_000)
      assert.equal(ended, 'REGO_LIMIT', line)
    }
  })

  test('of a value that holds what is before it twice, sixty times over, ends', () => {
    const twice = `x0 := [1]\n${times(60, (at) => `x${at + 1} := [x${at}, x${at}]`)}\ny0 := [1]\n${times(60, (at) => `y${at + 1} := [y${at}, y${at}]`)}`
    for (const line of [
      'p := count({x60, y60})',
      'p := count({x60: 1})',
      'p := x60 == y60',
      'p := x60 < y60',
      'p := sort([x60, y60])',
      'p := x60',
    ]) {
      assert.equal(
        code(() => printJson(fromHost(answer(`${twice}\n${line}`, { steps: 2_000_000, memory: 64 * 2 ** 20 })))),
        'REGO_LIMIT',
        line,
      )
    }
  })

  test('of functions that call ever more functions ends', () => {
    // A function of one argument is remembered by it, so that this comes to an end where the count of its calls does not.
    const remembered = `f0(x) := 1\n${times(60, (at) => `f${at + 1}(x) := f${at}(x + 1) + f${at}(x + 2)`)}\np := f60(1)`
    assert.equal(answer(remembered, { steps: 1_000_000 }), 2n ** 60n)
    const doubling = `f0(x, y) := 1\n${times(60, (at) => `f${at + 1}(x, y) := f${at}(x + 1, y) + f${at}(x, y + 2)`)}\np := f60(1, 1)`
    assert.equal(
      code(() => answer(doubling, { steps: 1_000_000 })),
      'REGO_LIMIT',
    )
    const long = `f0(x) := 1\n${times(3_000, (at) => `f${at + 1}(x) := f${at}(x) + 1`)}\np := f3000(1)`
    assert.match(
      code(() => answer(long)),
      /^(?:REGO_LIMIT|none)$/,
    )
    assert.throws(() => answer('f(x) := f(x - 1)\np := f(1)'), /recursive/)
  })

  test('reads and walks what is deep or large', () => {
    assert.equal(
      code(() => readJson('['.repeat(MANY))),
      'FORMAT',
    )
    const deep = readJson(`{"d": ${'['.repeat(500)}1${']'.repeat(500)}}`)
    assert.equal(answer('p := count([1 | walk(data.d, _)])', {}, deep), 501)
  })
})

describe('a builtin', () => {
  const long = 'a'.repeat(300_000)
  const CALLS: readonly (readonly [name: string, ...operands: unknown[]])[] = [
    ['regex.match', '^(a+)+$', `${'a'.repeat(30_000)}!`],
    ['regex.match', '((a{0,100}){0,10}){0,1}b', long],
    ['regex.replace', `${long}`, '(x+x+)+y', '$1'],
    ['regex.match', long, long],
    ['regex.globs_match', '[a-z]+[a-z]+[a-z]*[a-z]*[a-z]*b', '[a-z]+[a-z]+[a-z]*[a-z]*[a-z]*c'],
    ['regex.globs_match', 'x', long],
    ['glob.match', '*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b', [], 'a'.repeat(3_000)],
    ['glob.match', `${'{a,b}'.repeat(24)}`, [], `${'a'.repeat(23)}c`],
    ['replace', 'b', long, 'c'],
    ['replace', long, long, ''],
    ['indexof_n', long, 'a'.repeat(150_000)],
    ['strings.replace_n', Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`a${at}`, 'b'])), long],
    ['internal.template_string', Array.from({ length: 2_000 }, () => 'a')],
    ['sprintf', '%1000000000d', [1]],
    ['sprintf', '%.1000000000f', [1.5]],
    ['sprintf', '%*d', [1_000_000_000, 1]],
    ['numbers.range', 1, 1_000_000_000_000],
    ['numbers.range_step', 1, 1e15, 1],
    ['net.cidr_expand', '::/0'],
    ['bits.lsh', 1, 1_000_000_000],
    ['object.union_n', Array.from({ length: 50_000 }, (_, at) => ({ [`a${at}`]: at }))],
    ['yaml.unmarshal', `a0: &a0 [1]\n${times(60, (at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}]`)}`],
    ['json.unmarshal', '['.repeat(MANY)],
    ['rego.parse_module', 'a', `package a\np := ${'['.repeat(MANY)}`],
  ]
  for (const [name, ...operands] of CALLS) {
    test(`takes bounded time: ${name} ${JSON.stringify(operands).slice(0, 40)}`, () => {
      assert.match(
        code(() => callBuiltin(name, operands)),
        /^(?:REGO_LIMIT|none)$/,
      )
    })
  }

  // More work than the sizes of the operands together: 100,000 steps are enough for those.
  const nodes = Array.from({ length: 400 }, (_, at) => String(at))
  const middle = `${'a'.repeat(1_000)}b${'a'.repeat(1_000)}`
  const WORK: readonly (readonly [name: string, ...operands: unknown[]])[] = [
    ['graph.reachable', Object.fromEntries(nodes.map((node) => [node, nodes])), ['1']],
    ['graph.reachable_paths', { a: ['b'], b: Array.from({ length: 200_000 }, () => 'a') }, ['a']],
    ['glob.match', '{a,b*}'.repeat(100), [], 'b'.repeat(1_000)],
    ['glob.match', '*'.repeat(150), Array.from({ length: 64 }, (_, at) => String.fromCharCode(at + 32)), 'a'],
    ['json.match_schema', ['a'.repeat(2_000)], { items: { pattern: '^([a-z0-9]+[._-]?){1,60}$' } }],
    ['json.match_schema', { ['a'.repeat(2_000)]: 1 }, { patternProperties: { '^([a-z0-9]+[._-]?){1,60}$': {} } }],
    ['json.match_schema', ['a'.repeat(2_000)], { items: { format: 'regex' } }],
    ['json.verify_schema', { pattern: 'a'.repeat(2_000) }],
    ['json.patch', ones(1_000), Array.from({ length: 1_000 }, () => ({ op: 'replace', path: '/5', value: 1 }))],
    ['strings.any_prefix_match', Array.from({ length: 1_000 }, () => 'ab'), Array.from({ length: 1_000 }, () => 'ac')],
    ['strings.any_suffix_match', Array.from({ length: 1_000 }, () => 'ba'), Array.from({ length: 1_000 }, () => 'ca')],
    ['contains', long, middle],
    ['split', long, middle],
    ['replace', long, middle, ''],
    ['strings.replace_n', { [middle]: '' }, long],
    ['indexof', long, middle],
    ['indexof_n', long, middle],
    ['strings.count', long, middle],
    ['object.subset', ones(2_000), [...ones(1_000), 2]],
  ]
  for (const [name, ...operands] of WORK) {
    test(`takes steps for all that it goes through: ${name} ${JSON.stringify(operands).slice(0, 40)}`, () => {
      assert.throws(() => callBuiltin(name, operands, { limits: { steps: 100_000 } }), { code: 'REGO_LIMIT' })
    })
  }

  test('looks at the clock before each match', () => {
    const text = 'a'.repeat(2_000)
    for (const [name, ...operands] of [
      ['regex.find_n', 'a.*b|a', text, -1],
      ['regex.find_all_string_submatch_n', 'a.*b|a', text, -1],
      ['regex.replace', text, 'a.*b|a', 'c'],
      ['regex.split', 'a.*b|a', text],
    ] as const) {
      let [looks, now] = [0, 0]
      const clock = () => (++looks > 1_000 ? ++now : 0)
      assert.throws(
        () => callBuiltin(name, operands, { limits: { milliseconds: 1 }, surroundings: { clock } }),
        { code: 'REGO_LIMIT' },
        name,
      )
    }
  })

  test('replaces and finds as before', () => {
    assert.equal(callBuiltin('replace', ['banana', 'an', 'x']), 'bxxa')
    assert.equal(callBuiltin('replace', ['a.b', '.', '$&']), 'a$&b')
    assert.equal(callBuiltin('replace', [`x${long}y`, long, '']), 'xy')
    assert.equal(callBuiltin('strings.replace_n', [{ a: 'b', ab: 'c', b: 'a' }, 'abba']), 'baab')
    assert.deepEqual(callBuiltin('indexof_n', ['😀aa😀aaa', 'aa']), [1, 4, 5])
    const [text, place] = [`${middle}c${'a'.repeat(2_000)}${middle}`, 4_002]
    assert.equal(callBuiltin('contains', [text, `c${middle.slice(0, 500)}`]), true)
    assert.equal(callBuiltin('contains', [text, `${middle}a`]), false)
    assert.equal(callBuiltin('indexof', [text.slice(1), middle]), place - 1)
    assert.deepEqual(callBuiltin('indexof_n', [text, middle]), [0, place])
    assert.deepEqual(callBuiltin('split', [text, middle]), ['', text.slice(2_001, place), ''])
    assert.equal(callBuiltin('replace', [text, middle, 'x']), `x${text.slice(2_001, place)}x`)
    assert.equal(callBuiltin('strings.count', [text, middle]), 2)
    assert.deepEqual(callBuiltin('object.union_n', [[{ a: { b: 1 } }, { a: { c: 2 } }, { a: { b: 3 }, d: 4 }]]), {
      a: { b: 3, c: 2 },
      d: 4,
    })
  })
})

describe('the host', () => {
  const NAMES = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'process',
    'globalThis',
    'arguments',
    'eval',
    'rt',
    'L',
  ]
  const TEXTS = ["'", '"', '`', `\${process}`, '\\', '\n', '\u2028', '\u2029', '*/', '\0', '</script>']

  test('is not reached by any name', () => {
    const before = Reflect.ownKeys(Object.prototype).length
    for (const name of NAMES) {
      assert.deepEqual(
        answer(`${name}s.${name} := 1\np := ${name}s`),
        Object.assign(Object.create(null), JSON.parse(`{"${name}": 1}`)),
        name,
      )
      for (const line of [`input.${name}`, `{}["${name}"]`, `[]["${name}"]`, `"a"["${name}"]`, `data.${name}.${name}`, `{1}["${name}"]`]) {
        assert.match(
          code(() => assert.equal(answer(`p := x if { x := ${line} }`), undefined, line)),
          /^(?:REGO_REJECTED|none)$/,
        )
      }
      assert.equal(
        code(() => answer(`p := ${name}(1)`)),
        'REGO_REJECTED',
      )
    }
    assert.equal(Reflect.ownKeys(Object.prototype).length, before)
    assert.equal(({} as { a?: number }).a, undefined)
  })

  test('is not reached by any text', () => {
    for (const text of [...TEXTS, ...NAMES]) {
      const quoted = JSON.stringify(text)
      const found = answer(`q[${quoted}] := ${quoted}\nf(${quoted}) := ${quoted}\np := [q[${quoted}], f(${quoted})]`)
      assert.deepEqual(found, [text, text], text)
    }
  })

  test('keeps what it gave to a plan as it was', () => {
    const statement = (type: string, fields: object) => ({ type, stmt: fields })
    const local = (value: number) => ({ type: 'local', value })
    const string = { type: 'string_index', value: 0 }
    const add = (make: object, ...rest: object[]) => ({
      static: { strings: [{ value: 'a' }] },
      plans: { plans: [{ name: 'p', blocks: [{ stmts: [make, ...rest] }] }] },
    })
    const dot = statement('DotStmt', { source: local(1), key: string, target: 3 })
    for (const [data, ...statements] of [
      ['{"a":[1]}', dot, statement('ArrayAppendStmt', { array: 3, value: string })],
      ['{"a":{}}', dot, statement('ObjectInsertStmt', { object: 3, key: string, value: string })],
      ['{"a":{}}', dot, statement('ObjectInsertOnceStmt', { object: 3, key: string, value: string })],
      [
        '{"a":1}',
        statement('AssignVarStmt', { source: local(1), target: 3 }),
        statement('ObjectInsertStmt', { object: 3, key: string, value: string }),
      ],
      ['{"a":1}', statement('ObjectInsertStmt', { object: 1, key: string, value: string })],
      ['{"a":1}', dot, statement('ArrayAppendStmt', { array: 3, value: string })],
      ['{"a":1}', dot, statement('SetAddStmt', { set: 3, value: string })],
    ] as const) {
      const given = readJson(data)
      preparePlan(add(...(statements as unknown as [object]))).evaluate('p', { data: given, surroundings })
      assert.equal(printJson(given), data)
    }
  })

  test('is given no result that is undefined', () => {
    const add = { type: 'ResultSetAddStmt', stmt: { value: 1 } }
    const stmts = [{ type: 'ResetLocalStmt', stmt: { target: 1 } }, add]
    const prepared = preparePlan({ plans: { plans: [{ name: 'p', blocks: [{ stmts }] }] } })
    assert.deepEqual(prepared.evaluate('p', { data: readJson('{}'), surroundings }), [])
  })

  test('hears of a builtin that a plan gives too little', () => {
    const call = { type: 'CallStmt', stmt: { func: 'endswith', args: [{ type: 'local', value: 1 }], result: 3 } }
    const plan = { static: { builtin_funcs: [{ name: 'endswith' }] }, plans: { plans: [{ name: 'p', blocks: [{ stmts: [call] }] }] } }
    assert.throws(() => preparePlan(plan), { code: 'REGO_PLAN' })
  })

  test('may give what is no value', () => {
    const cyclic: unknown[] = []
    cyclic.push(cyclic)
    const around = new Map<unknown, unknown>()
    around.set('a', { around })
    for (const value of [
      cyclic,
      around,
      () => 1,
      Symbol('a'),
      Number.NaN,
      Array.from({ length: 600 }).reduce<unknown>((inner) => [inner], 1),
    ]) {
      assert.equal(
        code(() => fromHost(value)),
        'FORMAT',
      )
    }
    assert.equal(printJson(fromHost(JSON.parse('{"__proto__": {"a": 1}}'))), '{"__proto__":{"a":1}}')
  })
})

test('a policy of no module can be asked', () => {
  const prepared = policyOf([]).prepare('data')
  assert.equal(prepared.evaluate(QUERY, { data: readJson('{}'), surroundings }).length, 1)
})
