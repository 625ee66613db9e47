import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Head } from '../syntax/ast.ts'
import { parseModule } from '../syntax/module.ts'
import { compileModules } from './compile.ts'
import type { CompiledRule } from './compiled.ts'
import { bodyText, partsText, termText } from './text.ts'

/** A module after its package, and the rules that OPA's compiler makes of it; generated names are numbered by rule. */
const FORMS: readonly (readonly [title: string, text: string, rules: string])[] = [
  [
    'names',
    'import data.b.c\nimport input.d as e\np if {\n  q[c.x]\n  e.y\n}\nq contains 1',
    'p = true if { l0 = data.b.c.x; data.a.q[l0]; input.d.y }\nq contains 1 if { true }',
  ],
  [
    'shadowed names',
    'p := 1\nq if {\n  p := 2\n  [p | p := 3] = [p]\n}\nf(p) := p',
    'p := 1 if { true }\nq = true if { l0 = 2; [l1 | l1 = 3] = [l0] }\nf(l0) := l0 if { true }',
  ],
  [
    'calls in calls',
    'p if count(concat("", [input.x, upper("y")])) > 2 * 3',
    'p = true if { upper("y", l0); l1 = input.x; concat("", [l1, l0], l2); count(l2, l3); mul(2, 3, l4); gt(l3, l4) }',
  ],
  [
    'head values',
    'p[input.x] := [count(input.y), data.z]',
    'p[l0] := l1 if { l0 = input.x; l2 = input.y; count(l2, l3); l4 = data.z; l1 = [l3, l4] }',
  ],
  [
    'head refs',
    'p[input.x].q[y] := {z | z := input[y]} if y := "a"',
    'p[l0].q[l1] := l2 if { l1 = "a"; l0 = input.x; l2 = {l3 | l3 = input[l1]} }',
  ],
  [
    'some',
    'p contains x if {\n  some x, y in input.xs\n  some i\n  input.ys[i] = x\n  [y, z] in input.zs[z]\n}',
    'p contains l0 if { l1 = input.xs[l0]; input.ys[l2] = l0; l3 = input.zs[z]; internal.member_2([l1, z], l3) }',
  ],
  [
    'every',
    'p if {\n  every x in input.xs { x > count(input.ys[x]) }\n  every k, v in {"a": 1} { v = k }\n}',
    'p = true if { l0 = input.xs; every l1, l2 in l0 { l3 = input.ys[l2]; count(l3, l4); gt(l2, l4) }; l5 = {"a": 1}; every l6, l7 in l5 { l7 = l6 } }',
  ],
  [
    'comprehensions',
    'p := {k: f(v) | some k, v in [x.y | some x in input.z]}\nf(x) := x',
    'p := l0 if { l0 = {l1: l2 | l3 = [l4 | l5 = input.z[l6]; l4 = l5.y]; l7 = l3[l1]; data.a.f(l7, l2)} }\nf(l0) := l0 if { true }',
  ],
  [
    'order',
    'p := z if {\n  y > x\n  not w\n  z := y + 1\n  x = input.x\n  [y, w] = [x, x]\n}',
    'p := l0 if { x = input.x; [y, w] = [x, x]; gt(y, x); not w; plus(y, 1, l1); l0 = l1 }',
  ],
  // OPA itself puts `every` before `l0 = xs`, and finds nothing
  [
    'order within',
    'p if {\n  every v in xs { w > v; w = y }\n  xs = [u | u = t; t = y]\n  y = 1\n}',
    'p = true if { y = 1; xs = [u | t = y; u = t]; l0 = xs; every l1, l2 in l0 { w = y; gt(w, l2) } }',
  ],
  [
    'with',
    'p if q with input as {"x": data.y} with data.z as count([1]) with count as mock\nq if count(input.x) = data.z\nmock(x) := x',
    'p = true if { count([1], l0); l1 = data.y; l2 = {"x": l1}; data.a.q with input as l2 with data.z as l0 with count as data.a.mock }\nq = true if { l0 = input.x; count(l0, l1); l1 = data.z }\nmock(l0) := l0 if { true }',
  ],
  [
    'refs of values',
    'p := [1, 2][i] if i := {"a": 0}[f("b")[0]]\nf(x) := [x]',
    'p := l0 if { data.a.f("b", l1); l2 = {"a": 0}; l3 = l1[0]; l4 = l2[l3]; l5 = [1, 2]; l0 = l5[l4] }\nf(l0) := [l0] if { true }',
  ],
  [
    'templates',
    'q := 1\ndefault r := 2\np := $"a{input.x}b{q}c{r}d{y}e{count([y])}" if y := 1',
    'q := 1 if { true }\ndefault r := 2\np := l0 if { l1 = 1; l2 = {l3 | l3 = input.x}; l4 = data.a.q; l5 = data.a.r; l6 = {l7 | count([l1], l8); l7 = l8}; internal.template_string(["a", l2, "b", {l4}, "c", {l5}, "d", {l1}, "e", l6], l0) }',
  ],
  [
    'print',
    'p if {\n  x := input.y\n  print("x is", x, [z | z := input.z; print(z)])\n}',
    'p = true if { l0 = input.y; l1 = {l2 | l2 = "x is"}; l3 = {l4 | l4 = l0}; l5 = {l6 | l6 = [l7 | l7 = input.z; l8 = {l9 | l9 = l7}; internal.print([l8])]}; internal.print([l1, l3, l5]) }',
  ],
  [
    'patterns in arguments',
    'f([x, {"y": y}], x) := y\nf("a", 1) := 2\ng() := f([1, {"y": 2}], 1)',
    'f([l0, {"y": l1}], l0) := l1 if { true }\nf("a", 1) := 2 if { true }\ng := l0 if { data.a.f([1, {"y": 2}], 1, l0) }',
  ],
  [
    'else',
    'f(x) := y if {\n  y := x + 1\n} else := z if {\n  z := x - 1\n} else := x',
    'f(l0) := l1 if { plus(l0, 1, l2); l1 = l2 } else = l3 if { minus(l0, 1, l4); l3 = l4 } else = l0 if { true }',
  ],
  [
    'equality and comparison',
    'p if {\n  input.x == data.y\n  not input.x == 1\n  (input.x == 2) == false\n}',
    'p = true if { input.x = data.y; not input.x = 1; l0 = input.x; equal(l0, 2, l1); l1 = false }',
  ],
  ['builtins as names', 'p if {\n  count = input.x\n  count > 1\n}', 'p = true if { l0 = input.x; gt(l0, 1) }'],
  [
    'sets and objects in order',
    'p := {3, 1, 2, "a", [input.x]}\nq := {"b": 1, "a": input.y}',
    'p := l0 if { l1 = input.x; l0 = {1, 2, 3, "a", [l1]} }\nq := l0 if { l1 = input.y; l0 = {"a": l1, "b": 1} }',
  ],
  ['wildcards', 'p if {\n  input.x[_] = data.y[_].z\n  [_, _] = input.w\n}', 'p = true if { input.x[_] = data.y[_].z; [_, _] = input.w }'],
  [
    'names that comprehensions use before they are declared, in every alone',
    'p if {\n  every x in [1] {\n    [y | y := z] = [x]\n    z := x\n  }\n}',
    'p = true if { l0 = [1]; every l1, l2 in l0 { l3 = l2; [l4 | l4 = l3] = [l2] } }',
  ],
  ['keys and members that are repeated', 'p := {"a": 1, "a": 2}\nq := {1, 2, 1}', 'p := {"a": 2} if { true }\nq := {1, 2} if { true }'],
]

function headText({ ref, args, key, value, assign }: Head): string {
  const name = `${partsText(ref.parts)}${args?.length ? `(${args.map(termText).join(', ')})` : ''}`
  if (value === undefined) return `${name} contains ${termText(key!)}`
  return `${name} ${assign ? ':=' : '='} ${termText(value)}`
}

function ruleText(rule: CompiledRule): string {
  let text = rule.default ? `default ${headText(rule.head)}` : `${headText(rule.head)} if { ${bodyText(rule.body)} }`
  for (let other = rule.else; other !== undefined; other = other.else) {
    text += ` else = ${termText(other.head.value!)} if { ${bodyText(other.body)} }`
  }
  const names = new Map<string, string>()
  return text.replace(/__local\d+__/g, (name) => {
    if (!names.has(name)) names.set(name, `l${names.size}`)
    return names.get(name)!
  })
}

describe('modules are compiled to the forms of OPA', () => {
  for (const [title, text, rules] of FORMS) {
    it(title, () => {
      const { modules } = compileModules([parseModule('a.rego', `package a\n${text}`)], { print: true })
      assert.equal(modules[0]!.rules.map(ruleText).join('\n'), rules)
    })
  }
})
