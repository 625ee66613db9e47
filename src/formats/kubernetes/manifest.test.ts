import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../core/errors.ts'
import { readGatorDocument, readGatorDocuments, readManifests } from './manifest.ts'

const objects = (text: string) => readManifests(text, 'm.yaml').map(({ object }) => object)

test('words, numbers and keys are what kubectl makes of them', () => {
  assert.deepEqual(objects('a: yes\nb: "yes"\nc: off\nd: 0777\ne: 1e3\n1: x\ntrue: z\nf: 12345678901234567890\n'), [
    { '1': 'x', a: true, b: 'yes', c: false, d: 511, e: 1000, f: 12345678901234567890n, true: 'z' },
  ])
  assert.deepEqual(readGatorDocument('a: yes\nb: True\n', 'm.yaml').object, { a: 'yes', b: true })
})

test('gator makes times of what looks like one, and kubectl only where a tag says so', () => {
  const text = 'a: 2001-1-1\nb: "2001-01-01"\nc: !!str 2001-01-01\nd: !!timestamp 2001-01-01\n'
  const [a, b, c, d] = ['2001-01-01T00:00:00Z', '2001-01-01', '2001-01-01', '2001-01-01T00:00:00Z']
  assert.deepEqual(readGatorDocuments(text, 'm.yaml')[0]!.object, { a, b, c, d })
  assert.deepEqual(objects(text), [{ a: '2001-1-1', b, c, d }])
  assert.deepEqual(objects('2001-01-01: x'), [{ '2001-01-01': 'x' }])
  assert.throws(() => readGatorDocument('2001-01-01: x', 'm.yaml'), { code: 'MANIFEST', message: /a key is no text/ })
})

test('empty documents are none, and a place is that of the key or item', () => {
  const [first, second, ...none] = readManifests('---\n# only words\n---\na:\n  b: [x, {c: 1}]\n---\n  k: &n {v: 1}\n  l: *n\n', 'm.yaml')
  assert.deepEqual([first!.object, second!.object, none], [{ a: { b: ['x', { c: 1 }] } }, { k: { v: 1 }, l: { v: 1 } }, []])
  assert.deepEqual(first!.place(['a', 'b', 1, 'c']), { line: 5, column: 11 })
  assert.deepEqual(first!.place(['a', 'b', 7]), { line: 5, column: 3 })
  assert.deepEqual(first!.place([]), { line: 4, column: 1 })
  assert.deepEqual(second!.place(['l', 'v']), { line: 7, column: 10 })
})

test('JSON is taken too', () => {
  assert.deepEqual(objects('{"a": [1, 2.5, null], "b": {"c": "\\u00e9"}}'), [{ a: [1, 2.5, null], b: { c: 'é' } }])
})

test('gator divides by text, and reads what stands first', () => {
  assert.deepEqual(
    readGatorDocuments('a: 1\n---\n# no\n\n--- \nb: |\n  x\n  # gone\n', 'm.yaml').map(({ object }) => object),
    [{ a: 1 }, { b: 'x\n' }],
  )
  assert.deepEqual(readGatorDocument('a: 1\n---\n: : broken', 'm.yaml').object, { a: 1 })
})

const refused: readonly (readonly [text: string, at: string, message: RegExp])[] = [
  ['a: 1\nb: 2\na: 3\n', 'm.yaml:3:1', /"a" is here twice/],
  ['a: [1\nb: 2', 'm.yaml:2:', /did not find expected/],
  ['__proto__: {x: 1}', 'm.yaml:1:1', /cannot be a key/],
  ['? [a]\n: b', 'm.yaml:1:1', /unsupported map key/],
  ['a: !!timestamp b', 'm.yaml:1:1', /cannot decode "b" as a !!timestamp/],
  ['a: .nan', 'm.yaml:1:1', /no number of JSON/],
  ['a: &x [*x]', 'm.yaml:1:1', /contains itself/],
  ['\u0000', 'm.yaml:1:1', /control characters/],
  ['['.repeat(100_000), 'm.yaml:1:', /depth/],
]
for (const [text, at, message] of refused) {
  test(`refused at ${at}: ${JSON.stringify(text.slice(0, 20))}`, () => {
    assert.throws(
      () => readManifests(text, 'm.yaml'),
      (error) => {
        assert.ok(error instanceof ThymusError && error.code === 'MANIFEST')
        assert.match(error.message, message)
        return error.at!.startsWith(at)
      },
    )
  })
}

test('aliases of aliases end in an error, not in all memory', () => {
  const bomb = Array.from({ length: 30 }, (_, n) => `a${n}: &a${n} [${n === 0 ? '1' : `*a${n - 1}, *a${n - 1}`}]`).join('\n')
  assert.throws(() => readManifests(bomb, 'm.yaml'), { code: 'MANIFEST' })
  const chain = Array.from({ length: 5_000 }, (_, n) => `a${n}: &a${n} [${n === 0 ? '1' : `*a${n - 1}`}]`).join('\n')
  assert.throws(() => readManifests(chain, 'm.yaml'), { code: 'MANIFEST' })
})

test('no text makes it throw anything else', () => {
  const piece = fc.constantFrom(
    'a',
    ': ',
    '\n',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '---\n',
    '"',
    "'",
    '&x ',
    '*x',
    '|',
    '>',
    '#',
    '  ',
    '!!int ',
    '%YAML',
    '\t',
    '0x1',
    'yes',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (parts) => {
      for (const read of [readManifests, readGatorDocuments, readGatorDocument]) {
        try {
          read(parts.join(''), 'm.yaml')
        } catch (error) {
          assert.ok(error instanceof ThymusError && error.code === 'MANIFEST', String(error))
        }
      }
    }),
    { numRuns: 3_000 },
  )
})
