// The commands beside those of opa, byte for byte: what is printed where, and the exit status.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { capabilities } from '../../src/lang/rego/builtins/capabilities.ts'
import { thymus } from '../kit/cli.ts'
import { installedOpa, OPA_VERSION } from '../kit/opa.ts'

const opa = installedOpa() ?? ''
const skip = opa === '' ? `there is no opa ${OPA_VERSION} to compare with` : false

const cwd = mkdtempSync(join(tmpdir(), 'thymus-rego-opa-'))
after(() => rmSync(cwd, { recursive: true }))

const known = capabilities()
const FILES = {
  'good.rego': 'package good\n\np := input.a\n',
  'parse.rego': 'package a\n\np if {\n\tx := \n}\n',
  'tab.rego': 'package a\n\n\tp if count("é") == 2 ; q\n',
  'type.rego': 'package a\n\np if count(1) == 2\n\nq := to_number([1])\n',
  'unsafe.rego': 'package a\n\np if not x\n',
  'several.rego': 'package a\n\np[1] { true }\n\nq { true }\n',
  'metadata.rego': 'package m\n\n# METADATA\n# authors: [{}]\nx := 1\n',
  'schema.rego': 'package m\n\n# METADATA\n# schemas:\n# - input: schema["in-put"]\nx := input.nope\n',
  'imports.rego': 'package e\n\nimport data.a\n\np if {\n\tx := 1\n}\n',
  'v0.rego': 'package x\n\np { input.x }\n\nq[1] { true }\n',
  'both.rego': 'package x\n\nimport rego.v1\n\np if input.x\n',
  'count.rego': 'package a\n\np := count([1])\n',
  'less.json': JSON.stringify({ ...known, builtins: known.builtins.filter(({ name }) => name !== 'count') }),
  'fmt/fine.rego': 'package u\n\np := 1\n',
  'fmt/ugly.rego': 'package u\np   if {input.x==1\n}\n',
  'tree.rego': `package a.b

import data.x as y
import input.z

# hello
default p := null

p if {
	not input.q[1]
	some i, k in [1.5, "x"]
	every v in {1, {"a": null}} {
		v > 0 with input.a as 3
	}
} else := {x | x := i; i == true}

f(a, [b]) := {a: b | a}

q contains \`raw\`

r["x"].y := $"a {1}"

s if some z
`,
  'cov/a.rego': `package a

import data.b

default allow := false

allow if {
	input.x == 1
	some y in [1, 2]
	y > 1
}

allow if {
	input.x == 2
	not deny
	count([z |
		z := 1
		z > 0
	]) > 7
}

deny contains msg if {
	input.z == 3
	msg := "no"
}

f(x) := y if {
	y := x + 1
} else := 4 if {
	x == 3
}

obj["k"] := v if v := f(2)

c := {
	"a": 1,
	"b": 2,
}
`,
  'cov/a_test.rego': `package a_test

import data.a

test_one if {
	a.allow with input as {"x": 1}
	every k in [1, 2] {
		k > 0
	}
}

test_two if a.obj.k == 3
`,
  'x1.json': '{"x": 1}',
  'x2.json': '{"x": 2, "z": 3}',
  'schemas/in-put.json': '{"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false}',
}
for (const [name, text] of Object.entries(FILES)) {
  mkdirSync(dirname(join(cwd, name)), { recursive: true })
  writeFileSync(join(cwd, name), text)
}

/** Runs both. `input` is what stdin gives. */
async function same(words: readonly string[], input = ''): Promise<void> {
  const { status, stdout, stderr } = spawnSync(opa, words, { cwd, input, encoding: 'utf8' })
  const ours = await thymus(['rego', ...words], { cwd, input, env: process.env })
  assert.deepEqual({ status: ours.status, stdout: ours.stdout, stderr: ours.stderr }, { status, stdout, stderr })
}

const BAD = ['parse', 'tab', 'type', 'unsafe', 'several', 'metadata'].map((name) => `${name}.rego`)

