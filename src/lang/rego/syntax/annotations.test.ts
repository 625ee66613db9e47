import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AnnotationSet, annotationValue } from '../compile/annotation-set.ts'
import { partsText } from '../compile/text.ts'
import { RegoRejected } from '../errors.ts'
import { printTerm } from '../values/text.ts'
import type { Module } from './ast.ts'
import { parseModule } from './module.ts'

const parse = (...lines: readonly string[]): Module => parseModule('a.rego', lines.join('\n'), { annotations: true })
const shown = (module: Module) => module.annotations.map((said) => printTerm(annotationValue(said)))
const block = (...lines: readonly string[]) => ['# METADATA', ...lines.map((line) => `# ${line}`)]
/** Of a block above a rule. */
const said = (...lines: readonly string[]) => shown(parse('package a', '', ...block(...lines), 'p := 1'))[0]

function faults(...lines: readonly string[]): readonly string[] {
  try {
    parse(...lines)
    return []
  } catch (error) {
    assert.ok(error instanceof RegoRejected)
    return error.diagnostics.map(({ message, at }) => `${at!.row}: ${message}`)
  }
}
const wrong = (...lines: readonly string[]) => faults('package a', '', ...block(...lines), 'p := 1')

test('a block says what it may say', () => {
  assert.equal(
    said('title: A', 'description: |', '  two', '  lines', 'organizations: [x, 1]'),
    '{"description": "two\\nlines\\n", "organizations": ["x", "1"], "scope": "rule", "title": "A"}',
  )
  assert.equal(
    said('authors:', '- Jane Doe <j@x>', '- name: N', '- <m>', 'related_resources:', '- https://x', '- ref: y', '  description: d'),
    '{"authors": [{"email": "j@x", "name": "Jane Doe"}, {"name": "N"}, {"email": "m"}], "related_resources": [{"ref": "https://x"}, {"description": "d", "ref": "y"}], "scope": "rule"}',
  )
  assert.equal(
    said('schemas:', '- input: schema.in', '- data.a["b c"]: {type: string}'),
    '{"schemas": [{"path": ["input"], "schema": ["schema", "in"]}, {"definition": {"type": "string"}, "path": ["data", "a", "b c"]}], "scope": "rule"}',
  )
  assert.equal(
    said('custom:', '  n: [1, 0x1F, 017, 1_000, 1.50, 9007199254740993]', '  t: 2001-01-01', '  y: yes', '  a: &x {k: v}', '  b: *x'),
    '{"custom": {"a": {"k": "v"}, "b": {"k": "v"}, "n": [1, 31, 15, 1000, 1.5, 9007199254740993], "t": "2001-01-01T00:00:00Z", "y": "yes"}, "scope": "rule"}',
  )
  assert.equal(
    said('custom: {t: [2001-01-01T1:2:3, 2001-01-01 1:2:3, 2001-01-01T1:2:3+01:60]}'),
    '{"custom": {"t": ["2001-01-01T1:2:3", "2001-01-01T01:02:03Z", "2001-01-01T01:02:03+02:00"]}, "scope": "rule"}',
  )
  assert.equal(said('entrypoint: yes', 'labels: {a: {}}'), '{"entrypoint": true, "labels": {"a": {}}, "scope": "document"}')
  assert.equal(said('custom: {__proto__: {x: 1}}'), '{"custom": {"__proto__": {"x": 1}}, "scope": "rule"}')
})

test('what is wrong in a block is said with its line', () => {
  assert.deepEqual(wrong('title: x', 'entrypoint: maybe', 'organizations: y'), [
    '6: yaml: unmarshal errors:\n  line 2: cannot unmarshal !!str `maybe` into bool\n  line 3: cannot unmarshal !!str `y` into []string',
  ])
  assert.deepEqual(wrong('title: x', 'title: y'), ['5: yaml: unmarshal errors:\n  line 2: mapping key "title" already defined at line 1'])
  assert.deepEqual(wrong('title: x', '? a: b', ': c'), ['6: yaml: unmarshal errors:\n  line 2: cannot unmarshal !!map into string'])
  assert.deepEqual(wrong('authors:', '- ? [x]'), ['4: yaml: invalid map key: [x]'])
  assert.deepEqual(wrong('custom: !!int z'), ['4: yaml: cannot decode !!str `z` as a !!int'])
  assert.deepEqual(wrong('nobody knows: !!int z', '? more', ': {[x]: *y}'), ["4: yaml: unknown anchor 'y' referenced"])
  assert.deepEqual(wrong('nobody knows: !!int z', '? more', ': {[x]: y}'), [])
  assert.deepEqual(wrong('just text'), ['4: yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `just text` into ast.rawAnnotation'])
  assert.deepEqual(wrong('authors: [{}]'), ["3: invalid author definition map[]: 'name' and/or 'email' values required in object"])
  assert.deepEqual(wrong('related_resources: [""]'), ['3: invalid related-resource definition : ref URL may not be empty string'])
  assert.deepEqual(wrong('schemas: [{x: schema.a}]'), ['3: invalid document reference'])
  assert.deepEqual(wrong('schemas: [{input: other.a}]'), ['3: invalid schema reference'])
  assert.deepEqual(wrong('custom: {a: {1: x}}'), ['3: invalid map key type(s): '])
  assert.deepEqual(wrong('  '), ['3: expected METADATA block, found whitespace'])
  assert.match(wrong('title:x')[0]!, /Hint: on line 4, symbol\(s\) \['x'\] immediately following/)
})

