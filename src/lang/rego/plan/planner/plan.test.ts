import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Limits } from '../../codegen/runtime.ts'
import { compilePolicy, QUERY } from '../../policy.ts'
import { printJson, readJson } from '../../values/text.ts'
import type { RegoObject } from '../../values/value.ts'

interface Asked {
  readonly input?: unknown
  readonly data?: unknown
  readonly limits?: Partial<Limits>
}

const surroundings = { now: 0n, clock: () => 0, random: () => 0 }

function prepare(modules: readonly string[], query: string) {
  const sources = Object.fromEntries(modules.map((text, at) => [`m${at}.rego`, text]))
  const policy = compilePolicy(sources).prepare(`x = ${query}`)
  const ask = ({ input, data = {}, limits = {} }: Asked = {}) => {
    const document = input === undefined ? undefined : readJson(JSON.stringify(input))
    return policy.evaluate(QUERY, { input: document, data: readJson(JSON.stringify(data)), surroundings, limits })
  }
  return { code: policy.code, ask }
}

/** Each value of the query, as JSON. */
function values(modules: string | readonly string[], query: string, asked: Asked = {}): string {
  const rows = prepare([modules].flat(), query).ask(asked)
  return rows.map((row) => printJson((row as RegoObject).get('x')!)).join(' ')
}

const conflict = { code: 'REGO_EVAL', opaCode: 'eval_conflict_error' }

describe('a rule', () => {
  test('is what the first of its bodies gives, and its default where none does', () => {
    const module = `package t
      default level := "low"
      level := "high" if input.n > 10 else := "middle" if input.n > 5
      f(1) := "one"
      f(x) := "many" if x > 1`
    assert.equal(values(module, 'data.t.level', { input: { n: 11 } }), '"high"')
    assert.equal(values(module, 'data.t.level', { input: { n: 7 } }), '"middle"')
    assert.equal(values(module, 'data.t.level', { input: {} }), '"low"')
    assert.equal(values(module, '[data.t.f(1), data.t.f(2)]'), '["one","many"]')
    assert.equal(values(module, 'data.t.f(0)'), '')
  })

  test('ends the evaluation where its values differ, unless nobody asks for them', () => {
    const module = `package t
      p := x if some x in input.xs
      q[k] := v if some [k, v] in input.pairs`
    assert.equal(values(module, 'data.t.p', { input: { xs: [1, 1] } }), '1')
    assert.throws(() => values(module, 'data.t.p', { input: { xs: [1, 2] } }), conflict)
    const pairs = [
      ['a', 1],
      ['b', 2],
      ['b', 3],
    ]
    assert.equal(values(module, 'data.t.q.a', { input: { pairs } }), '1')
    assert.throws(() => values(module, 'data.t.q.b', { input: { pairs } }), conflict)
    assert.throws(() => values(module, 'data.t.q', { input: { pairs } }), conflict)
  })

  test('may ask for another part of the document that it is a part of', () => {
    const module = `package t
      p[x] := 1 if some x in ["c", "d"]
      p.b := p.c + 1`
    assert.equal(values(module, 'data.t.p.b'), '2')
  })

  test('makes nested objects and sets, and changes no value of another one', () => {
    const module = `package t
      p[x].q contains y if some x, y in input.o
      whole := {"k": {"a": 1}}
      r.k := whole.k
      r[x].b := 2 if x := input.x`
    assert.equal(values(module, 'data.t.p', { input: { o: { a: 1, b: 2 } } }), '{"a":{"q":[1]},"b":{"q":[2]}}')
    assert.equal(values(module, 'data.t.r', { input: { x: 'l' } }), '{"k":{"a":1},"l":{"b":2}}')
    assert.throws(() => values(module, 'data.t.r', { input: { x: 'k' } }), conflict)
    assert.equal(values(module, 'data.t.whole'), '{"k":{"a":1}}')
  })
})

describe('a ref into data', () => {
  const modules = ['package a.b\np := 1\nf(x) := x', 'package a.c\nq contains 2', 'package system.x\nhidden := 1']

  test('is all that rules and the store have there', () => {
    assert.equal(
      values(modules, 'data.a', { data: { a: { b: { stored: true }, d: 3 } } }),
      '{"b":{"p":1,"stored":true},"c":{"q":[2]},"d":3}',
    )
    assert.equal(values(modules, 'data', { data: { system: 1, e: 2 } }), '{"a":{"b":{"p":1},"c":{"q":[2]}},"e":2}')
  })

  test('finds a name that is known when it runs, or all of them', () => {
    assert.equal(values(modules, 'data.a[input.k].p', { input: { k: 'b' } }), '1')
    assert.equal(values(modules, 'data.a[input.k].p', { input: { k: 'c' }, data: { a: { c: { p: 5 } } } }), '5')
    assert.equal(values(modules, '[k | data.a[k]]', { data: { a: { z: 1 } } }), '["z","b","c"]')
  })
})

