import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ThymusError } from '../../core/errors.ts'
import type { LabelSelector } from '../../core/labels.ts'
import type { Policy, Predicate, Rule } from '../../core/policy.ts'
import type { Workload } from '../../core/workload.ts'
import { compile } from './compile.ts'
import { lookup } from './lookup.ts'

const RULES = 100_000

/** Nothing is timed: a quadratic compiler would need minutes, and be ended by who runs the tests. */
describe('100,000 rules compile', () => {
  test('to as many addresses', () => {
    const tables = compile([policyOf('p', RULES, (at) => toBlock(addressOf(at)))], new Map(), workloadsOf(100))
    assert.equal(tables.traffic.length, RULES + 1)
    const decide = (address: string) => lookup(tables, { gate: 'connect', subject: 1, peer: { address }, protocol: 6, port: 443 }).effect
    assert.deepEqual([decide('11.0.0.0'), decide('11.1.134.159'), decide('11.1.134.160')], ['allow', 'allow', 'deny'])
  })

  test('about as many ports, each second one denied', () => {
    const rule = (at: number) => ({ ...anyone('TCP', at % 65_536), protocol: at < 65_536 ? ('TCP' as const) : ('UDP' as const) })
    const policy = policyOf('p', RULES, rule)
    const rules = policy.rules.map((one, at): Rule => ({ ...one, effect: at % 2 === 0 ? 'allow' : 'deny' }))
    const tables = compile([{ ...policy, rules }], new Map(), workloadsOf(1))
    assert.equal(tables.traffic.length, RULES + 1)
    const decide = (port: number) => lookup(tables, { gate: 'connect', subject: 1, peer: { slot: 0 }, protocol: 6, port }).effect
    assert.deepEqual([decide(80), decide(81)], ['allow', 'deny'])
  })

  test('in as many policies, for 2,000 kinds of workloads', () => {
    const kind = (at: number): LabelSelector => [{ key: 'app', operator: 'In', values: [`x${at}`] }]
    const policies = Array.from({ length: RULES }, (_, at) => ({
      ...policyOf(`p${at}`, 1, () => ({
        is: 'traffic',
        peer: { is: 'workloads', selector: { namespace: 'a', workloads: kind((at + 1) % 2000) } },
      })),
      applies: { namespace: 'a', workloads: kind(at) },
    }))
    const tables = compile(policies, new Map(), workloadsOf(2000))
    assert.equal(tables.traffic.length, 4000)
    const decide = (slot: number) => lookup(tables, { gate: 'connect', subject: 1, peer: { slot }, protocol: 6, port: 1 }).effect
    assert.deepEqual([decide(2), decide(3)], ['allow', 'deny'])
  })

  test('about as many files', () => {
    const policy = policyOf('p', RULES, (at) => ({ is: 'path', path: `/usr/lib/${at % 300}/${at}`, below: false }))
    const rules = policy.rules.map((rule): Rule => ({ ...rule, gate: 'exec' }))
    const tables = compile([{ ...policy, isolates: ['exec'], rules }], new Map(), workloadsOf(1))
    assert.equal(tables.paths.length, RULES + 1)
    const decide = (path: string) => lookup(tables, { gate: 'exec', subject: 1, path, fileless: false }).effect
    assert.deepEqual([decide('/usr/lib/7/7'), decide('/usr/lib/7/8')], ['allow', 'deny'])
  })
})

