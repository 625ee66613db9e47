import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Prefix } from './contest.ts'
import { prefixesOf } from './contest.ts'

describe('ports as prefixes', () => {
  const portsOf = (prefixes: readonly Prefix[]) =>
    prefixes
      .map(({ value, bits }) => [value & 0xffff, (value & 0xffff) + 2 ** (24 - bits) - 1] as const)
      .sort(([one], [other]) => one - other)

  test('an aligned range is one prefix, and no range needs more than thirty', () => {
    assert.deepEqual(prefixesOf('TCP', [8080, 8095]), [{ value: (6 << 16) + 8080, bits: 20 }])
    assert.equal(prefixesOf('UDP', [1, 65534]).length, 30)
    assert.deepEqual(prefixesOf('TCP', [0, 65535]), prefixesOf('TCP'))
  })

  test('they cover the range without gap or overlap, and no two of them are one', () => {
    const port = fc.integer({ min: 0, max: 65535 })
    fc.assert(
      fc.property(port, port, (one, other) => {
        const [first, last] = [Math.min(one, other), Math.max(one, other)]
        const prefixes = prefixesOf('SCTP', [first, last])
        const covered = portsOf(prefixes)
        assert.equal(covered[0]![0], first)
        assert.equal(covered.at(-1)![1], last)
        for (const [at, [start]] of covered.entries()) if (at > 0) assert.equal(start, covered[at - 1]![1] + 1)
        assert.ok(prefixes.length <= 30)
        assert.ok(prefixes.every(({ value, bits }) => value % 2 ** (24 - bits) === 0 && value >>> 16 === 132))
        const keys = new Set(prefixes.map(({ value, bits }) => `${bits} ${value}`))
        assert.ok(prefixes.every(({ value, bits }) => !keys.has(`${bits} ${value ^ (2 ** (24 - bits))}`)))
      }),
      { numRuns: 2000 },
    )
  })

  test('ports without a protocol are those of TCP, UDP and SCTP; neither is everything', () => {
    assert.deepEqual(
      prefixesOf(undefined, [53, 53]).map(({ value }) => value >>> 16),
      [6, 17, 132],
    )
    assert.deepEqual(prefixesOf(), [{ value: 0, bits: 0 }])
  })
})
