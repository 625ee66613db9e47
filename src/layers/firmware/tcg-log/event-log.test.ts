import assert from 'node:assert/strict'
import { createHash, hash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { eventLog, linuxBoot, type MadeEvent, newEvent, oldEvent, separator, specId } from '../../../../test/kit/event-log.ts'
import { ownTime } from '../../../../test/kit/own-time.ts'
import { ThymusError } from '../../../core/errors.ts'
import type { HashName } from '../../../formats/hash.ts'
import { type EventLog, parseEventLog } from './event-log.ts'
import { EV } from './event-types.table.ts'
import { initialValue, replay } from './replay.ts'

const BANKS: readonly HashName[] = ['sha1', 'sha256', 'sha384', 'sha512', 'sm3']
const boot = eventLog(linuxBoot(), BANKS)
const locality = (register: number, value: number): MadeEvent => ({
  register,
  type: EV.NO_ACTION,
  data: Buffer.concat([Buffer.from('StartupLocality\0'), Buffer.of(value)]),
})
const event = (text: string, register = 0): MadeEvent => ({ register, type: EV.S_CRTM_VERSION, data: Buffer.from(text) })
const replayed = (log: EventLog, bank: HashName) =>
  [...replay(log, bank)].map(([register, value]) => `${register} ${value.toString('hex')}`)

/** The same, by the book. */
function extended(start: Buffer, bank: HashName, ...texts: readonly string[]): Buffer {
  return texts.reduce(
    (value, text) =>
      createHash(bank)
        .update(value)
        .update(hash(bank, text, 'buffer'))
        .digest(),
    start,
  )
}

describe('a log', () => {
  test('of both formats is read whole, and replays in every bank', () => {
    const log = parseEventLog(boot)
    assert.equal(log.format, 'crypto-agile')
    assert.deepEqual(log.banks, BANKS)
    assert.equal(log.events.length, 1 + linuxBoot().length)
    for (const bank of BANKS) {
      const [first, ...rest] = linuxBoot().filter(({ register }) => register === 14)
      assert.deepEqual(rest, [])
      const size = hash(bank, '', 'buffer').length
      assert.deepEqual(replay(log, bank).get(14), extended(Buffer.alloc(size), bank, Buffer.from(first!.measured!).toString()))
    }
    const old = parseEventLog(Buffer.concat([event('a'), event('b'), separator(7)].map(oldEvent)))
    assert.deepEqual([old.format, old.banks, old.events.length], ['sha1', ['sha1'], 3])
    assert.deepEqual(replay(old, 'sha1').get(0), extended(Buffer.alloc(20), 'sha1', 'a', 'b'))
    assert.deepEqual(replayed(old, 'sha256'), [])
  })

  test('says where the TPM was started, and that goes into PCR 0 alone', () => {
    const log = parseEventLog(eventLog([locality(0, 3), event('a'), event('b', 1)], ['sha256']))
    const start = Buffer.alloc(32)
    start[31] = 3
    assert.equal(log.startupLocality, 3)
    assert.deepEqual([...replay(log, 'sha256').values()], [extended(start, 'sha256', 'a'), extended(Buffer.alloc(32), 'sha256', 'b')])
    assert.equal(parseEventLog(eventLog([locality(1, 3), event('a')])).startupLocality, 0)
  })

  test('has registers that only a dynamic launch extends begin with ones', () => {
    const log = parseEventLog(eventLog([event('a', 17), event('b', 16), event('c', 23)], ['sha256']))
    assert.deepEqual(replay(log, 'sha256').get(17), extended(Buffer.alloc(32, 0xff), 'sha256', 'a'))
    assert.deepEqual(replay(log, 'sha256').get(16), extended(Buffer.alloc(32), 'sha256', 'b'))
    assert.deepEqual(initialValue(log, 'sha256', 22), Buffer.alloc(32, 0xff))
    assert.deepEqual(initialValue(log, 'sha256', 23), Buffer.alloc(32))
  })

  test('ends where its bytes do, or in padding of either kind, or at what Windows appends', () => {
    assert.equal(parseEventLog(boot).end, 'eof')
    for (const byte of [0, 0xff]) {
      const padded = parseEventLog(Buffer.concat([boot, Buffer.alloc(70_000, byte)]))
      assert.deepEqual([padded.end, padded.events.length], ['padding', parseEventLog(boot).events.length])
      assert.deepEqual(replayed(padded, 'sha256'), replayed(parseEventLog(boot), 'sha256'))
    }
    const old = [event('a'), { register: 0xffff_ffff, type: EV.NO_ACTION, data: Buffer.from('aik') }].map(oldEvent)
    assert.deepEqual([parseEventLog(Buffer.concat(old)).end, parseEventLog(Buffer.concat(old)).events.length], ['padding', 1])
  })

  test('may carry digests of algorithms that nobody knows, if it announces their size', () => {
    const stranger = Buffer.concat([Buffer.from(Uint16Array.of(0x77, 5).buffer)])
    const known = newEvent(['sha256'], event('a'))
    const odd = Buffer.concat([
      known.subarray(0, 8),
      Buffer.from(Uint32Array.of(2).buffer),
      stranger.subarray(0, 2),
      Buffer.alloc(5),
      known.subarray(12),
    ])
    const log = parseEventLog(Buffer.concat([specId(['sha256'], new Map([[0x77, 5]])), odd]))
    assert.deepEqual(log.banks, ['sha256'])
    assert.deepEqual(replay(log, 'sha256').get(0), extended(Buffer.alloc(32), 'sha256', 'a'))
    assert.throws(() => parseEventLog(Buffer.concat([specId(['sha256']), odd])), { code: 'FORMAT', at: /^hashAlg/ })
  })

  test('of a confidential guest has five registers, none of which begins with a locality', () => {
    const log = parseEventLog(eventLog([locality(0, 4), event('a', 1), event('b', 4)], ['sha384']), 'cc')
    assert.deepEqual(replay(log, 'sha384').get(4), extended(Buffer.alloc(48), 'sha384', 'b'))
    assert.deepEqual(initialValue(log, 'sha384', 0), Buffer.alloc(48))
    assert.throws(() => parseEventLog(eventLog([event('c', 5)], ['sha384']), 'cc'), { code: 'FORMAT', at: /^pcrIndex/ })
  })

  test('whose digests differ in one bit replays to other registers', () => {
    const log = parseEventLog(boot)
    for (const { digests, type } of log.events.slice(1)) {
      if (type === EV.NO_ACTION) continue
      for (const { hash: bank, value } of digests) {
        const before = replayed(log, bank)
        value[value.length - 1]! ^= 1
        assert.notDeepEqual(replayed(log, bank), before)
        value[value.length - 1]! ^= 1
      }
    }
  })

  test('replays as it was made, whatever it holds', () => {
    const made = fc.record({
      register: fc.nat(23),
      type: fc.constantFrom(EV.NO_ACTION, EV.IPL, EV.SEPARATOR, 0x7777_0000),
      data: fc.uint8Array({ maxLength: 300, minLength: 1 }),
    })
    fc.assert(
      fc.property(fc.array(made, { maxLength: 20 }), fc.subarray([...BANKS], { minLength: 1 }), (events, banks) => {
        // A last event at no register is padding.
        const log = parseEventLog(eventLog([...events, separator(7)], banks))
        assert.equal(log.events.length, events.length + 2)
        for (const bank of banks) {
          const values = new Map<number, Buffer>()
          for (const { register, type, data } of [...events, separator(7)]) {
            if (type === EV.NO_ACTION) continue
            const before = values.get(register) ?? initialValue(log, bank, register)
            values.set(
              register,
              createHash(bank)
                .update(before)
                .update(hash(bank, data, 'buffer'))
                .digest(),
            )
          }
          assert.deepEqual(replay(log, bank), new Map([...values].sort(([a], [b]) => a - b)))
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('bytes that are no log', () => {
  const refused = (bytes: Buffer, at?: RegExp) =>
    assert.throws(() => parseEventLog(bytes), at === undefined ? { code: 'FORMAT' } : { code: 'FORMAT', at })

  test('are refused: nothing, padding alone, text, and types that no event has', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(64), Buffer.alloc(64, 0xff), Buffer.from('SECURITY\n'.repeat(20))]) refused(bytes)
    refused(oldEvent({ register: 0, type: 0x1234_5678, data: Buffer.alloc(4) }), /^eventType/)
    refused(oldEvent({ register: 24, type: EV.IPL, data: Buffer.alloc(4) }), /^pcrIndex/)
  })

  test('cut anywhere are a shorter log or an error that names its field', () => {
    const whole = parseEventLog(boot).events.length
    for (let length = 0; length < boot.length; length++) {
      try {
        assert.ok(parseEventLog(boot.subarray(0, length)).events.length < whole)
      } catch (error) {
        assert.ok(error instanceof ThymusError && error.code === 'FORMAT')
        assert.match(error.at!, /^\S+ at byte \d+$/)
      }
    }
  })

  test('with counts and sizes beyond what is there are refused before anything is made of them', () => {
    const small = eventLog([event('a')], ['sha256'])
    const head = specId(['sha256']).length
    for (const [at, field] of [
      [28, /^event /],
      [28 + 4 + 24, /^numberOfAlgorithms/],
      [head + 8, /^digests.count/],
      [head + 12 + 34, /^event /],
    ] as const) {
      const hostile = Buffer.from(small)
      hostile.writeUInt32LE(0xffff_ffff, at)
      refused(hostile, field)
    }
  })

  test('in the other byte order are refused', () => {
    const swapped = Buffer.from(boot.subarray(0, boot.length & ~3)).swap32()
    refused(swapped)
  })

  test('that announce an algorithm twice, or by a wrong size, or digest one twice, are refused', () => {
    refused(Buffer.concat([specId(['sha256', 'sha256']), newEvent(['sha256'], event('a'))]), /^algorithmId/)
    refused(Buffer.concat([specId([], new Map([[0x0b, 20]])), newEvent(['sha256'], event('a'))]), /^digestSize/)
    refused(Buffer.concat([specId(['sha256']), newEvent(['sha256', 'sha256'], event('a'))]), /^hashAlg/)
  })

  test('of a hundred megabytes take no more than a look', () => {
    const tiny = oldEvent({ register: 0, type: 0, data: Buffer.alloc(0) })
    const started = ownTime()
    const many = Buffer.alloc(100 << 20)
    tiny.copy(many)
    many[many.length - 1] = 1
    refused(many, /^events/)
    assert.equal(parseEventLog(Buffer.concat([boot, Buffer.alloc(100 << 20)])).end, 'padding')
    refused(Buffer.alloc(129 << 20, 1), /^log/)
    assert.ok(ownTime() - started < 4_000)
  })
})
