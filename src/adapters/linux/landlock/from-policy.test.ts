import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Mode } from '../../../core/workload.ts'
import { readPolicies } from '../../../layers/network/read-policies.ts'
import { type FromPolicies, fromPolicies } from './from-policy.ts'

/** A WorkloadPolicy with this `spec`, whose first line is line 5. */
function translated(spec: string, mode: Mode = 'enforce', failsafe: readonly number[] = []): FromPolicies {
  const text = [
    'apiVersion: thymus.dev/v1',
    'kind: WorkloadPolicy',
    'metadata: {name: web}',
    'spec:',
    ...spec
      .trim()
      .split('\n')
      .map((line) => `  ${line}`),
  ]
  const { policies } = readPolicies(text.join('\n'), 'web.yaml', {})
  return fromPolicies(policies, mode, failsafe)
}

const reasons = ({ cannot }: FromPolicies) => cannot.map(({ code, clause, verdict }) => `${code} ${clause} ${verdict.is}`)

describe('a policy on a machine without privilege', () => {
  test('an allow-list of programs becomes what may be executed, and closes the ways to code without a name', () => {
    const found = translated(`
selector: {}
mode: enforce
exec:
  default: deny
  rules:
    - {effect: allow, below: /usr/bin/}
    - {effect: deny, path: /usr/bin/curl}
    - {effect: deny, path: /opt/tool}
    - {effect: allow, path: /opt/tool}`)
    assert.deepEqual(found.confinement, {
      scope: [],
      descriptors: [],
      accepts: [],
      executable: ['/usr/bin/'],
      notExecutable: ['/usr/bin/curl'],
      systemCalls: ['fileless'],
    })
    assert.deepEqual(reasons(found), [
      'SELF_EXEC_LOADER web.yaml:5:3 unknown',
      'SELF_EXEC_DELETED web.yaml:5:3 unknown',
      'SELF_EXEC_BY_FD web.yaml:5:3 unknown',
      'SELF_EXEC_LATER web.yaml:11:9 unknown',
    ])
  })

  test('an exception under default allow is cut out of everything', () => {
    const found = translated(`
selector: {}
mode: enforce
exec:
  rules:
    - {effect: deny, below: /opt/}`)
    assert.deepEqual(found.confinement.executable, ['/'])
    assert.deepEqual(found.confinement.notExecutable, ['/opt/'])
    assert.deepEqual(found.confinement.systemCalls, [])
  })

  test('fileless is denied by its own rule, with the memory file system; a fileless allow under default deny opens both', () => {
    const denied = translated('selector: {}\nmode: enforce\nexec: {fileless: deny}').confinement
    assert.deepEqual([denied.executable, denied.notExecutable, denied.systemCalls], [['/'], ['/dev/shm/'], ['fileless']])
    const allowed = translated('selector: {}\nmode: enforce\nexec: {default: deny, fileless: allow}').confinement
    assert.deepEqual([allowed.executable, allowed.notExecutable, allowed.systemCalls], [['/dev/shm/'], undefined, []])
  })

  test('a port for anyone is kept as it is; whatever speaks of peers or of UDP is named with its line', () => {
    const found = translated(`
selector: {}
mode: enforce
connect:
  default: deny
  rules:
    - effect: allow
      ports: [{protocol: TCP, port: 443}, {protocol: UDP, port: 53}]
    - effect: allow
      peers: [{workloads: {selector: {matchLabels: {app: db}}}}]
      ports: [{protocol: TCP, port: 5432}]
    - effect: deny
      peers: [{ipBlock: {cidr: 10.0.0.0/8}}]
bind:
  rules:
    - effect: deny
      ports: [{protocol: TCP, port: 1, endPort: 1023}]`)
    assert.deepEqual(found.confinement.tcpConnect, [
      [443, 443],
      [5432, 5432],
    ])
    assert.deepEqual(found.confinement.tcpBind, [
      [0, 0],
      [1024, 65_535],
    ])
    assert.deepEqual(found.confinement.systemCalls, ['network'])
    assert.equal(found.confinement.executable, undefined)
    const lines = reasons(found)
    assert.deepEqual(lines.slice(0, 2), ['SELF_PROTOCOL web.yaml:5:3 unknown', 'SELF_LOOPBACK web.yaml:5:3 unknown'])
    assert.ok(
      lines.some((line) => /^SELF_PEER web\.yaml:13:/.test(line)),
      String(lines),
    )
    assert.ok(
      lines.some((line) => /^SELF_PEER web\.yaml:16:/.test(line)),
      String(lines),
    )
    assert.equal(lines.length, 4)
  })

  test('who may connect to the workload cannot be decided', () => {
    const found = translated('selector: {}\nmode: enforce\naccept: {default: deny}')
    assert.deepEqual(found.confinement, { scope: [], descriptors: [], accepts: [], systemCalls: [] })
    assert.deepEqual(reasons(found), ['SELF_GATE web.yaml:5:3 unknown'])
  })

  test('ports that are never cut stay open', () => {
    const found = translated('selector: {}\nmode: enforce\nconnect: {default: deny}', 'enforce', [22])
    assert.deepEqual(found.confinement.tcpConnect, [[22, 22]])
  })

  for (const [policy, workload] of [
    ['shadow', 'enforce'],
    ['observe', 'enforce'],
    ['enforce', 'shadow'],
  ] as const) {
    test(`a policy in mode ${policy} for a workload in mode ${workload} restricts nothing, and says so`, () => {
      const found = translated(`selector: {}\nmode: ${policy}\nexec: {default: deny}`, workload)
      assert.deepEqual(found.confinement, { scope: [], descriptors: [], accepts: [], systemCalls: [] })
      assert.deepEqual(reasons(found), ['SELF_MODE web.yaml:5:3 unknown'])
    })
  }
})
