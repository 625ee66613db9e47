import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RegoRejected } from '../errors.ts'
import type { RegoVersion, Term } from './ast.ts'
import { termKey } from './equal.ts'
import { parseModule, parseQuery } from './module.ts'

/** What is wrong with a text, as `row:col message`. */
function faults(text: string, version: RegoVersion = 'v1'): string[] {
  try {
    parseModule('m.rego', text, { version })
    return []
  } catch (error) {
    if (!(error instanceof RegoRejected)) throw error
    return error.diagnostics.map(({ at, message }) => `${at?.row}:${at?.col} ${message}`)
  }
}

const termOf = (text: string): Term => parseQuery('q', text)[0]!.terms as Term
const rulesOf = (text: string, version: RegoVersion = 'v1') => parseModule('m.rego', `package p\n${text}`, { version }).rules

describe('terms', () => {
  test('operators bind as the grammar says, to the left', () => {
    for (const [flat, grouped] of [
      ['1 + 2 * 3 - 4', '(1 + (2 * 3)) - 4'],
      ['a | b & c', 'a | (b & c)'],
      ['x in ys == true', 'x in (ys == true)'],
      ['1 < 2 == true', '(1 < 2) == true'],
      ['-x + 1', '(0 - x) + 1'],
    ] as const) {
      assert.equal(termKey(termOf(flat)), termKey(termOf(grouped)), flat)
    }
  })

  test('a bar in brackets begins a comprehension, unless it cannot', () => {
    assert.equal(termOf('{a | b}').kind, 'setcomprehension')
    assert.equal(termOf('{a | b, c}').kind, 'set')
    assert.equal(termOf('[a | b]').kind, 'arraycomprehension')
    assert.equal(termOf('{"k": a | b}').kind, 'objectcomprehension')
    assert.equal(termOf('{"k": (a | b)}').kind, 'object')
    assert.equal(termOf('set()').kind, 'set')
  })

  test('a repeated member counts once, however its number is written; repeated keys are kept for who prints them', () => {
    const set = termOf('{1, {2, 3}, "1", 1.0, {3, 2}}')
    assert.deepEqual(set.kind === 'set' && set.items.map(({ kind }) => kind), ['number', 'set', 'string'])
    const object = termOf('{"a": 1, "a": 2}')
    assert.equal(object.kind === 'object' && object.entries.length, 2)
  })

  test('the name is in the head, the columns count characters, not units', () => {
    const rule = rulesOf('# 😀\np := "😀" + x')[0]!
    const { value } = rule.head
    assert.ok(value?.kind === 'call')
    assert.deepEqual([value.args[1]!.at.row, value.args[1]!.at.col], [3, 12])
  })

  test('a template string alternates texts and expressions', () => {
    const template = termOf('$"a\\{{x + 1}b{"c"}"')
    assert.ok(template.kind === 'templatestring')
    assert.deepEqual(
      template.parts.map((part) => (part.kind === 'string' ? part.value : part.kind)),
      ['a{', 'expr', 'b', 'c'],
    )
  })
})

describe('rules', () => {
  test('what a head defines', () => {
    const shape = (text: string, version?: RegoVersion) => {
      const { head } = rulesOf(text, version)[0]!
      return [head.ref.parts.length, head.key !== undefined, head.value !== undefined, head.args?.length ?? 0]
    }
    assert.deepEqual(shape('p := 1'), [1, false, true, 0])
    assert.deepEqual(shape('p contains x if x := 1'), [1, true, false, 0])
    assert.deepEqual(shape('p[x] if x := 1'), [2, true, true, 0])
    assert.deepEqual(shape('p[x] { x := 1 }', 'v0'), [1, true, false, 0])
    assert.deepEqual(shape('p[x] = y { x := 1; y := 2 }', 'v0'), [2, true, true, 0])
    assert.deepEqual(shape('p["a"]', 'v0'), [1, true, false, 0])
    assert.deepEqual(shape('f(x, _) := x'), [1, false, true, 2])
    assert.deepEqual(shape('a.b[c].d if { c := 1 }'), [4, false, true, 0])
  })

  test('else, and bodies that follow each other', () => {
    const [first] = rulesOf('p := 1 if { a } else := 2 if { b } else := 3')
    assert.ok(first?.else?.else !== undefined && first.else.else.else === undefined)
    assert.equal(rulesOf('p { a } { b } { c }', 'v0').length, 3)
  })

  test('a keyword is a name in a ref, where a dot or bracket follows', () => {
    assert.equal(rulesOf('p if { input.if == 1; every.x }\nif.foo := 1').length, 2)
  })
})

