// Nobody reads: what no longer fits is lost and counted, and not one verdict with it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { EVENT_TYPE, SIZE } from '../../src/adapters/linux/bpf/layout.gen.ts'
import { GATE_NUMBER } from '../../src/engine/rule-plane/tables.ts'
import { Instance, needKernel, pathRule, subject, whyNoKernel } from '../kit/instance.ts'

const SLOT = 1
const ECHO = realpathSync('/bin/echo')
const TYPE_AT = 22

let it: Instance
before(() => {
  if (whyNoKernel() === undefined) it = new Instance()
})
after(() => it?.[Symbol.dispose]())

/** Sums over all CPUs. */
function counted(program: string): { issued: number; dropped: number } {
  const mine = it.kernel.counters().filter((counter) => counter.program === program)
  const sum = (of: 'issued' | 'dropped') => mine.reduce((total, counter) => total + counter[of], 0)
  return { issued: sum('issued'), dropped: sum('dropped') }
}

const received = (ring: 'alerts' | 'events', type: number) =>
  it.drain(ring, (view, _, at) => (view.getUint8(at + TYPE_AT) === type ? type : undefined)).length

test('a flood of forks does not take the room of execs', (t) => {
  if (!needKernel(t)) return
  const before = counted('exec')
  spawnSync('/bin/sh', ['-c', 'for i in $(seq 2000); do ( : ); done'])
  assert.ok(received('events', EVENT_TYPE.EVENT_FORK) >= 2_000)
  const after = counted('exec')
  assert.equal(after.dropped, before.dropped, 'an exec found no room')
  assert.ok(after.issued - before.issued < 1_000, 'forks were counted as execs')
})

test('a full ring loses records, counts each of them, and denies as before', (t) => {
  if (!needKernel(t)) return
  if (process.env.THYMUS_LAB_GUEST === '1') {
    t.skip('an emulated processor takes minutes to fill the ring')
    return
  }
  const group = it.group('w', SLOT)
  it.swap({ subjects: [subject(SLOT, 1 << GATE_NUMBER.exec)], paths: [pathRule(SLOT, ECHO, 'deny')] })
  const before = counted('exec')
  const room = Math.ceil(it.kernel.map('alerts').shape.maxEntries / SIZE.exec_event)
  spawnSync('/bin/sh', ['-c', `for i in $(seq ${room + 500}); do /bin/true; done`])
  const full = counted('exec')
  assert.ok(full.dropped - before.dropped >= 500, `${full.dropped - before.dropped} of ${full.issued - before.issued} did not fit`)

  const denied = it.run(group, ECHO, 'words')
  assert.equal(denied.stdout, '')
  assert.ok(denied.signal === 'SIGKILL' || denied.status === 126)

  // The whole machine's execs are seen: one more may come between the reading and the counting.
  let execsRead = 0 // of this instance, ever: nothing has read this ring before
  let unaccounted = Number.NaN
  for (let attempt = 0; attempt < 50 && unaccounted !== 0; attempt++) {
    execsRead += received('alerts', EVENT_TYPE.EVENT_EXEC)
    const sum = (of: 'issued' | 'dropped') => counted('exec')[of] + counted('exec_lsm')[of]
    unaccounted = sum('issued') - execsRead - sum('dropped')
  }
  assert.equal(unaccounted, 0, 'issued = received + dropped')
})
