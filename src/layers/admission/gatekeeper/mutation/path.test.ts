import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../../../core/errors.ts'
import { type Path, parsePath, pathText } from './path.ts'

const field = (name: string) => ({ type: 'Object', name }) as const
const list = (key: string, value?: string | bigint) => ({ type: 'List', key, value }) as const

const PATHS: readonly (readonly [string, Path])[] = [
  ['', []],
  [' \t', []],
  ['spec', [field('spec')]],
  [' spec . "a.b" ', [field('spec'), field('a.b')]],
  ['spec.containers[name: *].image', [field('spec'), field('containers'), list('name'), field('image')]],
  ['c[name: "*"]', [field('c'), list('name', '*')]],
  ['c[port:80].x', [field('c'), list('port', 80n), field('x')]],
  ['c[port: "80"]', [field('c'), list('port', '80')]],
  ["c[\"my key\": 'it\\'s']", [field('c'), list('my key', "it's")]],
  ['""."\\\\"', [field(''), field('\\')]],
  ['-a._b', [field('-a'), field('_b')]],
  ['a[b: -1]', [field('a'), list('b', '-1')]],
  ['__proto__.constructor', [field('__proto__'), field('constructor')]],
  // Gatekeeper looks only for sums that turn negative.
  ['a[b: 18446744073709551620]', [field('a'), list('b', 4n)]],
]

const WRONG = [
  '.a',
  'a.',
  'a..b',
  'a b',
  'a[b]',
  'a[*]',
  'a[b: ]',
  'a[: c]',
  'a[b: c',
  'a[b: c][d: e]',
  '[a: b]',
  '5',
  'a.5b',
  'é',
  '"a',
  "'a\\'",
  'a[5: b]',
]

describe('locations', () => {
  for (const [text, path] of PATHS) test(JSON.stringify(text), () => assert.deepEqual(parsePath(text), path))

  for (const text of WRONG) test(`${text} is refused`, () => assert.throws(() => parsePath(text), { code: 'MUTATOR' }))

  test('what is too long, too large or too deep is refused', () => {
    for (const text of ['a'.repeat(20_000), `a${'.a'.repeat(300)}`, 'a[b: 9223372036854775808]'])
      assert.throws(() => parsePath(text), { code: 'MUTATOR' })
  })

  test('a path as text is the same path', () => {
    const name = fc.string({ unit: 'grapheme' })
    const step = fc.tuple(name, fc.option(fc.tuple(name, fc.oneof(name, fc.bigInt(0n, 2n ** 63n - 1n), fc.constant(undefined)))))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 9 }), (steps) => {
        const path = steps.flatMap(([name, element]) => [field(name), ...(element === null ? [] : [list(...element)])])
        assert.deepEqual(parsePath(pathText(path)), path)
      }),
    )
  })

  test('any text is a path or a coded error', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab.[]:*"\'\\ 5é\u{1f600}') }), (text) => {
        try {
          parsePath(text)
        } catch (error) {
          assert(error instanceof ThymusError && error.code === 'MUTATOR')
        }
      }),
    )
  })
})
