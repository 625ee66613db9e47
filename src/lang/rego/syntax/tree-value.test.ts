import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printJson } from '../values/text.ts'
import { parseModule } from './module.ts'
import { moduleValue } from './tree-value.ts'

const shown = (text: string, annotations = false) =>
  JSON.parse(printJson(moduleValue(parseModule('a.rego', `package a\n${text}`, { annotations }))))
const rule = (text: string) => shown(text).rules[0]
/** Terms as they would be written in a test: `[type, value]`. */
const term = (type: string, value: unknown) => ({ type, value })

test('a module is told as OPA tells it', () => {
  assert.deepEqual(shown('# note\nimport data.b as c\np := 1'), {
    package: { path: [term('var', 'data'), term('string', 'a')] },
    imports: [{ path: term('ref', [term('var', 'data'), term('string', 'b')]), alias: 'c' }],
    rules: [
      {
        head: { name: 'p', ref: [term('var', 'p')], value: term('number', 1), assign: true },
        body: [{ index: 0, terms: term('boolean', true), generated: true }],
      },
    ],
    comments: [{ Text: 'IG5vdGU=', Location: { file: 'a.rego', row: 2, col: 1 } }],
  })
})

test('terms have their kinds, sets and objects their order', () => {
  const value = (text: string) => rule(`p := ${text}`).head.value
  assert.deepEqual(value('null'), term('null', {}))
  assert.deepEqual(value('{2, 1, 2}'), term('set', [term('number', 1), term('number', 2)]))
  assert.deepEqual(
    value('{"b": 1, "a": []}'),
    term('object', [
      [term('string', 'a'), term('array', [])],
      [term('string', 'b'), term('number', 1)],
    ]),
  )
  assert.deepEqual(value('count(x)'), term('call', [term('ref', [term('var', 'count')]), term('var', 'x')]))
  assert.deepEqual(value('[x | x]'), term('arraycomprehension', { term: term('var', 'x'), body: [{ index: 0, terms: term('var', 'x') }] }))
})

test('expressions have their terms, their negation and their modifiers', () => {
  const { body } = rule('p if {\n\tnot x\n\tsome k, v in y\n\tevery z in y { z }\n\tf(x) with input as 1\n}')
  assert.deepEqual(body[0], { index: 0, terms: term('var', 'x'), negated: true })
  assert.equal(body[1].terms.symbols[0].type, 'call')
  assert.deepEqual(body[2].terms.key, null)
  assert.deepEqual(body[3], {
    index: 3,
    terms: [term('ref', [term('var', 'f')]), term('var', 'x')],
    with: [{ target: term('ref', [term('var', 'input')]), value: term('number', 1) }],
  })
})

test('a rule of one part has a name, and one of two where it is of the old kinds', () => {
  const name = (text: string) => rule(text).head.name
  assert.equal(name('p contains 1'), 'p')
  assert.equal(name('p.q := 1'), 'p')
  assert.equal(name('p[x] := 1 if x := 2'), 'p')
  assert.equal(name('p[x] if x := 2'), undefined)
  assert.equal(name('p.q contains 1'), undefined)
  assert.equal(name('p.q.r := 1'), undefined)
  assert.equal(rule('p := 1 if false else := 2').else.head.name, 'p')
})

test('annotations are told with the module and with their rules', () => {
  const { annotations, rules } = shown('# METADATA\n# title: x\n# authors: [<a@b>]\np := 1', true)
  assert.deepEqual(annotations, [{ scope: 'rule', title: 'x', authors: [{ name: '', email: 'a@b' }] }])
  assert.deepEqual(rules[0].annotations, annotations)
})
