import assert from 'node:assert/strict'
import { BlockList, isIPv4 } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Because } from '../../core/decision.ts'
import type { AddressBlock, Gate, Policy, Predicate, Rule } from '../../core/policy.ts'
import type { Mode, Namespaces, Selector, Workload } from '../../core/workload.ts'
import { MODES, meant, weaker } from '../../core/workload.ts'
import { compile } from './compile.ts'
import type { TableDecision, TableRequest } from './lookup.ts'
import { lookup } from './lookup.ts'
import type { Tables, TrafficEntry } from './tables.ts'

/** The node's own are in node.test.ts. */
type WorkloadRequest = Exclude<TableRequest, { gate: 'module' }>

// The reference: what the words of core/policy.ts say, without any cleverness. No code is shared with the compiler.

interface World {
  readonly policies: readonly Policy[]
  readonly namespaces: Namespaces
  readonly workloads: readonly Workload[]
}

interface Judgement {
  readonly effect: 'allow' | 'deny' | 'none'
  /** All that would be a right answer to "why": rules that tie, or the policies that isolate. */
  readonly because: readonly Because[]
  /** One of those wants to be heard. */
  readonly heard: boolean
}

function judge({ policies, namespaces, workloads }: World, request: WorkloadRequest, trial: boolean): Judgement {
  const none: Judgement = { effect: 'none', because: [], heard: false }
  const subject = workloads.find(({ slot }) => slot === request.subject)
  if (subject === undefined) return none
  const peer = peerOf(workloads, request)
  if (peer === subject) return none
  if (request.gate === 'accept' && isHost(peer, request.peer.slot) && ['127.0.0.1', '::1'].includes(request.peer.address ?? '')) return none
  const holding = policies.filter(
    ({ applies, mode }) => meant(applies, subject, namespaces) && (trial || weaker(mode, subject.mode) === 'enforce'),
  )
  const isHeard = ({ mode }: Policy) => weaker(mode, subject.mode) !== 'observe'
  const matching = holding.flatMap((policy) =>
    policy.rules
      .filter(({ gate, when }) => gate === request.gate && matches(when, request, peer, namespaces))
      .map((rule) => ({ because: { rule, policy: policy.id }, heard: isHeard(policy), ...rule })),
  )
  if (matching.length > 0) {
    const highest = Math.max(...matching.map(({ rank }) => rank))
    const best = matching.filter(({ rank }) => rank === highest)
    const effect = best.some((rule) => rule.effect === 'deny') ? 'deny' : 'allow'
    const right = best.filter((rule) => rule.effect === effect)
    return { effect, because: right.map(({ because }) => because), heard: right.some(({ heard }) => heard) }
  }
  const isolating = holding.filter(({ isolates }) => isolates.includes(request.gate))
  if (isolating.length === 0) return none
  return { effect: 'deny', because: [{ implicit: isolating.map(({ id }) => id).sort() }], heard: isolating.some(isHeard) }
}

function peerOf(workloads: readonly Workload[], request: WorkloadRequest): Workload | undefined {
  if (request.gate === 'exec' || request.gate === 'bind') return undefined
  const { slot, address } = request.peer
  if (slot !== undefined) return workloads.find((workload) => workload.slot === slot)
  const owners = workloads.filter(({ addresses }) => address !== undefined && addresses.includes(address))
  return owners.length === 1 ? owners[0] : undefined
}

function isHost(peer: Workload | undefined, slot: number | undefined): boolean {
  return peer === undefined && (slot === undefined || slot === 0)
}

