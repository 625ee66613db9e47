import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../core/errors.ts'
import { MAX_BYTES, MAX_DOCUMENTS } from './limits.ts'
import { parseYaml } from './parse.ts'

const values = (input: string | Uint8Array) => parseYaml(input, 'f').map(({ value }) => value)

/** What it throws, as people read it. */
function complaint(input: string | Uint8Array): string {
  try {
    parseYaml(input, 'f')
  } catch (error) {
    assert.ok(error instanceof ThymusError, String(error))
    return `${error.code} ${error.at}: ${error.message}`
  }
  return 'nothing'
}

describe('YAML as configuration has it', () => {
  test('is read by the core schema of YAML 1.2', () => {
    assert.deepEqual(values('a: yes\nb: 0o17\nc: ~\nd: "1"\ne: 1.5\nf: true\ng: 2020-01-01\nh:\n'), [
      { a: 'yes', b: 15, c: null, d: '1', e: 1.5, f: true, g: '2020-01-01', h: null },
    ])
  })

  test('may hold several documents, and empty ones are none', () => {
    assert.deepEqual(values('# nothing\n---\na: 1\n---\n---\nb: 2\n...\n'), [{ a: 1 }, { b: 2 }])
    assert.deepEqual(values(''), [])
  })

  test('may begin with a byte order mark and end lines as Windows does', () => {
    assert.deepEqual(values(Buffer.from('\ufeffa: 1\r\nb: 2\r\n')), [{ a: 1, b: 2 }])
  })

  test('is JSON too: any JSON value reads back as it was', () => {
    const noEmpty = fc.jsonValue().filter((value) => value !== null && !JSON.stringify(value).includes('__proto__'))
    fc.assert(
      fc.property(noEmpty, (value) => {
        assert.deepEqual(values(JSON.stringify(value)), [JSON.parse(JSON.stringify(value))])
        assert.deepEqual(values(JSON.stringify(value, null, 2)), [JSON.parse(JSON.stringify(value))])
      }),
    )
  })

  test('names stand for the value above them', () => {
    assert.deepEqual(values('a: &x [1]\nb: *x\nc: &x 2\nd: *x\n'), [{ a: [1], b: [1], c: 2, d: 2 }])
  })
})

describe('every value has a place', () => {
  const [document] = parseYaml('a: 1\nb:\n  - x\n  - c: &n\n      d: 2\n    e: *n\n', 'f')
  const cases: readonly (readonly [path: readonly PropertyKey[], line: number, column: number])[] = [
    [[], 1, 1],
    [['a'], 1, 1],
    [['b'], 2, 1],
    [['b', 0], 3, 5],
    [['b', 1], 4, 5],
    [['b', 1, 'c', 'd'], 5, 7],
    [['b', 1, 'e'], 6, 5],
    [['b', 1, 'e', 'd'], 5, 7], // through the alias, where it is written
    [['b', 7, 'x'], 2, 1], // what is not there is where it would be
    [['b', 1, 'nothing'], 4, 5],
    [['a', 'deeper'], 1, 1],
  ]
  for (const [path, line, column] of cases) {
    test(`[${path.join(', ')}] is at ${line}:${column}`, () => assert.deepEqual(document!.place(path), { line, column }))
  }
})

