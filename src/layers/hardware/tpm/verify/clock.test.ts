import assert from 'node:assert/strict'
import test from 'node:test'
import { clockChecks, type Heard } from './clock.ts'

const heard = (clock: bigint, resetCount: number, restartCount: number, { safe = true, firmwareVersion = 7n } = {}): Heard => ({
  clockInfo: { clock, resetCount, restartCount, safe },
  firmwareVersion,
})
const failing = (now: Heard, before: Heard) =>
  clockChecks(now, before)
    .filter(({ verdict }) => verdict.is !== 'pass')
    .map(({ code }) => code)

test('what goes on is sound, and the same once more', () => {
  const before = heard(10_000_000n, 5, 2)
  for (const now of [before, heard(10_000_001n, 5, 2), heard(10_000_001n, 5, 3), heard(10_000_001n, 6, 0)])
    assert.deepEqual(failing(now, before), [])
})

test('what goes back is found', () => {
  const before = heard(10_000_000n, 5, 2)
  assert.deepEqual(failing(heard(10_000_001n, 4, 9), before), ['TPM_RESET_COUNT'])
  assert.deepEqual(failing(heard(10_000_001n, 5, 1), before), ['TPM_RESTART_COUNT'])
  assert.deepEqual(failing(heard(9_999_999n, 5, 2), before), ['TPM_CLOCK'])
  assert.deepEqual(failing(heard(9_999_999n, 6, 0), before), ['TPM_CLOCK'])
  assert.deepEqual(failing(heard(10_000_001n, 6, 0, { firmwareVersion: 6n }), before), ['TPM_FIRMWARE_VERSION'])
  // Cleared: everything begins anew.
  assert.deepEqual(failing(heard(0n, 0, 0), before), ['TPM_RESET_COUNT', 'TPM_CLOCK'])
})

test('a clock that was not saved in time may lag, by no more than it is saved apart', () => {
  const before = heard(10_000_000n, 5, 0)
  assert.deepEqual(failing(heard(10_000_000n - (1n << 22n), 6, 0, { safe: false }), before), [])
  assert.deepEqual(failing(heard(10_000_000n - (1n << 22n) - 1n, 6, 0, { safe: false }), before), ['TPM_CLOCK'])
  assert.deepEqual(failing(heard(9_999_999n, 5, 0, { safe: false }), before), ['TPM_CLOCK'])
})

test('counts that a key sees shifted may pass their end', () => {
  const top = 0xffffffff
  assert.deepEqual(failing(heard(2n, 0, 0, { firmwareVersion: 0n }), heard(1n, top, 0, { firmwareVersion: (1n << 64n) - 1n })), [])
  assert.deepEqual(failing(heard(2n, top, 0), heard(1n, 0, 0)), ['TPM_RESET_COUNT'])
})

test('of a key that is heard for the first time nothing is known', () => {
  assert.deepEqual(new Set(clockChecks(heard(1n, 1, 1), undefined).map(({ verdict }) => verdict.is)), new Set(['unknown']))
})
