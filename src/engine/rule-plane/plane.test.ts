import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../core/errors.ts'
import type { Policy, Predicate, Rule } from '../../core/policy.ts'
import type { Mode, Workload } from '../../core/workload.ts'
import { compile } from './compile.ts'
import { lookup } from './lookup.ts'
import type { Amendment, KernelTables, Wanted } from './plane.ts'
import { RulePlane } from './plane.ts'
import type { PlaceEntry, Tables } from './tables.ts'

/** Two generations of tables in memory, written as the kernel's would be. */
class Memory implements KernelTables {
  readonly swaps: number[] = []
  amendments = 0
  tables: Tables = { subjects: [], places: [], traffic: [], paths: [], reasons: new Map() }
  failSwap: Error | undefined
  failAmend: Error | undefined
  hold: Promise<void> | undefined
  #busy = false

  async swap(generation: number, tables: Tables): Promise<void> {
    await this.#alone(() => {
      if (this.failSwap !== undefined) throw this.failSwap
      this.swaps.push(generation)
      this.tables = tables
    })
  }

  async amend(generation: number, { subjects, places, vacated }: Amendment): Promise<void> {
    await this.#alone(() => {
      assert.equal(generation, this.swaps.at(-1))
      const bySlot = new Map(this.tables.subjects.map((subject) => [subject.slot, subject]))
      for (const subject of subjects) bySlot.set(subject.slot, subject)
      this.tables = { ...this.tables, subjects: [...bySlot.values()] }
      if (this.failAmend !== undefined) throw this.failAmend
      const byKey = new Map(this.tables.places.map((place) => [keyOf(place), place]))
      for (const place of places) byKey.set(keyOf(place), place)
      for (const place of vacated) assert.ok(byKey.delete(keyOf(place)))
      this.tables = { ...this.tables, places: [...byKey.values()] }
      this.amendments++
    })
  }

  async #alone(work: () => void): Promise<void> {
    assert.ok(!this.#busy, 'one at a time')
    this.#busy = true
    await (this.hold ?? null)
    this.#busy = false
    work()
  }
}

describe('a change', () => {
  test('makes the next generation, counted on from what the kernel had', async () => {
    const plane = new RulePlane(new Memory(), 41)
    const { generation: none } = plane
    assert.equal(none, undefined)
    assert.equal((await plane.apply(wanted([policyOf('p')], [workloadOf(1)]))).number, 42)
    assert.equal((await plane.apply(wanted([], [workloadOf(1)]))).number, 43)
    assert.equal(plane.generation?.number, 43)
  })

  test('that does not compile is an error for who asked, and the former generation stays', async () => {
    const memory = new Memory()
    const plane = new RulePlane(memory)
    await plane.apply(wanted([policyOf('p')], [workloadOf(1)]))
    const before = memory.tables
    await assert.rejects(plane.apply(wanted([policyOf('bad', { rank: 0 })], [workloadOf(1)])), { code: 'POLICY_FIELD' })
    assert.deepEqual([memory.tables, plane.generation?.number, plane.generation?.tables], [before, 1, before])
    assert.equal((await plane.apply(wanted([], []))).number, 2)
  })

  test('that the kernel refuses likewise, and its number is used again', async () => {
    const memory = new Memory()
    const plane = new RulePlane(memory)
    await plane.apply(wanted([policyOf('p')], [workloadOf(1)]))
    memory.failSwap = new ThymusError('KERNEL_REFUSED', 'no memory')
    await assert.rejects(plane.apply(wanted([], [workloadOf(1)])), { code: 'KERNEL_REFUSED' })
    assert.equal(plane.generation?.number, 1)
    assert.equal(plane.why(connect('w1', 'w1')).generation, 1)
    memory.failSwap = undefined
    await plane.apply(wanted([], [workloadOf(1)]))
    assert.deepEqual(memory.swaps, [1, 2])
  })

  test('waits for the one before; of those that wait the latest is made, and all get its generation', async () => {
    const memory = new Memory()
    const plane = new RulePlane(memory)
    const { promise, resolve } = Promise.withResolvers<void>()
    memory.hold = promise
    const first = plane.apply(wanted([policyOf('first')], [workloadOf(1)]))
    await new Promise(setImmediate)
    const later = ['second', 'third', 'fourth'].map((id) => plane.apply(wanted([policyOf(id)], [workloadOf(1)])))
    resolve()
    assert.equal((await first).number, 1)
    assert.deepEqual(
      (await Promise.all(later)).map(({ number }) => number),
      [2, 2, 2],
    )
    assert.deepEqual(memory.swaps, [1, 2])
    assert.deepEqual(
      [...memory.tables.reasons.values()].map((because) => 'policy' in because && because.policy),
      ['fourth'],
    )
  })

  test('that is refused does not take those with it that waited beside it', async () => {
    const plane = new RulePlane(new Memory())
    const outcomes = await Promise.allSettled([
      plane.apply(wanted([policyOf('older', { rank: 0 })], [])),
      plane.apply(wanted([policyOf('good')], [workloadOf(1)])),
      plane.apply(wanted([policyOf('latest', { rank: 0 })], [])),
    ])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected'],
    )
    assert.equal(plane.generation?.tables.reasons.size, 1)
  })
})