describe('what is no configuration is refused with its place', () => {
  const refused: Readonly<Record<string, readonly [input: string | Uint8Array, complaint: RegExp]>> = {
    'a NUL': ['a: \0', /^POLICY_SYNTAX f:1:4: a control character \(0x00\)/],
    'an escape sequence': ['a: 1\nb: \x1b[2J', /^POLICY_SYNTAX f:2:4: a control character \(0x1b\)/],
    'bytes that are no UTF-8': [Uint8Array.of(97, 58, 32, 0xff), /^POLICY_SYNTAX f:1:4: not UTF-8/],
    'half a surrogate pair': ['a: \ud800', /^POLICY_SYNTAX f:1:4: not UTF-8/],
    'a program': [readFileSync(process.execPath).subarray(0, MAX_BYTES), /^POLICY_SYNTAX f:1:\d+: /],
    'UTF-16': [Buffer.from('\ufeffa: 1', 'utf16le'), /^POLICY_SYNTAX f:1:1: not UTF-8/],
    'the same key twice': ['a: 1\nb: 2\na: 3', /^POLICY_SYNTAX f:3:1: "a" is here twice/],
    'the same key twice, written differently': ['a: 1\n"\\x61": 3', /^POLICY_SYNTAX f:2:1: "a" is here twice/],
    'a tag of its own': ['a: !include x', /^POLICY_SYNTAX f:1:13: the tag "!include" is not taken/],
    'a tag of YAML 1.1': ['a: !!binary aGk=', /^POLICY_SYNTAX f:1:\d+: the tag/],
    'another version of YAML': ['%YAML 1.1\n---\na: yes', /^POLICY_SYNTAX f:1:1: directives/],
    'a list as key': ['? [a]\n: b', /^POLICY_SYNTAX f:1:3: /],
    'the prototype as key': ['__proto__: {}', /^POLICY_SYNTAX f:1:1: this cannot be a key/],
    'a name for nothing': ['a: *b', /^POLICY_SYNTAX f:1:4: no value above is named "b"/],
    'a value that holds itself': ['a: &a [*a]', /^POLICY_SYNTAX f:1:8: no value above is named "a"/],
    'a name of another document': ['a: &a 1\n---\nb: *a', /^POLICY_SYNTAX f:3:4: /],
    'a tab as indentation': ['a:\n\t- b', /^POLICY_SYNTAX f:2:1: Tabs/],
    'an open bracket': ['a: [b', /^POLICY_SYNTAX f:1:6: /],
    'a very long token in the message': [`a: b\n${'\u202e'.repeat(9999)}`, /^POLICY_SYNTAX f:[\s\S]{1,400}$/],
  }
  for (const [name, [input, expected]] of Object.entries(refused)) {
    test(name, () => assert.match(complaint(input), expected))
  }
})

describe('hostile input ends in a coded error, and soon', () => {
  const full = (piece: string) => piece.repeat(Math.floor((MAX_BYTES - 8) / piece.length))
  const laughs = [
    '&a ["x","x"]',
    ...[...'bcdefghijklmnopqrstuvwxyz'].map((name, at) => `&${name} [${`*${'abcdefghijklmnopqrstuvwxyz'[at]},`.repeat(9)}]`),
  ]
  const hostile: Readonly<Record<string, readonly [input: string, complaint: RegExp]>> = {
    'more bytes than the limit': ['#'.repeat(MAX_BYTES + 1), /^POLICY_LIMIT f:1:1: 4194305 bytes, more than 4194304/],
    'a billion laughs': [
      laughs.map((line) => `- ${line}`).join('\n'),
      /^POLICY_SYNTAX f:\d+:\d+: more than 2000000 values, aliases followed/,
    ],
    '100,000 lists in lists': ['['.repeat(100_000), /^POLICY_SYNTAX f:1:\d+: nested too deeply/],
    '100,000 objects in objects': ['{a: '.repeat(100_000), /^POLICY_SYNTAX f:1:\d+: nested too deeply/],
    '100,000 dashes': ['- '.repeat(100_000), /^POLICY_SYNTAX f:1:\d+: nested too deeply/],
    '100,000 question marks': ['? '.repeat(100_000), /^POLICY_SYNTAX f:1:\d+: nested too deeply/],
    'a staircase': [
      Array.from({ length: 2000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      /^POLICY_SYNTAX f:\d+:\d+: nested too deeply/,
    ],
    'nothing but document marks': ['---\n'.repeat(MAX_DOCUMENTS + 1), /^POLICY_LIMIT f:\d+:1: more than 10000 documents/],
    'nothing but stars': [full('* '), /^POLICY_LIMIT f:1:\d+: more than 2500000 pieces/],
    'nothing but anchors': [full('&a '), /^POLICY_LIMIT f:1:\d+: more than 2500000 pieces/],
    'nothing but closing brackets': [full(']'), /^POLICY_SYNTAX f:1:1: /],
  }
  for (const [name, [input, expected]] of Object.entries(hostile)) {
    test(name, { timeout: 60_000 }, () => assert.match(complaint(input), expected))
  }

  test('100,000 different keys are compared without comparing each with each', () => {
    const keys = Array.from({ length: 100_000 }, (_, at) => `k${at}: 1`).join('\n')
    assert.equal(Object.keys(values(keys)[0] as object).length, 100_000)
  })

  test('whatever it is, it is read or refused', () => {
    const piece = fc.constantFrom(
      ...'[]{}:,-?&*!|>%@`"\'# \n\tab0~',
      '- ',
      ': ',
      '---\n',
      '*a',
      '&a ',
      '!!str ',
      '<<: ',
      '\r\n',
      '\ufeff',
      '\u2028',
      '\x85',
    )
    let refused = 0
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        if (complaint(pieces.join('')) !== 'nothing') refused++
      }),
      { numRuns: 3000 },
    )
    assert.ok(refused > 300, `${refused} of 3000 refused`)
  })
})
