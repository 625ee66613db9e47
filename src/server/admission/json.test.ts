import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../core/errors.ts'
import { exactJson, readStrictJson } from './json.ts'

function refused(text: string | Uint8Array): string {
  try {
    readStrictJson(Buffer.from(text))
  } catch (error) {
    assert.ok(error instanceof ThymusError && error.code === 'REVIEW', String(error))
    return `${error.at ?? ''}: ${error.message}`
  }
  return 'read'
}

test('a member that stands twice is refused, however it is written and however deep', () => {
  assert.equal(refused('{"a":1,"b":{"a":2},"c":[{"a":1},{"a":1}]}'), 'read')
  assert.equal(refused('{"a":1,"a":1}'), 'character 8: the member "a" stands twice')
  assert.equal(refused('{"a":1,"\\u0061":1}'), 'character 8: the member "a" stands twice')
  assert.equal(refused('[{"x":{"y":[],"a":"}","a":{}}}]'), 'character 23: the member "a" stands twice')
  assert.equal(refused('{"a\\\\":1,"a\\"":"\\\\","a":","}'), 'read')
  assert.equal(refused('{"__proto__":1,"__proto__":2}'), 'character 16: the member "__proto__" stands twice')
})

test('what is no JSON, no UTF-8, or deeper than the judges go is refused in words that repeat nothing of it', () => {
  for (const text of ['{', 'secret', '{"a":1}x', "{'a':1}", '[1,]', '\ufeff{}', 'NaN'])
    assert.equal(refused(text), ': the body is not JSON', text)
  for (const text of ['', ' \n']) assert.equal(refused(text), ': the body is empty')
  assert.equal(refused(Buffer.from([0x22, 0xff, 0x22])), ': the body is not UTF-8')
  assert.equal(refused('['.repeat(1_000) + ']'.repeat(1_000)), 'read')
  assert.equal(refused('['.repeat(1_001) + ']'.repeat(1_001)), 'character 1001: the body is deeper than 1000')
  assert.match(refused(`${'{"a":'.repeat(500_000)}1${'}'.repeat(500_000)}`), /deeper than 1000$/)
  assert.match(refused('['.repeat(3_000_000)), /not JSON$/)
})

test('whole numbers keep their digits', () => {
  const text = '{"a":[9007199254740993,-9223372036854775808,18446744073709551616],"b":1234567890123456.5,"c":"9007199254740993","d":1}'
  const value = readStrictJson(Buffer.from(text))
  assert.deepEqual(value, {
    a: [9007199254740993n, -9223372036854775808n, 18446744073709551616n],
    b: 1234567890123456.5,
    c: '9007199254740993',
    d: 1,
  })
  assert.equal(exactJson(value), text)
})

test('prototypes stay what they are', () => {
  const value = readStrictJson(Buffer.from('{"__proto__":{"x":1},"constructor":1}')) as { x?: number }
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor'])
  assert.equal(value.x, undefined)
})

test('any JSON is read as JSON.parse reads it, digits aside, and any bytes are read or refused', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) =>
      assert.deepEqual(JSON.parse(exactJson(readStrictJson(Buffer.from(text)))), JSON.parse(text)),
    ),
    { numRuns: 500 },
  )
  const pieces = fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', '"a"', '"b"', '1', ' ', '\\u0061')
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => void refused(parts.join(''))),
    { numRuns: 2_000 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void refused(bytes)),
    { numRuns: 500 },
  )
})
