import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../core/errors.ts'
import type { Policy } from '../../core/policy.ts'
import { readPolicies } from './read-policies.ts'

const guide = readFileSync(new URL('../../../docs/policies.md', import.meta.url), 'utf8')
const examples = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!)

/** What it throws, as people read it. */
function complaint(text: string | Uint8Array): string {
  try {
    readPolicies(text, 'f')
  } catch (error) {
    assert.ok(error instanceof ThymusError, String(error))
    return `${error.code} ${error.at}: ${error.message}`
  }
  return 'nothing'
}

const head = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'a' } }
const network = (spec: object, metadata: object = {}) => {
  return JSON.stringify({ ...head, metadata: { ...head.metadata, ...metadata }, spec })
}
const only = (text: string): Policy => {
  const { policies } = readPolicies(text, 'f')
  assert.equal(policies.length, 1)
  return policies[0]!
}
const whens = (text: string) => only(text).rules.map(({ gate, when }) => ({ gate, when }))

describe('the examples of the guide', () => {
  test('are one of each kind', () => assert.equal(examples.length, 4))

  test('NetworkPolicy becomes rules of both directions, each at its line', () => {
    const policy = only(examples[0]!)
    const at = (line: number, column: number) => ({ file: 'f', line, column })
    const rule = (cookie: number, line: number, gate: 'accept' | 'connect', when: object) => {
      return { cookie, source: at(line, 11), gate, effect: 'allow', rank: 1000, when: { is: 'traffic', ...when } }
    }
    const web = { namespace: 'shop', workloads: [{ key: 'app', operator: 'In', values: ['web'] }] }
    const monitoring = { namespaces: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['monitoring'] }], workloads: [] }
    const block = { is: 'addresses', block: { cidr: '10.0.0.0/8', except: ['10.9.0.0/16'] } }
    assert.deepEqual(policy, {
      id: 'NetworkPolicy/shop/database',
      kind: 'NetworkPolicy',
      namespace: 'shop',
      source: at(9, 3),
      applies: { namespace: 'shop', workloads: [{ key: 'app', operator: 'In', values: ['database'] }] },
      isolates: ['accept', 'connect'],
      mode: 'enforce',
      rules: [
        rule(1, 14, 'accept', { peer: { is: 'workloads', selector: web }, protocol: 'TCP', ports: [5432, 5432] }),
        rule(2, 15, 'accept', { peer: { is: 'workloads', selector: monitoring }, protocol: 'TCP', ports: [5432, 5432] }),
        rule(3, 20, 'connect', { peer: block, protocol: 'UDP', ports: [53, 53] }),
        rule(4, 20, 'connect', { peer: block, protocol: 'TCP', ports: [8000, 8099] }),
      ],
    })
  })

  test('WorkloadPolicy becomes rules of four gates, denies above allows', () => {
    const policy = only(examples[1]!)
    assert.deepEqual([policy.id, policy.mode, policy.isolates], ['WorkloadPolicy/shop/web', 'shadow', ['exec', 'connect', 'bind']])
    const traffic = (peer: object, what: object = {}) => ({ is: 'traffic', peer, ...what })
    const stage = [{ key: 'stage', operator: 'In', values: ['test'] }]
    const database = { namespace: 'shop', workloads: [{ key: 'app', operator: 'In', values: ['database'] }] }
    assert.deepEqual(
      policy.rules.map(({ source, gate, effect, rank, when }) => [source.line, gate, effect, rank, when]),
      [
        [12, 'exec', 'deny', 2000, { is: 'fileless' }],
        [14, 'exec', 'allow', 1000, { is: 'path', path: '/usr/bin/node', below: false }],
        [15, 'exec', 'allow', 1000, { is: 'path', path: '/opt/web/', below: true }],
        [21, 'connect', 'allow', 1000, traffic({ is: 'workloads', selector: database }, { protocol: 'TCP', ports: [5432, 5432] })],
        [26, 'connect', 'deny', 2000, traffic({ is: 'addresses', block: { cidr: '169.254.169.254/32', except: [] } })],
        [31, 'accept', 'deny', 2000, traffic({ is: 'workloads', selector: { namespaces: stage, workloads: [] } })],
        [35, 'bind', 'allow', 1000, traffic({ is: 'anyone' }, { protocol: 'TCP', ports: [8080, 8089] })],
      ],
    )
    assert.deepEqual(
      policy.rules.map(({ cookie }) => cookie),
      [1, 2, 3, 4, 5, 6, 7],
    )
  })

  test('NodePolicy becomes rules of the node, of what modules hold', () => {
    const { id, applies, rules } = only(examples[2]!)
    assert.deepEqual(
      [id, applies, rules.map(({ gate, when }) => [gate, when.is])],
      ['NodePolicy/modules', { node: true, workloads: [] }, [['module', 'content']]],
    )
  })

  test('Namespace becomes labels', () => {
    assert.deepEqual([...readPolicies(examples[3]!, 'f').namespaces], [['shop', { stage: 'production' }]])
  })

  test('are the same as one file, as a list and as JSON, and can be given another mode', () => {
    const all = examples.join('---\n')
    const { policies, namespaces } = readPolicies(Buffer.from(all), 'f', { mode: 'enforce' })
    assert.deepEqual([policies.map(({ mode }) => mode), namespaces.size], [['enforce', 'enforce', 'enforce'], 1])
    const items = examples.map((text) => `- ${text.trim().replaceAll('\n', '\n  ')}`).join('\n')
    const listed = readPolicies(`apiVersion: v1\nkind: List\nmetadata: {resourceVersion: ""}\nitems:\n${items}\n`, 'f', { mode: 'enforce' })
    const placeless = (value: unknown) => JSON.parse(JSON.stringify(value, (key, value) => (key === 'source' ? undefined : value)))
    assert.deepEqual(placeless(listed.policies), placeless(policies))
    assert.equal(listed.policies[1]!.rules[2]!.source.line, 4 + 24 + 14, 'places in a list are those in the file')
  })
})

