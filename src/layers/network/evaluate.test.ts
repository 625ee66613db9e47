import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NODE, type Request, type TrafficRequest } from '../../core/decision.ts'
import type { Mode, Workload } from '../../core/workload.ts'
import { decide, decideConnection, toDecision } from './evaluate.ts'
import { readPolicies } from './read-policies.ts'

/** `namespace/name`; its labels are `app: NAME`, and its address is its alone. */
function workload(id: string, { mode = 'enforce', addresses = [] }: { mode?: Mode; addresses?: readonly string[] } = {}): Workload {
  const [namespace = '', name = ''] = id.split('/')
  return { namespace, name, labels: { app: name }, slot: 1, mode, anchor: { is: 'process', pid: 1 }, addresses }
}

const web = workload('shop/web', { addresses: ['10.0.0.1', 'fd00::1'] })
const db = workload('shop/db', { addresses: ['10.0.0.2', 'fd00::2'] })
const probe = workload('ops/probe')
const workloads = [web, db, probe]
const CONNECT = {
  gate: 'connect',
  subject: 'shop/web',
  peer: { workload: 'shop/db', address: '10.0.0.2' },
  protocol: 'TCP',
  port: 5432,
} as const
const ACCEPT = {
  gate: 'accept',
  subject: 'shop/db',
  peer: { workload: 'shop/web', address: '10.0.0.1' },
  protocol: 'TCP',
  port: 5432,
} as const
const EXEC = { gate: 'exec', subject: 'shop/web', path: '/usr/bin/id', fileless: false } as const

/** A WorkloadPolicy of namespace shop, in force unless said otherwise. */
function policy(name: string, spec: object, mode: Mode = 'enforce') {
  const metadata = { name, namespace: 'shop' }
  return { apiVersion: 'thymus.dev/v1', kind: 'WorkloadPolicy', metadata, spec: { selector: {}, mode, ...spec } }
}

function rule(documents: readonly object[], request: Request, world: readonly Workload[] = workloads) {
  const { policies, namespaces } = readPolicies(documents.map((document) => JSON.stringify(document)).join('\n---\n'), 'f')
  return decide(policies, namespaces, world, request)
}
const effect = (...args: Parameters<typeof rule>) => rule(...args).inForce.effect

const TO_DB = { workloads: { selector: { matchLabels: { app: 'db' } } } }
const allowDb = { effect: 'allow', peers: [TO_DB] }
const denyDb = { effect: 'deny', peers: [TO_DB] }

describe('which rule wins', () => {
  test('without any policy all is allowed', () => {
    for (const request of [CONNECT, ACCEPT, EXEC]) {
      const { inForce, trial } = decide([], new Map(), workloads, request)
      assert.deepEqual(inForce, { effect: 'allow', because: { free: true } })
      assert.deepEqual(trial, inForce)
    }
  })

  test('what nothing allows is denied where a policy isolates, and all that isolate are named', () => {
    const documents = [
      policy('b', { connect: { default: 'deny' } }),
      policy('a', { connect: { default: 'deny' } }),
      policy('c', { accept: {} }),
    ]
    assert.deepEqual(rule(documents, CONNECT).inForce, {
      effect: 'deny',
      because: { implicit: ['WorkloadPolicy/shop/a', 'WorkloadPolicy/shop/b'] },
    })
    assert.equal(effect(documents, ACCEPT), 'allow', 'another gate is not isolated')
    assert.equal(effect(documents, { ...CONNECT, subject: 'ops/probe' }), 'allow', 'another namespace is not meant')
  })

  test('an allow of any policy lifts the isolation of all', () => {
    const documents = [policy('a', { connect: { default: 'deny' } }), policy('b', { connect: { rules: [allowDb] } })]
    const { inForce } = rule(documents, CONNECT)
    assert.equal(inForce.effect, 'allow')
    assert.ok('rule' in inForce.because && inForce.because.policy === 'WorkloadPolicy/shop/b')
  })

  test('a deny beats an allow, however broad the one and narrow the other', () => {
    const documents = [
      policy('a', { connect: { rules: [{ ...allowDb, ports: [{ protocol: 'TCP', port: 5432 }] }] } }),
      policy('b', { connect: { rules: [{ effect: 'deny' }] } }),
    ]
    const { inForce } = rule(documents, CONNECT)
    assert.ok(inForce.effect === 'deny' && 'rule' in inForce.because && inForce.because.policy === 'WorkloadPolicy/shop/b')
  })

  test('ranks decide before effects', () => {
    const { policies, namespaces } = readPolicies(JSON.stringify(policy('a', { connect: { rules: [allowDb, denyDb] } })), 'f')
    const ranked = policies.map((policy) => ({
      ...policy,
      rules: policy.rules.map((rule) => ({ ...rule, rank: rule.effect === 'allow' ? 3000 : 2000 })),
    }))
    assert.equal(decide(ranked, namespaces, workloads, CONNECT).inForce.effect, 'allow')
    const equal = policies.map((policy) => ({ ...policy, rules: policy.rules.map((rule) => ({ ...rule, rank: 1000 })) }))
    assert.equal(decide(equal, namespaces, workloads, CONNECT).inForce.effect, 'deny')
  })
})

