import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../core/errors.ts'
import { addQuantities, approximateFloat, compareQuantities, integerOf, negateQuantity, quantityOf, readQuantity } from './quantity.ts'

const compare = (a: string, b: string) => compareQuantities(readQuantity(a), readQuantity(b))

test('suffixes are powers of ten and of two', () => {
  const equal = [
    ['1000m', '1'],
    ['1k', '1000'],
    ['1Ki', '1024'],
    ['1.5Gi', '1536Mi'],
    ['1e3', '1k'],
    ['1E-3', '1m'],
    ['1E', '1000P'],
    ['.5', '500m'],
    ['-1', '-1000m'],
  ] as const
  for (const [a, b] of equal) assert.equal(compare(a, b), 0, `${a} ${b}`)
  assert.equal(compare('1Gi', '1G'), 1)
  assert.equal(compare('-2', '1n'), -1)
})

test('less than a nano is a nano; beyond 64 bits a binary one is the most', () => {
  assert.equal(compare('0.1n', '1n'), 0)
  assert.equal(compare('-0.1n', '-1n'), 0)
  assert.equal(compare('1000Ei', '9223372036854775807'), 0)
})

test('an integer is what Go holds as one', () => {
  assert.equal(integerOf(readQuantity('5k')), 5_000n)
  assert.equal(integerOf(readQuantity('1Ei')), undefined)
  assert.equal(integerOf(readQuantity('1000m')), undefined)
  assert.equal(integerOf(readQuantity('100E')), undefined)
  assert.equal(approximateFloat(readQuantity('1500m')), 1.5)
})

test('sums are exact', () => {
  fc.assert(
    fc.property(fc.bigInt(-(10n ** 15n), 10n ** 15n), fc.bigInt(-(10n ** 15n), 10n ** 15n), (a, b) => {
      assert.equal(integerOf(addQuantities(quantityOf(a), quantityOf(b))), a + b)
      assert.equal(compareQuantities(readQuantity(`${a}m`), negateQuantity(readQuantity(`${-a}m`))), 0)
    }),
  )
})

test('other texts are refused, never a fault of another kind', () => {
  for (const text of ['', 'a', '1 ', '1KI', '1Kib', '1e', '--1', '1.2.3', '1e99999999999', `1e${10 ** 6}`, '9'.repeat(2_000)]) {
    assert.throws(
      () => readQuantity(text),
      (error) => error instanceof ThymusError && error.code === 'FORMAT',
      text,
    )
  }
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0159.+-eEKMi nmuk') }), (text) => {
      try {
        readQuantity(text)
      } catch (error) {
        assert.ok(error instanceof ThymusError)
      }
    }),
  )
})
