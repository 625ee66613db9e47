import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { add, formatFloat, fromFloat, toFloat } from './big-float.ts'
import { compareNumbers, numberKey, numberText, readNumber } from './decimal.ts'
import { compare, equal } from './order.ts'
import { printJson, readJson, readTerm } from './text.ts'
import { keyOf, RegoObject, RegoSet, type Value } from './value.ts'

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Value>(null, true, false),
    fc.integer(),
    fc.bigInt().map((big) => readNumber(big.toString())!),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(tie('value'), { maxLength: 3 }).map((members) => RegoSet.of(members)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => RegoObject.of(entries)),
  ),
}))

describe('order', () => {
  test('is total, and agrees with equality and keys', () => {
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        assert.equal(Math.sign(compare(a, b)) + Math.sign(compare(b, a)), 0)
        assert.equal(compare(a, b) === 0, equal(a, b))
        assert.equal(keyOf(a) === keyOf(b), equal(a, b))
        if (compare(a, b) <= 0 && compare(b, c) <= 0) assert.ok(compare(a, c) <= 0)
      }),
    )
  })

  test('of strings is that of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        assert.equal(Math.sign(compare(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)))
      }),
    )
  })

  test('puts the types in their places', () => {
    const sorted = ['null', 'false', 'true', '-1', '1', '"a"', '[]', '{}', '{"a":1}', 'set()', '{1}'].map(readTerm)
    for (let at = 1; at < sorted.length; at++) assert.equal(compare(sorted[at - 1]!, sorted[at]!), -1)
  })
})

describe('numbers', () => {
  test('keep their text, and are equal by value', () => {
    for (const text of ['1.0', '18446744073709551617', '1e4649', '0.1', '-0.5', '1E5', '9007199254740993']) {
      assert.equal(numberText(readNumber(text)!), text)
    }
    assert.equal(numberKey(readNumber('1.0')!), 1)
    assert.equal(compareNumbers(readNumber('9007199254740993')!, readNumber('9007199254740992')!), 1)
    assert.equal(compareNumbers(readNumber('1e4649')!, readNumber('1e4650')!), -1)
    assert.equal(readNumber('1e999999999'), undefined)
  })

  test('are added as with 64 bits of mantissa', () => {
    const sum = (a: string, b: string) => numberText(fromFloat(add(toFloat(readNumber(a)!), toFloat(readNumber(b)!))))
    assert.equal(sum('0.1', '0.2'), '0.3')
    assert.equal(sum('9007199254740991', '2'), '9007199254740993')
    assert.equal(sum('18446744073709551615', '1'), '18446744073709551616')
  })

  test('below 2^64 come back from a big float as they were', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), (big) =>
        assert.equal(formatFloat(toFloat(readNumber(big.toString())!)), big.toString()),
      ),
    )
  })
})

describe('text', () => {
  test('of JSON comes back', () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (text) =>
        assert.deepEqual(JSON.parse(printJson(readJson(text))), JSON.parse(JSON.stringify(JSON.parse(text)))),
      ),
    )
  })

  test('that is hostile is refused by code', () => {
    for (const text of ['['.repeat(100_000), '{"a":', '01', '"\\x"', '', '[1,]', '{1}', '1 2']) {
      assert.throws(() => readJson(text), { code: 'FORMAT' })
    }
    assert.equal((readJson('{"__proto__": 1}') as RegoObject).get('__proto__'), 1)
  })
})
