// What Go's yaml.v3 makes of texts. Its words and lines for what is none are those that OPA 1.22.2 shows.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { damagedYaml } from '../../../test/kit/damaged-yaml.ts'
import { Random } from '../../../test/kit/random.ts'
import { YamlFault } from './cursor.ts'
import { type Node, parseDocument, parseDocuments } from './parse.ts'

/** A plain scalar is its text, another one a list of it; a tag stands before, a map is a map. */
function shape(node: Node | undefined): unknown {
  if (node === undefined) return undefined
  if (node.kind === 'alias') return `*${node.name}`
  const tag = node.tag === undefined ? [] : [node.tag]
  if (node.kind === 'scalar') return node.plain ? node.text : [...tag, node.text]
  if (node.kind === 'list') return { list: [...tag, ...node.items.map(shape)] }
  return new Map(node.entries.map(([key, value]) => [shape(key), shape(value)]))
}
const map = (...entries: [unknown, unknown][]) => new Map(entries)
const list = (...items: unknown[]) => ({ list: items })

test('is read as Go reads it', () => {
  for (const [text, expected] of [
    ['', undefined],
    ['# nothing\n', undefined],
    ['---\n', ''],
    ['a', 'a'],
    ['a: 1\nb:\n  - x\n  - y: z\nc:\n- d\n', map(['a', '1'], ['b', list('x', map(['y', 'z']))], ['c', list('d')])],
    ['? [a, b]\n: c\n? d\n', map([list('a', 'b'), 'c'], ['d', ''])],
    ['- - a\n  - b\n-\n- c: d\n  e: f', list(list('a', 'b'), '', map(['c', 'd'], ['e', 'f']))],
    ['{a: b, c, "d":e, ? f : g, h: }', map(['a', 'b'], ['c', ''], [['d'], 'e'], ['f', 'g'], ['h', ''])],
    ['[a, b: c, ? d, "e": f, ]', list('a', map(['b', 'c']), map(['d', '']), map([['e'], 'f']))],
    ['a # b\n', 'a'],
    ['a#b', 'a#b'],
    ['"a"#b', ['a']],
    ['a: b c\n  d\n\n  e', map(['a', 'b c d\ne'])],
    [`a: "x\n  y\\\n   z\\t\\x41\\u00e9\\U0001F600\\/"`.replace('\\/', ''), map(['a', ['x yz\tA\u00e9\u{1f600}']])],
    ["a: 'it''s\n\n  so'", map(['a', ["it's\nso"]])],
    ['a: |\n  x\n   y\n\nb: >\n  x\n  y\n\n   z\n  w\n', map(['a', ['x\n y\n']], ['b', ['x y\n\n z\nw\n']])],
    ['a: |+\n  x\n\n', map(['a', ['x\n\n']])],
    ['a: |-\n  x\n\n', map(['a', ['x']])],
    ['a: |2\n   x', map(['a', [' x']])],
    ['a: &b 1\nc: *b', map(['a', '1'], ['c', '*b'])],
    [
      'a: !!str 1\nb: ! x\nc: !d e\nf: !<g> h\ni: !',
      map(['a', ['tag:yaml.org,2002:str', '1']], ['b', 'x'], ['c', ['!d', 'e']], ['f', ['g', 'h']], ['i', '']),
    ],
    ['%TAG !a! tag:b,c:\n--- !a!d e', ['tag:b,c:d', 'e']],
    ['\ufeffa: b\r\nc: d\r', map(['a', 'b'], ['c', 'd'])],
    ['a: http://b:c', map(['a', 'http://b:c'])],
    ['-a: -b', map(['-a', '-b'])],
    // Only the first document is read, and it ends where its block does.
    ['  a: b\nc: d', map(['a', 'b'])],
    ['a\n...\nb', 'a'],
  ] as const)
    assert.deepEqual(shape(parseDocument(text)), expected, JSON.stringify(text))
})

