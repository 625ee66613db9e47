import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readPolicies } from './read-policies.ts'

const DIGEST = 'ab'.repeat(32)
const text = (spec: string, metadata = '{ name: modules }') => `apiVersion: thymus.dev/v1
kind: NodePolicy
metadata: ${metadata}
spec: ${spec}
`

describe('a NodePolicy', () => {
  test('speaks of the node, of modules by their digest, and of no workload', () => {
    const spec = `{ mode: enforce, modules: { default: deny, rules: [{ effect: allow, sha256: ${DIGEST} }] } }`
    const [policy] = readPolicies(text(spec), 'node.yaml').policies
    assert.deepEqual([policy!.id, policy!.mode, policy!.isolates], ['NodePolicy/modules', 'enforce', ['module']])
    assert.deepEqual(policy!.applies, { node: true, workloads: [] })
    assert.deepEqual(
      policy!.rules.map(({ gate, effect, when, source }) => [gate, effect, when, source.line]),
      [['module', 'allow', { is: 'content', sha256: DIGEST }, 4]],
    )
  })

  test('without a default denies nothing that no rule names', () => {
    const [policy] = readPolicies(text('{ modules: {} }'), 'node.yaml').policies
    assert.deepEqual([policy!.isolates, policy!.rules, policy!.mode], [[], [], 'observe'])
  })

  test('what it must not hold is refused with its place', () => {
    for (const [spec, metadata] of [
      ['{}'],
      ['{ modules: { rules: [{ effect: allow, sha256: AB }] } }'],
      [`{ modules: { rules: [{ effect: allow, sha256: ${DIGEST.toUpperCase()} }] } }`],
      [`{ modules: { rules: [{ sha256: ${DIGEST} }] } }`],
      ['{ modules: { paths: [] } }'],
      ['{ modules: {}, exec: {} }'],
      ['{ modules: {} }', '{ name: modules, namespace: shop }'],
    ] as const)
      assert.throws(() => readPolicies(text(spec, metadata), 'node.yaml'), { code: 'POLICY_FIELD' }, spec)
  })
})
