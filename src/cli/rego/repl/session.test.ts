import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fromHost } from '../../../lang/rego/values/host.ts'
import type { RegoObject } from '../../../lang/rego/values/value.ts'
import { Session, type SessionOptions } from './session.ts'

function session(more: Partial<SessionOptions> = {}): Session {
  return new Session({
    modules: {},
    data: fromHost({ users: { ann: 1 } }) as RegoObject,
    input: undefined,
    version: 'v1',
    format: 'pretty',
    surroundings: () => ({ now: 0n, clock: () => 0, random: () => 0 }),
    ...more,
  })
}

/** What is said to each line. */
const answers = (lines: readonly string[], more: Partial<SessionOptions> = {}) => {
  const one = session(more)
  return lines.map((line) => one.line(line))
}

describe('at the prompt', () => {
  test('queries are answered, and rules that are typed are part of what they ask', () => {
    assert.deepEqual(answers(['1 + 1', 'x := 5', 'x + 1', 'x := 6', 'x', 'data.users.ann', 'null', 'nothing.here']), [
      '2\n',
      "Rule 'x' defined in package repl. Type 'show' to see rules.\n",
      '6\n',
      "Rule 'x' re-defined in package repl. Type 'show' to see rules.\n",
      '6\n',
      '1\n',
      'null\n',
      '1 error occurred: 1:1: rego_unsafe_var_error: var nothing is unsafe\n',
    ])
  })

  test('a statement goes on until it is complete, or an empty line ends it with its fault', () => {
    assert.deepEqual(answers(['f(x) := y if {', '  y := x + 1', '}', '', 'f(1)']).slice(3), [
      "Rule 'f' defined in package repl. Type 'show' to see rules.\n",
      '2\n',
    ])
    assert.deepEqual(answers(['1 +', '']), ['', '1 error occurred: 2:0: rego_parse_error: unexpected eof token\n\t1 +\n\t  ^\n'])
  })

  test('what is wrong with a rule is placed in what was typed, and leaves all as it was', () => {
    const [, , , , fault, show] = answers(['a := 1', 'b if {', '  nope(1)', '}', '', 'show'])
    assert.equal(fault, '1 error occurred: 2:3: rego_type_error: undefined function nope\n')
    assert.equal(show, 'package repl\n\na := 1\n')
    assert.deepEqual(answers(['a := 1', 'a := nope(1)', 'a']).slice(-1), ['1\n'])
  })

  test('input is set and unset; imports and packages hold', () => {
    assert.deepEqual(answers(['input := {"a": 7}', 'import input.a', 'a', 'unset input', 'a']), ['', '', '7\n', '', 'undefined\n'])
    assert.deepEqual(answers(['package p.q', 'r := 1', 'data.p.q.r', 'unset-package p.q', 'data.p.q.r', 'show']).slice(2), [
      '1\n',
      '',
      'undefined\n',
      'no rules defined\n',
    ])
  })

  test('modules that were loaded are there, and may be gone on with', () => {
    const modules = { 'm.rego': 'package m\n\np contains 1\n' }
    assert.deepEqual(answers(['package m', 'p contains 2', 'p'], { modules, format: 'json' }).length, 3)
    assert.deepEqual(answers(['package m', 'p contains 2', 'count(p)'], { modules }).at(-1), '2\n')
  })

  test('commands do what help says, and exit ends', () => {
    const one = session()
    assert.match(one.line('help'), /unset-package PATH/)
    assert.equal(one.line('dump'), '{"users":{"ann":1}}\n')
    assert.equal(one.line('unset nothing'), 'warning: no matching rules in current module\n')
    assert.equal(one.line('unset 1 +'), 'bad arguments: unset REF: expects exactly one argument\n')
    one.line('json')
    assert.deepEqual(JSON.parse(one.line('1')).result[0].expressions[0].value, 1)
    assert.equal(one.done, false)
    one.line('exit')
    assert.equal(one.done, true)
  })

  test('whatever is typed is answered', () => {
    const one = session()
    for (const line of [
      '}',
      '\u0000',
      'package',
      'import',
      'import x',
      'unset',
      'unset {',
      'unset-package 1',
      'default',
      '"',
      '`',
      '[',
      'p[',
      ':=',
      '= 1',
      'input := nope',
      'input := ',
    ]) {
      one.line(line)
      one.line('')
      assert.equal(one.waiting, false, line)
    }
    assert.equal(one.line('1'), '1\n')
  })
})