describe('what a rule about traffic matches', () => {
  const isolated = (rules: readonly object[]) => [policy('a', { connect: { default: 'deny', rules } })]
  const allows = (rule: object, request: Partial<Omit<TrafficRequest, 'gate'>>) =>
    effect(isolated([{ effect: 'allow', ...rule }]), { ...CONNECT, ...request }) === 'allow'

  test('both ends of a range of ports, of its own protocol', () => {
    const ports = [{ protocol: 'TCP', port: 80, endPort: 90 }]
    const allowed = [79, 80, 90, 91].map((port) => allows({ ports }, { port }))
    assert.deepEqual(allowed, [false, true, true, false])
    assert.equal(allows({ ports }, { port: 80, protocol: 'UDP' }), false)
    assert.equal(allows({ ports }, { port: 80, protocol: 6 }), true)
  })

  test('SCTP is never TCP', () => {
    const ports = [{ protocol: 'SCTP', port: 80 }]
    assert.deepEqual(
      (['TCP', 'UDP', 'SCTP', 132] as const).map((protocol) => allows({ ports }, { protocol, port: 80 })),
      [false, false, true, true],
    )
  })

  test('a rule without ports matches protocols that have none', () => {
    assert.equal(allows({}, { protocol: 1, port: 0 }), true)
    assert.equal(allows({ ports: [{ protocol: 'TCP' }] }, { protocol: 1, port: 0 }), false)
  })

  test('ports without a protocol are those of every protocol that has ports', () => {
    const { policies, namespaces } = readPolicies(JSON.stringify(policy('a', { connect: { rules: [{ effect: 'deny' }] } })), 'f')
    const when = { is: 'traffic', peer: { is: 'anyone' }, ports: [80, 80] } as const
    const ported = policies.map((policy) => ({ ...policy, rules: policy.rules.map((rule) => ({ ...rule, when })) }))
    const found = (['TCP', 'UDP', 'SCTP', 1] as const).map(
      (protocol) => decide(ported, namespaces, workloads, { ...CONNECT, protocol, port: 80 }).inForce.effect,
    )
    assert.deepEqual(found, ['deny', 'deny', 'deny', 'allow'])
  })

  test('a block matches addresses, also those of workloads, less its exceptions', () => {
    const peers = [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.8.0.0/16'] } }]
    assert.equal(allows({ peers }, { peer: { workload: 'shop/db', address: '10.0.0.2' } }), true)
    assert.equal(allows({ peers }, { peer: { address: '10.9.9.9' } }), true)
    assert.equal(allows({ peers }, { peer: { address: '10.8.0.1' } }), false)
    assert.equal(allows({ peers }, { peer: { address: '::ffff:10.9.9.9' } }), true)
    assert.equal(allows({ peers }, { peer: { workload: 'ops/probe' } }), false)
    assert.equal(allows({ peers: [{ ipBlock: { cidr: '::/0' } }] }, { peer: { address: '10.9.9.9' } }), false)
  })

  test('a selector matches a workload by its name or by an address that is its alone', () => {
    assert.equal(allows({ peers: [TO_DB] }, { peer: { address: 'fd00::2' } }), true)
    assert.equal(allows({ peers: [TO_DB] }, { peer: { address: '10.0.0.3' } }), false)
    assert.equal(allows({ peers: [TO_DB] }, { peer: { workload: 'ops/probe' } }), false)
  })

  test('anyone is anyone, known or not', () => {
    assert.equal(allows({}, { peer: {} }), true)
  })

  test('namespaces match by the labels that files give them, and by their name', () => {
    const named = { workloads: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ops' } } } }
    const labelled = { workloads: { namespaceSelector: { matchLabels: { stage: 'test' } } } }
    const ops = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ops', labels: { stage: 'test' } } }
    const request = { ...CONNECT, peer: { workload: 'ops/probe' } }
    assert.equal(effect(isolated([{ effect: 'allow', peers: [named] }]), request), 'allow')
    assert.equal(effect(isolated([{ effect: 'allow', peers: [labelled] }]), request), 'deny')
    assert.equal(effect([...isolated([{ effect: 'allow', peers: [labelled] }]), ops], request), 'allow')
  })

  test('NotIn and DoesNotExist match a label that is not there', () => {
    for (const requirement of [
      { key: 'tier', operator: 'NotIn', values: ['x'] },
      { key: 'tier', operator: 'DoesNotExist' },
    ]) {
      assert.equal(allows({ peers: [{ workloads: { selector: { matchExpressions: [requirement] } } }] }, {}), true)
    }
  })
})

describe('a peer with several addresses', () => {
  const documents = (cidr: string) => [
    policy('a', { connect: { default: 'deny', rules: [{ effect: 'allow', peers: [{ ipBlock: { cidr } }] }] } }),
  ]
  const unnamed = { ...CONNECT, peer: { workload: 'shop/db' } }

  test('is unknown where policy treats them differently, and unknown is no pass', () => {
    const { inForce } = rule(documents('10.0.0.0/8'), unnamed)
    assert.equal(inForce.effect, 'deny')
    assert.ok('unknown' in inForce.because && inForce.because.unknown.code === 'ADDRESS_NEEDED')
  })

  test('is known where they are treated alike, or one is named', () => {
    assert.equal(effect(documents('192.0.2.0/24'), unnamed), 'deny')
    assert.equal(effect(documents('10.0.0.0/8'), CONNECT), 'allow')
    assert.equal(effect(documents('10.0.0.0/8'), { ...CONNECT, peer: { workload: 'shop/db', address: 'fd00::2' } }), 'deny')
  })
})

describe('what is always free', () => {
  const shut = [
    policy('a', { connect: { default: 'deny', rules: [{ effect: 'deny' }] }, accept: { default: 'deny', rules: [{ effect: 'deny' }] } }),
  ]

  test('traffic to oneself', () => {
    assert.equal(effect(shut, { ...CONNECT, peer: { workload: 'shop/web', address: '127.0.0.1' } }), 'allow')
    assert.equal(effect(shut, { ...CONNECT, peer: { address: 'fd00::1' } }), 'allow')
  })

  test('what is no workload, talking to one over loopback; never the other way, and never between workloads', () => {
    for (const address of ['127.0.0.1', '::1']) {
      assert.equal(effect(shut, { ...ACCEPT, peer: { address } }), 'allow')
      assert.equal(effect(shut, { ...ACCEPT, peer: { workload: 'ops/probe', address } }), 'deny')
      assert.equal(effect(shut, { ...CONNECT, peer: { address } }), 'deny')
    }
    assert.equal(effect(shut, { ...ACCEPT, peer: { address: '192.0.2.1' } }), 'deny')
    assert.equal(effect(shut, { ...ACCEPT, peer: {} }), 'deny')
  })
})

describe('exec and bind', () => {
  const exec = (request: Partial<Extract<Request, { gate: 'exec' }>>, ...rules: readonly object[]) =>
    effect([policy('a', { exec: { default: 'deny', rules } })], { ...EXEC, ...request })

  test('a path is one file; below is all below a folder and not the folder', () => {
    const below = { effect: 'allow', below: '/usr/bin/' }
    assert.equal(exec({ path: '/usr/bin/id' }, below), 'allow')
    assert.equal(exec({ path: '/usr/bin/a/b' }, below), 'allow')
    for (const path of ['/usr/bin', '/usr/bin2/id', '/usr/sbin/id']) assert.equal(exec({ path }, below), 'deny', path)
    assert.equal(exec({ path: '/usr/bin/id' }, { effect: 'allow', path: '/usr/bin/id' }), 'allow')
    assert.equal(exec({ path: '/usr/bin/id2' }, { effect: 'allow', path: '/usr/bin/id' }), 'deny')
    assert.equal(exec({ path: '/usr/bin/id' }, below, { effect: 'deny', path: '/usr/bin/id' }), 'deny')
  })

  test('what has no lasting name is spoken of by no path; what lies in /dev/shm by both', () => {
    const fileless = { ...EXEC, path: '', fileless: true }
    const shm = { ...EXEC, path: '/dev/shm/id', fileless: true }
    assert.equal(effect([policy('a', { exec: { rules: [{ effect: 'deny', below: '/dev/shm/' }] } })], shm), 'deny')
    assert.equal(effect([policy('a', { exec: { fileless: 'deny' } })], shm), 'deny')
    assert.equal(effect([policy('a', { exec: { default: 'deny', rules: [{ effect: 'allow', below: '/' }] } })], fileless), 'deny')
    assert.equal(effect([policy('a', { exec: { rules: [{ effect: 'deny', below: '/' }] } })], fileless), 'allow')
    assert.equal(effect([policy('a', { exec: { fileless: 'deny' } })], fileless), 'deny')
    assert.equal(effect([policy('a', { exec: { fileless: 'deny' } })], EXEC), 'allow')
    assert.equal(effect([policy('a', { exec: { default: 'deny', fileless: 'allow' } })], fileless), 'allow')
  })

  test('bind is about the own port', () => {
    const rules = [{ effect: 'allow', ports: [{ protocol: 'TCP', port: 8080 }] }]
    const bind = (port: number) =>
      effect([policy('a', { bind: { default: 'deny', rules } })], { gate: 'bind', subject: 'shop/web', peer: {}, protocol: 'TCP', port })
    assert.deepEqual([bind(8080), bind(8081)], ['allow', 'deny'])
  })
})

describe('the modules of the node', () => {
  const [GOOD, BAD] = ['a'.repeat(64), 'b'.repeat(64)]
  const node = (mode: Mode, modules: object) => ({
    apiVersion: 'thymus.dev/v1',
    kind: 'NodePolicy',
    metadata: { name: 'n' },
    spec: { mode, modules },
  })
  const module = (sha256?: string) => ({ gate: 'module', subject: NODE, ...(sha256 === undefined ? {} : { sha256 }) }) as const
  const allowGood = { default: 'deny', rules: [{ effect: 'allow', sha256: GOOD }] }

  test('are allowed by their digest; what nobody knows is allowed by no rule', () => {
    const asked = (sha256?: string) => effect([node('enforce', allowGood)], module(sha256))
    assert.deepEqual([asked(GOOD), asked(BAD), asked()], ['allow', 'deny', 'deny'])
    assert.equal(effect([node('enforce', { rules: [{ effect: 'deny', sha256: BAD }] })], module()), 'allow')
  })

  test('the reason is the rule with its line, or the policy that isolates', () => {
    const both = { ...allowGood, rules: [...allowGood.rules, { effect: 'deny', sha256: GOOD }] }
    const { because } = rule([node('enforce', both)], module(GOOD)).inForce
    assert.ok('rule' in because && because.rule.effect === 'deny' && because.rule.source.line === 1)
    assert.deepEqual(rule([node('enforce', both)], module(BAD)).inForce.because, { implicit: ['NodePolicy/n'] })
  })

  test('are no business of policies of workloads, nor theirs of one of the node', () => {
    assert.equal(effect([policy('a', { exec: { default: 'deny' } })], module(BAD)), 'allow')
    assert.equal(effect([node('enforce', allowGood)], EXEC), 'allow')
  })

  test('are refused by a policy that is in force; by another they would be', () => {
    for (const mode of ['observe', 'shadow'] as const) {
      const { inForce, trial, trialMode } = rule([node(mode, allowGood)], module(BAD))
      assert.deepEqual([inForce.effect, trial.effect, trialMode], ['allow', 'deny', mode])
    }
  })
})

describe('modes', () => {
  const deny = (mode: Mode) => policy('a', { connect: { rules: [denyDb] } }, mode)

  test('the weaker of the policy and the workload holds, and the trial says what all policies would', () => {
    const modes = ['observe', 'shadow', 'enforce'] as const
    const found = modes.flatMap((of) =>
      modes.map((on) => {
        const { inForce, trial, trialMode } = rule([deny(of)], CONNECT, [{ ...web, mode: on }, db])
        assert.equal(trial.effect, 'deny')
        return `${of} on ${on}: ${inForce.effect}, ${trialMode}`
      }),
    )
    assert.deepEqual(found, [
      'observe on observe: allow, observe',
      'observe on shadow: allow, observe',
      'observe on enforce: allow, observe',
      'shadow on observe: allow, observe',
      'shadow on shadow: allow, shadow',
      'shadow on enforce: allow, shadow',
      'enforce on observe: allow, observe',
      'enforce on shadow: allow, shadow',
      'enforce on enforce: deny, enforce',
    ])
  })

  test('an allow that is not in force does not lift an isolation that is', () => {
    const documents = [policy('a', { connect: { default: 'deny' } }), policy('b', { connect: { rules: [allowDb] } }, 'shadow')]
    const { inForce, trial } = rule(documents, CONNECT)
    assert.deepEqual([inForce.effect, trial.effect], ['deny', 'allow'])
  })

  test('a trial deny is heard of if any of those who deny wants it', () => {
    const isolate = (name: string, mode: Mode) => policy(name, { connect: { default: 'deny' } }, mode)
    assert.equal(rule([isolate('a', 'observe'), isolate('b', 'shadow')], CONNECT).trialMode, 'shadow')
    assert.equal(
      rule([{ ...deny('observe') }, { ...policy('b', { connect: { rules: [denyDb] } }, 'shadow') }], CONNECT).trialMode,
      'shadow',
    )
  })

  test('as a decision, a deny that is not in force says so', () => {
    const decision = (mode: Mode) => toDecision(rule([deny(mode)], CONNECT), 7)
    assert.deepEqual([decision('shadow').effect, decision('shadow').enforced], ['deny', false])
    assert.deepEqual([decision('enforce').effect, decision('enforce').enforced], ['deny', true])
    const none = toDecision(decide([], new Map(), workloads, CONNECT), 7)
    assert.deepEqual([none.effect, none.enforced, none.because, none.generation], ['allow', true, { free: true }, 7])
  })
})

describe('a connection', () => {
  const connection = { from: { workload: 'shop/web' }, to: { workload: 'shop/db' }, protocol: 'TCP', port: 5432 } as const

  test('is judged at both ends, and needs both', () => {
    for (const gate of ['connect', 'accept']) {
      const { policies, namespaces } = readPolicies(JSON.stringify(policy('a', { [gate]: { default: 'deny' } })), 'f')
      const { rulings, inForce, trial } = decideConnection(policies, namespaces, workloads, connection)
      assert.deepEqual(
        rulings.map(({ request, inForce }) => [request.gate, inForce.effect]),
        [
          ['connect', gate === 'connect' ? 'deny' : 'allow'],
          ['accept', gate === 'accept' ? 'deny' : 'allow'],
        ],
      )
      assert.deepEqual([inForce, trial], ['deny', 'deny'])
    }
    assert.equal(decideConnection([], new Map(), workloads, connection).inForce, 'allow')
  })

  test('with the world has one gate', () => {
    const gates = (from: object, to: object) =>
      decideConnection([], new Map(), workloads, { ...connection, from, to }).rulings.map(({ request }) => request.gate)
    assert.deepEqual(gates({ workload: 'shop/web' }, { address: '192.0.2.1' }), ['connect'])
    assert.deepEqual(gates({ address: '192.0.2.1' }, { workload: 'shop/web' }), ['accept'])
  })
})

describe('questions that cannot be answered', () => {
  test('name what is wrong with them', () => {
    assert.throws(() => decide([], new Map(), workloads, { ...CONNECT, subject: 'shop/wbe' }), {
      code: 'WORKLOAD_UNKNOWN',
      message: /"shop\/wbe"/,
    })
    assert.throws(() => decide([], new Map(), workloads, { ...CONNECT, peer: { workload: 'x' } }), { code: 'WORKLOAD_UNKNOWN' })
    assert.throws(() => decide([], new Map(), workloads, { ...CONNECT, peer: { address: '10.0.0' } }), { code: 'AGENT_REQUEST' })
  })
})
