import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ref, Term } from '../../syntax/ast.ts'
import { parseModule } from '../../syntax/module.ts'
import { withParts } from '../map.ts'
import { type Checked, checkTypes, type TypedRule } from './check.ts'
import { typeText } from './text.ts'
import { asWritten } from './written.ts'

type Dependents = (ref: Ref) => readonly (readonly Term[])[]

/** Rules of package t as the compiler leaves them: refs whole, calls alone with their result, each after those that it depends on. */
function check(text: string, dependents: Dependents = () => []): Checked {
  const module = parseModule('t.rego', `package t\n${text}`)
  const rules = module.rules.map((rule): TypedRule => {
    const [name, ...rest] = rule.head.ref.parts
    const head: Term = name.kind === 'var' ? { kind: 'string', value: name.name, at: name.at } : name
    return { ...rule, path: withParts(module.package.path, [...module.package.path.parts, head, ...rest]) }
  })
  return checkTypes(rules, { dependents, written: (ref) => asWritten(ref, new Map([['__local0__', 'x']]), new Map()) })
}

/** The type of data.t.NAME, in modules without faults. */
function typeOf(name: string, text: string): string {
  const { faults, env } = check(text)
  assert.deepEqual(faults, [], text)
  const at = { file: '', row: 0, col: 0, start: 0, end: 0 }
  return typeText(
    env.typeOfRef([
      { kind: 'var', name: 'data', at },
      { kind: 'string', value: 't', at },
      { kind: 'string', value: name, at },
    ]),
  )
}

/** Faults as lines: row, message, details. */
const faults = (text: string, dependents?: Dependents) =>
  check(text, dependents).faults.map(({ at, message, details }) => [`${at!.row}: ${message}`, ...(details?.lines ?? [])])

test('rules have the types of what they make', () => {
  assert.equal(typeOf('p', 'p := [1, "a"]'), 'array<number, string>')
  assert.equal(typeOf('p', 'p := {"b": 1, "a": {2}, 3: null}'), 'object<3: null, a: set[number], b: number>')
  assert.equal(typeOf('p', 'p contains x if { x = 1 }\np contains "a"'), 'set[any<number, string>]')
  assert.equal(typeOf('p', 'p[x] := true if { x = "a" }\np[x] := 1 if { x = 7 }'), 'object[any<number, string>: any<boolean, number>]')
  assert.equal(typeOf('p', 'p[x].q[y] := 1 if { x = "a"; y = 2 }'), 'object[string: object[string: object[number: number]]]')
  assert.equal(typeOf('p', 'p.a := 1\np.b := "x"'), 'object<a: number, b: string>[string: any]')
  assert.equal(typeOf('p', 'p := 1 if { input.x = 1 } else := "a"'), 'number')
  assert.equal(typeOf('f', 'f(x, y, z) := w if { plus(x, 1, w); startswith(y, "a") }'), '(number, string, any) => number')
  assert.equal(typeOf('q', 'p := {"a": [1]}\nq := x if { x = data.t.p.a[_] }'), 'number')
  assert.equal(typeOf('q', 'p := {"a": [1]}\nq := {k: v | v = data.t.p[k][0]}'), 'object[string: number]')
  assert.equal(typeOf('q', 'q := [x | x = input.a; abs(x, y)]'), 'array[any]')
  assert.equal(typeOf('q', 'q := z if { [x, {"k": y}] = [1, {"k": "a"}]; z = [x, y] }'), 'array<number, string>')
  assert.equal(typeOf('q', 'q := y if { x = input.a; y = x }'), 'any')
  assert.equal(typeOf('q', 'q := x if { some_set = {1, "a"}; internal.member_2(x, some_set) }'), 'any<number, string>')
})

test('what cannot be equal is a match error', () => {
  assert.deepEqual(faults('p if { "a" = 1 }'), [['2: match error', 'left  : string', 'right : number']])
  assert.deepEqual(faults('p if { [1, 2] = [1] }'), [
    [
      '2: match error',
      'left  : array<number, number>',
      'right : array<number>',
      'hint  : both sides are arrays but their types differ, so they can never be equal (see https://www.openpolicyagent.org/docs/errors/rego-type-error/match-error)',
    ],
  ])
  assert.deepEqual(faults('p if { x = 1; x = "a" }'), [['2: match error', 'left  : number', 'right : string']])
  assert.deepEqual(faults('p if { internal.member_2("a", [1, 2]) }'), [['2: match error', 'left  : string', 'right : number']])
  assert.deepEqual(faults('p if { internal.member_3("k", 1, [1, 2]) }'), [['2: match error', 'left  : string', 'right : number']])
})

test('calls are checked against declarations and against rules', () => {
  assert.deepEqual(faults('p if { abs("a", x) }'), [['2: abs: invalid argument(s)', 'have: (string, ???)', 'want: (x: number, y: number)']])
  assert.deepEqual(faults('p if { sum([1, x], 3); x = "a" }'), [['2: match error', 'left  : number', 'right : string']])
  assert.deepEqual(faults('p if { x = "a"; sum([1, x], 3) }'), [
    ['2: sum: invalid argument(s)', 'have: (array<number, string>, number)', 'want: (any<array[...], set[...]>, n: number)'].with(
      2,
      'want: (collection: any<array[number], set[number]>, n: number)',
    ),
  ])
  assert.deepEqual(faults('f(x) := y if { plus(x, 1, y) }\np if { data.t.f("a", x) }'), [
    ['3: data.t.f: invalid argument(s)', 'have: (string, ???)', 'want: (number, number)'],
  ])
  assert.deepEqual(faults('p if { count() }')[0]![0], '2: count: too few arguments')
  assert.deepEqual(faults('p if { count([], 1, 2) }')[0]![0], '2: count: too many arguments')
  assert.deepEqual(faults('q := 1\np if { data.t.q(1) }'), [['3: undefined function data.t.q']])
  assert.deepEqual(faults('p if { data.elsewhere.f(1, "a") }'), [])
  assert.deepEqual(faults('p if { print(1, "a", [true]) }'), [])
})

