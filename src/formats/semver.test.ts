import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareSemver, readSemver } from './semver.ts'

test('versions are ordered as clause 11 has them', () => {
  const ordered = [
    '1.0.0-1',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.1',
    '1.10.0',
  ]
  for (const [at, text] of ordered.entries()) {
    for (const [other, second] of ordered.entries()) {
      assert.equal(compareSemver(readSemver(text), readSemver(second)), Math.sign(at - other), `${text} ${second}`)
    }
  }
  assert.equal(compareSemver(readSemver('1.0.0+a'), readSemver('1.0.0+b')), 0)
})

test('a lenient reader takes a v, zeros before a number and parts left out', () => {
  assert.deepEqual(readSemver('v01.2', true), { major: 1n, minor: 2n, patch: 0n, pre: [] })
  for (const text of ['v1.2.3', '1.2', '01.2.3', '1.2.3-01', '', '1.2.3.4', '18446744073709551616.0.0']) {
    assert.throws(() => readSemver(text), { code: 'FORMAT' }, text)
  }
  assert.throws(() => readSemver('1.2-rc', true), { code: 'FORMAT' })
})
