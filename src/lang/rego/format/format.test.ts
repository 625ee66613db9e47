import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RegoRejected } from '../errors.ts'
import type { RegoVersion } from '../syntax/ast.ts'
import { parseModule } from '../syntax/module.ts'
import { arityFault } from './faults.ts'
import { saysTheSame } from './meaning.ts'
import { SAMPLES } from './samples.ts'
import { formatSource } from './source.ts'
import type { TargetVersion } from './target.ts'

const v1 = (text: string) => formatSource('m.rego', text)
const faultsOf = (text: string, version: TargetVersion, from: RegoVersion) => {
  try {
    formatSource('m.rego', text, { version, from })
    return []
  } catch (error) {
    if (!(error instanceof RegoRejected)) throw error
    return error.diagnostics.map(({ message }) => message)
  }
}

describe('formatting', () => {
  for (const { name, text, formatted, ...options } of SAMPLES) {
    test(name, () => {
      assert.equal(formatSource('m.rego', text, options), formatted)
    })
  }

  test('imports that v1 does not need are dropped when that is asked for', () => {
    const text = 'package p\n\nimport data.a\nimport future.keywords.in\nimport rego.v1\n\nx := 1 in a\n'
    assert.equal(v1(text), 'package p\n\nimport data.a\n\nimport rego.v1\n\nx := 1 in a\n')
    assert.equal(formatSource('m.rego', text, { dropImports: true }), 'package p\n\nimport data.a\n\nx := 1 in a\n')
  })

  test('what cannot be written for v1 is refused, with all that is wrong', () => {
    const text = 'package p\nimport data.a\nimport input.a\ninput { true }\np { data := 1; any([true]) }\nif { true }'
    assert.deepEqual(faultsOf(text, 'v0v1', 'v0'), [
      'import must not shadow import data.a',
      'rules must not shadow input (use a different rule name)',
      'variables must not shadow data (use a different variable name)',
      'deprecated built-in function calls in expression: any',
      'if keyword cannot be used for rule name',
    ])
    assert.deepEqual(faultsOf(text, 'v0', 'v0'), [])
  })

  test('an operator that is called without its two sides is refused', () => {
    assert.deepEqual(faultsOf('package p\nx := plus(1)\ny if { minus(1, 2, 3, 4) }', 'v1', 'v1'), [
      'plus: arity mismatch',
      'minus: arity mismatch',
    ])
    const call = parseModule('m', 'package p\nx := f(minus(1, y, [2]))').rules[0]!.head.value
    assert.ok(call?.kind === 'call' && call.args[0]?.kind === 'call')
    const wanted = 'want: (any<number, set[any]>,any<number, set[any]>)'
    assert.deepEqual(arityFault(call.args[0], call.at).lines, ['have: (number,var,array)', wanted])
  })

  test('a template string has no form that v0 reads', () => {
    const message = 'template strings are not supported by current capabilities'
    assert.deepEqual(faultsOf('package p\nx := $"a{1}"', 'v0v1', 'v1'), [message])
  })
})

/** Small modules with these gaps between their tokens. */
function modules(...gaps: readonly string[]): fc.Arbitrary<string> {
  const gap = fc.constantFrom('', ' ', '\n', ...gaps)
  const join = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(''))
  const is = (text: string) => fc.constant(text)
  const { term } = fc.letrec<{ term: string; list: string }>((tie) => ({
    list: fc.array(join(gap, tie('term'), gap), { minLength: 1, maxLength: 3 }).map((items) => items.join(',')),
    term: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constantFrom('1', '-2.50', '"s"', '`r`', 'null', 'set()', '{}', '$"t{a}"', 'a', 'input.x', 'data.q["if"].r'),
      join(is('['), tie('list'), is(']')),
      join(is('{'), tie('list'), is('}')),
      join(is('{"k":'), gap, tie('term'), gap, is('}')),
      join(is('count('), tie('list'), is(')')),
      join(is('('), tie('term'), fc.constantFrom('+', '|'), tie('term'), is(')')),
      join(is('[x |'), gap, is('some x in xs; f('), tie('term'), is(')]')),
    ),
  }))
  const line = fc.oneof(
    join(fc.constantFrom('', 'not '), is('f('), term, fc.constantFrom(')', ') with input as 1', ', 2)')),
    join(is('x in ['), term, gap, is(']')),
    join(is('y := '), term),
    join(is('every k, v in xs {'), gap, is('k > '), term, gap, is('}')),
  )
  const rule = fc.oneof(
    join(is('p := '), term),
    join(is('p contains '), term, is(' if {\n'), line, is('\n'), line, is('\n}')),
    join(is('f(a, [b]) if {'), line, is('}\nelse := 2 if {\n\n'), line, is('\n}')),
    fc.constant('# alone\n\n'),
  )
  return fc.array(rule, { maxLength: 4 }).map((rules) => `package p\n${rules.join('\n')}\n`)
}

const readable = (text: string) => faultsOf(text, 'v1', 'v1').length === 0

describe('any module', () => {
  test('is written so that it says the same, and left alone the next time', () => {
    fc.assert(
      fc.property(modules(), (text) => {
        fc.pre(readable(text))
        const once = v1(text)
        assert.ok(saysTheSame(parseModule('m', once), parseModule('m', text)), once)
        assert.equal(v1(once), once)
      }),
    )
  })

  test('that opa fmt would change in meaning is told apart', () => {
    const same = (text: string) => saysTheSame(parseModule('m', text), parseModule('m', v1(text)))
    assert.ok(same('package p\np if { x := (a + b) * c; f(_, _) }'))
    assert.ok(!same('package p\np if { (a + b) * c }'))
    assert.ok(!same('package p\np if { {"k": # why\n1 # not\n} with input as 1 }'))
  })

  test('is written as opa writes it, comments anywhere', (t) => {
    const version = spawnSync('opa', ['version'], { encoding: 'utf8' })
    if (version.error !== undefined || !version.stdout.includes('Version: 1.22.')) return t.skip('there is no opa 1.22 to compare with')
    fc.assert(
      fc.property(modules(' # c\n', '\n# d\n'), (text) => {
        fc.pre(readable(text))
        const { stdout, stderr } = spawnSync('opa', ['fmt'], { input: text, encoding: 'utf8' })
        assert.equal(v1(text), stdout, stderr)
      }),
      { numRuns: 25 },
    )
  })

  test('is formatted or refused, whatever the tokens', () => {
    const tokens = [
      'p',
      ' ',
      '\n',
      '{',
      '}',
      '[',
      ']',
      '(',
      ')',
      ':=',
      '=',
      '|',
      ',',
      '"s"',
      '`',
      '# c\n',
      'if',
      'else',
      'some',
      'in',
      '$"{',
      '.',
    ]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...tokens), { maxLength: 30 }), (text) => {
        faultsOf(`package p\n${text.join('')}`, 'v1', 'v1')
      }),
    )
  })
})
