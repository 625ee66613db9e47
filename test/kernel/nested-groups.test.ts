// A workload is a group and all below it, but for the workloads inside: whichever comes or goes, and in which order.
import assert from 'node:assert/strict'
import { readdirSync, realpathSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { groupId, makeGroup } from '../../src/adapters/linux/groups.ts'
import { adoptGroup, leaveGroups, takeGroups } from '../../src/adapters/linux/workload-groups.ts'
import { GATE_NUMBER } from '../../src/engine/rule-plane/tables.ts'
import { Instance, needKernel, pathRule, subject } from '../kit/instance.ts'

const [OUTER, INNER, OTHER] = [1, 2, 3]

/** Groups a, a/b and a/b/c, none of them a workload's. */
function nested(t: TestContext) {
  const it = new Instance()
  t.after(() => it[Symbol.dispose]())
  const [a, b, c] = ['a', 'a/b', 'a/b/c'].map((name) => join(it.groups, name)) as [string, string, string]
  makeGroup(c)
  return { it, a, b, c, slots: () => [a, b, c].map((path) => it.kernel.slotOf(groupId(path)) ?? null) }
}

test('inside another workload a group is taken with all below it, and given back to it', (t) => {
  if (!needKernel(t)) return
  const { it, a, b, c, slots } = nested(t)
  const echo = realpathSync('/bin/echo')
  it.swap({ subjects: [subject(OUTER, 1 << GATE_NUMBER.exec), subject(INNER, 0)], paths: [pathRule(OUTER, echo, 'deny')] })
  takeGroups(it.kernel, a, OUTER)
  assert.equal(it.run(c, echo, 'words').stdout, '')
  takeGroups(it.kernel, b, INNER)
  assert.deepEqual(slots(), [OUTER, INNER, INNER])
  assert.equal(it.run(c, echo, 'words').stdout, 'words\n')
  const later = join(c, 'later')
  makeGroup(later)
  leaveGroups(it.kernel, b)
  assert.deepEqual(slots(), [OUTER, OUTER, OUTER])
  assert.equal(it.kernel.slotOf(groupId(later)), OUTER)
  rmdirSync(later)
  assert.equal(it.run(c, echo, 'words').stdout, '', 'it escaped the policies of the outer workload')
})

test('the outer workload goes, and the inner one keeps what it has', (t) => {
  if (!needKernel(t)) return
  const { it, a, b, slots } = nested(t)
  takeGroups(it.kernel, a, OUTER)
  takeGroups(it.kernel, b, INNER)
  leaveGroups(it.kernel, a)
  assert.deepEqual(slots(), [null, INNER, INNER])
  leaveGroups(it.kernel, b)
  assert.deepEqual(slots(), [null, null, null])
})

test('the outer workload comes last, or again, and takes nothing from the inner one', (t) => {
  if (!needKernel(t)) return
  const { it, a, b, c, slots } = nested(t)
  takeGroups(it.kernel, b, INNER)
  takeGroups(it.kernel, a, OUTER)
  assert.deepEqual(slots(), [OUTER, INNER, INNER])
  it.kernel.dropGroup(groupId(c)) // an agent was killed in the midst of it
  takeGroups(it.kernel, b, INNER)
  takeGroups(it.kernel, a, OUTER)
  assert.deepEqual(slots(), [OUTER, INNER, INNER])
})

test('a group that nobody remembers as a workload is taken from its former slot with all below it', (t) => {
  if (!needKernel(t)) return
  const { it, a, b, slots } = nested(t)
  takeGroups(it.kernel, a, OUTER)
  takeGroups(it.kernel, b, INNER)
  takeGroups(it.kernel, a, OTHER)
  assert.deepEqual(slots(), [OTHER, INNER, INNER])
})

test('an adoption that fails leaves nothing behind, but what was the workload’s before', (t) => {
  if (!needKernel(t)) return
  const { it, a, b, slots } = nested(t)
  takeGroups(it.kernel, a, OUTER)
  /** As where a socket could not be stamped, when all groups are taken, or the entry of the second group could not be made. */
  const failing = (what: 'iterate' | 'setGroup', after: number) => {
    let calls = 0
    const call = (...args: never[]) => {
      if (calls++ === after) throw new Error('refused')
      return (it.kernel[what] as (...args: never[]) => unknown).apply(it.kernel, args)
    }
    return new Proxy(it.kernel, {
      get(kernel, name) {
        const value = Reflect.get(kernel, name)
        return name === what ? call : typeof value === 'function' ? value.bind(kernel) : value
      },
    })
  }
  const links = () => readdirSync(join(it.pins, 'links')).sort()
  const attached = links()
  for (const [what, after] of [
    ['iterate', 0],
    ['setGroup', 1],
  ] as const) {
    const adopting = (known: boolean) => adoptGroup(failing(what, after), b, INNER, { covered: false, known })
    assert.throws(() => adopting(false), /refused/)
    assert.deepEqual([slots(), links()], [[OUTER, OUTER, OUTER], attached], what)
  }
  adoptGroup(it.kernel, b, INNER, { covered: false, known: false })
  assert.throws(() => adoptGroup(failing('iterate', 0), b, INNER, { covered: false, known: true }), /refused/)
  assert.deepEqual([slots(), links().length], [[OUTER, INNER, INNER], attached.length + 1])
})