function matches(when: Predicate, request: WorkloadRequest, peer: Workload | undefined, namespaces: Namespaces): boolean {
  if (request.gate === 'exec') {
    if (when.is === 'fileless') return request.fileless
    if (when.is !== 'path') return false
    return when.below ? request.path.startsWith(`${when.path.replace(/\/$/, '')}/`) : request.path === when.path
  }
  if (when.is !== 'traffic') return false
  const number = when.protocol === undefined ? undefined : { TCP: 6, UDP: 17, SCTP: 132 }[when.protocol]
  if (number !== undefined && number !== request.protocol) return false
  if (when.ports !== undefined) {
    if (![6, 17, 132].includes(request.protocol)) return false
    if (request.port < when.ports[0] || request.port > when.ports[1]) return false
  }
  if (when.peer.is === 'workloads') return peer !== undefined && meant(when.peer.selector, peer, namespaces)
  if (when.peer.is === 'addresses') {
    const { cidr, except } = when.peer.block
    const { address } = request.peer
    return address !== undefined && inside(cidr, address) && !except.some((hole) => inside(hole, address))
  }
  return true
}

function inside(cidr: string, address: string): boolean {
  const [network, bits] = cidr.split('/') as [string, string]
  if (isIPv4(network) !== isIPv4(address)) return false
  const family = isIPv4(network) ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(network, Number(bits), family)
  return list.check(address, family)
}

// Worlds and requests small enough that everything meets everything.

const CIDRS = ['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.2.9/24', '10.1.2.3/32', '10.1.2.4/31', '::/0', 'fd00::/8', 'fd00:1::/32']
const MORE_CIDRS = ['fd00:1::7/128', '10.128.0.0/9', '9.0.0.0/8', '0.0.0.0/1', '2000::/3']
const ADDRESSES = [
  '10.1.2.3',
  '10.1.2.4',
  '10.1.2.200',
  '10.1.9.9',
  '10.200.0.1',
  '9.9.9.9',
  '200.1.1.1',
  'fd00:1::7',
  'fd00:1::8',
  'fd99::1',
]
const MORE_ADDRESSES = ['2001:db8::1', '::1', '127.0.0.1']
const PORTS = [0, 1, 79, 80, 81, 443, 8079, 8080, 8085, 8095, 8096, 32767, 32768, 65534, 65535]
const PATHS = ['/', '/usr', '/usr/bin', '/usr/bin/sh', '/usr/bin/shred', '/usr/local/bin/x', '/opt/a', '/dev/shm', '/dev/shm/x', '/ü/日本']
const span = { file: 'f', line: 1, column: 1 }

const anyLabels = fc.dictionary(fc.constantFrom('app', 'tier', 'junk', '__proto__'), fc.constantFrom('x', 'y', 'z'), { maxKeys: 3 })
const anyLabelSelector = fc.array(
  fc.record({
    key: fc.constantFrom('app', 'tier'),
    operator: fc.constantFrom('In' as const, 'NotIn' as const, 'Exists' as const, 'DoesNotExist' as const),
    values: fc.array(fc.constantFrom('x', 'y'), { minLength: 1, maxLength: 2 }),
  }),
  { maxLength: 2 },
)
const anySelector: fc.Arbitrary<Selector> = fc.record(
  {
    namespace: fc.constantFrom('a', 'b'),
    namespaces: fc.array(
      fc.record({
        key: fc.constantFrom('team', 'kubernetes.io/metadata.name'),
        operator: fc.constantFrom('In' as const, 'NotIn' as const),
        values: fc.constantFrom(['a'], ['red'], ['a', 'red']),
      }),
      { maxLength: 1 },
    ),
    workloads: anyLabelSelector,
  },
  { requiredKeys: ['workloads'] },
)
const anyCidr = fc.constantFrom(...CIDRS, ...MORE_CIDRS)
const anyBlock: fc.Arbitrary<AddressBlock> = fc.record({ cidr: anyCidr, except: fc.array(anyCidr, { maxLength: 2 }) })
const anyPorts = fc
  .tuple(fc.constantFrom(...PORTS), fc.constantFrom(...PORTS))
  .map(([one, other]) => [Math.min(one, other), Math.max(one, other)] as const)
