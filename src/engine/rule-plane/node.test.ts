import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { NODE } from '../../core/decision.ts'
import type { Policy, Rule } from '../../core/policy.ts'
import { MODES } from '../../core/workload.ts'
import { decide } from '../../layers/network/evaluate.ts'
import { compile } from './compile.ts'
import { lookup } from './lookup.ts'
import { NODE_SLOT, type Tables } from './tables.ts'

const SOURCE = { file: 'node.yaml', line: 1, column: 1 }
const [GOOD, BAD, OTHER] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string]
const WEB = { slot: 1, namespace: 'default', name: 'web', labels: {}, mode: 'enforce', addresses: [] } as const

const rule = (effect: 'allow' | 'deny', sha256: string, rank = 1000): Rule => ({
  ...{ cookie: 1, source: SOURCE, gate: 'module', effect, rank, when: { is: 'content', sha256 } },
})
const policy = (more: Partial<Policy> = {}): Policy => ({
  ...{ id: 'NodePolicy/modules', kind: 'NodePolicy', namespace: '', source: SOURCE, mode: 'enforce' },
  applies: { node: true, workloads: [] },
  isolates: ['module'],
  rules: [rule('allow', GOOD)],
  ...more,
})
/** Of a module by its digest, or of one that nobody knows. */
const judged = (made: Tables, sha256?: string) =>
  lookup(made, { gate: 'module', subject: NODE_SLOT, ...(sha256 === undefined ? {} : { sha256 }) })
const tables = (...policies: Policy[]) => compile(policies, new Map(), [WEB as never])

describe('policies of the node', () => {
  test('allow modules by their digest, and deny the rest, of which what has no file is a part', () => {
    const made = tables(policy())
    assert.deepEqual(
      [GOOD, BAD, undefined].map((digest) => judged(made, digest).effect),
      ['allow', 'deny', 'deny'],
    )
  })

  test('a deny beats an allow of another policy', () => {
    const made = tables(policy(), policy({ id: 'NodePolicy/denied', isolates: [], rules: [rule('deny', GOOD, 2000)] }))
    assert.equal(judged(made, GOOD).effect, 'deny')
  })

  test('that are not in force say what would be, and without any, nothing is said', () => {
    const made = tables(policy({ mode: 'shadow' }))
    const { effect, trialEffect } = judged(made, OTHER)
    assert.deepEqual([effect, trialEffect], ['none', 'deny'])
    assert.deepEqual(
      tables().subjects.filter(({ slot }) => slot === NODE_SLOT),
      [],
    )
    assert.equal(judged(tables(), OTHER).effect, 'none')
  })

  test('say nothing of workloads, and name their reason', () => {
    const made = tables(policy())
    assert.equal(lookup(made, { gate: 'exec', subject: WEB.slot, path: '/bin/sh', fileless: false }).effect, 'none')
    assert.deepEqual(made.reasons.get(judged(made, BAD).cookie), { implicit: ['NodePolicy/modules'] })
  })

  test('that a workload has a gate of the node, or the node one of a workload, is refused with its place', () => {
    const at = 'node.yaml:1:1'
    for (const wrong of [
      policy({ applies: { workloads: [] } }),
      policy({ isolates: ['exec'], rules: [] }),
      policy({ rules: [{ ...rule('allow', GOOD), when: { is: 'path', path: '/a', below: false } }] }),
    ])
      assert.throws(() => tables(wrong), { code: 'POLICY_UNSUPPORTED', at })
    assert.throws(() => tables(policy({ rules: [rule('allow', 'A'.repeat(64))] })), { code: 'POLICY_FIELD', at })
  })
})

/** Few digests and ranks, so that rules meet; policies of workloads stand beside them, and must not matter. */
const anyPolicies: fc.Arbitrary<readonly Policy[]> = fc
  .array(
    fc.record({
      isNode: fc.boolean(),
      isolating: fc.boolean(),
      mode: fc.constantFrom(...MODES),
      rules: fc.array(
        fc.record({
          effect: fc.constantFrom('allow' as const, 'deny' as const),
          sha256: fc.constantFrom(GOOD, BAD),
          rank: fc.constantFrom(1000, 2000),
        }),
        { maxLength: 4 },
      ),
    }),
    { maxLength: 5, size: 'max' },
  )
  .map((all) =>
    all.map(({ isNode, isolating, mode, rules }, at) =>
      isNode
        ? policy({
            id: `p${at}`,
            mode,
            isolates: isolating ? ['module'] : [],
            rules: rules.map(({ effect, sha256, rank }, cookie) => ({ ...rule(effect, sha256, rank), cookie })),
          })
        : policy({ id: `p${at}`, mode, applies: { workloads: [] }, isolates: isolating ? ['exec'] : [], rules: [] }),
    ),
  )

test('for any policies and modules the tables say what the reference says, effect and reason, in force and on trial', () => {
  const seen = { none: 0, allow: 0, deny: 0, trialOnly: 0, implicit: 0, unreported: 0 }
  fc.assert(
    fc.property(anyPolicies, fc.constantFrom(GOOD, BAD, OTHER, undefined), (policies, sha256) => {
      const made = tables(...policies)
      const { effect, cookie, trialEffect, trialCookie, reported } = judged(made, sha256)
      const request = { gate: 'module', subject: NODE, ...(sha256 === undefined ? {} : { sha256 }) } as const
      const { inForce, trial, trialMode } = decide(policies, new Map(), [WEB as never], request)
      for (const [half, said, number] of [
        [inForce, effect, cookie],
        [trial, trialEffect, trialCookie],
      ] as const) {
        assert.equal(said === 'none' ? 'allow' : said, half.effect)
        const because = number === 0 ? { free: true } : made.reasons.get(number)
        // Rules that tie differ in their number alone; which of them is named decides nothing.
        if (!('rule' in half.because)) assert.deepEqual(because, half.because)
        else assert.deepEqual(because && 'rule' in because && because.rule.when, half.because.rule.when)
      }
      assert.equal(reported, effect === 'deny' || (trialEffect === 'deny' && trialMode !== 'observe'))
      seen[effect]++
      if (trialEffect !== effect) seen.trialOnly++
      if ('implicit' in inForce.because) seen.implicit++
      if (trial.effect === 'deny' && trialMode === 'observe') seen.unreported++
    }),
    { numRuns: 5000 },
  )
  for (const [kind, times] of Object.entries(seen)) assert.ok(times > 100, `${kind}: ${times}`)
})