describe('a NetworkPolicy means what the Kubernetes API says', () => {
  const types = (spec: object) => only(network({ podSelector: {}, ...spec })).isolates

  test('policyTypes default to Ingress, and to Egress where there is an egress rule', () => {
    assert.deepEqual(types({}), ['accept'])
    assert.deepEqual(types({ policyTypes: [] }), ['accept'])
    assert.deepEqual(types({ egress: [] }), ['accept'])
    assert.deepEqual(types({ egress: [{}] }), ['accept', 'connect'])
    assert.deepEqual(types({ egress: [{}], policyTypes: ['Ingress'] }), ['accept'])
    assert.deepEqual(types({ policyTypes: ['Egress'] }), ['connect'])
    assert.deepEqual(types({ policyTypes: ['Egress', 'Ingress'] }), ['accept', 'connect'])
  })

  test('rules for a direction that it does not relate to say nothing', () => {
    assert.deepEqual(whens(network({ podSelector: {}, egress: [{}], ingress: [{}], policyTypes: ['Egress'] })), [
      { gate: 'connect', when: { is: 'traffic', peer: { is: 'anyone' } } },
    ])
  })

  test('empty, missing and null lists restrict nothing; no rule at all allows nothing', () => {
    for (const rule of [{}, { from: [], ports: [] }, { from: null, ports: null }]) {
      assert.deepEqual(whens(network({ podSelector: {}, ingress: [rule] })), [
        { gate: 'accept', when: { is: 'traffic', peer: { is: 'anyone' } } },
      ])
    }
    for (const ingress of [[], null, undefined]) assert.deepEqual(whens(network({ podSelector: {}, ingress })), [])
  })

  test('a missing podSelector is an empty one', () => {
    assert.deepEqual(only(network({})).applies, { namespace: 'default', workloads: [] })
  })

  test('a port without a protocol is TCP, one without a number is all ports, and SCTP is SCTP', () => {
    const traffic = (port: object) => {
      const [when] = whens(network({ podSelector: {}, ingress: [{ ports: [port] }] }))
      assert.ok(when?.when.is === 'traffic')
      return [when.when.protocol, when.when.ports]
    }
    assert.deepEqual(traffic({}), ['TCP', undefined])
    assert.deepEqual(traffic({ port: 80 }), ['TCP', [80, 80]])
    assert.deepEqual(traffic({ protocol: 'UDP' }), ['UDP', undefined])
    assert.deepEqual(traffic({ protocol: 'SCTP', port: 1, endPort: 65535 }), ['SCTP', [1, 65535]])
  })

  test('a peer is of its own namespace, of the selected ones, or both', () => {
    const selector = (peer: object) => {
      const [when] = whens(network({ podSelector: {}, ingress: [{ from: [peer] }] }, { namespace: 'shop' }))
      assert.ok(when?.when.is === 'traffic' && when.when.peer.is === 'workloads')
      return when.when.peer.selector
    }
    const labels = { matchLabels: { a: 'b' } }
    const wanted = [{ key: 'a', operator: 'In', values: ['b'] }]
    assert.deepEqual(selector({ podSelector: {} }), { namespace: 'shop', workloads: [] })
    assert.deepEqual(selector({ podSelector: labels, namespaceSelector: null }), { namespace: 'shop', workloads: wanted })
    assert.deepEqual(selector({ namespaceSelector: {} }), { namespaces: [], workloads: [] })
    assert.deepEqual(selector({ namespaceSelector: labels, podSelector: labels }), { namespaces: wanted, workloads: wanted })
  })

  test('what the API server writes into an object is taken', () => {
    const server = { uid: 'x', resourceVersion: '1', generation: 1, creationTimestamp: null, managedFields: [{}], labels: { a: '' } }
    const written = { ...server, generateName: 'a-', deletionGracePeriodSeconds: 30, deletionTimestamp: '2030-01-01T00:00:00Z' }
    const policy = JSON.parse(
      network({ podSelector: {} }, { ...written, annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } }),
    )
    assert.equal(only(JSON.stringify({ ...policy, status: {} })).mode, 'observe')
  })
})