const anyProtocol = fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const)
const anyTraffic = (withPeer: boolean): fc.Arbitrary<Predicate> =>
  fc.record(
    {
      is: fc.constant('traffic' as const),
      peer: withPeer
        ? fc.oneof(
            fc.constant({ is: 'anyone' as const }),
            anySelector.map((selector) => ({ is: 'workloads' as const, selector })),
            anyBlock.map((block) => ({ is: 'addresses' as const, block })),
          )
        : fc.constant({ is: 'anyone' as const }),
      protocol: anyProtocol,
      ports: anyPorts,
    },
    { requiredKeys: ['is', 'peer'] },
  )
const anyExec: fc.Arbitrary<Predicate> = fc.oneof(
  fc.constant({ is: 'fileless' as const }),
  fc.constantFrom(...PATHS.slice(1)).map((path) => ({ is: 'path' as const, path, below: false })),
  fc.constantFrom(...PATHS).map((path) => ({ is: 'path' as const, path, below: true })),
)
const anyRule: fc.Arbitrary<Omit<Rule, 'cookie'>> = fc
  .constantFrom('connect' as const, 'connect' as const, 'accept' as const, 'accept' as const, 'bind' as const, 'exec' as const)
  .chain((gate) =>
    fc.record({
      source: fc.constant(span),
      gate: fc.constant(gate),
      when: gate === 'exec' ? anyExec : anyTraffic(gate !== 'bind'),
      effect: fc.constantFrom('allow' as const, 'deny' as const),
      rank: fc.constantFrom(1, 1000, 1000, 2000),
    }),
  )
const anyMode: fc.Arbitrary<Mode> = fc.constantFrom('enforce', 'enforce', 'enforce', 'enforce', ...MODES)
const anyPolicies: fc.Arbitrary<readonly Policy[]> = fc
  .array(
    fc.record({
      kind: fc.constant('WorkloadPolicy'),
      namespace: fc.constant('a'),
      source: fc.constant(span),
      applies: fc.oneof(fc.constant({ workloads: [] }), anySelector),
      isolates: fc.uniqueArray(fc.constantFrom<Gate>('connect', 'accept', 'bind', 'exec'), { maxLength: 3 }),
      mode: anyMode,
      rules: fc
        .array(anyRule, { minLength: 3, maxLength: 12, size: 'max' })
        .map((rules) => rules.map((rule, cookie) => ({ ...rule, cookie: cookie + 1 }))),
    }),
    { minLength: 2, maxLength: 6, size: 'max' },
  )
  .map((policies) => policies.map((policy, at) => ({ ...policy, id: `p${at}` })))
const anyWorkloads: fc.Arbitrary<readonly Workload[]> = fc
  .array(
    fc.record({
      namespace: fc.constantFrom('a', 'b', 'c'),
      labels: anyLabels,
      mode: anyMode,
      anchor: fc.constant({ is: 'process' as const, pid: 1 }),
      addresses: fc.subarray(ADDRESSES, { maxLength: 2 }),
    }),
    { minLength: 3, maxLength: 6, size: 'max' },
  )
  .map((workloads) => workloads.map((workload, at) => ({ ...workload, name: `w${at}`, slot: at + 1 })))
const anyWorld: fc.Arbitrary<World> = fc.record({
  policies: anyPolicies,
  namespaces: fc.constant(new Map([['b', { team: 'red' }]])),
  workloads: anyWorkloads,
})
const anyRequest: fc.Arbitrary<WorkloadRequest> = fc.oneof(
  fc.record({
    gate: fc.constantFrom('connect' as const, 'accept' as const, 'bind' as const),
    subject: fc.constantFrom(1, 2, 3, 1, 2, 3, 4, 0),
    peer: fc.record(
      { slot: fc.integer({ min: 0, max: 6 }), address: fc.constantFrom(...ADDRESSES, ...MORE_ADDRESSES) },
      { requiredKeys: [] },
    ),
    protocol: fc.constantFrom(6, 6, 17, 132, 1),
    port: fc.constantFrom(...PORTS),
  }),
  fc.record({
    gate: fc.constant('exec' as const),
    subject: fc.constantFrom(1, 2, 3, 1, 2, 3, 4, 0),
    path: fc.constantFrom('', ...PATHS.slice(1), ...PATHS.slice(1).map((path) => `${path}/deep/down`)),
    fileless: fc.boolean(),
  }),
)
const anyRequests = fc.array(anyRequest, { minLength: 40, maxLength: 40 })