test('a block is about what is below it, in a scope that fits', () => {
  assert.deepEqual(shown(parse(...block('title: x'), 'package a')), ['{"scope": "package", "title": "x"}'])
  assert.deepEqual(faults('package a', ...block('scope: package'), 'p := 1'), [
    "2: annotation scope 'package' must be applied to package (have rule)",
  ])
  assert.deepEqual(faults('package a', ...block('title: x')), [
    "2: invalid annotation scope ''. Use one of 'rule', 'document', 'package', or 'subpackages'",
  ])
  assert.deepEqual(faults('package a', ...block('title: x'), 'import data.b'), [
    "2: invalid annotation scope 'import'. Use one of 'rule', 'document', 'package', or 'subpackages'",
  ])
  assert.deepEqual(faults('package a', ...block('scope: rule', 'entrypoint: true'), 'p := 1'), [
    "2: annotation entrypoint applied to non-document or package scope 'rule'",
  ])
  const { rules } = parse(
    'package a',
    ...block('title: x', 'scope: document'),
    'p := 1 if input.a',
    ...block('title: y'),
    'p := 2 if input.b',
    'q := 1',
  )
  assert.deepEqual(
    rules.map(({ annotations }) => annotations.map(({ title }) => title)),
    [['x'], ['x', 'y'], []],
  )
})

test('without the option nothing is read of them, and indented ones are never', () => {
  assert.deepEqual(parseModule('a.rego', ['package a', ...block('title: ['), 'p := 1'].join('\n')).annotations, [])
  assert.deepEqual(shown(parse('package a', 'p if {', '  # METADATA', '  # title: [', '  input.x', '}')), [])
})

test('all that is said of a rule is found, from the nearest on', () => {
  const a = parse(...block('scope: subpackages', 'title: around'), 'package a')
  const b = parse(
    ...block('title: package'),
    'package a.b',
    ...block('title: document', 'scope: document'),
    'p := 1 if input.a',
    ...block('title: rule'),
    'p := 1',
  )
  const set = new AnnotationSet([a, b])
  assert.deepEqual(set.faults, [])
  const titles = (entries: ReturnType<typeof set.flat>) =>
    entries.map(({ path, annotations }) => `${partsText(path)} ${annotations?.title ?? '-'}`)
  assert.deepEqual(titles(set.chain(b, b.rules[1]!)), ['data.a.b.p rule', 'data.a.b.p document', 'data.a.b package', 'data.a around'])
  assert.deepEqual(titles(set.chain(b, b.rules[0]!)), ['data.a.b.p -', 'data.a.b.p document', 'data.a.b package', 'data.a around'])
  assert.deepEqual(titles(set.flat()), ['data.a around', 'data.a.b package', 'data.a.b.p document', 'data.a.b.p rule'])
  assert.deepEqual(
    new AnnotationSet([b, b]).faults.map(({ message }) => message),
    ['package annotation redeclared: a.rego:1', 'document annotation redeclared: a.rego:4'],
  )
})

test('no block makes the parser throw anything else, or hang', { timeout: 30_000 }, () => {
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom('[', '{', ':', ' ', '-', '\n', 'a', '&a ', '*a', '"', '<<', '|', '%', '1', ',', ']', '}') }),
  )
  fc.assert(
    fc.property(texts, (text) => {
      wrong(...text.split(/[\r\n]/))
    }),
    { numRuns: 500 },
  )
  assert.equal(wrong(`custom: ${'['.repeat(100_000)}`).length, 1)
  const doubled = Array.from({ length: 40 }, (_, n) => `  a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`)
  // Where nobody looks, aliases of aliases cost nothing; who looks at the last of them comes to all.
  const chain = Array.from({ length: 20_000 }, (_, at) => `- &a${at + 1} [*a${at}]`)
  assert.deepEqual(wrong('nobody knows:', '- &a0 x', ...chain), [])
  assert.deepEqual(wrong('nobody knows:', '- &a0 x', ...chain, 'custom: {k: *a20000}'), ['4: yaml: exceeded max depth of 10000'])
  assert.deepEqual(wrong('custom:', '  a0: &a0 x', ...doubled), ['4: yaml: document contains excessive aliasing'])
  const many = Array.from({ length: 3000 }, () => block('scope: document', 'title: x').join('\n'))
  assert.deepEqual(faults('package a', ...many, ...Array.from({ length: 3000 }, () => 'p := 1')), [
    '2: too many annotations for the rules below them',
  ])
})