const COMMANDS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  check: [
    ...['good.rego', ...BAD].flatMap((file) => [
      ['check', file],
      ['check', '-f', 'json', file],
    ]),
    ['check', 'schema.rego'],
    ['check', '--schema', 'schemas', 'schema.rego'],
    ['check', '-f', 'json', '--schema', 'schemas', 'schema.rego'],
    ['check', '-s', 'schemas/in-put.json', 'good.rego'],
    ['check', '--strict', 'imports.rego'],
    ...['v0.rego', 'both.rego', 'good.rego'].flatMap((file) => [
      ['check', '--v0-v1', file],
      ['check', '--v0-compatible', file],
    ]),
  ],
  eval: [
    ...BAD.flatMap((file) => [
      ['eval', '-d', file, 'true'],
      ['eval', '-f', 'pretty', '-d', file, 'true'],
    ]),
    ...[
      '[10, 20][i]',
      '[x | x := [1, 2][_]]; true',
      'a := 12; a > 0; a + 1',
      'true; true',
      '[1, 2][_] > 0',
      '{"a": [1]}[k]; k',
      'false; 1',
    ].flatMap((query) => ['pretty', 'json', 'values', 'bindings', 'raw', 'discard'].map((format) => ['eval', '-f', format, query])),
    ['eval', 'x := '],
    ['eval', '-f', 'pretty', 'x := '],
    ['eval', '-d', 'schema.rego', '-s', 'schemas', 'data.m.x'],
    ['eval', '--strict', '-d', 'imports.rego', 'true'],
  ],
  parse: ['tree.rego', 'cov/a.rego', 'parse.rego'].map((file) => ['parse', file]),
  capabilities: [
    ['check', '--capabilities', 'less.json', 'count.rego'],
    ['check', '--capabilities', 'less.json', 'good.rego'],
    ['eval', '--capabilities', 'less.json', 'count([1])'],
    ['eval', '--capabilities', 'less.json', '-d', 'count.rego', 'data.a.p'],
    ['eval', '--capabilities', 'less.json', 'x := 1 + 1'],
  ],
  fmt: [
    ['fmt', 'fmt'],
    ['fmt', '-l', 'fmt'],
    ['fmt', '-d', '--fail', 'fmt'],
    ...['fmt/fine.rego', 'fmt/ugly.rego', 'parse.rego', 'v0.rego', 'both.rego'].flatMap((file) =>
      [[], ['-l'], ['-d'], ['-l', '--fail'], ['-d', '--fail'], ['--v0-v1'], ['--v0-compatible']].map((flags) => ['fmt', ...flags, file]),
    ),
    ['fmt', '--fail', 'fmt/fine.rego'],
    ['fmt', '--fail', 'fmt/ugly.rego'],
  ],
}

describe('thymus rego repl answers what opa answers', { skip }, () => {
  const SESSIONS = [
    ['1 + 1', 'x := 5', 'x', 'p := 3', 'p = 4', 'q contains 1 if true', 'q contains 2', 'q', 'show', 'unset p', 'show'],
    ['package foo', 'import data.repl', 'import data.good', 'r := 2', 'show', 'data.foo', 'unset-package foo', 'unset-package foo'],
    ['f(x) := x + 1 if {', '  x > 0', '}', '', 'f(2)', 'f("a")'],
    ['default d := 3', 'default d := 4', 'd', 'user["role"] := "admin"', 'user', 'unset user', 'user'],
    ['some i; [10, 20][i]', 'json', '[10, 20][i]', 'pretty', 'a := 1; b := 2', 'null', 'data.repl', '1 == 2'],
    ['x +', '', 'nope(1)', 'bogus', '', 'unset nope', 'print("x")', 'help foo', 'b if {', '  nope(1)', '}', ''],
    ['data.a.allow with input as {"x": 1}', 'package a', 'allow with input as {"x": 2}', 'c', 'c := 4', 'obj.k'],
  ]
  for (const lines of SESSIONS) {
    test(lines.join(' ⏎ '), async () => {
      const input = `${lines.join('\n')}\n`
      const { stdout } = spawnSync(opa, ['run', '-H', join(cwd, 'history'), 'cov/a.rego'], { cwd, input, encoding: 'utf8' })
      const ours = await thymus(['rego', 'repl', 'cov/a.rego'], { cwd, input, env: process.env })
      // What opa says of itself comes first.
      assert.equal(ours.stdout, stdout.split('\n').slice(4).join('\n'))
      assert.equal(ours.status, 0)
    })
  }
})

describe('thymus rego fmt does what opa does with stdin', { skip }, () => {
  for (const name of ['fmt/ugly.rego', 'parse.rego'] as const) test(name, () => same(['fmt'], FILES[name]))
})

test('parse -f json is the document that opa prints', { skip }, async () => {
  for (const file of ['tree.rego', 'cov/a.rego']) {
    const { stdout } = await thymus(['rego', 'parse', '-f', 'json', file], { cwd, env: process.env })
    const theirs = spawnSync(opa, ['parse', '-f', 'json', file], { cwd, encoding: 'utf8' })
    assert.deepEqual(JSON.parse(stdout), JSON.parse(theirs.stdout))
  }
})

describe('coverage is what opa reports, but for why it left something out', { skip }, () => {
  const withoutKinds = (text: string) => JSON.parse(text, (key, value) => (key === 'kinds' ? undefined : value))
  for (const words of [
    ['test', '--coverage', 'cov'],
    ...['data.a', 'data.a.allow', 'data.a.obj'].flatMap((query) =>
      ['x1.json', 'x2.json'].map((input) => ['eval', '--coverage', '-i', input, '-d', 'cov', query]),
    ),
  ]) {
    test(words.join(' '), async () => {
      const { status, stdout } = spawnSync(opa, words, { cwd, encoding: 'utf8' })
      const ours = await thymus(['rego', ...words], { cwd, env: process.env })
      assert.equal(ours.status, status)
      assert.deepEqual(withoutKinds(ours.stdout), withoutKinds(stdout))
    })
  }
  for (const words of [
    ['--threshold', '99'],
    ['--threshold', '99.5', '-v'],
  ])
    test(words.join(' '), () => same(['test', ...words, 'cov']))
})

for (const [name, commands] of Object.entries(COMMANDS)) {
  describe(`thymus rego ${name} does what opa does`, { skip }, () => {
    for (const words of commands) test(words.slice(1).join(' '), () => same(words))
  })
}
