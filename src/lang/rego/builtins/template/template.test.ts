import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assertAnswers, call } from '../../../../../test/kit/rego-builtins.ts'

const DATA = '{"a": 1, "b": "x<y", "c": [1, "two", null], "d": {"k": "v"}, "e": null, "h": 0}'

test('templates are rendered as in Go', () => {
  assertAnswers([
    [
      'strings.render_template',
      ['"{{.a}} {{.b}} {{.c}} {{.d}} {{.e}} {{.nope.x}}"', DATA],
      '"1 x<y [1 two <nil>] map[k:v] <undefined> <undefined>"',
    ],
    [
      'strings.render_template',
      ['"{{range $i, $v := .c}}{{if eq $i 1}}{{continue}}{{end}}{{$i}}={{$v}};{{else}}none{{end}}"', DATA],
      '"0=1;2=<undefined>;"',
    ],
    ['strings.render_template', ['"a {{- /* c */ -}} b {{- .a -}} c"', DATA], '"ab1c"'],
    ['strings.render_template', ['"{{with .d}}{{.k}}{{$.a}}{{else}}x{{end}}"', DATA], '"v1"'],
    ['strings.render_template', ['"{{if and .a (not .e)}}yes{{else if .h}}h{{else}}no{{end}}"', DATA], '"yes"'],
    ['strings.render_template', ['"{{define \\"T\\"}}<{{.}}>{{end}}{{template \\"T\\" .b}}"', DATA], '"<x<y>"'],
    ['strings.render_template', ['"{{$x := len .c | printf \\"%03d\\"}}{{$x}}"', DATA], '"003"'],
    [
      'strings.render_template',
      ['"{{printf \\"%d %v\\" .a .e}} {{html .b}} {{index .c 1}} {{slice .b 1 2}} {{print 1 2 \\"a\\" 3}}"', DATA],
      '"%!d(json.Number=1) <nil> x&lt;y two < 1 2a3"',
    ],
    ['strings.render_template', ['"{{eq .a 1}}"', DATA], undefined],
    ['strings.render_template', ['"{{end}}"', DATA], undefined],
    ['strings.render_template', ['"{{if .a}}"', DATA], undefined],
    ['strings.render_template', ['"{{foo}}"', DATA], undefined],
    ['strings.render_template', ['"{{$y}}"', DATA], undefined],
    ['strings.render_template', ['"{{.a.b}}"', DATA], undefined],
    ['strings.render_template', ['"{{index .c 9}}"', DATA], undefined],
    ['strings.render_template', ['"{{break}}"', DATA], undefined],
    ['strings.render_template', ['"{{.s}}"', '{"s": {1}}'], undefined],
  ])
})

test('a template that calls itself, counts far or nests deep is ended', () => {
  const render = (template: string) => call('strings.render_template', [JSON.stringify(template), DATA], true)
  const limit = { code: 'REGO_LIMIT' }
  assert.throws(() => render('{{define "T"}}{{template "T"}}{{end}}{{template "T"}}'), limit)
  assert.throws(() => render('{{range 1000000000000}}{{.}}{{end}}'), limit)
  for (const piece of ['{{if 1}}', '{{(', '{{range .c}}']) {
    assert.throws(() => render(piece.repeat(100_000)), { code: 'REGO_EVAL', opaCode: 'eval_builtin_error' })
  }
})

test('what is no template is refused, never a crash', () => {
  const piece = fc.constantFrom(
    '{{',
    '}}',
    '{{-',
    '-}}',
    ' ',
    '.',
    '.c',
    '$',
    '$x',
    ':=',
    '|',
    '(',
    ')',
    '"',
    '`',
    '1',
    'if',
    'end',
    'range',
    'len',
    '{{end}}',
    '{{else}}',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const answer = call('strings.render_template', [JSON.stringify(pieces.join('')), DATA])
      assert.ok(answer === undefined || answer.startsWith('"'))
    }),
    { numRuns: 2_000 },
  )
})
