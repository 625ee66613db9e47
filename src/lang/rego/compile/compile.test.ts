import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RegoRejected } from '../errors.ts'
import type { RegoVersion } from '../syntax/ast.ts'
import { parseModule } from '../syntax/module.ts'
import { compileModules } from './compile.ts'
import type { CompileOptions } from './draft.ts'

/** What is wrong, the module after its package, and what OPA says of it, by rows. */
type Rejection = readonly [title: string, text: string, faults: readonly string[]]

const REJECTED: readonly Rejection[] = [
  ['imports of the same name', 'import data.b.x\nimport data.c.x\np := x', ['3: compile: import must not shadow import data.b.x']],
  ['a rule named as a document', 'data := 1', ['2: compile: rules must not shadow data (use a different rule name)']],
  ['an argument named as a document', 'f(input) := 1', ['2: compile: args must not shadow input (use a different variable name)']],
  [
    'an assignment to a document',
    'p if {\n  input := 1\n  input == 1\n}',
    ['3: compile: variables must not shadow input (use a different variable name)'],
  ],
  ['assigned twice', 'p if {\n  x := 1\n  x := 2\n}', ['4: compile: var x assigned above']],
  ['declared twice', 'p if {\n  some x\n  some x\n  x = 1\n}', ['4: compile: var x declared above']],
  ['used, then assigned', 'p if {\n  x = 1\n  x := 2\n}', ['4: compile: var x referenced above']],
  ['an argument assigned', 'f(x) := y if {\n  x := 1\n  y := x\n}', ['3: compile: arg x redeclared']],
  ['an assignment to what is no variable', 'p if {\n  1 := 2\n}', ['3: compile: cannot assign to number']],
  ['a variable of its own domain', 'p if {\n  some x in [x]\n  x = 1\n}', ['3: compile: var x assigned before']],
  ['a rule without a name', 'set().x := 1 if {\n  true\n}', ['2: parse: unexpected if keyword']],
  ['declared and not used', 'p if {\n  some x\n  input.y = 1\n}', ['3: compile: declared var x unused']],
  ['an assignment that is negated', 'p if {\n  not x := 1\n}', ['3: compile: cannot assign vars inside negated expression']],
  ['a function hidden by a variable', 'p if {\n  f := 1\n  count(f(1)) = 2\n}\nf(x) := x', ['4: compile: called function f shadowed']],
  ['calls in arguments', 'f(count([1])) := 1', ['2: compile: rule arguments cannot contain calls']],
  ['a template of a variable that is nowhere bound', 'p := $"{x + 1}"', ['2: compile: var x is undeclared']],
  ['print of a variable that is nowhere bound', 'p if {\n  print(x)\n}', ['3: compile: var x is undeclared']],
  ['the value of print', 'p := print("x")', ['2: type: print("x") used as value']],
  [
    'with of what is not there',
    'p if {\n  true with foo.bar as 1\n}',
    ['3: type: with keyword target must reference existing input, data, or a function'],
  ],
  [
    'with within a rule',
    'p := {"x": 1}\nq if {\n  p with data.a.p.x as 2\n}',
    ['4: compile: with keyword cannot partially replace virtual document(s)'],
  ],
  ['with of =', 'p if {\n  1 = 1 with eq as 2\n}', ['3: compile: with keyword replacing built-in function: replacement of "eq" invalid']],
  [
    'with of a relation',
    'p if {\n  walk(1, [_, _]) with walk as 2\n}',
    ['3: compile: with keyword replacing built-in function: target must not be a relation'],
  ],
  [
    'with of a void builtin',
    'p if {\n  true with print as 2\n}',
    ['3: compile: with keyword replacing built-in function: target must not be a void function'],
  ],
  [
    'with of an internal builtin',
    'p if {\n  true with internal.member_2 as 2\n}',
    ['3: compile: with keyword replacing built-in function: replacement of internal function "internal.member_2" invalid'],
  ],
  [
    'a rule below another',
    'p.q := 1\np.q.r := 2\np.q.s := 3',
    ['2: type: rule data.a.p.q conflicts with:\n  rule data.a.p.q.r at a.rego:3\n  rule data.a.p.q.s at a.rego:4'],
  ],
  ['complete and partial', 'p := 1\np contains 2', ['2: type: conflicting rules data.a.p found']],
  ['a function and a rule', 'p := 1\np(x) := x', ['2: type: conflicting rules data.a.p found']],
  ['two defaults', 'default p := 1\ndefault p := 2', ['1: type: multiple default rules data.a.p found at a.rego:2, a.rego:3']],
  [
    'a function below a rule with variables',
    'p[x] := 1 if x := input.y\np.q.f(x) := x',
    ['2: type: rule data.a.p[x] conflicts with:\n  rule data.a.p.q.f at a.rego:3'],
  ],
  ['an undefined function', 'p if f(1)', ['2: type: undefined function f']],
  ['a builtin with too few arguments', 'p if startswith("x")', ['2: type: startswith: arity mismatch']],
  ['a function with too many arguments', 'f(x) := x\np if f(1, 2, 3)', ['3: type: function data.a.f has arity 1, got 3 arguments']],
  ['an unsafe head', 'p contains x if input.y', ['2: unsafe_var: var x is unsafe']],
  [
    'an unsafe head of a second body, whose reference stands where it was written',
    'p[k] := t if {\n  t := input[k]\n} {\n  true\n}',
    ['2: unsafe_var: var k is unsafe', '4: unsafe_var: var t is unsafe'],
  ],
  ['an unsafe body', 'p if {\n  x > 1\n  not y\n}', ['3: unsafe_var: var x is unsafe', '4: unsafe_var: var y is unsafe']],
  ['an unsafe closure', 'p if {\n  xs := [z | z := x + 1]\n  xs != []\n}', ['3: unsafe_var: var x is unsafe']],
  [
    'unsafe beside a closure, which OPA takes and then cannot evaluate',
    'p if {\n  z := [1]\n  object.get(w, "a", [y | y = z[_]])\n}',
    ['4: unsafe_var: var w is unsafe'],
  ],
  [
    'unsafe beside a closure, where OPA refuses the body for something else',
    'p if {\n  z := [1]\n  x = json.patch(w, [y | y = z[_]])\n}',
    ['4: unsafe_var: var x is unsafe'],
  ],
  ['unsafe in every', 'p if {\n  every x in input.xs {\n    x > y\n  }\n}', ['4: unsafe_var: var y is unsafe']],
  ['an unsafe with', 'p if {\n  true with input as x\n}', ['3: unsafe_var: var x is unsafe']],
  ['what is assigned from something unsafe', 'p if {\n  y := x + 1\n  y > 2\n}', ['3: unsafe_var: var x is unsafe']],
  ['bound by itself', 'p if {\n  x = x + 1\n}', ['3: unsafe_var: var x is unsafe']],
  [
    'recursion',
    'p if q\nq if r\nr if p',
    [
      '2: recursion: rule data.a.p is recursive: data.a.p -> data.a.q -> data.a.r -> data.a.p',
      '3: recursion: rule data.a.q is recursive: data.a.q -> data.a.r -> data.a.p -> data.a.q',
      '4: recursion: rule data.a.r is recursive: data.a.r -> data.a.p -> data.a.q -> data.a.r',
    ],
  ],
  [
    'recursion of an else',
    'p := 1 if {\n  input.x\n} else := 2 if {\n  p\n}',
    ['4: recursion: rule data.a.p is recursive: data.a.p -> data.a.p'],
  ],
  [
    'recursion through a variable',
    'p[x] := y if {\n  some x in ["q", "p"]\n  y := data.a[input.x]\n}',
    [
      '2: recursion: rule data.a.p[x] may be recursive: data.a.p[x] -> data.a.p[x] (data.a[input.x] refers to data.a.p[x] if input.x is "p")',
    ],
  ],
  [
    'recursion through a variable of a collection',
    'p if {\n  some x in ["q", "p"]\n  data.a[x]\n}\nq := 1',
    [
      '2: recursion: rule data.a.p may be recursive: data.a.p -> data.a.p (data.a[x] refers to data.a.p if x is "p" (x is one of ["q", "p"]))',
    ],
  ],
  ['no recursion where values are known', 'p if {\n  some x in ["q", "r"]\n  data.a[x]\n}\nq := 1\nr := 2', []],
  ['no deprecated builtin where OPA does not look', 'p if {\n  every _ in [1] { any([true]) }\n}', []],
  [
    'a deprecated builtin in a comprehension',
    'p if {\n  every _ in [1] { [1 | any([true])] != [] }\n}',
    ['3: type: deprecated built-in function calls in expression: any'],
  ],
  ['a deprecated builtin', 'p if any([true])', ['2: type: deprecated built-in function calls in expression: any']],
  [
    'more faults than are told',
    'p0 if x\np1 if x\np2 if x\np3 if x\np4 if x\np5 if x\np6 if x\np7 if x\np8 if x\np9 if x\np10 if x\np11 if x',
    [
      '2: unsafe_var: var x is unsafe',
      '3: unsafe_var: var x is unsafe',
      '4: unsafe_var: var x is unsafe',
      '5: unsafe_var: var x is unsafe',
      '6: unsafe_var: var x is unsafe',
      '7: unsafe_var: var x is unsafe',
      '8: unsafe_var: var x is unsafe',
      '9: unsafe_var: var x is unsafe',
      '10: unsafe_var: var x is unsafe',
      '11: unsafe_var: var x is unsafe',
      '0: compile: error limit reached',
    ],
  ],
]