test('the documents of a text are apart, but for their anchors', () => {
  assert.deepEqual(parseDocuments('a: &x b\n---\n- *x\n...\n--- c\n---\n').map(shape), [map(['a', 'b']), list('*x'), 'c', ''])
  assert.throws(() => parseDocuments('  a: b\nc: d'), { message: 'yaml: line 1: did not find expected <document start>' })
  assert.throws(() => parseDocuments('%TAG !a! b\n---\nc\n---\n!a!d e'), { message: /found undefined tag handle$/ })
})

test('a node is at the line where it begins', () => {
  const document = parseDocument('# x\na:\n  - &b\n    c: d\n')
  assert.ok(document?.kind === 'map')
  const [, value] = document.entries[0]!
  assert.ok(value.kind === 'list' && value.items[0]?.kind === 'map')
  assert.deepEqual([document.row, value.row, value.items[0].row, value.items[0].entries[0]![0].row], [2, 3, 3, 4])
})

describe('what is no YAML is refused in the words of Go, with the line that it names', () => {
  for (const [text, message] of [
    ['a: b: c', 'mapping values are not allowed in this context'],
    ['x: y\na: b: c', 'line 2: mapping values are not allowed in this context'],
    ['a\nb: c', 'line 2: mapping values are not allowed in this context'],
    ['a: 1\nb', "line 2: could not find expected ':'"],
    ['a: 1\nb\nc: 2', "line 2: could not find expected ':'"],
    ['a: "x\ny: 1', 'line 3: found unexpected end of stream'],
    ["a: 'x", 'line 2: found unexpected end of stream'],
    ['a: [1, 2', "line 1: did not find expected ',' or ']'"],
    ['a: {b: 1', "line 1: did not find expected ',' or '}'"],
    ['x: 1\na: {b: 1 c: 2}', "line 1: did not find expected ',' or '}'"],
    ['a: ]', 'did not find expected node content'],
    ['a: }', 'did not find expected node content'],
    ['a: @b', 'found character that cannot start any token'],
    ['a: `b', 'found character that cannot start any token'],
    ['a: %b', 'found character that cannot start any token'],
    ['x:\n  - a\n - b', 'line 2: did not find expected key'],
    ['- a\nb: c', "line 1: did not find expected '-' indicator"],
    ['x:\n  a: 1\n b: 2', 'line 2: did not find expected key'],
    ['a: - b', 'block sequence entries are not allowed in this context'],
    ['a: *b', "unknown anchor 'b' referenced"],
    ['a: &', 'did not find expected alphabetic or numeric character'],
    ['a: *', 'did not find expected alphabetic or numeric character'],
    ['a: &b!', 'did not find expected alphabetic or numeric character'],
    ['a: !<x', "did not find the expected '>'"],
    ['a: !a!b c', 'found undefined tag handle'],
    ['a: !%zz b', 'did not find URI escaped octet'],
    ['a: |x\n b', 'did not find expected comment or line break'],
    ['a: |0\n b', 'found an indentation indicator equal to 0'],
    ['a: |\n\tb', 'line 2: found a tab character where an indentation space is expected'],
    ['a: "\\q"', 'found unknown escape character'],
    ['a: "\\x4"', 'did not find expected hexdecimal number'],
    ['a: "\\ud800"', 'found invalid Unicode character escape code'],
    ['x: 1\na: "\\q"', 'line 2: found unknown escape character'],
    ['%FOO\n---\na', 'found unknown directive name'],
    ['%YAML 1.2\n---\na: 1', 'found incompatible YAML document'],
    ['%YAML 1.1\n%YAML 1.1\n---\na: 1', 'line 1: found duplicate %YAML directive'],
    ['%YAML 1\n---\n', "did not find expected digit or '.' character"],
    ['%YAML x\n---\n', 'did not find expected version number'],
    ['%YAML 1.100\n---\n', 'found extremely long version number'],
    ['%TAG x y\n---\n', "did not find expected '!'"],
    ['%TAG !x y\n---\n', "did not find expected '!'"],
    ['%TAG !a! tag:b,c:\n%TAG !a! d\n---\n', 'line 1: found duplicate %TAG directive'],
    ['%\n---\n', 'could not find expected directive name'],
    ['%a&b\n---\n', 'found unexpected non-alphabetical character'],
    ['%YAML 1.1 x\n---\n', 'did not find expected comment or line break'],
    ['%YAML 1.1\na: 1', 'line 2: mapping values are not allowed in this context'],
    ['? a\n? b\n: [', 'line 3: did not find expected node content'],
    ['? a: ? b', 'mapping keys are not allowed in this context'],
    ['a: ? b', 'mapping keys are not allowed in this context'],
    ['...\na: 1', 'did not find expected node content'],
    ['a: 1\n: 2', 'line 1: did not find expected key'],
    [': 1', 'did not find expected key'],
    ['x: 1\n[a', "line 2: could not find expected ':'"],
    ['"a\n---\nb"', 'line 2: found unexpected document indicator'],
    ['a: plain\n\ttext', 'line 2: found a tab character that violates indentation'],
    ['x: 1\ny: a\n\tb: c', 'line 2: found a tab character that violates indentation'],
    ['[a, , b]', 'did not find expected node content'],
    ['{a: b, , c: d}', 'did not find expected node content'],
    ['- - a\n -b\n - c', "line 1: did not find expected '-' indicator"],
    ['a: "b" c', 'did not find expected key'],
    ['a: &x *x', 'did not find expected key'],
    ['a: !!', 'did not find expected tag URI'],
    ['a: >2x\n b', 'did not find expected comment or line break'],
    ['a: &b &c d', 'did not find expected key'],
    ['a: *b c', "unknown anchor 'b' referenced"],
    ['a: \x01', 'control characters are not allowed'],
  ] as const)
    test(JSON.stringify(text), () =>
      assert.throws(
        () => parseDocument(`${text}\n`),
        (error: Error) => error instanceof YamlFault && error.message === `yaml: ${message}`,
      ),
    )
})

