import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../core/errors.ts'
import { FieldReader, type Manner } from './field-reader.ts'

const MANNER: Manner = {
  words: { object: 'no object', list: 'no list', text: 'no text', boolean: 'no boolean' },
  error: (path, text) => new ThymusError('CONFIG', text, { at: path }),
}
const reader = (value: unknown, path?: string) => new FieldReader(value, MANNER, path)

test('null is as if the field were not there', () => {
  for (const fields of [reader({ a: null, b: undefined }), reader(null), reader(undefined), reader({})]) {
    assert.deepEqual(
      [fields.has('a'), fields.value('a'), fields.text('a'), fields.boolean('a'), fields.texts('a'), fields.objects('a')],
      [false, undefined, '', false, [], []],
    )
    assert.deepEqual([fields.object('a').isThere, fields.optional('a', () => 'read')], [false, undefined])
  }
  const { isThere, names } = reader({ a: null })
  assert.deepEqual([isThere, names], [true, ['a']])
  assert.deepEqual(reader({ a: ['x', null], b: [null] }).texts('a'), ['x', ''])
  assert.equal(reader({ b: [null] }).objects('b')[0]!.isThere, false)
})

test('a value of another type is refused, with its path', () => {
  const document = reader({ a: { list: [{ b: 1 }, 'x'] } })
  const list = () => document.object('a').objects('list')
  const cases: readonly (readonly [() => unknown, string])[] = [
    [() => reader([]), ': no object'],
    [() => reader(1, 'spec'), 'spec: no object'],
    [() => document.text('a'), 'a: no text'],
    [() => document.boolean('a'), 'a: no boolean'],
    [() => document.texts('a'), 'a: no list'],
    [() => document.object('a').object('list'), 'a.list: no object'],
    [() => document.object('a').texts('list'), 'a.list[0]: no text'],
    [list, 'a.list[1]: no object'],
    [
      () =>
        reader({ a: [{ b: 1 }] })
          .objects('a')[0]!
          .text('b'),
      'a[0].b: no text',
    ],
    [() => document.fail('', 'wrong'), ': wrong'],
    [() => reader({}, 'spec').fail('kind', 'wrong'), 'spec.kind: wrong'],
  ]
  for (const [read, words] of cases)
    assert.throws(read, (error) => error instanceof ThymusError && `${error.at}: ${error.message}` === words, words)
})

test('a surrogate that stands alone is U+FFFD, and no field comes from a prototype', () => {
  const fields = reader(JSON.parse('{"a": "\\ud800", "b": ["\\udc00"], "__proto__": {"c": true}}'))
  assert.deepEqual([fields.text('a'), fields.texts('b'), fields.boolean('c')], ['\ufffd', ['\ufffd'], false])
  assert.equal(fields.object('__proto__').boolean('c'), true)
  assert.equal(reader({}).value('constructor'), undefined)
})

test('whatever stands in a field, it is read or refused in the manner of the document', () => {
  const reads = ['object', 'objects', 'text', 'texts', 'boolean', 'has', 'value'] as const
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(...reads), (value, read) => {
      try {
        reader({ a: value })[read]('a')
      } catch (error) {
        assert.ok(error instanceof ThymusError && error.code === 'CONFIG')
      }
    }),
  )
})
