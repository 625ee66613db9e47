import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meaningOf, TIERS, TRUST_CLAIMS, tierOf, vectorTier, worstTier } from './trust.ts'

test('every value from -128 to 127 falls into the tier that the draft gives it', () => {
  const edges = { none: [-1, 0, 1], affirming: [-32, -2, 2, 31], warning: [-96, -33, 32, 95], contraindicated: [-128, -97, 96, 127] }
  for (const [tier, values] of Object.entries(edges)) for (const value of values) assert.equal(tierOf(value), tier, `${value}`)
  const counts = TIERS.map((tier) => Array.from({ length: 256 }, (_, at) => at - 128).filter((value) => tierOf(value) === tier).length)
  assert.deepEqual(counts, [3, 61, 128, 64])
})

test('the worst tier of a vector is that of the vector, and none lowers nothing', () => {
  assert.equal(vectorTier({}), 'none')
  assert.equal(vectorTier({ hardware: 2, executables: 0 }), 'affirming')
  assert.equal(vectorTier({ hardware: 2, executables: 33 }), 'warning')
  assert.equal(vectorTier({ hardware: 97, executables: 33 }), 'contraindicated')
  assert.equal(worstTier([]), 'none')
})

test('a value is told in words, also one that the draft does not define', () => {
  assert.equal(meaningOf('hardware', 2), 'genuine')
  assert.equal(meaningOf('executables', 99), 'its signature or binding is wrong')
  for (const claim of TRUST_CLAIMS) assert.equal(meaningOf(claim, 95), 'warning')
})
