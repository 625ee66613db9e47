import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measure, percentile } from './measure.ts'

test('samples are counted until the time is up, and the histogram is of them', () => {
  let now = 0
  let runs = 0
  const run = () => {
    now += ++runs % 2 === 0 ? 1 : 3
  }
  const { samples, total, histogram } = measure(run, 100, () => now, Math.random)
  assert.equal(total, 100e6)
  assert.equal(samples, 50)
  assert.deepEqual([histogram.min, histogram.max, histogram.mean, histogram.stddev, histogram.count], [1e6, 3e6, 2e6, 1e6, 50])
})

test('work that takes longer than the time is done once', () => {
  let now = 0
  const { samples } = measure(
    () => {
      now += 1e6
    },
    100,
    () => now,
    Math.random,
  )
  assert.equal(samples, 1)
})

test('a percentile lies between the times around it', () => {
  assert.equal(percentile([1, 2, 3], 50), 2)
  assert.equal(percentile([1, 2, 3, 4], 50), 2.5)
  assert.equal(percentile([1, 2], 99), 2)
  assert.equal(percentile([7], 75), 7)
})
