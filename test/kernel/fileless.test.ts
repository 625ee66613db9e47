// Every form in which an image can run without a file that stays, and what becomes of it on each rung. `passes` is a known gap: it is
// asserted, so that closing it is noticed, and it stands in docs/limitations.md.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { decodeExecEvent, EVENT_TYPE, EXEC_FORM } from '../../src/adapters/linux/bpf/layout.gen.ts'
import { Witness } from '../../src/adapters/linux/bpf/witness.ts'
import { FILELESS_PATH, GATE_NUMBER } from '../../src/engine/rule-plane/tables.ts'
import { Instance, needKernel, pathRule, subject, whyNoKernel } from '../kit/instance.ts'

type Outcome = 'denied' | 'passes' | 'allowed'

/** form, on the LSM rung (EPERM), on the kill rung, and what the event calls it. */
const TABLE: readonly (readonly [form: string, lsm: Outcome, kill: Outcome, flag: number])[] = [
  ['memfd by execveat', 'denied', 'denied', EXEC_FORM.FORM_UNLINKED],
  ['memfd by /proc/self/fd', 'denied', 'denied', EXEC_FORM.FORM_UNLINKED],
  ['memfd by /dev/fd', 'denied', 'denied', EXEC_FORM.FORM_UNLINKED],
  ['O_TMPFILE', 'denied', 'denied', EXEC_FORM.FORM_UNLINKED],
  ['deleted file', 'denied', 'denied', EXEC_FORM.FORM_UNLINKED],
  ['unlinked name of a file with another link', 'denied', 'denied', EXEC_FORM.FORM_UNHASHED],
  ['file in /dev/shm', 'denied', 'denied', EXEC_FORM.FORM_SHM],
  ['script in a memfd by /proc/self/fd', 'denied', 'denied', 0],
  ['script in a memfd by a symbolic link', 'denied', 'passes', 0],
  ['script in a memfd by /proc/PID/fd', 'denied', 'passes', 0],
  ['sh /proc/self/fd', 'passes', 'passes', 0],
  ['ld.so with a descriptor', 'passes', 'passes', 0],
  ['linked file by execveat', 'allowed', 'allowed', EXEC_FORM.FORM_BY_FD],
  ['linked file by path', 'allowed', 'allowed', 0],
  ['script by path', 'allowed', 'allowed', 0],
]
const SLOT = 1
const CHILD = join(import.meta.dirname, '../kit/fileless.ts')

let it: Instance
let group: string
let folder: string

before(() => {
  if (whyNoKernel() !== undefined) return
  it = new Instance()
  group = it.group('w', SLOT)
  folder = mkdtempSync(join(tmpdir(), 'thymus-fileless-'))
})
after(() => {
  it?.[Symbol.dispose]()
  rmSync('/dev/shm/thymus-form', { force: true })
  if (folder) rmSync(folder, { recursive: true })
})

function attempt(form: string) {
  return it.run(group, process.execPath, CHILD, form, folder)
}

describe('fileless: deny', () => {
  for (const [form, lsm, kill, flag] of TABLE) {
    test(form, (t) => {
      if (!needKernel(t)) return
      it.swap({ subjects: [subject(SLOT, 0)], paths: [] })
      const control = attempt(form)
      assert.equal(control.stdout, 'ran\n', `the form itself does not work here: ${control.stderr}`)
      clear()

      it.swap({ subjects: [subject(SLOT, 1 << GATE_NUMBER.exec)], paths: [pathRule(SLOT, FILELESS_PATH, 'deny')] })
      const refuses = it.kernel.has('on_check')
      const result = attempt(form)
      const expected = refuses ? lsm : kill
      if (expected !== 'denied') assert.equal(result.stdout, 'ran\n')
      else {
        assert.equal(result.stdout, '')
        if (refuses) assert.match(result.stderr, /errno 1$/m)
        else assert.equal(result.signal, 'SIGKILL')
      }
      const last = it
        .drain('alerts', (view, bytes, at) =>
          view.getUint8(at + 22) === EVENT_TYPE.EVENT_EXEC ? decodeExecEvent(view, bytes, at) : undefined,
        )
        .findLast(({ header }) => header.slot === SLOT)!
      assert.equal(last.ruling.outcome, expected === 'denied' ? 1 : 0)
      assert.equal(last.forms & flag, flag)
    })
  }
})

function clear(): void {
  it.drain('alerts', () => undefined)
  for (const name of ['one', 'two', 'deleted', 'link', 'linked', 'script']) rmSync(join(folder, name), { force: true })
  rmSync('/dev/shm/thymus-form', { force: true })
}

test('a denied image runs no instruction: it never faults in user mode, as an allowed one does', (t) => {
  if (!needKernel(t)) return
  if (it.kernel.has('on_check')) {
    t.skip('this kernel refuses execve, so no new image exists')
    return
  }
  using witness = new Witness()
  it.swap({ subjects: [subject(SLOT, 0)], paths: [] })
  const allowed = attempt('memfd by execveat')
  assert.ok(witness.faults(allowed.pid) > 0, 'the control does not count')
  it.swap({ subjects: [subject(SLOT, 1 << GATE_NUMBER.exec)], paths: [pathRule(SLOT, FILELESS_PATH, 'deny')] })
  const denied = attempt('memfd by execveat')
  assert.equal(denied.signal, 'SIGKILL')
  assert.equal(witness.faults(denied.pid), 0)
})
