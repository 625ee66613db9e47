import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ModuleEvent, Ruling } from '../core/event.ts'
import { decisionOf, factsOf, moduleText, suspicions } from './records.ts'

const SHA256 = 'ab'.repeat(32)
const IMPLICIT = { implicit: ['NodePolicy/modules'] }
const ENFORCED: Ruling = {
  generation: 3,
  cookie: 9,
  effect: 'deny',
  trialCookie: 9,
  trialEffect: 'deny',
  ruler: 0,
  enforced: true,
  reported: true,
}
const TRIAL: Ruling = { ...ENFORCED, cookie: 0, effect: null, enforced: false }
const task = { pid: 7, started: 1, parent: { pid: 1, started: 0 }, uid: 0, euid: 0, comm: 'insmod' }
const event = (more: Partial<ModuleEvent> = {}): ModuleEvent => ({
  ...{ type: 'module', seq: 0, cpu: 0, program: 11, at: 5, slot: 4, task, ruling: ENFORCED },
  ...{ form: 'file', sha256: SHA256, path: '/tmp/x.ko' },
  ...more,
})
const names = (slot: number) => (slot === 0 ? 'host' : 'shop/web')

describe('a module that is refused', () => {
  test('is a finding in a plain sentence, which says also why nobody knows it', () => {
    const titles = [
      event(),
      event({ ruling: TRIAL }),
      event({ form: 'no-digest', sha256: null }),
      event({ form: 'no-digest', sha256: null, path: '' }),
      event({ form: 'buffer', sha256: null, path: '' }),
    ].flatMap((each) => suspicions(each).map(({ title }) => title))
    assert.deepEqual(titles, [
      'Denied: loading /tmp/x.ko into the kernel',
      'Would be denied: loading /tmp/x.ko into the kernel',
      'Denied: loading /tmp/x.ko into the kernel; it could not be hashed, so nobody knows what it is',
      'Denied: loading a file whose path is too long into the kernel; it could not be hashed, so nobody knows what it is',
      'Denied: loading a module out of a buffer into the kernel; it has no file, so nobody knows what it is',
    ])
    assert.deepEqual(suspicions(event({ ruling: { ...TRIAL, trialEffect: null } })), [])
  })

  test('is counted and no finding where it is only observed', () => {
    const observed = event({ ruling: { ...TRIAL, reported: false } })
    assert.deepEqual([suspicions(observed), decisionOf(observed, IMPLICIT, names).effect], [[], 'deny'])
  })

  test('is a decision about the node, whoever asked', () => {
    const decision = decisionOf(event(), IMPLICIT, names)
    const request = { gate: 'module', subject: 'host', sha256: SHA256, path: '/tmp/x.ko' }
    assert.deepEqual(decision, { request, effect: 'deny', enforced: true, because: IMPLICIT, generation: 3 })
    const { request: unknown, enforced } = decisionOf(event({ form: 'buffer', sha256: null, path: '', ruling: TRIAL }), IMPLICIT, names)
    assert.deepEqual([unknown, enforced], [{ gate: 'module', subject: 'host' }, false])
  })

  test('is shown with its digest, and named by what is known of it', () => {
    assert.deepEqual(factsOf(event(), names), { path: '/tmp/x.ko', sha256: SHA256, form: 'file', uid: 0, euid: 0 })
    assert.deepEqual([{ path: '/x', sha256: SHA256 }, { path: '/x' }, { sha256: SHA256 }, {}].map(moduleText), [
      `/x (sha256 ${SHA256})`,
      '/x, without a digest',
      `sha256 ${SHA256}`,
      'a module without a digest',
    ])
  })
})