test('JSON is YAML', () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab "\\\n\t:#-,[]{}&*!|>%@é😀'), maxLength: 12 })
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, text, fc.integer(), fc.constantFrom(true, false, null), tie('list'), tie('map')),
    list: fc.array(tie('value'), { maxLength: 4 }),
    map: fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  }))
  const plain = (node: Node): unknown => {
    assert.ok(node.kind !== 'alias')
    if (node.kind === 'scalar') return node.plain ? JSON.parse(node.text) : node.text
    if (node.kind === 'list') return node.items.map(plain)
    return Object.fromEntries(node.entries.map(([key, item]) => [plain(key), plain(item)]))
  }
  fc.assert(
    fc.property(value, fc.nat(3), (json, indent) => {
      assert.deepEqual(plain(parseDocument(JSON.stringify(json, null, indent))!), JSON.parse(JSON.stringify(json)))
    }),
    { numRuns: 1000 },
  )
})

test('damaged texts are read or refused, and nothing else', () => {
  const random = new Random(22)
  const seen = { read: 0, refused: 0 }
  for (let n = 0; n < 5000; n++) {
    const text = damagedYaml(random)
    try {
      parseDocuments(text)
      seen.read++
    } catch (error) {
      assert.ok(error instanceof YamlFault, `${JSON.stringify(text)}: ${error}`)
      seen.refused++
    }
  }
  assert.ok(Math.min(seen.read, seen.refused) > 500, JSON.stringify(seen))
})

test('what is deep or long ends by a fault, or is read at once', () => {
  const deep = /^yaml: exceeded max depth of 10000$|did not find expected|could not find expected/
  for (const part of ['[', '{', '- ', '? ', '{a: ', '[[a]: '])
    assert.throws(
      () => parseDocument(part.repeat(100_000)),
      (error: Error) => error instanceof YamlFault && deep.test(error.message),
      part,
    )
  for (const part of ['a: b\n', '- a\n', 'a ', 'x\n\n', '# c\n', '"a" ', '&a\n', '*a\n', ': ', ', ', '!a\n', '|\n', "'"]) {
    try {
      parseDocument(part.repeat(200_000 / part.length))
    } catch (error) {
      assert.ok(error instanceof YamlFault, `${part}: ${error}`)
    }
  }
})