describe('with', () => {
  const module = `package t
    p := input.x
    q := data.s.y
    r := 1
    f(x) := x + 1
    g(x) := f(x) * 10
    all contains x if some x in input.xs
    both := [p, q, r, f(1)]
    pair := [a, b] if {
      a := both with input.x as 5 with data.s as {"y": 6}
      b := both
    }`

  test('replaces for its expression alone', () => {
    const asked = { input: { x: 1 }, data: { s: { y: 2 } } }
    assert.equal(values(module, 'data.t.pair', asked), '[[5,6,1,2],[1,2,1,2]]')
  })

  test('hides rules and packages', () => {
    assert.equal(values(module, 'data.t.both with data.t.r as 7 with input.x as 0 with data.s.y as 0'), '[0,0,7,2]')
    assert.equal(values(module, 'data.t with data.t as {"only": 1}'), '{"only":1}')
    assert.equal(values(module, 'data.t.r with data.t as {"only": 1}'), '')
  })

  test('replaces functions and builtins, but not within what replaces them', () => {
    assert.equal(values(module, 'data.t.f(1) with data.t.f as 5'), '5')
    assert.equal(values(module, 'data.t.g(1) with data.t.f as data.t.g'), '200')
    assert.equal(values(module, 'count([1, 2]) with count as 7'), '7')
    assert.equal(values(module, 'abs(1) with abs as data.t.f'), '2')
  })

  test('goes through many solutions', () => {
    assert.equal(values(module, '[y | y := data.t.all[_] with input.xs as [3, 1, 2]]', { input: { xs: [] } }), '[1,2,3]')
  })
})

