import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fieldPathText, parseFieldPath } from './field-path.ts'

test('a path is read as it is written', () => {
  assert.deepEqual(parseFieldPath('spec.containers[0].image'), ['spec', 'containers', 0, 'image'])
  assert.deepEqual(parseFieldPath('metadata.annotations["example.com/a.\\"b\\""].x'), ['metadata', 'annotations', 'example.com/a."b"', 'x'])
  assert.deepEqual(parseFieldPath('metadata.annotations.example/a'), ['metadata', 'annotations', 'example/a'])
  assert.deepEqual(parseFieldPath(''), [])
})

test('what is no path is none', () => {
  for (const text of ['.', 'a.', 'a..b', 'a[', 'a[x]', 'a[-1]', 'a["b', 'a]', '"a"', 'a['.repeat(9_000)])
    assert.equal(parseFieldPath(text), undefined, text)
})

test('every path comes back, and every text is read to an end', () => {
  const step = fc.oneof(fc.nat(99), fc.string({ unit: 'grapheme' }), fc.constantFrom('spec', '__proto__', 'a.b'))
  fc.assert(fc.property(fc.array(step, { maxLength: 8 }), (path) => assert.deepEqual(parseFieldPath(fieldPathText(path)), path)))
  fc.assert(fc.property(fc.string(), (text) => void parseFieldPath(text)))
})