describe('workloads that come and go', () => {
  test('2,000, one after another, need no swap but one for each kind, and leave nothing', async () => {
    const memory = new Memory()
    const plane = new RulePlane(memory)
    const policies = Array.from({ length: 10 }, (_, at) => ({
      ...policyOf(`p${at}`),
      applies: { workloads: [{ key: 'app', operator: 'In' as const, values: [`x${at}`] }] },
    }))
    const workloads: Workload[] = []
    await plane.apply(wanted(policies, []))
    for (let slot = 1; slot <= 2000; slot++) {
      workloads.push(
        workloadOf(slot, { labels: { app: `x${slot % 10}`, name: `w${slot}` }, addresses: [`10.0.${slot >> 8}.${slot & 255}`] }),
      )
      await plane.apply(wanted(policies, [...workloads]))
    }
    assert.equal(memory.tables.subjects.length, 2000)
    assert.equal(memory.tables.places.length, 2000)
    while (workloads.pop() !== undefined) await plane.apply(wanted(policies, [...workloads]))
    assert.equal(memory.swaps.length, 11)
    assert.equal(memory.amendments, 3990)
    assert.ok(memory.tables.subjects.every(({ identity, enforcedGates, trialGates }) => identity + enforcedGates + trialGates === 0))
    assert.deepEqual([memory.tables.places, plane.generation?.tables.subjects], [[], []])
  })

  test('whatever comes, goes and changes, the kernel decides as if all had been made anew', async () => {
    const total = { amendments: 0, decisions: 0 }
    const anyWorkload = fc.record({
      labels: fc.record({ app: fc.constantFrom('x', 'y', 'z'), junk: fc.constantFrom('1', '2') }),
      mode: fc.constantFrom<Mode>('enforce', 'enforce', 'observe'),
      addresses: fc.subarray(['10.1.2.3', '::ffff:10.1.2.3', '10.1.9.9', 'fd00::1'], { maxLength: 2 }),
    })
    const anyStep = fc.record({
      slot: fc.integer({ min: 1, max: 4 }),
      workload: fc.option(anyWorkload, { freq: 2 }),
      swap: fc.nat({ max: 9 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 10, maxLength: 15 }), async (steps) => {
        const memory = new Memory()
        const plane = new RulePlane(memory)
        const now = new Map<number, Workload>()
        for (const { slot, workload, swap } of steps) {
          if (workload === null) now.delete(slot)
          else now.set(slot, workloadOf(slot, workload))
          const policies = swap === 0 ? POLICIES.map((policy) => ({ ...policy })) : POLICIES
          await plane.apply(wanted(policies, [...now.values()]))
          const fresh = compile(POLICIES, new Map(), [...now.values()])
          for (const tables of [memory.tables, plane.generation!.tables]) {
            total.decisions += compare(tables, fresh)
          }
        }
        total.amendments += memory.amendments
      }),
      { numRuns: 120 },
    )
    assert.ok(total.amendments > 300 && total.decisions > 50_000, JSON.stringify(total))
  })

  test('an amendment that fails half-way is made whole by a swap', async () => {
    const memory = new Memory()
    const plane = new RulePlane(memory)
    const one = workloadOf(1, { addresses: ['10.1.2.3'] })
    const other = workloadOf(2, { addresses: ['10.1.2.4'] })
    await plane.apply(wanted(POLICIES, [one]))
    memory.failAmend = new Error('half-way')
    await plane.apply(wanted(POLICIES, [one, other]))
    assert.deepEqual(memory.swaps, [1, 2])
    assert.equal(memory.tables.places.filter(({ slot }) => slot === 2).length, 1)
    memory.failSwap = new Error('neither')
    await assert.rejects(plane.apply(wanted(POLICIES, [other])), /neither/)
    memory.failSwap = memory.failAmend = undefined
    await plane.apply(wanted(POLICIES, [one, other]))
    assert.deepEqual(memory.swaps, [1, 2, 3], 'a kernel that may hold half of something is not amended')
  })

  test('one that changes, or that comes or goes with its sockets, makes a generation: sockets remember what they were told', async () => {
    const memory = new Memory()
    const plane = new RulePlane(memory)
    const swapsFor = async (...workloads: Workload[]) => {
      const before = memory.swaps.length
      await plane.apply(wanted(POLICIES, workloads))
      return memory.swaps.length - before
    }
    const own = workloadOf(1)
    const adopted = workloadOf(2, { anchor: { is: 'cgroup', path: '/x', id: 2n, owned: false } })
    assert.equal(await swapsFor(own), 1)
    assert.equal(await swapsFor(own, adopted), 1, 'adopted')
    assert.equal(await swapsFor(own, adopted, workloadOf(3)), 0, 'made')
    assert.equal(await swapsFor(own), 1, 'let go')
    assert.equal(await swapsFor(workloadOf(1, { addresses: ['10.1.2.3'] })), 1, 'changed')
    assert.equal(await swapsFor(), 0, 'gone')
  })

  test('other labels of a namespace make a generation, the same ones none', async () => {
    const memory = new Memory()
    const plane = new RulePlane(memory)
    const labels = { team: 'red' }
    for (const namespaces of [new Map([['a', labels]]), new Map([['a', labels]]), new Map([['a', { team: 'blue' }]])]) {
      await plane.apply({ policies: POLICIES, namespaces, workloads: [] })
    }
    assert.deepEqual(memory.swaps, [1, 2])
  })

  test('slot 0, of all that is no workload, is never written', async () => {
    const memory = new Memory()
    const plane = new RulePlane(memory)
    await plane.apply(wanted(POLICIES, [workloadOf(1)]))
    await assert.rejects(plane.apply(wanted(POLICIES, [workloadOf(1), workloadOf(0)])), { code: 'INTERNAL' })
    await assert.rejects(plane.apply(wanted(POLICIES, [workloadOf(1), workloadOf(1)])), { code: 'INTERNAL' })
    assert.deepEqual(
      memory.tables.subjects.map(({ slot }) => slot),
      [1],
    )
  })
})

