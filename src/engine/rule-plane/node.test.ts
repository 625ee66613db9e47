import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Policy, Rule } from '../../core/policy.ts'
import { compile } from './compile.ts'
import { lookup, lookupModule } from './lookup.ts'
import { NODE_SLOT } from './tables.ts'

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
const tables = (...policies: Policy[]) => compile(policies, new Map(), [WEB as never])

describe('policies of the node', () => {
  test('allow modules by their digest, and deny the rest, of which what has no file is a part', () => {
    const made = tables(policy())
    assert.deepEqual(
      [GOOD, BAD, undefined].map((digest) => lookupModule(made, digest).effect),
      ['allow', 'deny', 'deny'],
    )
  })

  test('a deny beats an allow of another policy', () => {
    const made = tables(policy(), policy({ id: 'NodePolicy/denied', isolates: [], rules: [rule('deny', GOOD, 2000)] }))
    assert.equal(lookupModule(made, GOOD).effect, 'deny')
  })

  test('that are not in force say what would be, and without any, nothing is said', () => {
    const made = tables(policy({ mode: 'shadow' }))
    const { effect, trialEffect } = lookupModule(made, OTHER)
    assert.deepEqual([effect, trialEffect], ['none', 'deny'])
    assert.deepEqual(
      tables().subjects.filter(({ slot }) => slot === NODE_SLOT),
      [],
    )
    assert.equal(lookupModule(tables(), OTHER).effect, 'none')
  })

  test('say nothing of workloads, and name their reason', () => {
    const made = tables(policy())
    assert.equal(lookup(made, { gate: 'exec', subject: WEB.slot, path: '/bin/sh', fileless: false }).effect, 'none')
    assert.deepEqual(made.reasons.get(lookupModule(made, BAD).cookie), { implicit: ['NodePolicy/modules'] })
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
