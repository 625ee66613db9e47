import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { alternate, ratioVerdict } from './alternate.ts'
import { median, medianInterval, quantile } from './statistics.ts'

test('a quantile is a value that was seen, and the share of values up to it is at least the one asked for', () => {
  assert.equal(quantile([5, 1, 4, 2, 3], 0.5), 3)
  assert.equal(quantile([1, 2, 3, 4], 0.99), 4)
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
      const at = quantile(values, share)
      assert.ok(values.includes(at))
      assert.ok(values.filter((value) => value <= at).length >= share * values.length)
    }),
  )
  assert.throws(() => quantile([], 0.5), RangeError)
})

test('the interval of a median holds it, and of too few values it is everything', () => {
  // Tables of the sign test: of 6 values the outermost, of 20 the 6th and the 15th.
  assert.deepEqual(medianInterval([6, 5, 4, 3, 2, 1]), { low: 1, high: 6 })
  assert.deepEqual(medianInterval(Array.from({ length: 20 }, (_, index) => index + 1)), { low: 6, high: 15 })
  assert.equal(medianInterval([1, 2, 3, 4, 5]).high, Number.POSITIVE_INFINITY)
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 6, maxLength: 200 }), (values) => {
      const { low, high } = medianInterval(values)
      assert.ok(low <= median(values) && median(values) <= high)
    }),
  )
})

test('a drift that both arms share does not show in their ratio', async () => {
  let drift = 1000
  const arm = (cost: number) => async () => {
    drift += 10
    return cost * drift
  }
  const { ratio, same } = await alternate({ base: arm(1), other: arm(1.1) }, 12)
  assert.ok(Math.abs(ratio.median - 1.1) < 1e-9)
  assert.ok(Math.abs(same.median - 1) < 1e-9)
})

test('where two equal arms differ by more than half the goal, nothing is claimed', () => {
  const ratio = { median: 1.01, interval: { low: 1, high: 1.02 } }
  const verdict = (spread: number) =>
    ratioVerdict({ ratio, same: { median: 1, interval: { low: 1 - spread / 2, high: 1 + spread / 2 } }, base: 1 }, 0.03).is
  assert.equal(verdict(0.01), 'pass')
  assert.equal(verdict(0.016), 'unknown')
  assert.equal(
    ratioVerdict({ ratio: { ...ratio, median: 1.05 }, same: { median: 1, interval: { low: 1, high: 1 } }, base: 1 }, 0.03).is,
    'fail',
  )
})
