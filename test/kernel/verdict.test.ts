// The kernel's verdict and the one in TypeScript are one: over random tables every question gets the same answer from both.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OUTCOME } from '../../src/adapters/linux/bpf/layout.gen.ts'
import { addressBytes, cut, parseAddress } from '../../src/engine/rule-plane/addresses.ts'
import { lookup } from '../../src/engine/rule-plane/lookup.ts'
import {
  GATE_NUMBER,
  IDENTITY,
  type PlaceEntry,
  type SubjectEntry,
  type Tables,
  type TrafficEntry,
} from '../../src/engine/rule-plane/tables.ts'
import { Instance, needKernel } from '../kit/instance.ts'
import { KernelVerdict, type TrafficQuestion } from '../kit/verdict.ts'

const EFFECTS = ['none', 'allow', 'deny'] as const
const TABLES = 40
const QUESTIONS = 200

// Small worlds, so that questions meet entries: few slots, identities, addresses and ports.
const slot = fc.integer({ min: 1, max: 5 })
const identity = fc.integer({ min: IDENTITY.first, max: IDENTITY.first + 2 })
const block = fc.integer({ min: IDENTITY.block, max: IDENTITY.block + 3 })
const gate = fc.constantFrom('connect', 'accept', 'bind')
const protocol = fc.constantFrom(6, 17)
const port = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(80, 81, 88) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 65_535 }) })
const address = fc.oneof(
  fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 7 })).map(([third, last]) => `10.0.${third}.${last}`),
  fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 7 })).map(([third, last]) => `fd00::${third}:${last}`),
)
const gates = fc.oneof(
  { weight: 3, arbitrary: fc.constant(30) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 15 }).map((bits) => bits << 1) },
)

const subject: fc.Arbitrary<SubjectEntry> = fc.record({
  slot,
  identity,
  enforcedGates: gates,
  trialGates: gates,
  plainGates: fc.constant(0),
})
const place: fc.Arbitrary<PlaceEntry> = fc
  .record({
    text: address,
    bits: fc.constantFrom(96, 104, 120, 125, 128),
    block: fc.oneof(fc.constant(0), block),
    slot: fc.integer({ min: 0, max: 5 }),
  })
  .map(({ text, bits, ...rest }) => ({
    address: addressBytes(cut(parseAddress(text)!, bits)),
    bits,
    block: rest.block,
    slot: bits === 128 ? rest.slot : 0,
  }))
const traffic: fc.Arbitrary<TrafficEntry> = fc
  .record({
    subject: identity,
    peer: fc.oneof(fc.constantFrom(IDENTITY.any, IDENTITY.host), identity, block),
    gate,
    trial: fc.boolean(),
    protocol,
    port,
    bits: fc.constantFrom(0, 8, 8 + 9, 8 + 13, 24),
    cookie: fc.integer({ min: 1, max: 1000 }),
    rank: fc.integer({ min: 0, max: 2 }),
    effect: fc.constantFrom('allow', 'deny'),
    report: fc.boolean(),
  })
  .map((entry) => {
    const value = Number(cut(BigInt(entry.protocol * 2 ** 16 + entry.port), 128 - 24 + entry.bits))
    return { ...entry, protocol: value >>> 16, port: value & 0xffff }
  })
const tables: fc.Arbitrary<Tables> = fc.record({
  subjects: fc.uniqueArray(subject, { selector: (entry) => entry.slot, minLength: 4, maxLength: 5 }),
  places: fc.uniqueArray(place, {
    selector: (entry) => `${Buffer.from(entry.address).toString('hex')}/${entry.bits}`,
    minLength: 10,
    maxLength: 20,
  }),
  traffic: fc.uniqueArray(traffic, {
    selector: ({ subject, peer, gate, trial, protocol, port, bits }) => [subject, peer, gate, trial, protocol, port, bits].join(),
    minLength: 60,
    maxLength: 90,
  }),
  paths: fc.constant([]),
  reasons: fc.constant(new Map()),
})
const question: fc.Arbitrary<TrafficQuestion> = fc.record({
  gate,
  subject: slot,
  peer: fc.record({ slot: fc.integer({ min: 0, max: 6 }), address }, { requiredKeys: ['address'] }),
  protocol,
  port,
})

test('over random tables, kernel and TypeScript give every question the same answer', (t) => {
  if (!needKernel(t)) return
  using it = new Instance()
  const kernel = new KernelVerdict(it.objects, it.pins)
  const tally = { none: 0, allow: 0, deny: 0 }
  try {
    fc.assert(
      fc.property(tables, fc.array(question, { minLength: QUESTIONS, maxLength: QUESTIONS }), (world, questions) => {
        it.swap(world)
        const rulings = kernel.ask(questions)
        for (const [index, ruling] of rulings.entries()) {
          const expected = lookup(world, questions[index]!)
          const got = {
            effect: EFFECTS[ruling.effect],
            cookie: ruling.cookie,
            trialEffect: EFFECTS[ruling.trial_effect],
            trialCookie: ruling.trial_cookie,
            reported: (ruling.outcome & OUTCOME.OUTCOME_REPORT) !== 0,
          }
          assert.deepEqual(got, expected, JSON.stringify(questions[index]))
          assert.equal(ruling.outcome & OUTCOME.OUTCOME_DENIED, expected.effect === 'deny' ? OUTCOME.OUTCOME_DENIED : 0)
          assert.equal(ruling.gate, GATE_NUMBER[questions[index]!.gate])
          tally[expected.effect]++
        }
      }),
      { numRuns: TABLES },
    )
  } finally {
    kernel.close()
  }
  assert.equal(tally.none + tally.allow + tally.deny, TABLES * QUESTIONS)
  assert.ok(tally.allow > 500 && tally.deny > 500, JSON.stringify(tally)) // else the worlds are too empty to tell anything
})