describe('what is wrong is named with its place', () => {
  const cases: readonly (readonly [string, RegoVersion, ...string[]])[] = [
    ['', 'v1', '0:0 empty module'],
    ['p := 1', 'v1', '1:1 package expected'],
    ['package p\nx {}', 'v0', '2:4 found empty body'],
    ['package p\nx := [1, 2', 'v1', '2:10 unexpected eof token: expected "," or "]"'],
    ['package p\np { true }', 'v1', '2:1 `if` keyword is required before rule body'],
    ['package p\np["x"]', 'v1', '2:1 `contains` keyword is required for partial set rules'],
    ['package p\np if { 1 2 }', 'v1', '2:10 unexpected number token: expected \\n or ; or }'],
    ['package p\nx := 007', 'v1', '2:6 unexpected number token: expected number without leading zero'],
    ['package p\nx := 1e999999', 'v1', '2:6 number too big'],
    ['package p\nx := "a\\qb"', 'v1', '2:6 illegal escape sequence'],
    [
      'package p\nimport foo.bar',
      'v1',
      '2:8 unexpected import path, must begin with one of: {data, future, input, rego}, got: foo (hint: if this is unexpected, try updating OPA)',
    ],
    // The word behind an import is read where `not` is no keyword.
    ['package p\nimport data.a\nnot x', 'v1', '3:1 var cannot be used for rule name'],
    ['package p\nimport rego.v1\nnot x', 'v1', '3:1 negated expressions cannot be used for rule head'],
    ['package p\nif := 1', 'v1', '2:1 if keyword cannot be used for rule name'],
    ['package p\ncount(x) = 1 { true }\ncount(1)', 'v0', '3:1 rule name conflicts with built-in function'],
    [
      'package p\np { some x in [1] }',
      'v0',
      '2:12 unexpected identifier token: expected \\n or ; or } (hint: `import future.keywords.in` for `some x in xs` expressions)',
    ],
    ['package p\ndefault x := input.y', 'v1', '2:1 illegal default rule (value cannot contain ref)'],
    ['package p\ndefault x := $"{[y]}"', 'v1', '2:1 illegal default rule (value cannot contain var)'],
    ['package p\nx := $"{not y}"', 'v1', "2:9 unexpected negation ('not') in template-string expression"],
  ]
  for (const [text, version, ...wanted] of cases) {
    test(JSON.stringify(text), () => {
      const [first] = faults(text, version)
      assert.equal(first, wanted[0])
    })
  }
})

test('what no name begins is told of behind it too', () => {
  const missing = 'unexpected eof token: expected rule value term (e.g., f(x)[0].c[<nil>] = <VALUE> { ... })'
  assert.deepEqual(faults('package p\nf(x)[0].c ='), ['2:11 unexpected eof token', `2:11 ${missing}`])
  assert.deepEqual(faults('package p\nf(x)[0].c = 1'), ['2:1 invalid rule head: call'])
})

test('an operator that lacks an operand is told of once', () => {
  assert.deepEqual(faults('package p\np if {\n  x == 1 *\n*\n'), ['4:1 unexpected mul token'])
  assert.deepEqual(faults('package p\np if {\n  x & | 2\n}\n'), ['3:7 unexpected or token'])
})

describe('hostile texts', () => {
  const WORDS =
    'package p if in every some not else contains default with as import null true { } [ ] ( ) , ; : . | & + - = := == "s" `r` $"a{ }" _ x 1 and or'
  const words = fc.array(fc.constantFrom(...WORDS.split(' '), '\n', 'import future.keywords\n', '😀', '\0', '#c\n'), { maxLength: 60 })

  test('any sequence of tokens is taken, or refused with a place', () => {
    fc.assert(
      fc.property(words, fc.constantFrom<RegoVersion>('v0', 'v1', 'v2'), (tokens, version) => {
        for (const fault of faults(`package p\n${tokens.join(' ')}`, version)) assert.match(fault, /^\d+:\d+ ./)
      }),
      { numRuns: 2000 },
    )
  })

  test('a module that ends anywhere', () => {
    const text =
      'package a.b\n\nimport rego.v1\n\n# METADATA\np contains $"x{y}" if {\n\tsome y in {"a": [1, -2.5e3]}\n\tevery k, v in z { k != v }\n\tnot q with input as {1}\n} else := `r`\n'
    for (let end = 0; end < text.length; end++) faults(text.slice(0, end), end % 2 === 0 ? 'v1' : 'v0')
  })

  test('nesting without end is refused in bounded time', () => {
    for (const open of ['[', '{', '(', '-', '{"a":', '[1,', '{x | ', 'f(', 'a[', 'not ', '$"{']) {
      const found = faults(`package p\nimport future.keywords\nx := ${open.repeat(100_000)}`)
      assert.ok(found.length > 0, open)
    }
  })

  test('a reference is as long as documents are deep, and no longer', () => {
    for (const part of ['.a', '["a"]']) {
      assert.deepEqual(faults(`package p\nx := input${part.repeat(1_000)}`), [])
      for (const more of [1_001, 100_000]) {
        const [first] = faults(`package p\nx := input${part.repeat(more)}`)
        assert.match(String(first), /^2:\d{4,5} a reference has more than 1001 parts$/)
      }
    }
  })
})
