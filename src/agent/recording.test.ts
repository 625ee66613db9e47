import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeEvent } from '../adapters/linux/bpf/decode.ts'
import { EVENT_TYPE, EXEC_FORM, PROGRAM, SIZE } from '../adapters/linux/bpf/layout.gen.ts'
import type { Because } from '../core/decision.ts'
import { ThymusError } from '../core/errors.ts'
import type { Rule } from '../core/policy.ts'
import { LAYOUT } from './layout.ts'
import { type Meanings, Recorder } from './recording.ts'
import { replay } from './replay.ts'

const ORIGIN = { layout: LAYOUT.toString('hex'), boot: Date.UTC(2026, 0, 2), at: Date.UTC(2026, 0, 3), on: 'a machine' }
const RULE: Rule = {
  cookie: 7,
  source: { file: 'shop.yaml', line: 9, column: 5 },
  gate: 'exec',
  when: { is: 'fileless' },
  effect: 'deny',
  rank: 1,
}
/** Of generation 3: cookie 7 is a rule, and of the others nothing is known that could be read back. */
const MEANINGS = {
  workloadOf: (slot: number) => ({ namespace: 'shop', name: `w${slot}` }),
  reason: (_: number, cookie: number): Because => (cookie === 7 ? { rule: RULE, policy: 'WorkloadPolicy/shop/exec' } : { free: true }),
}

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thymus-recording-'))
  path = join(folder, 'a.rec')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** An exec of an image without a name, in a slot; denied by the rule of a cookie. */
function fileless(slot: number, cookie = 0): Buffer {
  const bytes = Buffer.alloc(SIZE.exec_event)
  bytes.writeBigUInt64LE(BigInt(slot) * 1_000_000_000n, 8)
  bytes.writeUInt32LE(slot, 16)
  bytes.writeUInt8(EVENT_TYPE.EVENT_EXEC, 22)
  bytes.writeUInt8(PROGRAM.PROGRAM_EXEC, 23)
  bytes.writeBigUInt64LE(3n, 72)
  bytes.writeUInt32LE(cookie, 80)
  bytes.writeUInt8(2, 93) // deny
  bytes.writeUInt32LE(EXEC_FORM.FORM_UNLINKED, 112)
  bytes.write('memfd:x', 120)
  return bytes
}

async function record(events: readonly Buffer[], origin = ORIGIN, meanings: Meanings = MEANINGS): Promise<void> {
  const recorder = await Recorder.begin(path, origin, meanings)
  for (const event of events) recorder.add(event, decodeEvent(new DataView(event.buffer, event.byteOffset), event, 0))
  await recorder.end()
}

describe('a recording', () => {
  test('gives the findings again that it holds, with the workloads and times of then', async () => {
    await record([fileless(1), fileless(2), fileless(0)])
    const { findings, events, lost } = replay(path)
    assert.deepEqual([events, lost], [3, 0])
    const told = findings.map(({ code, about, at }) => [code, about, at]).sort()
    assert.deepEqual(told, [
      ['RT_FILELESS', 'shop/w1', ORIGIN.boot + 1000],
      ['RT_FILELESS', 'shop/w2', ORIGIN.boot + 2000],
    ])
  })

  test('says of each decision which rule it was, and that it does not know where it was not told', async () => {
    await record([fileless(1, 7), fileless(2, 8)])
    const whole = replay(path)
    assert.deepEqual([whole.origin, whole.flows], [ORIGIN, []])
    const of = (about: string) => whole.findings.find((finding) => finding.about === about)?.because
    assert.deepEqual(of('shop/w1'), { rule: RULE, policy: 'WorkloadPolicy/shop/exec' })
    assert.deepEqual(of('shop/w2'), { free: true })

    const bytes = readFileSync(path)
    bytes.write('"effect":"deRy"', bytes.indexOf('"effect":"deny"')) // no reason any more
    writeFileSync(path, bytes)
    const { because } = replay(path).findings.find(({ about }) => about === 'shop/w1')!
    assert.equal(because !== null && 'unknown' in because && because.unknown.code, 'NOT_RECORDED')
  })

  test('of a reason that is longer than may be read back is written without it', async () => {
    const implicit = Array.from({ length: 5_000 }, (_, at) => `NetworkPolicy/shop/policy-${at}`)
    await record([fileless(1, 7)], ORIGIN, { ...MEANINGS, reason: () => ({ implicit }) })
    const { because } = replay(path).findings[0]!
    assert.equal(because !== null && 'unknown' in because && because.unknown.code, 'NOT_RECORDED')
  })

  test('never overwrites a file, and can be read by its owner alone', async () => {
    writeFileSync(path, 'mine')
    await assert.rejects(record([]), { code: 'AGENT_REQUEST', at: path })
    assert.equal(readFileSync(path, 'utf8'), 'mine')
    rmSync(path)
    await record([])
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  test('does not hold the zeros at the end of events', async () => {
    await record([fileless(1)])
    assert.ok(statSync(path).size < SIZE.exec_event / 2)
  })

  test('of many batches is given out whole', async () => {
    await record(Array.from({ length: 10_000 }, (_, at) => fileless(1 + (at % 7))))
    assert.equal(replay(path).events, 10_000)
  })

  test('of another layout is refused, as is what is not there', async () => {
    await record([fileless(1)], { ...ORIGIN, layout: 'ff' })
    assert.throws(() => replay(path), { code: 'FORMAT', at: path, message: /another layout .*a machine/ })
    assert.throws(() => replay(join(folder, 'b.rec')), { code: 'USAGE' })
    assert.throws(() => replay(folder), { code: 'USAGE', at: folder })
  })
})

describe('bytes that are no recording', () => {
  test('cut anywhere, a recording gives fewer events or one coded error', async () => {
    await record([fileless(1), fileless(2)])
    const whole = readFileSync(path)
    let compared = 0
    for (let length = 0; length < whole.length; length += 7) {
      writeFileSync(path, whole.subarray(0, length))
      const events = eventsOrCode(path)
      assert.ok(events === 'FORMAT' || Number(events) <= 2, String(events))
      compared++
    }
    assert.ok(compared > 40)
  })

  test('changed anywhere, it is read or is one coded error, and never hangs', async () => {
    await record([fileless(1), fileless(2)])
    const whole = readFileSync(path)
    const change = fc.record({ at: fc.nat(whole.length - 1), to: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = Buffer.from(whole)
        for (const { at, to } of changes) bytes[at] = to
        writeFileSync(path, bytes)
        assert.doesNotMatch(String(eventsOrCode(path)), /INTERNAL/)
      }),
      { numRuns: 100 },
    )
  })

  test('a length larger than any event is not allocated', async () => {
    await record([fileless(1)])
    const bytes = readFileSync(path)
    bytes.writeUInt32LE(0xffff_ffff, bytes.indexOf('memfd:x') - 125)
    writeFileSync(path, bytes)
    assert.equal(eventsOrCode(path), 'FORMAT')
  })
})

function eventsOrCode(file: string): number | string {
  try {
    return replay(file).events
  } catch (error) {
    assert.ok(error instanceof ThymusError, String(error))
    return error.code
  }
}