test('wide arguments are written with what is wrong of them', () => {
  assert.deepEqual(faults('p if { object.get([{"apple": 1, "pear": [1, 2, 3], "plum": {"stone": true}}], "a", 1, x) }'), [
    [
      '2: object.get: invalid argument(s)',
      'have: (array<...>, string, number, ???)',
      'want: (object: object[any: any], key: any, default: any, value: any)',
    ],
  ])
})

test('refs that lead nowhere are undefined', () => {
  assert.deepEqual(faults('q := {"a": 1, "b": 2}\np if { data.t.q.c }'), [
    ['3: undefined ref: data.t.q.c', 'data.t.q.c', '         ^', '         have: "c"', '         want (one of): ["a" "b"]'],
  ])
  assert.deepEqual(faults('q := 1\np if { data.t.q.c.d }'), [
    ['3: undefined ref: data.t.q.c.d', 'data.t.q.c.d', '^^^^^^^^', 'have: number'],
  ])
  assert.deepEqual(faults('q := [1]\np if { x = "a"; data.t.q[x] }'), [
    ['3: undefined ref: data.t.q[x]', 'data.t.q[x]', '         ^', '         have (type): string', '         want (type): number'],
  ])
  assert.deepEqual(faults('q := [1]\np if { __local0__ = "a"; data.t.q[__local0__] }')[0]![0], '3: undefined ref: data.t.q[x]')
  assert.deepEqual(faults('q := {}\np if { data.t.q[x] }'), [])
  assert.deepEqual(faults('q := {}\np if { data.t.q.x }')[0]!.at(-1), '         want (one of): []')
  assert.deepEqual(faults('f(x) := 1\np if { data.t.f }')[0], [
    '3: function data.t.f used as reference, not called',
    'data.t.f',
    '^^^^^^^^',
    'have: (any) => number',
  ])
  assert.deepEqual(faults('q := 1\np if { data[1] }')[0]![0], '3: undefined ref: data[1]')
  assert.deepEqual(faults('p if { data.elsewhere.x[_].y; input.a.b[3] }'), [])
})

test('faults within comprehensions, negations and every are found', () => {
  assert.deepEqual(
    faults('p := [x | x = 1; x = "a"]').map(([first]) => first),
    [],
  )
  assert.deepEqual(
    faults('p if { y = [x | x = 1; x = "a"] }').map(([first]) => first),
    ['2: match error'],
  )
  assert.deepEqual(
    faults('p if { not abs("a", 1) }').map(([first]) => first),
    ['2: abs: invalid argument(s)'],
  )
  assert.deepEqual(
    faults('q := {"a": 1}\np if { every x in [1] { data.t.q.b } }').map(([first]) => first),
    ['3: undefined ref: data.t.q.b'],
  )
})

test('of a rule with faults nothing is known, so that nobody else is blamed', () => {
  assert.deepEqual(faults('q := x if { abs("a", x) }\np if { startswith(data.t.q, "a", y); data.t.q.z[7] }').length, 1)
})

test('what is replaced may be of the type of its replacement, and so may what depends on it', () => {
  const text = 'q := 1\nr := x if { x = data.t.q }\np if { startswith(data.t.q, "a") with data.t.q as "a" }\n'
  assert.deepEqual(faults(text), [])
  assert.equal(faults(text.replace(' with data.t.q as "a"', '')).length, 1)
  const dependent = 'q := 1\nr := x if { x = data.t.q }\np if { startswith(data.t.r, "a") with data.t.q as "a" }'
  assert.equal(faults(dependent).length, 1)
  assert.deepEqual(
    faults(dependent, ({ parts }) => [parts, [...parts.slice(0, 2), { ...parts[0], kind: 'string', value: 'r' }]]),
    [],
  )
  assert.deepEqual(faults('f(x) := 1\np if { json.marshal([], x) with json.marshal as data.t.f }'), [])
  assert.deepEqual(
    faults('f(x, y) := 1\np if { json.marshal([], x) with json.marshal as data.t.f }')[0]![0],
    '3: json.marshal: arity mismatch',
  )
})

test('nested comprehensions and shared literals are checked in bounded time', { timeout: 20_000 }, () => {
  const nested = `${'[x | x = 1; y = '.repeat(60)}1${']'.repeat(60)}`
  assert.deepEqual(faults(`p if { z = ${nested} }`), [])
  const doubled = Array.from({ length: 200 }, (_, n) => `d${n + 1} := [data.t.d${n}, data.t.d${n}]`).join('\n')
  assert.deepEqual(faults(`d0 := [1]\n${doubled}\np if { data.t.d150 = data.t.d160 }`), [])
  const many = (from: number) => `{${Array.from({ length: 3000 }, (_, n) => `{"k${from + n}": ${n}}`).join(', ')}}`
  assert.equal(faults(`p if { ${many(0)} = ${many(5000)} }`).length, 1)
})
