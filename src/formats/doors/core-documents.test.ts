import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { z } from 'zod'
import type { Because, Decision, End } from '../../core/decision.ts'
import { FILELESS_FORMS } from '../../core/event.ts'
import type { Predicate, Rule } from '../../core/policy.ts'
import { MODES, type Workload } from '../../core/workload.ts'
import { decisionDocument, requestDocument, type Seen } from './core-documents.ts'
import { decision as decisionSchema, permits } from './decision.ts'
import { type Frozen, type Process, request as requestSchema } from './request.ts'
import { rule as ruleSchema } from './rule.ts'

type Request = Parameters<typeof requestDocument>[0]

const text = fc.string({ unit: 'binary' })
const labels = fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.stringMatching(/^[a-z]{0,5}$/))
const workloads: fc.Arbitrary<readonly Workload[]> = fc
  .array(fc.record({ labels, image: text, mode: fc.constantFrom(...MODES) }, { requiredKeys: ['labels', 'mode'] }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((all) =>
    all.map((one, slot) => ({ ...one, namespace: 'x', name: `w${slot}`, slot, anchor: { is: 'process', pid: 1 }, addresses: [] })),
  )
const port = fc.nat(65_535)
const protocol = fc.oneof(fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const), fc.nat(255))
const address = fc.oneof(fc.ipV4(), fc.ipV6())

const requestFor = (names: readonly string[]): fc.Arbitrary<Request> => {
  const subject = fc.constantFrom(...names)
  const peer: fc.Arbitrary<End> = fc.record({ workload: fc.constantFrom(...names), address, port }, { requiredKeys: [] })
  return fc.oneof(
    fc.record({ gate: fc.constantFrom('connect' as const, 'accept' as const, 'bind' as const), subject, peer, protocol, port }),
    fc.record({ gate: fc.constant('exec' as const), subject, path: text, fileless: fc.boolean() }),
  )
}

const requirements = fc.array(fc.record({ key: text, operator: fc.constantFrom('In' as const, 'Exists' as const), values: fc.array(text) }))
const when: fc.Arbitrary<Predicate> = fc.oneof(
  fc.record({ is: fc.constant('path' as const), path: text, below: fc.boolean() }),
  fc.constant({ is: 'fileless' as const }),
  fc.record({
    is: fc.constant('traffic' as const),
    peer: fc.oneof(
      fc.constant({ is: 'anyone' as const }),
      fc.record({ is: fc.constant('workloads' as const), selector: fc.record({ namespaces: requirements, workloads: requirements }) }),
      fc.record({ is: fc.constant('addresses' as const), block: fc.record({ cidr: text, except: fc.array(text) }) }),
    ),
    ports: fc.tuple(port, port),
  }),
)
const rule: fc.Arbitrary<Rule> = fc.record({
  cookie: fc.nat(),
  source: fc.record({ file: text, line: fc.integer({ min: 1 }), column: fc.integer({ min: 1 }) }),
  gate: fc.constantFrom('exec' as const, 'connect' as const),
  when,
  effect: fc.constantFrom('allow' as const, 'deny' as const),
  rank: fc.integer(),
})
const because: fc.Arbitrary<Because> = fc.oneof(
  fc.record({ rule, policy: text }),
  fc.record({ implicit: fc.array(text) }),
  fc.constant({ free: true as const }),
  fc.record({ unknown: fc.record({ code: text, text }) }),
)

const user = fc.record({ uid: fc.nat(), euid: fc.nat() })
const ancestors = fc.array(fc.record({ pid: fc.nat(), executable: text }, { requiredKeys: ['pid'] }))
const process: fc.Arbitrary<Process> = fc.record(
  { pid: fc.nat(), name: text, executable: text, arguments: fc.array(text), user, ancestors },
  { requiredKeys: ['pid', 'name', 'user', 'ancestors'] },
)
const image = fc.record({ argv: fc.array(text), interpreter: text, forms: fc.subarray([...FILELESS_FORMS, 'killed', 'refused'] as const) })
const context = fc.record({ node: text, cluster: text, mode: fc.constantFrom(...MODES) }, { requiredKeys: ['mode'] })

const scene: fc.Arbitrary<{ readonly decision: Decision & { readonly request: Request }; readonly seen: Seen }> = workloads.chain(
  (workloads) =>
    fc.record({
      decision: fc.record({
        request: requestFor(workloads.map(({ namespace, name }) => `${namespace}/${name}`)),
        effect: fc.constantFrom('allow' as const, 'deny' as const),
        enforced: fc.boolean(),
        because,
        generation: fc.nat(),
      }),
      seen: fc.record(
        { at: fc.nat(4e12), workloads: fc.constant(workloads), process, image, context },
        { requiredKeys: ['at', 'workloads', 'context'] },
      ),
    }),
)

test('whatever core decides of workloads has documents, and they are not changed by JSON', () => {
  const gates = new Set<string>()
  const effects = new Set<string>()
  fc.assert(
    fc.property(scene, fc.constantFrom(...MODES), (scene, mode) => {
      const { decision, seen } = structuredClone(scene) // fast-check makes records without a prototype
      const asked = requestDocument(decision.request, seen)
      const told = decisionDocument(decision, mode)
      assert.deepEqual(requestSchema.parse(JSON.parse(JSON.stringify(asked))), asked)
      assert.deepEqual(decisionSchema.parse(JSON.parse(JSON.stringify(told))), told)
      gates.add(asked.gate)
      effects.add(told.effect)
      if (told.effect === 'unknown') assert.equal(permits(told), !decision.enforced)
    }),
    { numRuns: 2000 },
  )
  assert.deepEqual([...gates].sort(), ['accept', 'bind', 'connect', 'exec'])
  assert.deepEqual([...effects].sort(), ['allow', 'deny', 'unknown'])
})

test("a rule of core's is one here", () => {
  fc.assert(
    fc.property(rule, (rule) => {
      const document: Frozen<z.infer<typeof ruleSchema>> = structuredClone(rule)
      assert.deepEqual(ruleSchema.parse(document), document)
    }),
  )
})

describe('a request', () => {
  const web: Workload = {
    ...{ name: 'web', namespace: 'shop', labels: { app: 'web' }, slot: 1, mode: 'enforce', addresses: ['10.0.0.2'] },
    anchor: { is: 'process', pid: 1 },
  }
  const db = { ...web, name: 'db', labels: { app: 'db' } }
  const seen: Seen = { at: 0, workloads: [web, db], context: { mode: 'enforce' } }
  const connect: Request = {
    gate: 'connect',
    subject: 'shop/web',
    peer: { workload: 'shop/db', address: '10.0.0.7' },
    protocol: 6,
    port: 5432,
  }

  test('says who and what', () => {
    assert.deepEqual(requestDocument(connect, seen), {
      apiVersion: 'thymus.dev/v1',
      gate: 'connect',
      time: '1970-01-01T00:00:00.000Z',
      subject: { workload: { namespace: 'shop', name: 'web', labels: { app: 'web' } } },
      object: {
        protocol: 'TCP',
        port: 5432,
        peer: { workload: { namespace: 'shop', name: 'db', labels: { app: 'db' } }, address: '10.0.0.7' },
      },
      context: { mode: 'enforce' },
    })
  })

  test('of a port names nobody else', () => {
    const { object } = requestDocument({ ...connect, gate: 'bind' }, seen)
    assert.deepEqual(object, { protocol: 'TCP', port: 5432 })
  })

  test('spells an address and a protocol in one way', () => {
    const spelt = (peer: string, protocol: 'UDP' | number) => {
      const { object } = requestDocument({ ...connect, peer: { address: peer }, protocol }, seen)
      return 'peer' in object && [object.peer.address, object.protocol]
    }
    assert.deepEqual(spelt('::ffff:10.0.0.7', 17), ['10.0.0.7', 'UDP'])
    assert.deepEqual(spelt('2001:DB8:0:0::1', 'UDP'), ['2001:db8::1', 'UDP'])
    assert.deepEqual(spelt('::1', 58), ['::1', 58])
  })

  test('that names nobody whom we know is no document in which he is a stranger', () => {
    assert.throws(() => requestDocument({ ...connect, subject: 'host' }, seen), { code: 'WORKLOAD_UNKNOWN' })
    assert.throws(() => requestDocument({ ...connect, peer: { workload: 'slot 7' } }, seen), { code: 'WORKLOAD_UNKNOWN' })
  })

  test('of no address, or at no time, is refused', () => {
    assert.throws(() => requestDocument({ ...connect, peer: { address: '10.0.0' } }, seen), { code: 'FORMAT' })
    assert.throws(() => requestDocument(connect, { ...seen, at: Number.NaN }), { code: 'FORMAT' })
    assert.throws(() => requestDocument(connect, { ...seen, at: 1e15 }), { code: 'FORMAT' })
  })
})

test('who evaluates must deny what it does not know; the document says unknown', () => {
  const why = { code: 'ADDRESS_NEEDED', text: 'the peer has several addresses' }
  const decision: Decision = {
    request: { gate: 'exec', subject: 'x/y', path: '/a', fileless: false },
    ...{ effect: 'deny', enforced: true, because: { unknown: why }, generation: 1 },
  }
  const told = decisionDocument(decision, 'shadow')
  assert.deepEqual([told.effect, told.effect === 'unknown' && told.reason, told.enforced, told.mode], ['unknown', why, true, 'enforce'])
  assert.equal(decisionDocument({ ...decision, enforced: false }, 'shadow').mode, 'shadow')
})
