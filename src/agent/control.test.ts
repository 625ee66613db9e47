import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ThymusError } from '../core/errors.ts'
import { RulePlane } from '../engine/rule-plane/plane.ts'
import { SlotAllocator } from '../engine/rule-plane/slots.ts'
import type { PolicySet, Unconfirmed } from '../engine/store/store.ts'
import { Control } from './control.ts'

const NOTHING: PolicySet = { held: new Map(), namespaces: new Map() }

/** A control over a kernel, groups and a database, each of which can be told to fail for a number of times. */
function begin(t: TestContext) {
  const failures = { swap: 0, sweep: 0, save: 0 }
  const attempt = (what: keyof typeof failures, code: 'KERNEL_REFUSED' | 'STATE_FULL') => {
    if (failures[what]-- > 0) throw new ThymusError(code, `${what} failed`)
    failures[what] = 0
  }
  const kernel = {
    hold: Promise.resolve(),
    swap: async () => {
      await kernel.hold
      attempt('swap', 'KERNEL_REFUSED')
    },
    amend: async () => {},
  }
  const plane = new RulePlane(kernel)
  const saved: { now: readonly string[]; unconfirmed: Unconfirmed | null } = { now: [], unconfirmed: null }
  let id = 0n
  const group = async () => ({ path: `/g${++id}`, id, netns: null, addresses: [] })
  const groups = {
    start: group,
    adopt: group,
    stop: async () => {},
    sweep: async () => {
      attempt('sweep', 'KERNEL_REFUSED')
      return 0
    },
  }
  const save = () => attempt('save', 'STATE_FULL')
  const memory = {
    savePolicies: ({ held }: PolicySet, unconfirmed: Unconfirmed | null) => {
      save()
      Object.assign(saved, { now: [...held.keys()], unconfirmed })
    },
    saveWorkload: save,
    dropWorkload: save,
  }
  const slots = new SlotAllocator()
  const control = new Control({ plane, slots, groups, memory }, NOTHING, [])
  t.after(() => control.end())
  t.mock.method(console, 'error', () => {})
  const apply = (name: string, confirmWithinSeconds?: number) =>
    control.apply({ text: policy(name), file: 'f', ...(confirmWithinSeconds === undefined ? {} : { confirmWithinSeconds }) }, 0)
  return {
    control,
    plane,
    kernel,
    slots,
    failures,
    saved,
    apply,
    inForce: () => [...control.set.held.keys()].map(bare),
  }
}

const bare = (id: string) => id.split('/').at(-1)!

function policy(name: string): string {
  return JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name }, spec: { podSelector: {} } })
}

describe('where connections cannot be ended', () => {
  test('a change is in force, remembered and undone in time all the same, and warns of it', async (t) => {
    const { control, failures, saved, apply, inForce } = begin(t)
    failures.sweep = Number.POSITIVE_INFINITY
    const { warnings, unconfirmed } = await apply('a', 0.05)
    assert.match(warnings.at(-1)!, /sweep failed/)
    assert.equal(saved.unconfirmed!.until, unconfirmed)
    while (control.unconfirmed !== null) await sleep(10)
    assert.deepEqual([inForce(), saved], [[], { now: [], unconfirmed: null }])
  })

  test('the agent starts, and so does a workload', async (t) => {
    const { control, failures } = begin(t)
    failures.sweep = Number.POSITIVE_INFINITY
    await control.restore(null)
    await control.start({ name: 'w', namespace: 'default', labels: {} })
    await control.remove('default', 'w')
    assert.deepEqual(control.workloads, [])
  })
})

describe('the time to confirm a change', () => {
  test('ends for that change alone: one that was confirmed in its turn stays, and so does one that came after it', async (t) => {
    const { control, kernel, apply, inForce } = begin(t)
    await apply('a', 0.02)
    let release = () => {}
    kernel.hold = new Promise((resolve) => {
      release = resolve
    })
    const changes = [apply('b'), control.confirm(), apply('c', 60)]
    await sleep(60) // the time of the first is over, and it waits for its turn
    release()
    await Promise.all(changes)
    await apply('d')
    assert.deepEqual(inForce(), ['a', 'b', 'c', 'd'])
    assert.notEqual(control.unconfirmed, null)
  })
  test('is not forgotten where the change cannot be undone at once', async (t) => {
    const { control, failures, saved, apply, inForce } = begin(t)
    t.mock.timers.enable({ apis: ['setTimeout'] })
    await apply('a', 1)
    failures.swap = 1
    t.mock.timers.tick(1_000)
    await new Promise(setImmediate)
    assert.deepEqual(inForce(), ['a'])
    t.mock.timers.tick(5_000)
    await new Promise(setImmediate)
    assert.deepEqual([inForce(), saved, control.unconfirmed], [[], { now: [], unconfirmed: null }, null])
  })

  test('undoes that change alone: what was applied or deleted meanwhile stays so, unless it could not be saved', async (t) => {
    const { control, failures, saved, apply, inForce } = begin(t)
    await apply('old')
    await apply('other')
    await apply('trial', 60)
    await apply('meanwhile')
    await control.deletePolicy('NetworkPolicy/default/old')
    failures.save = 1
    await assert.rejects(apply('unsaved'), { code: 'STATE_FULL' })
    assert.deepEqual([...saved.unconfirmed!.former.held.keys()].map(bare), ['other', 'meanwhile'])
    assert.deepEqual(inForce(), ['other', 'trial', 'meanwhile'])
    await control.rollback()
    assert.deepEqual(inForce(), ['other', 'meanwhile'])
  })
})