describe('why', () => {
  const rule: Rule = { cookie: 7, source: at('a'), gate: 'connect', when: anyone(), effect: 'deny', rank: 2000 }
  const policy = (id: string, parts: Partial<Policy>): Policy => ({ ...policyOf(id), rules: [], ...parts })
  const because = async (policies: readonly Policy[], parts: Partial<Workload> = {}) => {
    const plane = new RulePlane(new Memory())
    await plane.apply(wanted(policies, [workloadOf(1, parts), workloadOf(2)]))
    const { effect, enforced, because } = plane.why(connect('w1', 'w2'))
    return { effect, enforced, because }
  }

  test('names the rule, the policies that isolate, or that no policy speaks of it', async () => {
    assert.deepEqual(await because([policy('p', { rules: [rule] })]), { effect: 'deny', enforced: true, because: { rule, policy: 'p' } })
    const isolating = ['b', 'a'].map((id) => policy(id, { isolates: ['connect'] }))
    assert.deepEqual(await because(isolating), { effect: 'deny', enforced: true, because: { implicit: ['a', 'b'] } })
    assert.deepEqual(await because([]), { effect: 'allow', enforced: true, because: { free: true } })
  })

  test('says what would be denied where policy or workload only observe', async () => {
    const expected = { effect: 'deny', enforced: false, because: { rule, policy: 'p' } }
    assert.deepEqual(await because([policy('p', { rules: [rule], mode: 'shadow' })]), expected)
    assert.deepEqual(await because([policy('p', { rules: [rule] })], { mode: 'observe' }), expected)
  })

  test('a deny that is in force is not hidden by an allow that only observes', async () => {
    const allow = policy('allow', { mode: 'observe', rules: [{ ...rule, effect: 'allow', rank: 3000 }] })
    assert.deepEqual(await because([policy('p', { rules: [rule] }), allow]), {
      effect: 'deny',
      enforced: true,
      because: { rule, policy: 'p' },
    })
  })

  test('a peer is meant by any of its addresses, and where these differ the answer is unknown until one is named', async () => {
    const allow: Rule = { ...rule, effect: 'allow', when: { is: 'traffic', peer: block('10.1.0.0/16') } }
    const plane = new RulePlane(new Memory())
    const policies = [policy('p', { isolates: ['connect'], rules: [allow] })]
    const peers = [['10.1.0.1', '10.1.0.2'], ['10.1.0.3', 'fd00::1'], []].map((addresses, at) => workloadOf(at + 2, { addresses }))
    await plane.apply(wanted(policies, [workloadOf(1), ...peers]))
    const outcome = (peer: { workload: string; address?: string }) => {
      const { effect, because } = plane.why({ gate: 'connect', subject: 'a/w1', peer, protocol: 'TCP', port: 80 })
      return [effect, 'unknown' in because ? because.unknown.code : undefined]
    }
    assert.deepEqual(outcome({ workload: 'a/w2' }), ['allow', undefined])
    assert.deepEqual(outcome({ workload: 'a/w3' }), ['deny', 'ADDRESS_NEEDED'])
    assert.deepEqual(outcome({ workload: 'a/w3', address: '10.1.0.3' }), ['allow', undefined])
    assert.deepEqual(outcome({ workload: 'a/w4' }), ['deny', undefined])
  })

  test('says that it does not know: before any policy, and of a peer of which nothing is said', async () => {
    const plane = new RulePlane(new Memory())
    const code = (decision: ReturnType<RulePlane['why']>) =>
      'unknown' in decision.because ? [decision.effect, decision.because.unknown.code] : []
    assert.deepEqual(code(plane.why(connect('w1', 'w2'))), ['deny', 'NO_GENERATION'])
    await plane.apply(wanted([], [workloadOf(1)]))
    assert.deepEqual(code(plane.why({ gate: 'connect', subject: 'a/w1', peer: {}, protocol: 'TCP', port: 1 })), ['deny', 'PEER_UNSTATED'])
    assert.throws(() => plane.why(connect('w1', 'w9')), { code: 'WORKLOAD_UNKNOWN', message: /a\/w9/ })
  })

  test('an event of one of the last few generations can still be explained', async () => {
    const plane = new RulePlane(new Memory())
    for (let number = 1; number <= 6; number++) await plane.apply(wanted([policy(`p${number}`, { rules: [rule] })], [workloadOf(1)]))
    assert.deepEqual(plane.reason(3, 1), { rule, policy: 'p3' })
    assert.deepEqual(plane.reason(3, 0), { free: true })
    for (const [generation, cookie, code] of [
      [2, 1, 'GENERATION_FORGOTTEN'],
      [7, 1, 'GENERATION_FORGOTTEN'],
      [6, 2, 'COOKIE_UNKNOWN'],
    ] as const) {
      const because = plane.reason(generation, cookie)
      assert.equal('unknown' in because && because.unknown.code, code)
    }
  })
})