const runs = (numRuns: number) => ({ numRuns, verbose: 0 as const })

describe('what the tables say is what the policies say', () => {
  test('for any policies, workloads and requests, effect and reason, in force and in trial', () => {
    const seen = { none: 0, allow: 0, deny: 0, rule: 0, implicit: 0, trialOnly: 0, unreported: 0 }
    fc.assert(
      fc.property(anyWorld, anyRequests, (world, requests) => {
        const tables = compile(world.policies, world.namespaces, world.workloads)
        for (const request of requests) {
          const decision = lookup(tables, request)
          const [inForce, trial] = [judge(world, request, false), judge(world, request, true)]
          agree(tables, inForce, decision.effect, decision.cookie, request)
          agree(tables, trial, decision.trialEffect, decision.trialCookie, request)
          const reported = [inForce, trial].some(({ effect, heard }) => effect === 'deny' && heard)
          assert.equal(decision.reported, reported, JSON.stringify(request))
          seen[decision.effect]++
          if (decision.cookie !== 0) seen['rule' in tables.reasons.get(decision.cookie)! ? 'rule' : 'implicit']++
          if (decision.trialEffect !== decision.effect) seen.trialOnly++
          if (decision.trialEffect === 'deny' && !reported) seen.unreported++
        }
      }),
      runs(2500),
    )
    for (const [kind, times] of Object.entries(seen)) assert.ok(times > 1000, `${kind}: ${times}`)
  })
})

function agree(tables: Tables, expected: Judgement, effect: TableDecision['effect'], cookie: number, request: WorkloadRequest): void {
  const why = JSON.stringify(request)
  assert.equal(effect, expected.effect, why)
  if (effect === 'none') assert.equal(cookie, 0, why)
  if (effect === 'none') return
  const because = tables.reasons.get(cookie)
  assert.ok(because !== undefined, why)
  const right = expected.because.some((other) => JSON.stringify(other) === JSON.stringify(because))
  assert.ok(right, `${why}: ${JSON.stringify(because)} is not among ${JSON.stringify(expected.because)}`)
}

describe('what does not matter to a decision does not matter to the tables', () => {
  test('the order of policies and workloads', () => {
    const shuffled = anyWorld.chain((world) =>
      fc.record({
        world: fc.constant(world),
        policies: fc.shuffledSubarray([...world.policies], { minLength: world.policies.length }),
        workloads: fc.shuffledSubarray([...world.workloads], { minLength: world.workloads.length }),
      }),
    )
    fc.assert(
      fc.property(shuffled, ({ world, policies, workloads }) => {
        const tables = compile(world.policies, world.namespaces, world.workloads)
        assert.deepEqual(compile(policies, world.namespaces, workloads), tables)
      }),
      runs(200),
    )
  })

  test('labels that no policy mentions', () => {
    fc.assert(
      fc.property(anyWorld, ({ policies, namespaces, workloads }) => {
        const labelled = workloads.map((workload) => ({ ...workload, labels: { ...workload.labels, revision: workload.name } }))
        assert.deepEqual(compile(policies, namespaces, labelled), compile(policies, namespaces, workloads))
      }),
      runs(200),
    )
  })

  test('a thousand workloads of one label set have one identity, and as many entries as one', () => {
    const policy = {
      ...policyOf('p', [ruleOf({ is: 'traffic', peer: { is: 'workloads', selector: { workloads: [] } } })]),
      isolates: ['connect'] as const,
    }
    const many = compile([policy], new Map(), workloadsOf(1000, 'web'))
    assert.equal(new Set(many.subjects.map(({ identity }) => identity)).size, 1)
    assert.deepEqual(many.traffic, compile([policy], new Map(), workloadsOf(1, 'web')).traffic)
    assert.equal(many.traffic.length, 2)
  })

  test('modes decide what is in force, never what the trial says', () => {
    fc.assert(
      fc.property(anyWorld, anyRequests, fc.infiniteStream(anyMode), ({ policies, namespaces, workloads }, requests, modes) => {
        const other = <Moded extends { readonly mode: Mode }>(moded: Moded) => ({ ...moded, mode: modes.next().value })
        const tables = compile(policies, namespaces, workloads)
        const changed = compile(policies.map(other), namespaces, workloads.map(other))
        for (const request of requests) assert.equal(lookup(changed, request).trialEffect, lookup(tables, request).trialEffect)
      }),
      runs(200),
    )
  })
})