describe('on a full disk', () => {
  const FULL = { code: 'STATE_FULL' }

  test('a change goes on waiting until its confirmation is stored', async (t) => {
    const { control, failures, saved, apply } = begin(t)
    const { unconfirmed } = await apply('a', 60)
    failures.save = 1
    await assert.rejects(control.confirm(), FULL)
    assert.deepEqual([control.unconfirmed, saved.unconfirmed!.until], [unconfirmed, unconfirmed])
    await control.confirm()
    assert.deepEqual([control.unconfirmed, saved], [null, { now: ['NetworkPolicy/default/a'], unconfirmed: null }])
  })

  test('a change is undone, and waits until that is stored', async (t) => {
    const { control, failures, saved, apply, inForce } = begin(t)
    await apply('a', 60)
    failures.save = 1
    await assert.rejects(control.rollback(), FULL)
    assert.deepEqual(inForce(), [])
    await control.rollback()
    assert.deepEqual([inForce(), control.unconfirmed, saved], [[], null, { now: [], unconfirmed: null }])
  })

  test('what cannot be stored is not in force: a policy that comes, one that would wait, one that goes', async (t) => {
    const { control, plane, failures, apply, inForce } = begin(t)
    await apply('a')
    const { tables } = plane.generation!
    for (const change of [() => apply('b'), () => apply('b', 60), () => control.deletePolicy('NetworkPolicy/default/a')]) {
      failures.save = 1
      await assert.rejects(change(), FULL)
      assert.deepEqual([inForce(), control.unconfirmed, plane.generation!.tables], [['a'], null, tables])
    }
  })

  test('a change that waits is neither confirmed nor joined by another one that cannot be stored', async (t) => {
    const { control, failures, apply, inForce } = begin(t)
    const { unconfirmed } = await apply('a', 60)
    failures.save = 1
    await assert.rejects(apply('b'), FULL)
    assert.deepEqual([inForce(), control.unconfirmed], [['a'], unconfirmed])
  })

  test('policies that come after lost ones stay in force, for there are none to go back to', async (t) => {
    const { control, failures, apply, inForce } = begin(t)
    control.withhold()
    failures.save = 1
    await assert.rejects(apply('a'), FULL)
    assert.deepEqual(inForce(), ['a'])
    await assert.rejects(control.deletePolicy('NetworkPolicy/default/a'), { code: 'STATE_CORRUPT' })
    await apply('a')
    await control.deletePolicy('NetworkPolicy/default/a')
  })

  test('a workload that has gone leaves nothing in the kernel, and its slot', async (t) => {
    const { control, plane, slots, failures } = begin(t)
    const { slot } = await control.start({ name: 'w', namespace: 'default', labels: {} })
    failures.save = 1
    await assert.rejects(control.remove('default', 'w'), FULL)
    assert.deepEqual([control.workloads, plane.generation!.tables.subjects], [[], []])
    assert.throws(() => slots.free(slot), { code: 'INTERNAL' })
  })

  test('the agent starts, and undoes what nobody has confirmed', async (t) => {
    const { control, failures, saved, apply, inForce } = begin(t)
    await apply('trial', 60)
    failures.save = Number.POSITIVE_INFINITY
    await control.restore({ until: Date.now() - 1, former: NOTHING })
    assert.deepEqual([inForce(), saved.now.map(bare)], [[], ['trial']])
  })
})

test('where policies were lost with the database, no change has a time to be confirmed: it would end in no policy at all', async (t) => {
  const { control, plane, apply } = begin(t)
  control.withhold()
  await assert.rejects(apply('a', 60), { code: 'STATE_CORRUPT' })
  assert.equal(plane.generation, undefined)
  await apply('a')
  await apply('b', 60)
})