describe('many rules', () => {
  /** Each rule but for its condition goes through a long array. */
  const long = Array.from({ length: 100 }, () => 0)
  const indexed = (condition: (n: number) => string) =>
    `package t\n${Array.from({ length: 300 }, (_, n) => `p contains ${n} if {\n${condition(n)}\nsome y in input.long\n y == 0\n}`).join('\n')}`

  test('are found by what they demand', () => {
    const limits = { steps: 1_000 }
    const equalities = indexed((n) => `input.a.b == "k${n}"\nstartswith(input.c, "c")`)
    assert.equal(values(equalities, 'data.t.p', { input: { a: { b: 'k7' }, c: 'cc', long }, limits }), '[7]')
    assert.equal(values(equalities, 'data.t.p', { input: { a: { b: 7 }, c: 'cc', long }, limits }), '[]')
    const prefixes = indexed((n) => `startswith(input.c, "/${'x'.repeat(n % 3)}${n}/")`)
    assert.equal(values(prefixes, 'data.t.p', { input: { c: '/xx5/a', long }, limits }), '[5]')
    const globs = indexed((n) => `glob.match("/a${n}/*", ["/"], input.c)`)
    assert.equal(values(globs, 'data.t.p', { input: { c: '/a12/x', long }, limits }), '[12]')
    const members = indexed((n) => `input.n in {${n}, ${n + 1}}`)
    assert.equal(values(members, 'data.t.p', { input: { n: 12, long }, limits }), '[11,12]')
  })

  test('that begin alike go through what they share once', () => {
    const bodies = Array.from({ length: 300 }, (_, n) => `p contains msg if {\nsome c in input.cs\nc.name == "n${n}"\nmsg := c.id\n}`)
    const cs = Array.from({ length: 50 }, (_, id) => ({ name: `n${id}`, id }))
    assert.equal(values(`package t\n${bodies.join('\n')}`, 'count(data.t.p)', { input: { cs }, limits: { steps: 500 } }), '50')
  })

  test('are the same as each alone, whatever they demand', () => {
    const field = fc.constantFrom('a', 'b')
    const condition = fc.oneof(
      fc.tuple(field, fc.constantFrom('1', '1.0', '"s"', '"st"', 'true', 'null')).map(([name, value]) => `input.${name} == ${value}`),
      fc.tuple(field, fc.constantFrom('s', 'st', '')).map(([name, prefix]) => `startswith(input.${name}, "${prefix}")`),
      fc.tuple(field, fc.subarray(['1', '"s"', 'true'], { minLength: 1 })).map(([name, set]) => `input.${name} in {${set.join(', ')}}`),
      fc.constantFrom('1', '2').map((value) => `input.xs[_].k == ${value}`),
      field.map((name) => `input.${name}`),
    )
    const value = fc.constantFrom(1, 2, 's', 'st', 'sta', true, false, null, undefined)
    const input = fc.record({ a: value, b: value, xs: fc.array(fc.record({ k: fc.nat(3) }), { maxLength: 3 }) })
    const bodies = fc.array(fc.array(condition, { minLength: 1, maxLength: 4 }), { minLength: 4, maxLength: 20 })
    fc.assert(
      fc.property(bodies, fc.array(input, { minLength: 5, maxLength: 20 }), (rules, inputs) => {
        const rule = (name: string, conditions: readonly string[], n: number) => `${name} contains ${n} if {\n${conditions.join('\n')}\n}`
        const together = rules.map((conditions, n) => rule('p', conditions, n))
        const alone = rules.map((conditions, n) => rule(`p${n}`, conditions, n))
        const text = `package t\n${[...together, ...alone].join('\n')}`
        const { ask } = prepare([text], `[data.t.p, union({${rules.map((_, n) => `data.t.p${n}`).join(', ')}})]`)
        for (const each of inputs) {
          const [left, right] = (ask({ input: each })[0] as RegoObject).get('x') as [RegoObject, RegoObject]
          assert.equal(printJson(left), printJson(right), text)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('an evaluation', () => {
  const xs = Array.from({ length: 10_000 }, (_, at) => at)
  const module = `package t
    some_positive if { some x in input.xs; x >= 0 }
    none_positive if not some_positive
    each if every x in input.xs { x < 0 }
    total := sum([y | some x in input.xs; y := x])
    twice := [total, total]`

  test('goes on after the first solution where another rule has another value, as OPA does', () => {
    const rules = `package t
      both(x) := 0 if x < 2
      both(x) := 1 if x > 1
      both(x) := 2 if x > 1
      p if { some x in input.xs; not both(x) == 3 }`
    const input = { xs: [1, 2] }
    assert.equal(values(rules, 'data.t.p', { input }), 'true')
    assert.throws(() => values(`${rules}\np := 2 if input.never == input.xs[_]`, 'data.t.p', { input }), conflict)
    assert.throws(() => values(`${rules} else := 2 if input.never == input.xs[_]`, 'data.t.p', { input }), conflict)
  })

  test('ends at the first solution where more would change nothing', () => {
    for (const [rule, answer] of [
      ['some_positive', 'true'],
      ['none_positive', ''],
      ['each', ''],
    ] as const) {
      assert.equal(values(module, `data.t.${rule}`, { input: { xs }, limits: { steps: 10 } }), answer)
    }
  })

  test('computes a comprehension of a loop once, for all values that it is compared with', () => {
    const grouped = `package t
      all[x] := [names, ids, pairs] if {
        some x in input.xs
        names := [y.name | some y in input.ys; y.x == x]
        ids := {y.id | some y in input.ys; y.x == x; y.id > 1}
        pairs := [y.id | some y in input.ys; y.x == x; y.name == "n"]
      }
      none := [x | some x in input.xs; count([y | some y in input.ys; y.x > 5]) == 0]
      changed := x if x := all with input.ys as [{"x": 2, "name": "z", "id": 9}]`
    const ys = [
      { x: 1, name: 'b', id: 1 },
      { x: 2, name: 'n', id: 2 },
      { x: 1, name: 'a', id: 3 },
    ]
    const input = { xs: [1, 2, 3], ys }
    assert.equal(values(grouped, '[data.t.all[i] | i := input.xs[_]]', { input }), '[[["b","a"],[3],[]],[["n"],[2],[2]],[[],[],[]]]')
    assert.equal(values(grouped, 'data.t.none', { input }), '[1,2,3]')
    assert.equal(values(grouped, 'data.t.changed[2]', { input }), '[["z"],[9],[]]')
    const many = Array.from({ length: 1_000 }, (_, x) => ({ x, name: 'n', id: x }))
    const limits = { steps: 20_000 }
    assert.equal(values(grouped, 'count(data.t.all)', { input: { xs: many.map(({ x }) => x), ys: many }, limits }), '1000')
  })

  test('computes a rule once', () => {
    const limits = { steps: 22_000 } // once takes 20,001
    assert.equal(values(module, 'count(data.t.twice)', { input: { xs }, limits }), '2')
  })

  test('holds its limits in the bodies of many rules and of large ones', () => {
    const limited = { code: 'REGO_LIMIT' }
    const large = `package t\np if {\n${Array.from({ length: 300 }, (_, n) => `some x${n} in input.xs\nx${n} >= ${n % 2}`).join('\n')}\nfalse\n}`
    assert.throws(() => values(large, 'data.t.p', { input: { xs: [1, 1] }, limits: { steps: 1_000 } }), limited)
    const many = `package t\n${Array.from({ length: 300 }, (_, n) => `p contains x if { some x in input.xs; x > ${n} }`).join('\n')}`
    assert.throws(() => values(many, 'data.t.p', { input: { xs }, limits: { steps: 1_000 } }), limited)
    assert.equal(values(large, 'data.t.p', { input: { xs: [0] } }), '')
    const deep = `package t\np if {\n${Array.from({ length: 500 }, (_, n) => `some x${n} in input.xs\nx${n}`).join('\n')}\n}`
    assert.throws(() => values(deep, 'data.t.p'), { code: 'REGO_PLAN' })
  })
})