describe('more than the tables hold is refused with exact numbers, and nothing is produced', () => {
  test('entries for each kind of workload', () => {
    // 60 policies tell 60 kinds apart; each has the 20,000 entries of the big one and the implicit deny.
    const kinds = Array.from({ length: 60 }, (_, at) => ({
      ...policyOf(`kind${at}`, 0, toBlock),
      applies: { workloads: [{ key: 'app', operator: 'In' as const, values: [`x${at}`] }] },
    }))
    const error = refusal([...kinds, policyOf('big', 20_000, (at) => toBlock(addressOf(at)))], workloadsOf(60))
    assert.match(
      error.message,
      /need 1,200,060 entries in the table of traffic, and 1,048,576 fit; the largest policy is big with 1,200,060$/,
    )
    assert.equal(error.at, 'big.yaml:1:1')
  })

  test('exactly what fits is taken, and one more is not', () => {
    const entries = (workloads: number, extra: number) => [
      ...Array.from({ length: workloads }, (_, at) => ({
        ...policyOf(`kind${at}`, 0, toBlock),
        isolates: [],
        applies: { workloads: [{ key: 'app', operator: 'In' as const, values: [`x${at}`] }] },
        rules: at === 0 ? policyOf('', extra, (port) => anyone('UDP', port)).rules : policyOf('', 1, () => anyone('SCTP', 1)).rules,
      })),
      { ...policyOf('big', 65_536 / 4, (at) => anyone('TCP', at * 2)), isolates: [] },
    ]
    assert.equal(compile(entries(63, 16_384 - 62), new Map(), workloadsOf(63)).traffic.length, 1 << 20)
    assert.match(
      refusal(entries(63, 16_384 - 61), workloadsOf(63)).message,
      /need 1,048,577 entries in the table of traffic, and 1,048,576 fit/,
    )
  })

  test('rules for all addresses, of which others name very many', () => {
    const policy = policyOf('wide', RULES, (at) => (at < 2000 ? { ...toBlock('0.0.0.0/0'), ports: [at, at] } : toBlock(addressOf(at))))
    // 2,000 rules × (98,000 blocks + the rest) + 98,000 rules
    assert.match(
      refusal([policy], workloadsOf(1)).message,
      /the policies come to 196,100,000 entries.* the largest policy is wide with 196,100,000$/,
    )
  })

  test('selectors that match everything, for very many kinds of workloads', () => {
    const policy = policyOf('p', 10_000, (at) => ({
      is: 'traffic',
      peer: { is: 'workloads', selector: { workloads: [{ key: 'app', operator: 'NotIn', values: [`x${at}`, 'y'] }] } },
    }))
    assert.match(refusal([policy], workloadsOf(2000)).message, /more than 8,388,608 times/)
  })

  test('a slot that is none, or taken twice', () => {
    const [workload] = workloadsOf(1) as [Workload]
    for (const slot of [0, 16_384, 1.5])
      assert.throws(() => compile([], new Map(), [{ ...workload, slot }]), { code: 'INTERNAL', at: 'a/w0' })
    assert.throws(() => compile([], new Map(), [workload, workload]), { code: 'INTERNAL' })
  })
})

function refusal(policies: readonly Policy[], workloads: readonly Workload[]): ThymusError {
  try {
    compile(policies, new Map(), workloads)
  } catch (error) {
    assert.equal((error as ThymusError).code, 'POLICY_LIMIT', String(error))
    return error as ThymusError
  }
  return assert.fail('it was taken')
}

function policyOf(id: string, count: number, when: (at: number) => Predicate): Policy {
  const source = { file: `${id}.yaml`, line: 1, column: 1 }
  const rule = (at: number): Rule => ({ cookie: at + 1, source, gate: 'connect', when: when(at), effect: 'allow', rank: 1000 })
  return {
    id,
    kind: 'WorkloadPolicy',
    namespace: 'a',
    source,
    applies: { workloads: [] },
    isolates: ['connect'],
    mode: 'enforce',
    rules: Array.from({ length: count }, (_, at) => rule(at)),
  }
}

function toBlock(cidr: string | number): Extract<Predicate, { is: 'traffic' }> {
  return { is: 'traffic', peer: { is: 'addresses', block: { cidr: String(cidr), except: [] } }, protocol: 'TCP', ports: [443, 443] }
}

function anyone(protocol: 'TCP' | 'UDP' | 'SCTP', port: number): Extract<Predicate, { is: 'traffic' }> {
  return { is: 'traffic', peer: { is: 'anyone' }, protocol, ports: [port, port] }
}

function addressOf(at: number): string {
  return `11.${at >> 16}.${(at >> 8) & 255}.${at & 255}/32`
}

function workloadsOf(count: number): readonly Workload[] {
  return Array.from({ length: count }, (_, at) => ({
    name: `w${at}`,
    namespace: 'a',
    labels: { app: `x${at}` },
    slot: at + 1,
    mode: 'enforce',
    anchor: { is: 'process', pid: 1 },
    addresses: [],
  }))
}