const POLICIES: readonly Policy[] = [
  { ...policyOf('in'), isolates: ['accept'], rules: [ruleOf('accept', { is: 'workloads', selector: { workloads: [app('x')] } })] },
  {
    ...policyOf('out'),
    applies: { workloads: [app('y')] },
    isolates: ['connect'],
    rules: [ruleOf('connect', block('10.1.0.0/16', '10.1.2.3/32'))],
  },
  {
    ...policyOf('look'),
    mode: 'observe',
    rules: [{ ...ruleOf('connect', { is: 'workloads', selector: { workloads: [app('z')] } }), effect: 'deny' }],
  },
]

function compare(tables: Tables, fresh: Tables): number {
  assert.equal(new Set(tables.places.map(keyOf)).size, tables.places.length, 'a place stands twice')
  let decisions = 0
  const reasonOf = (from: Tables, cookie: number) => JSON.stringify(from.reasons.get(cookie) ?? null)
  for (const gate of ['connect', 'accept'] as const) {
    for (let subject = 0; subject <= 5; subject++) {
      for (const peer of [
        { slot: 1 },
        { slot: 2 },
        { slot: 3 },
        { slot: 4 },
        { slot: 5 },
        ...['10.1.2.3', '10.1.9.9', 'fd00::1', '10.9.9.9'].map((address) => ({ address })),
      ]) {
        const [held, expected] = [tables, fresh].map((from) => {
          const { effect, cookie, trialEffect, trialCookie } = lookup(from, { gate, subject, peer, protocol: 6, port: 80 })
          return [effect, reasonOf(from, cookie), trialEffect, reasonOf(from, trialCookie)]
        })
        assert.deepEqual(held, expected, JSON.stringify({ gate, subject, peer }))
        decisions++
      }
    }
  }
  return decisions
}

