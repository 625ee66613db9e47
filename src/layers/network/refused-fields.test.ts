import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ThymusError } from '../../core/errors.ts'
import { readPolicies } from './read-policies.ts'

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

const head = (kind: string) => ({
  apiVersion: kind === 'NetworkPolicy' ? 'networking.k8s.io/v1' : 'thymus.dev/v1',
  kind,
  metadata: { name: 'a' },
})
const network = (spec: object, metadata: object = {}) => {
  const policy = head('NetworkPolicy')
  return JSON.stringify({ ...policy, metadata: { ...policy.metadata, ...metadata }, spec })
}
const workload = (spec: object) => JSON.stringify({ ...head('WorkloadPolicy'), spec: { selector: {}, ...spec } })

describe('every field that is wrong is refused at its place', () => {
  const ingress = (rule: object) => network({ podSelector: {}, ingress: [rule] })
  const port = (port: object) => ingress({ ports: [port] })
  const peer = (peer: unknown) => ingress({ from: [peer] })
  const selects = (selector: unknown) => network({ podSelector: selector })
  const field = 'POLICY_FIELD f:1:\\d+: '
  const refused: Readonly<Record<string, readonly [text: string, complaint: string]>> = {
    'an unknown field at the top': [JSON.stringify({ ...JSON.parse(network({})), spce: 1 }), `${field}spce: unknown field`],
    'an unknown field of spec': [network({ podSelectr: {} }), `${field}spec.podSelectr: unknown field`],
    'an unknown field of a rule': [ingress({ form: [] }), `${field}spec.ingress[0].form: unknown field`],
    'from in an egress rule': [network({ egress: [{ from: [] }] }), `${field}spec.egress[0].from: unknown field`],
    'an unknown field of a peer': [
      peer({ podSelector: {}, serviceAccounts: {} }),
      `${field}spec.ingress[0].from[0].serviceAccounts: unknown field`,
    ],
    'an unknown field of metadata': [network({}, { nmaespace: 'x' }), `${field}metadata.nmaespace: unknown field`],
    'an unknown field of a selector': [selects({ app: 'web' }), `${field}spec.podSelector.app: unknown field`],
    'no spec': [JSON.stringify(head('NetworkPolicy')), `${field}spec: missing`],
    'no metadata': ['{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": {}}', `${field}metadata: missing`],
    'no name': [network({}, { name: undefined }), `${field}metadata.name: missing`],
    'a name generated later': [network({}, { name: undefined, generateName: 'a-' }), `${field}metadata.name: missing`],
    'a name that is none': [network({}, { name: 'A/b' }), `${field}metadata.name: "A/b" must be`],
    'a namespace that is none': [network({}, { namespace: 'a.b' }), `${field}metadata.namespace: "a.b" must be`],
    'a mode that is none': [
      network({}, { annotations: { 'thymus.dev/mode': 'audit' } }),
      `${field}metadata.annotations["thymus.dev/mode"]: must be one of`,
    ],
    'an annotation misspelled': [
      network({}, { annotations: { 'thymus.dev/mod': 'enforce' } }),
      `${field}metadata.annotations["thymus.dev/mod"]: unknown`,
    ],
    'a list for an object': [network({ podSelector: [] }), `${field}spec.podSelector: must be an object, not a list`],
    'an object for a list': [network({ ingress: { from: [] } }), `${field}spec.ingress: must be a list, not an object`],
    'an empty list item': [network({ ingress: [null] }), `${field}spec.ingress[0]: must be an object, not empty`],
    'a peer that is nobody': [peer({}), `${field}spec.ingress[0].from[0]: a peer needs`],
    'a peer of nulls': [peer({ podSelector: null }), `${field}spec.ingress[0].from[0]: a peer needs`],
    'a block beside a selector': [
      peer({ podSelector: {}, ipBlock: { cidr: '::/0' } }),
      `${field}spec.ingress[0].from[0].ipBlock: cannot stand`,
    ],
    'a label that is a number': [
      selects({ matchLabels: { a: 1 } }),
      `${field}spec.podSelector.matchLabels.a: must be text, not the number 1`,
    ],
    'a label that is null': [selects({ matchLabels: { a: null } }), `${field}spec.podSelector.matchLabels.a: must be text, not empty`],
    'a label key that is none': [selects({ matchLabels: { 'a b': 'c' } }), `${field}spec.podSelector.matchLabels["a b"]: the key must be`],
    'a label value that is none': [selects({ matchLabels: { a: 'b c' } }), `${field}spec.podSelector.matchLabels.a: "b c" must be`],
    'an operator that is none': [
      selects({ matchExpressions: [{ key: 'a', operator: 'in', values: ['b'] }] }),
      `${field}spec.podSelector.matchExpressions[0].operator: must be one of`,
    ],
    'In without values': [
      selects({ matchExpressions: [{ key: 'a', operator: 'In' }] }),
      `${field}spec.podSelector.matchExpressions[0].values: In needs`,
    ],
    'NotIn without values': [
      selects({ matchExpressions: [{ key: 'a', operator: 'NotIn', values: [] }] }),
      `${field}spec.podSelector.matchExpressions[0].values: NotIn needs`,
    ],
    'Exists with values': [
      selects({ matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] }),
      `${field}spec.podSelector.matchExpressions[0].values: Exists takes`,
    ],
    'a requirement without key': [
      selects({ matchExpressions: [{ operator: 'Exists' }] }),
      `${field}spec.podSelector.matchExpressions[0].key: missing`,
    ],
    'a policy type that is none': [
      network({ policyTypes: ['ingress'] }),
      `${field}spec.policyTypes[0]: must be one of Ingress, Egress, not "ingress"`,
    ],
    'three policy types': [network({ policyTypes: ['Ingress', 'Egress', 'Ingress'] }), `${field}spec.policyTypes: cannot hold more`],
    'a port of 0': [port({ port: 0 }), `${field}spec.ingress[0].ports[0].port: 0 is not a port`],
    'a port of 65536': [port({ port: 65536 }), `${field}spec.ingress[0].ports[0].port: 65536 is not a port`],
    'a port and a half': [port({ port: 1.5 }), `${field}spec.ingress[0].ports[0].port: 1.5 is not a port`],
    'a port in quotes': [port({ port: '80' }), `${field}spec.ingress[0].ports[0].port: "80" is no port: write a number without quotes`],
    'a port that is a list': [port({ port: [80] }), `${field}spec.ingress[0].ports[0].port: must be a number`],
    'a range that ends before it begins': [port({ port: 80, endPort: 79 }), `${field}spec.ingress[0].ports[0].endPort: 79 is less`],
    'a range without a beginning': [port({ endPort: 80 }), `${field}spec.ingress[0].ports[0].endPort: needs`],
    'a range that ends nowhere': [port({ port: 80, endPort: 70000 }), `${field}spec.ingress[0].ports[0].endPort: 70000 is not a port`],
    'a protocol that is none': [
      port({ protocol: 'tcp' }),
      `${field}spec.ingress[0].ports[0].protocol: must be one of TCP, UDP, SCTP, not "tcp"`,
    ],
    'no block': [peer({ ipBlock: {} }), `${field}spec.ingress[0].from[0].ipBlock.cidr: missing`],
    'an address without length': [
      peer({ ipBlock: { cidr: '10.0.0.1' } }),
      `${field}spec.ingress[0].from[0].ipBlock.cidr: "10.0.0.1" is no address block`,
    ],
    'IPv4 as IPv6': [
      peer({ ipBlock: { cidr: '::ffff:10.0.0.0/104' } }),
      `${field}spec.ingress[0].from[0].ipBlock.cidr: "::ffff:10.0.0.0/104" is IPv4`,
    ],
    'an exception outside': [
      peer({ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }),
      `${field}spec.ingress[0].from[0].ipBlock.except[0]: "11.0.0.0/16" is not inside`,
    ],
    'an exception that is all': [
      peer({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] } }),
      `${field}spec.ingress[0].from[0].ipBlock.except[0]: `,
    ],
    'an exception of the other family': [
      peer({ ipBlock: { cidr: '::/0', except: ['10.0.0.0/8'] } }),
      `${field}spec.ingress[0].from[0].ipBlock.except[0]: `,
    ],
    'a named port': [port({ port: 'http' }), 'POLICY_UNSUPPORTED f:1:\\d+: spec.ingress[0].ports[0].port: named port "http"'],
    'no selector': [workload({ selector: undefined, exec: {} }), `${field}spec.selector: missing`],
    'no gate': [workload({}), `${field}spec: needs at least one of exec, connect, accept, bind`],
    'a mode in an annotation': [
      JSON.stringify({ ...JSON.parse(workload({ exec: {} })), metadata: { name: 'a', annotations: { 'thymus.dev/mode': 'enforce' } } }),
      `${field}metadata.annotations["thymus.dev/mode"]: unknown`,
    ],
    'an unknown mode': [workload({ mode: 'block', exec: {} }), `${field}spec.mode: must be one of observe, shadow, enforce, not "block"`],
    'an unknown gate': [workload({ open: {} }), `${field}spec.open: unknown field`],
    'a gate with nothing in it': [workload({ exec: null }), `${field}spec.exec: must be an object, not empty`],
    'no effect': [workload({ exec: { rules: [{ path: '/a' }] } }), `${field}spec.exec.rules[0].effect: missing`],
    'a rule about no path': [workload({ exec: { rules: [{ effect: 'deny' }] } }), `${field}spec.exec.rules[0]: needs either`],
    'a rule about two paths': [
      workload({ exec: { rules: [{ effect: 'deny', path: '/a', below: '/a/' }] } }),
      `${field}spec.exec.rules[0]: needs either`,
    ],
    'a relative path': [
      workload({ exec: { rules: [{ effect: 'deny', path: 'a' }] } }),
      `${field}spec.exec.rules[0].path: "a" is not absolute`,
    ],
    'a path with dots': [
      workload({ exec: { rules: [{ effect: 'deny', path: '/a/../b' }] } }),
      `${field}spec.exec.rules[0].path: "/a/../b" holds`,
    ],
    'a path with two slashes': [
      workload({ exec: { rules: [{ effect: 'deny', path: '/a//b' }] } }),
      `${field}spec.exec.rules[0].path: "/a//b" holds`,
    ],
    'a folder as a file': [
      workload({ exec: { rules: [{ effect: 'deny', path: '/a/' }] } }),
      `${field}spec.exec.rules[0].path: "/a/" holds`,
    ],
    'a folder without its slash': [
      workload({ exec: { rules: [{ effect: 'deny', below: '/a' }] } }),
      `${field}spec.exec.rules[0].below: "/a" must end with "/"`,
    ],
    'a path with a NUL': [workload({ exec: { rules: [{ effect: 'deny', path: '/a\0' }] } }), `${field}spec.exec.rules[0].path: `],
    'a path that is too long': [
      workload({ exec: { rules: [{ effect: 'deny', path: `/${'ä'.repeat(124)}` }] } }),
      `${field}spec.exec.rules[0].path: `,
    ],
    'a port without a protocol': [
      workload({ bind: { rules: [{ effect: 'deny', ports: [{ port: 80 }] }] } }),
      `${field}spec.bind.rules[0].ports[0].protocol: missing`,
    ],
    'an empty list of ports': [
      workload({ bind: { rules: [{ effect: 'deny', ports: [] }] } }),
      `${field}spec.bind.rules[0].ports: holds nothing`,
    ],
    'an empty list of peers': [
      workload({ accept: { rules: [{ effect: 'deny', peers: [] }] } }),
      `${field}spec.accept.rules[0].peers: holds nothing`,
    ],
    'a peer of bind': [workload({ bind: { rules: [{ effect: 'deny', peers: [] }] } }), `${field}spec.bind.rules[0].peers: unknown field`],
    'a peer that is two': [
      workload({ accept: { rules: [{ effect: 'deny', peers: [{ workloads: { selector: {} }, ipBlock: { cidr: '::/0' } }] }] } }),
      `${field}spec.accept.rules[0].peers[0]: a peer is either`,
    ],
    'workloads that are nobody': [
      workload({ accept: { rules: [{ effect: 'deny', peers: [{ workloads: {} }] }] } }),
      `${field}spec.accept.rules[0].peers[0].workloads: needs`,
    ],
    'a namespace in a namespace': [
      '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "namespace": "b"}}',
      `${field}metadata.namespace: a Namespace is in none`,
    ],
    'a namespace with the name of another': [
      '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "labels": {"kubernetes.io/metadata.name": "b"}}}',
      `${field}metadata.labels["kubernetes.io/metadata.name"]: must be`,
    ],
    'the same policy twice': [
      `${network({})}\n---\n${network({ ingress: [] })}`,
      'POLICY_FIELD f:3:\\d+: metadata.name: NetworkPolicy/default/a is also at line 1',
    ],
    'another kind': ['apiVersion: apps/v1\nkind: Deployment', 'POLICY_KIND f:2:1: kind: "apps/v1 Deployment" is not taken; taken are'],
    'another version': [
      'apiVersion: extensions/v1beta1\nkind: NetworkPolicy',
      'POLICY_KIND f:2:1: kind: "extensions/v1beta1 NetworkPolicy" is not taken',
    ],
    'no kind': ['a: 1', 'POLICY_KIND f:1:1: no object with apiVersion and kind'],
    'a text': ['hello', 'POLICY_KIND f:1:1: no object with apiVersion and kind'],
    'a list that is none': ['apiVersion: v1\nkind: List\nitems: {}', 'POLICY_FIELD f:3:1: items: must be a list'],
    'a list with more': ['apiVersion: v1\nkind: List\nitems: []\nitmes: []', 'POLICY_FIELD f:4:1: itmes: unknown field'],
    nothing: ['# nothing\n', 'POLICY_SYNTAX f:1:1: the file holds no document'],
  }
  for (const [name, [text, expected]] of Object.entries(refused)) {
    test(name, () => {
      const pattern = expected.replace(/[[\].$]/g, '\\$&') // all but \d+ is meant as it stands
      assert.match(complaint(text), new RegExp(`^${pattern}`))
    })
  }
})

test('a path has at most 247 bytes, and a folder 246 with its "/"', () => {
  const told = (program: object) => complaint(workload({ exec: { rules: [{ effect: 'deny', ...program }] } }))
  const x = (count: number) => `/${'x'.repeat(count)}`
  assert.deepEqual([told({ path: x(246) }), told({ below: `${x(244)}/` })], ['nothing', 'nothing'])
  for (const longer of [{ path: x(247) }, { below: `${x(245)}/` }]) assert.match(told(longer), /^POLICY_FIELD .* more than 247$/)
})
