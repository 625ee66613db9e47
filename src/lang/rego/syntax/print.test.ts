import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Term } from './ast.ts'
import { parseModule, parseQuery } from './module.ts'
import { sortedItems } from './order.ts'
import { printBody, printTerm } from './print.ts'
import { printModule } from './print-module.ts'

const keywords = ['not', 'and', 'or']
const printed = (text: string) => printBody(parseQuery('q', text, { keywords }))
const termOf = (text: string) => parseQuery('q', text)[0]!.terms as Term

describe('the tree in words', () => {
  for (const [text, words] of [
    ['1+2*x', 'plus(1, mul(2, x))'],
    ['x=1; y:=2', 'x = 1; assign(y, 2)'],
    ['-x', 'minus(0, x)'],
    ['{3,1,2.0}', '{1, 2.0, 3}'],
    ['{"b":1,"a":[null,true]}', '{"a": [null, true], "b": 1}'],
    ['set()', 'set()'],
    ['input["if"].a["b c"]["a\\nb"][_][f(x).y]', 'input["if"].a["b c"]["a\\nb"][_][f(x).y]'],
    ['[(x+1) | x=xs[_]]', '[(x + 1) | x = xs[_]]'],
    ['{x: (y in z) | a | b}', '{x: internal.member_2(y, z) | or(a, b)}'],
    ['some x, y', 'some x, y'],
    ['some k, v in xs', 'some k, v in xs'],
    ['every x in xs { x; y }', 'every x in xs { x; y }'],
    ['f(x) with input.a as 1 with data.b as {2}', 'f(x) with input.a as 1 with data.b as {2}'],
    ['$"a{x}\\{b{1}"', '$"a{x}\\{b1"'],
    ['not x', 'not x'],
    ['not {x; y}', 'not {x; y}'],
    ['not ({x})', 'not ({x})'],
    ['a or b and c', 'a or b and c'],
    ['(a or b) and {c; d}', '(a or b) and { c; d }'],
    ['"é\\u0001\\u200b\\u2028😀"', '"é\\x01\\u200b\\u2028😀"'],
  ] as const) {
    test(text, () => {
      assert.equal(printed(text), words)
    })
  }

  test('a negation of old is a word before its expression', () => {
    const [rule] = parseModule('m', 'package p\nq if not x.y').rules
    assert.equal(printBody(rule!.body), 'not x.y')
  })
})

test('a module is worded a rule to a line', () => {
  const rules = 'p if x\nelse := 1 if { y; z }\na.b contains "c"\nq contains 1\nr[k] := v if some k, v in xs\ndefault f(_) = 2\nf(x) := 3'
  const text = `package a["b-c"]\nimport data.d as e\n${rules}`
  const words = [
    'package a["b-c"]',
    '',
    'import data.d as e',
    '',
    'p = true if { x } else = 1 if { y; z }',
    'a.b contains "c" if { true }',
    'q contains 1 if { true }',
    'r[k] := v if { some k, v in xs }',
    'default f(_) = 2',
    'f(x) := 3 if { true }',
  ]
  assert.equal(printModule(parseModule('m', text)), words.join('\n'))
  assert.equal(printModule(parseModule('m', 'package a\np[x] { y }', { version: 'v0' })), 'package a\n\np[x] { y }')
  assert.equal(printModule(parseModule('m', 'package a')), 'package a\n')
})

test('terms have an order: by kind, then by what they hold', () => {
  const items = [
    '[f(x)]',
    'x',
    '"b"',
    'g(1)',
    '{1}',
    'null',
    '{"a": 2}',
    '1.5',
    'true',
    'a.b',
    '"a"',
    '1',
    'false',
    '[x | x]',
    '{"a": 1}',
    '[1]',
  ]
  const sorted = sortedItems(items.map(termOf)).map(printTerm)
  const wanted = 'null false true 1 1.5 "a" "b" x a.b [1] [f(x)] {"a": 1} {"a": 2} {1} [x | x] g(1)'
  assert.equal(sorted.join(' '), wanted)
})