function wanted(policies: readonly Policy[], workloads: readonly Workload[]): Wanted {
  return { policies, namespaces: new Map(), workloads }
}

function workloadOf(slot: number, parts: Partial<Workload> = {}): Workload {
  const anchor = { is: 'cgroup', path: '/x', id: BigInt(slot), owned: true } as const
  return { name: `w${slot}`, namespace: 'a', labels: {}, slot, mode: 'enforce', anchor, addresses: [], ...parts }
}

function policyOf(id: string, parts: Partial<Rule> = {}): Policy {
  const rules = [{ ...ruleOf('connect', { is: 'anyone' }), ...parts }]
  return { id, kind: 'WorkloadPolicy', namespace: 'a', source: at(id), applies: { workloads: [] }, isolates: [], mode: 'enforce', rules }
}

function ruleOf(gate: 'connect' | 'accept', peer: Extract<Predicate, { is: 'traffic' }>['peer']): Rule {
  return { cookie: 1, source: at('r'), gate, when: { is: 'traffic', peer }, effect: 'allow', rank: 1000 }
}

function block(cidr: string, ...except: string[]): Extract<Predicate, { is: 'traffic' }>['peer'] {
  return { is: 'addresses', block: { cidr, except } }
}

function app(value: string) {
  return { key: 'app', operator: 'In' as const, values: [value] }
}

function anyone(): Predicate {
  return { is: 'traffic', peer: { is: 'anyone' } }
}

function at(file: string) {
  return { file, line: 1, column: 1 }
}

function connect(from: string, to: string) {
  return { gate: 'connect', subject: `a/${from}`, peer: { workload: `a/${to}` }, protocol: 'TCP', port: 80 } as const
}

function keyOf({ address, bits }: PlaceEntry): string {
  return `${Buffer.from(address).toString('hex')}/${bits}`
}
