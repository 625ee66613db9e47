// What holds of all policies. Worlds are small, so that selectors, blocks and ports meet often; every property counts what it saw.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Request } from '../../core/decision.ts'
import type { LabelSelector } from '../../core/labels.ts'
import type { Peer, Policy, Predicate, Rule } from '../../core/policy.ts'
import type { Selector, Workload } from '../../core/workload.ts'
import { MODES } from '../../core/workload.ts'
import { decide } from './evaluate.ts'

const RUNS = 5000
const source = { file: 'f', line: 1, column: 1 }
const namespaces = new Map([['x', { stage: 'test' }]])
const namespace = fc.constantFrom('x', 'y')
const value = fc.constantFrom('1', '2')
const key = fc.constantFrom('a', 'b')
const mode = fc.constantFrom(...MODES)

const requirement = fc.oneof(
  fc.record({ key, operator: fc.constantFrom('In' as const, 'NotIn' as const), values: fc.array(value, { minLength: 1, maxLength: 2 }) }),
  fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const), values: fc.constant([]) }),
)
const labels: fc.Arbitrary<LabelSelector> = fc.array(requirement, { maxLength: 2 })
const selector: fc.Arbitrary<Selector> = fc.oneof(
  fc.record({ namespace, workloads: labels }),
  fc.record({ workloads: labels }),
  fc.record({ namespaces: fc.constant([{ key: 'stage', operator: 'Exists' as const, values: [] }]), workloads: labels }),
)
/** Only within 10.0.0.0/29, so that blocks overlap. */
const block = fc.record({
  cidr: fc.tuple(fc.nat(7), fc.integer({ min: 28, max: 31 })).map(([last, bits]) => `10.0.0.${last}/${bits}`),
  except: fc.array(
    fc.nat(7).map((last) => `10.0.0.${last}/32`),
    { maxLength: 2 },
  ),
})
const peer: fc.Arbitrary<Peer> = fc.oneof(
  fc.constant({ is: 'anyone' as const }),
  fc.record({ is: fc.constant('workloads' as const), selector }),
  fc.record({ is: fc.constant('addresses' as const), block }),
)
const protocol = fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const)
const ports = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(3)).map(([first, more]) => [first, first + more] as const)
const traffic: fc.Arbitrary<Predicate> = fc.record(
  { is: fc.constant('traffic' as const), peer, protocol, ports },
  { requiredKeys: ['is', 'peer'] },
)
const rule = fc.record({
  cookie: fc.nat(),
  source: fc.constant(source),
  gate: fc.constantFrom('connect' as const, 'accept' as const),
  when: traffic,
  effect: fc.constantFrom('allow' as const, 'deny' as const),
  rank: fc.constantFrom(1000, 2000),
})
const policy = fc.record({
  kind: fc.constant('Any'),
  namespace,
  source: fc.constant(source),
  applies: selector,
  isolates: fc.subarray(['connect', 'accept'] as const),
  mode,
  rules: fc.array(rule, { maxLength: 4 }),
})
/** Ids and cookies are unique, as those of real policies are. */
const policies: fc.Arbitrary<readonly Policy[]> = fc
  .array(policy, { minLength: 1, maxLength: 4 })
  .map((all) => all.map((one, at) => ({ ...one, id: `p${at}`, rules: one.rules.map((rule, cookie) => ({ ...rule, cookie })) })))

const workloads: fc.Arbitrary<readonly Workload[]> = fc
  .array(fc.record({ namespace, labels: fc.dictionary(key, value, { maxKeys: 2 }), mode }), { minLength: 2, maxLength: 4 })
  .map((all) =>
    all.map((one, at) => ({ ...one, name: `w${at}`, slot: at + 1, anchor: { is: 'process', pid: 1 }, addresses: [`10.0.0.${at}`] })),
  )

const scene = fc
  .record({ policies, workloads })
  .chain(({ policies, workloads }) =>
    fc.record({ policies: fc.constant(policies), workloads: fc.constant(workloads), request: requestIn(workloads) }),
  )

function requestIn(workloads: readonly Workload[]): fc.Arbitrary<Request> {
  const names = workloads.map(({ namespace, name }) => `${namespace}/${name}`)
  return fc.record({
    gate: fc.constantFrom('connect' as const, 'accept' as const),
    subject: fc.constantFrom(...names),
    peer: fc.oneof(
      fc.record({ workload: fc.constantFrom(...names) }),
      fc.nat(9).map((last) => ({ address: `10.0.0.${last}` })),
    ),
    protocol,
    port: fc.integer({ min: 1, max: 6 }),
  })
}

const allow: fc.Arbitrary<Rule> = rule.map((one) => ({ ...one, effect: 'allow' as const }))
const shuffled = <Item>(items: readonly Item[]) => fc.shuffledSubarray([...items], { minLength: items.length })