describe('more rules', () => {
  const grown = (effect: 'allow' | 'deny') =>
    fc.record({ world: anyWorld, requests: anyRequests, rule: anyRule, at: fc.nat() }).map(({ world, requests, rule, at }) => {
      const policies = world.policies.map((policy, position) =>
        position === at % world.policies.length ? { ...policy, rules: [...policy.rules, { ...rule, effect, cookie: 99 }] } : policy,
      )
      const decide = (policies: readonly Policy[]) => {
        const tables = compile(policies, world.namespaces, world.workloads)
        return requests.map((request) => lookup(tables, request).effect)
      }
      return { before: decide(world.policies), after: decide(policies) }
    })

  test('that allow never take a permission away', () => {
    fc.assert(
      fc.property(grown('allow'), ({ before, after }) =>
        assert.ok(before.every((effect, at) => effect === 'deny' || after[at] !== 'deny')),
      ),
      runs(400),
    )
  })

  test('that deny never give one', () => {
    fc.assert(
      fc.property(grown('deny'), ({ before, after }) => assert.ok(before.every((effect, at) => effect !== 'deny' || after[at] === 'deny'))),
      runs(400),
    )
  })
})

describe('the tables hold nothing in vain', () => {
  test('every traffic entry is the narrowest somewhere and the best of its look-up there', () => {
    let entries = 0
    fc.assert(
      fc.property(anyWorld, ({ policies, namespaces, workloads }) => {
        for (const group of Map.groupBy(compile(policies, namespaces, workloads).traffic, groupOf).values()) {
          for (const entry of group) {
            const points = group
              .flatMap((other) => [startOf(other) - 1, startOf(other), endOf(other)])
              .filter((point) => holds(entry, point))
            const winners = points.map((point) =>
              group.filter((other) => holds(other, point)).reduce((one, other) => (other.bits > one.bits ? other : one)),
            )
            assert.ok(winners.includes(entry), JSON.stringify(entry))
            assert.ok(
              group.every(
                (other) => other.bits > entry.bits || other === entry || !holds(other, startOf(entry)) || other.rank <= entry.rank,
              ),
            )
            entries++
          }
        }
      }),
      runs(200),
    )
    assert.ok(entries > 2000, `${entries} entries`)
  })

  test('a gate has its bit where there are entries, and a trial half only where it differs from what is in force', () => {
    fc.assert(
      fc.property(anyWorld, ({ policies, namespaces, workloads }) => {
        const { subjects, traffic, paths } = compile(policies, namespaces, workloads)
        const bits = { connect: 1 << 1, accept: 1 << 2, bind: 1 << 3, exec: 1 << 4 }
        for (const { identity, enforcedGates, trialGates } of subjects) {
          const gatesOf = (half: boolean) => {
            const found = traffic.filter(({ subject, trial }) => subject === identity && trial === half).map(({ gate }) => bits[gate])
            const exec = paths.some(({ subject, trial }) => subject === identity && trial === half)
            return [...found, ...(exec ? [bits.exec] : [])].reduce((sum, bit) => sum | bit, 0)
          }
          assert.deepEqual([enforcedGates, trialGates], [gatesOf(false), gatesOf(true)])
        }
        const inForce = compile(
          policies.map((policy) => ({ ...policy, mode: 'enforce' })),
          namespaces,
          workloads.map((workload) => ({ ...workload, mode: 'enforce' })),
        )
        assert.ok(inForce.subjects.every(({ trialGates }) => trialGates === 0))
      }),
      runs(200),
    )
  })

  test('what is allowed to anyone has no entries for each peer', () => {
    const toAll: Predicate = { is: 'traffic', peer: { is: 'anyone' }, protocol: 'TCP' }
    const toSome: Predicate = { is: 'traffic', peer: { is: 'workloads', selector: { workloads: [] } }, protocol: 'TCP', ports: [80, 89] }
    const { traffic } = compile([policyOf('p', [ruleOf(toAll), { ...ruleOf(toSome), cookie: 2 }])], new Map(), workloadsOf(9, 'web'))
    assert.equal(traffic.length, 1)
  })

  test('a policy that applies to nobody tells nobody apart', () => {
    const app = (value: string) => ({ workloads: [{ key: 'app', operator: 'In' as const, values: [value] }] })
    const rule = ruleOf({ is: 'traffic', peer: { is: 'workloads', selector: app('web') } })
    const workloads = workloadsOf(2, 'web').map((workload, at) => ({ ...workload, labels: { app: at === 0 ? 'web' : 'db' } }))
    const { subjects, traffic } = compile([{ ...policyOf('p', [rule]), applies: app('nobody') }], new Map(), workloads)
    assert.deepEqual([subjects.map(({ identity }) => identity), traffic], [[16, 16], []])
  })

  test('of rules that tie, the one of the first policy is named; of denies, one that is reported', () => {
    const anyone: Predicate = { is: 'traffic', peer: { is: 'anyone' } }
    const winner = (...policies: Policy[]) => {
      const { traffic, reasons } = compile(policies, new Map(), workloadsOf(1, 'web'))
      return traffic.map(({ cookie, report }) => [(reasons.get(cookie) as { policy: string }).policy, report])
    }
    assert.deepEqual(winner(policyOf('b', [ruleOf(anyone)]), policyOf('a', [ruleOf(anyone)])), [['a', true]])
    const deny = (id: string, mode: Mode, ports: Partial<Predicate> = {}): Policy => ({
      ...policyOf(id, [{ ...ruleOf({ ...anyone, ...ports } as Predicate), effect: 'deny' }]),
      mode,
    })
    assert.deepEqual(winner(deny('a', 'observe'), deny('b', 'shadow')), [['b', true]])
    const narrow = winner(deny('a', 'observe'), deny('b', 'shadow', { protocol: 'TCP', ports: [80, 80] }))
    assert.deepEqual(narrow.sort(), [['a', false], ['b', true]]) // biome-ignore format: pairs
  })

  test('only the trial denies of observing policies are not reported', () => {
    const deny = { ...ruleOf({ is: 'traffic', peer: { is: 'anyone' } }), effect: 'deny' as const }
    const reports = (mode: Mode) =>
      compile([{ ...policyOf('p', [deny]), mode }], new Map(), workloadsOf(1, 'web')).traffic.map(({ trial, report }) => [trial, report])
    assert.deepEqual([reports('observe'), reports('shadow'), reports('enforce')], [[[true, false]], [[true, true]], [[false, true]]])
  })
})