describe('a file with mistakes', () => {
  test('is told all of them at once, each with its place, and cut where nobody reads on', () => {
    const bad = (at: number) => `  - ports: [{port: ${at === 0 ? 'http' : 0}}]\n`
    const text = `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec:\n  ingress:\n${[...Array(30).keys()].map(bad).join('')}`
    const lines = complaint(text).split('\n')
    assert.equal(lines.length, 21)
    assert.equal(lines[0], 'POLICY_UNSUPPORTED f:6:14: spec.ingress[0].ports[0].port: named port "http": name the number')
    assert.equal(lines[19], 'f:25:14: spec.ingress[19].ports[0].port: 0 is not a port between 1 and 65535')
    assert.equal(lines[20], 'f: and 10 more')
  })

  test('with a label of 1 MB is refused in a line that can be read', () => {
    const long = 'v'.repeat(1 << 20)
    for (const matchLabels of [{ a: long }, { [long]: 'a' }, { [`${long}/a`]: 'a' }]) {
      const line = complaint(network({ podSelector: { matchLabels } }))
      assert.match(line, /1048576 characters/)
      assert.ok(line.length < 500, `${line.length} characters`)
    }
  })

  test('cannot write to the terminal', () => {
    const line = complaint(network({ podSelector: { matchLabels: { '\x1b[2J\u202e': '\x9b' } } }))
    assert.doesNotMatch(line, /[\x1b\x9b\u202e]/)
  })

  test('keys that are also properties of objects are keys like others', () => {
    assert.match(complaint(network({ constructor: 1 })), /spec\.constructor: unknown field/)
    assert.match(complaint('{"apiVersion": "constructor", "kind": "toString"}'), /POLICY_KIND/)
    const { applies } = only(network({ podSelector: { matchLabels: { constructor: 'a', toString: 'b' } } }))
    assert.deepEqual(
      applies.workloads.map(({ key }) => key),
      ['constructor', 'toString'],
    )
  })
})

describe('very many rules', () => {
  const blocks = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ ipBlock: { cidr: `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}/32` } }))

  test('100,000 are taken', () => {
    assert.equal(only(network({ ingress: [{ from: blocks(100_000) }] })).rules.length, 100_000)
  })

  test('that a few lines stand for are counted before they are made', () => {
    const ports = Array.from({ length: 20_000 }, (_, at) => ({ port: at + 1 }))
    const line = complaint(network({ ingress: [{ from: blocks(20_000), ports }, {}] }))
    assert.equal(line, 'POLICY_LIMIT f:1:1: 400000001 rules (each peer with each port), more than 131072')
  })
})

describe('damaged files', () => {
  test('are read or refused with a place, and never anything else', () => {
    const whole = examples.join('---\n')
    const edit = fc.record({
      at: fc.nat(whole.length),
      drop: fc.nat(12),
      put: fc.constantFrom('', ' ', '\n', '-', ':', '{', ']', '*a', '~', '0', '"', '\t', 'x: '),
    })
    let refused = 0
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const text = edits.reduce((text, { at, drop, put }) => text.slice(0, at) + put + text.slice(at + drop), whole)
        const line = complaint(text)
        if (line === 'nothing') return
        refused++
        assert.match(line, /^POLICY_(SYNTAX|KIND|FIELD|UNSUPPORTED|LIMIT) f:\d+:\d+: ./)
      }),
      { numRuns: 1500 },
    )
    assert.ok(refused > 500, `${refused} of 1500 refused`)
  })
})
