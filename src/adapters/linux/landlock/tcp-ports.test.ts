import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Peer, Policy, Rule } from '../../../core/policy.ts'
import { tcpPorts } from './tcp-ports.ts'

const source = { file: 'policy.yaml', line: 1, column: 1 }
const anyone: Peer = { is: 'anyone' }
const somebody: Peer = { is: 'addresses', block: { cidr: '10.0.0.0/8', except: [] } }
const port = fc.constantFrom(0, 1, 2, 3, 22, 80, 65_534, 65_535)
const ports = fc.tuple(port, port).map(([one, other]): [number, number] => [Math.min(one, other), Math.max(one, other)])
const rule = fc
  .record({
    gate: fc.constantFrom('connect' as const, 'connect' as const, 'bind' as const),
    effect: fc.constantFrom('allow' as const, 'deny' as const),
    rank: fc.integer({ min: 1, max: 3 }),
    peer: fc.constantFrom(anyone, somebody),
    protocol: fc.constantFrom(undefined, 'TCP' as const, 'UDP' as const),
    ports: fc.option(ports, { nil: undefined }),
  })
  .map(({ gate, effect, rank, peer, protocol, ports }): Rule => {
    const when = {
      is: 'traffic' as const,
      peer,
      ...(protocol === undefined ? {} : { protocol }),
      ...(ports === undefined ? {} : { ports }),
    }
    return { cookie: 1, source, gate, effect, rank, when }
  })

function policyOf(rules: readonly Rule[], isolated: boolean): Policy {
  return {
    id: 'p',
    kind: 'WorkloadPolicy',
    namespace: 'default',
    source,
    applies: { workloads: [] },
    isolates: isolated ? ['connect'] : [],
    mode: 'enforce',
    rules,
  }
}

/** Core's own words (policy.ts): the highest rank wins, at equal rank a deny; what is isolated and not allowed is denied. */
function isAllowed(rules: readonly Rule[], isolated: boolean, at: number, whoever: Peer): boolean {
  const matching = rules.filter(({ gate, when }) => {
    if (gate !== 'connect' || when.is !== 'traffic' || when.protocol === 'UDP') return false
    return (
      (when.peer.is === 'anyone' || when.peer === whoever) && (when.ports === undefined || (when.ports[0] <= at && at <= when.ports[1]))
    )
  })
  const best = Math.max(...matching.map(({ rank }) => rank))
  const winners = matching.filter(({ rank }) => rank === best)
  return winners.length === 0 ? !isolated : winners.every(({ effect }) => effect === 'allow')
}

describe('the TCP ports that policies leave open to somebody', () => {
  test('no port is closed at which core would allow some peer, and none is open at which a deny of everybody stands alone', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 6 }), fc.boolean(), port, (rules, isolated, at) => {
        const open = tcpPorts('connect', [policyOf(rules, isolated)])
        const isOpen = open === undefined || open.some(([first, last]) => first <= at && at <= last)
        const somewhere = isAllowed(rules, isolated, at, anyone) || isAllowed(rules, isolated, at, somebody)
        if (somewhere) assert.ok(isOpen)
        const noPeers = rules.every(({ when }) => when.is !== 'traffic' || when.peer.is === 'anyone')
        if (noPeers) assert.equal(isOpen, isAllowed(rules, isolated, at, anyone))
      }),
      { numRuns: 300 },
    )
  })

  test('nothing said leaves all open; isolation alone closes all; a port that is always free stays open', () => {
    assert.equal(tcpPorts('connect', []), undefined)
    assert.deepEqual(tcpPorts('connect', [policyOf([], true)]), [])
    assert.deepEqual(tcpPorts('connect', [policyOf([], true)], [22]), [[22, 22]])
    assert.equal(tcpPorts('bind', [policyOf([], true)]), undefined)
  })

  test('a hundred thousand rules are worked out', () => {
    const when = { is: 'traffic' as const, peer: anyone }
    const rules = Array.from({ length: 100_000 }, (_, cookie): Rule => ({ cookie, source, gate: 'connect', effect: 'deny', rank: 1, when }))
    assert.deepEqual(tcpPorts('connect', [policyOf(rules, false)]), [])
  })
})
