import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Term } from './ast.ts'
import { parseModule, parseQuery } from './module.ts'
import { sortedItems } from './order.ts'
import { printBody, printImport, printTerm } from './print.ts'

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

test('an import is worded with its other name', () => {
  const { imports } = parseModule('m', 'package a\nimport data.d as e\nimport input["x y"]')
  assert.deepEqual(imports.map(printImport), ['import data.d as e', 'import input["x y"]'])
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