const REJECTED_STRICT: readonly Rejection[] = [
  ['an import that is not used', 'import data.b.x\nimport rego.v1\np := 1', ['2: compile: import data.b.x unused']],
  ['an argument that is not used', 'f(x, _, y) := y', ['2: compile: unused argument x. (hint: use _ (wildcard variable) instead)']],
  ['an assignment that is not used', 'p if {\n  x := 1\n  y := 2\n  y == 2\n}', ['3: compile: assigned var x unused']],
]

const REJECTED_V0: readonly Rejection[] = [
  ['variables of no name', 'p[x] { _ > 1 }', ['2: unsafe_var: var x is unsafe']],
  ['a document shadowed by a rule', 'p { q := 1; q == 1; input = 1 }', []],
  [
    'unsafe rules of one line',
    'p { x > 1 } q { y > 1 }',
    ['2: unsafe_var: var x is unsafe in rule p', '2: unsafe_var: var y is unsafe in rule q'],
  ],
  [
    'a keyword of the future',
    'p { x := every }',
    ['2: unsafe_var: var every is unsafe (hint: `import future.keywords.every` to import a future keyword)'],
  ],
]

function faultsOf(text: string, options: CompileOptions, version: RegoVersion = 'v1'): readonly string[] {
  try {
    compileModules([parseModule('a.rego', `package a\n${text}`, { version })], { print: true, ...options })
    return []
  } catch (error) {
    if (!(error instanceof RegoRejected)) throw error
    return error.diagnostics.map(({ code, message, at }) => `${at?.row ?? 0}: ${code.replace(/^rego_|_error$/g, '')}: ${message}`)
  }
}

describe('modules are refused as OPA refuses them', () => {
  for (const [title, text, faults] of REJECTED) it(title, () => assert.deepEqual(faultsOf(text, {}), faults))
  for (const [title, text, faults] of REJECTED_STRICT) it(title, () => assert.deepEqual(faultsOf(text, { strict: true }), faults))
  for (const [title, text, faults] of REJECTED_V0) it(title, () => assert.deepEqual(faultsOf(text, {}, 'v0'), faults))

  it('rules where base data is', () => {
    const data = new Set(['a/p', 'a/q', 'a/q/r', 'a'])
    const dataExists = (path: readonly string[]) => data.has(path.join('/'))
    assert.deepEqual(faultsOf('p := 1\nq.r[x] := 2 if x := "y"\ns := 3', { dataExists }), [
      '2: compile: conflicting rule for data path a/p found',
      '3: compile: conflicting rule for data path a/q/r found',
    ])
  })
})