describe('what no table can hold is refused, never ignored', () => {
  const anyone: Predicate = { is: 'traffic', peer: { is: 'anyone' } }
  const block = (cidr: string, except: readonly string[] = []): Predicate => ({
    is: 'traffic',
    peer: { is: 'addresses', block: { cidr, except } },
  })
  const cases: readonly (readonly [what: string, code: string, rule: Partial<Rule>])[] = [
    ['a gate without a table', 'POLICY_UNSUPPORTED', { gate: 'open', when: { is: 'path', path: '/x', below: false } }],
    ['a path at a traffic gate', 'POLICY_UNSUPPORTED', { gate: 'connect', when: { is: 'path', path: '/x', below: false } }],
    ['traffic at exec', 'POLICY_UNSUPPORTED', { gate: 'exec', when: anyone }],
    ['a peer at bind', 'POLICY_UNSUPPORTED', { gate: 'bind', when: block('10.0.0.0/8') }],
    ["rank 0, the implicit deny's", 'POLICY_FIELD', { rank: 0 }],
    ['ports backwards', 'POLICY_FIELD', { when: { ...anyone, ports: [2, 1] } }],
    ['a port that is none', 'POLICY_FIELD', { when: { ...anyone, ports: [1, 65536] } }],
    ['a range that is none', 'POLICY_FIELD', { when: block('10.0.0.0/33') }],
    ['an exception that is none', 'POLICY_FIELD', { when: block('10.0.0.0/8', ['10.0.0.1']) }],
    ['a path that is not absolute', 'POLICY_FIELD', { gate: 'exec', when: { is: 'path', path: 'bin/x', below: false } }],
    ['a path with dots', 'POLICY_FIELD', { gate: 'exec', when: { is: 'path', path: '/bin/../x', below: true } }],
    ['a file that is a folder', 'POLICY_FIELD', { gate: 'exec', when: { is: 'path', path: '/bin/', below: false } }],
    ['a path with a NUL', 'POLICY_FIELD', { gate: 'exec', when: { is: 'path', path: '/bin/x\0', below: false } }],
    [
      'a path that leaves no room for its NUL',
      'POLICY_LIMIT',
      { gate: 'exec', when: { is: 'path', path: `/${'x'.repeat(247)}`, below: false } },
    ],
    ['a path that is too long', 'POLICY_LIMIT', { gate: 'exec', when: { is: 'path', path: `/${'ü'.repeat(124)}`, below: false } }],
  ]
  for (const [what, code, rule] of cases) {
    test(what, () => {
      const policy = policyOf('p', [{ ...ruleOf(anyone), ...rule, source: { file: 'a.yaml', line: 7, column: 3 } }])
      assert.throws(() => compile([policy], new Map(), []), { name: 'ThymusError', code, at: 'a.yaml:7:3' })
    })
  }

  test('the longest path that the kernel compares is taken', () => {
    const rule = { ...ruleOf({ is: 'path', path: `/${'x'.repeat(246)}`, below: false }), gate: 'exec' as const }
    const tables = compile([{ ...policyOf('p', [rule]), isolates: ['exec'] }], new Map(), workloadsOf(1, 'web'))
    const effectOf = (path: string) => lookup(tables, { gate: 'exec', subject: 1, path, fileless: false }).effect
    assert.deepEqual([effectOf(`/${'x'.repeat(246)}`), effectOf(`/${'x'.repeat(247)}`)], ['allow', 'deny'])
  })
})

function policyOf(id: string, rules: readonly Rule[]): Policy {
  return { id, kind: 'WorkloadPolicy', namespace: 'a', source: span, applies: { workloads: [] }, isolates: [], mode: 'enforce', rules }
}

function ruleOf(when: Predicate): Rule {
  return { cookie: 1, source: span, gate: 'connect', when, effect: 'allow', rank: 1000 }
}

function workloadsOf(count: number, app: string): readonly Workload[] {
  return Array.from({ length: count }, (_, at) => ({
    name: `w${at}`,
    namespace: 'a',
    labels: { app },
    slot: at + 1,
    mode: 'enforce',
    anchor: { is: 'process', pid: 1 },
    addresses: [],
  }))
}

function groupOf({ subject, peer, gate, trial }: TrafficEntry): string {
  return `${subject} ${peer} ${gate} ${trial}`
}

function startOf({ protocol, port }: TrafficEntry): number {
  return protocol * 2 ** 16 + port
}

function endOf(entry: TrafficEntry): number {
  return startOf(entry) + 2 ** (24 - entry.bits)
}

function holds(entry: TrafficEntry, point: number): boolean {
  return startOf(entry) <= point && point < endOf(entry)
}