describe('for all policies, workloads and requests', () => {
  test('one allow rule more never denies what was allowed', () => {
    let changed = 0
    fc.assert(
      fc.property(scene, fc.nat(3), allow, ({ policies, workloads, request }, at, extra) => {
        const more = policies.map((one, position) =>
          position === at % policies.length ? { ...one, rules: [...one.rules, { ...extra, cookie: 99 }] } : one,
        )
        const before = decide(policies, namespaces, workloads, request)
        const after = decide(more, namespaces, workloads, request)
        for (const half of ['inForce', 'trial'] as const) {
          if (before[half].effect === 'allow') assert.equal(after[half].effect, 'allow')
          if (before[half].effect !== after[half].effect) changed++
        }
      }),
      { numRuns: RUNS },
    )
    assert.ok(changed > 5, `${changed} answers changed`)
  })

  test('one deny rule, or one isolated gate, more never allows what was denied', () => {
    let changed = 0
    fc.assert(
      fc.property(scene, fc.nat(3), rule, fc.boolean(), ({ policies, workloads, request }, at, extra, isolate) => {
        const more = policies.map((one, position): Policy => {
          if (position !== at % policies.length) return one
          if (isolate) return { ...one, isolates: ['connect', 'accept'] }
          return { ...one, rules: [...one.rules, { ...extra, effect: 'deny', cookie: 99 }] }
        })
        const before = decide(policies, namespaces, workloads, request)
        const after = decide(more, namespaces, workloads, request)
        for (const half of ['inForce', 'trial'] as const) {
          if (before[half].effect === 'deny') assert.equal(after[half].effect, 'deny')
          if (before[half].effect !== after[half].effect) changed++
        }
      }),
      { numRuns: RUNS },
    )
    assert.ok(changed > 20, `${changed} answers changed`)
  })

  test('the order of policies, rules and workloads changes nothing, not even who is named', () => {
    const reordered = scene.chain((one) =>
      fc.record({
        one: fc.constant(one),
        policies: fc.tuple(...one.policies.map((policy) => shuffled(policy.rules).map((rules) => ({ ...policy, rules })))).chain(shuffled),
        workloads: shuffled(one.workloads),
      }),
    )
    let ruled = 0
    fc.assert(
      fc.property(reordered, ({ one, policies, workloads }) => {
        const ruling = decide(one.policies, namespaces, one.workloads, one.request)
        assert.deepEqual(decide(policies, namespaces, workloads, one.request), ruling)
        if ('rule' in ruling.trial.because) ruled++
      }),
      { numRuns: RUNS },
    )
    assert.ok(ruled > 100, `${ruled} decided by a rule`)
  })

  test('policies that are not in force change nothing of what is', () => {
    let different = 0
    fc.assert(
      fc.property(scene, ({ policies, workloads, request }) => {
        const ruling = decide(policies, namespaces, workloads, request)
        const forced = policies.filter(({ mode }) => mode === 'enforce')
        assert.deepEqual(decide(forced, namespaces, workloads, request).inForce, ruling.inForce)
        const relaxed = workloads.map((workload) => ({ ...workload, mode: 'shadow' as const }))
        assert.equal(decide(policies, namespaces, relaxed, request).inForce.effect, 'allow')
        if (ruling.inForce.effect !== ruling.trial.effect) different++
      }),
      { numRuns: RUNS },
    )
    assert.ok(different > 50, `${different} trials differ`)
  })

  test('with all in force, the trial is what happens', () => {
    let denied = 0
    fc.assert(
      fc.property(scene, ({ policies, workloads, request }) => {
        const all = policies.map((policy) => ({ ...policy, mode: 'enforce' as const }))
        const strict = workloads.map((workload) => ({ ...workload, mode: 'enforce' as const }))
        const ruling = decide(all, namespaces, strict, request)
        assert.deepEqual(ruling.inForce, ruling.trial)
        assert.equal(ruling.trial.effect, decide(policies, namespaces, workloads, request).trial.effect, 'modes change no trial')
        if (ruling.inForce.effect === 'deny') denied++
      }),
      { numRuns: RUNS },
    )
    assert.ok(denied > 100, `${denied} denied`)
  })

  test('IPv6 is decided as IPv4 is', () => {
    const six = (text: string) => text.replace(/^10\.0\.0\.(\d+)/, 'fd00::$1').replace(/\/(\d+)$/, (_, bits) => `/${Number(bits) + 96}`)
    const translate = <Value>(value: Value): Value =>
      JSON.parse(JSON.stringify(value), (_, part) => (typeof part === 'string' && part.startsWith('10.') ? six(part) : part))
    let denied = 0
    fc.assert(
      fc.property(scene, ({ policies, workloads, request }) => {
        const four = decide(policies, namespaces, workloads, request)
        const answer = decide(translate(policies), namespaces, translate(workloads), translate(request))
        assert.deepEqual([answer.inForce.effect, answer.trial.effect], [four.inForce.effect, four.trial.effect])
        if (four.trial.effect === 'deny') denied++
      }),
      { numRuns: RUNS },
    )
    assert.ok(denied > 100, `${denied} denied`)
  })

  test('a deny names a rule that denies, or all policies that isolate, and an allow a rule that allows', () => {
    const seen = { rule: 0, implicit: 0, free: 0 }
    fc.assert(
      fc.property(scene, ({ policies, workloads, request }) => {
        const { effect, because } = decide(policies, namespaces, workloads, request).trial
        if ('rule' in because) {
          const named = policies.find(({ id }) => id === because.policy)
          assert.ok(named?.rules.includes(because.rule) && because.rule.effect === effect && because.rule.gate === request.gate)
          seen.rule++
        } else if ('implicit' in because) {
          assert.equal(effect, 'deny')
          assert.ok(because.implicit.length > 0)
          for (const id of because.implicit) assert.ok(policies.find((one) => one.id === id)?.isolates.includes(request.gate))
          seen.implicit++
        } else {
          assert.deepEqual([effect, because], ['allow', { free: true }])
          seen.free++
        }
      }),
      { numRuns: RUNS },
    )
    assert.ok(Math.min(...Object.values(seen)) > 50, JSON.stringify(seen))
  })
})
