import assert from 'node:assert/strict'
import test from 'node:test'
import { goDuration } from './go-duration.ts'

test('durations as Go writes them', () => {
  assert.equal(goDuration('90ns'), 90)
  assert.equal(goDuration('14.5µs'), 14_500)
  assert.equal(goDuration('26.25ms'), 26_250_000)
  assert.equal(goDuration('1m2.5s'), 62.5e9)
  assert.equal(goDuration('1h0m0s'), 3.6e12)
  for (const text of ['', '5', 'ms', '5ms!', ' 5ms']) assert.throws(() => goDuration(text), RangeError, text)
})
