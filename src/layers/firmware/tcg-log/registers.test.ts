import assert from 'node:assert/strict'
import { createHash, hash } from 'node:crypto'
import { describe, test } from 'node:test'
import { eventLog, linuxBoot } from '../../../../test/kit/event-log.ts'
import { readCcelTable } from './ccel-table.ts'
import { type EventLog, parseEventLog } from './event-log.ts'
import { EV } from './event-types.table.ts'
import { checkRegisters, valuesBeforeSystemd } from './registers.ts'
import { replay } from './replay.ts'

const log = parseEventLog(eventLog(linuxBoot()))
const held = () => new Map(replay(log, 'sha256'))
const outcome = (of: EventLog | undefined, values: ReadonlyMap<number, Buffer>) =>
  checkRegisters(of, 'sha256', values).map(({ code, verdict }) => `${code} ${verdict.is}`)
const GOOD = ['TCG_LOG pass', 'TCG_REPLAY pass', 'TCG_QUOTED pass', 'TCG_UNLOGGED pass']

describe('a log is held to registers', () => {
  test('that it replays to, whatever others hold that only the system extends', () => {
    assert.deepEqual(outcome(log, held()), GOOD)
    assert.deepEqual(outcome(log, held().set(10, Buffer.alloc(32, 1)).set(15, Buffer.alloc(32, 2)).set(17, Buffer.alloc(32, 0xff))), GOOD)
  })

  test('and fails by each one that holds another value', () => {
    for (const register of held().keys()) {
      assert.deepEqual(outcome(log, held().set(register, Buffer.alloc(32, 1)))[1], 'TCG_REPLAY fail')
    }
  })

  test('and fails where the firmware extended one that is not in it', () => {
    const without = parseEventLog(eventLog(linuxBoot().filter(({ register }) => register !== 4)))
    assert.deepEqual(outcome(without, held()), ['TCG_LOG pass', 'TCG_REPLAY pass', 'TCG_QUOTED pass', 'TCG_UNLOGGED fail'])
  })

  test('and is unknown where it speaks of one that was not quoted', () => {
    const values = held()
    values.delete(7)
    const check = checkRegisters(log, 'sha256', values)[2]!
    assert.ok(check.code === 'TCG_QUOTED' && check.verdict.is === 'unknown')
    assert.equal(check.verdict.why.text, 'what the log says of 7 is only a claim')
  })

  test('and is unknown where nothing can be held to it', () => {
    assert.deepEqual(outcome(log, new Map([[16, Buffer.alloc(32)]])), [
      'TCG_LOG pass',
      'TCG_REPLAY unknown',
      'TCG_QUOTED unknown',
      'TCG_UNLOGGED pass',
    ])
    assert.deepEqual(checkRegisters(log, 'sha512', held())[0]!.verdict.is, 'unknown')
    const missing = checkRegisters(undefined, 'sha256', held())[0]!.verdict
    assert.ok(missing.is === 'unknown' && missing.why.code === 'TCG_LOG_MISSING')
    assert.match(missing.why.text, /registers were extended: 0, 1, 2/)
    assert.deepEqual(outcome(undefined, new Map([[17, Buffer.alloc(32, 0xff)]])), ['TCG_LOG unknown'])
  })

  test('where systemd went on with PCR 11 by the words of its phases, and by nothing else', () => {
    const section = { register: 11, type: EV.IPL, data: Buffer.from('.linux\0', 'utf16le'), measured: Buffer.from('kernel') }
    const stub = parseEventLog(eventLog([...linuxBoot(), section]))
    const extend = (...words: readonly string[]) =>
      words.reduce(
        (value, word) =>
          createHash('sha256')
            .update(value)
            .update(hash('sha256', word, 'buffer'))
            .digest(),
        replay(stub, 'sha256').get(11)!,
      )
    const values = (value: Buffer) => new Map(replay(stub, 'sha256')).set(11, value)
    for (const words of [[], ['enter-initrd'], ['enter-initrd', 'leave-initrd', 'sysinit', 'ready'], ['sysinit', 'ready']]) {
      assert.deepEqual(outcome(stub, values(extend(...words))), GOOD)
    }
    for (const words of [['ready'], ['enter-initrd', 'evil'], ['enter-initrd', 'sysinit']]) {
      assert.equal(outcome(stub, values(extend(...words)))[1], 'TCG_REPLAY fail')
    }
  })

  describe('where systemd separated its own registers from the firmware', () => {
    const SEPARATED = [0, 1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 14]
    const OTHERS = [8, 11]
    const extended = (registers: readonly number[], ...words: readonly string[]) => {
      const values = held()
      for (const register of registers) {
        const before = values.get(register) ?? Buffer.alloc(32)
        const after = words.reduce(
          (value, word) => hash('sha256', Buffer.concat([value, hash('sha256', word, 'buffer')]), 'buffer'),
          before,
        )
        values.set(register, after)
      }
      return values
    }

    test('by one word, in each of them, logged or not', () => {
      const values = extended(SEPARATED, 'os-separator')
      assert.deepEqual(outcome(log, values), GOOD)
      const before = valuesBeforeSystemd(log, 'sha256', values)
      for (const [register, value] of held()) assert.deepEqual(before.get(register), value, `${register}`)
    })

    test('and not by two, by another word, or in another register', () => {
      for (const register of [...SEPARATED, ...OTHERS])
        for (const words of [
          ['os-separator', 'os-separator'],
          ['os-separator\0'],
          ['os-separato'],
          ['os-separator', 'evil'],
          ['evil', 'os-separator'],
        ]) {
          const values = extended([register], ...words)
          assert.match(outcome(log, values).join(), /fail/, `${register}: ${words}`)
          assert.deepEqual(valuesBeforeSystemd(log, 'sha256', values), values)
        }
      for (const register of OTHERS) assert.match(outcome(log, extended([register], 'os-separator')).join(), /fail/)
    })

    test('and not in the registers of a confidential guest', () => {
      const guest = parseEventLog(eventLog([{ register: 1, type: EV.EFI_ACTION, data: Buffer.from('x') }], ['sha256']), 'cc')
      const before = replay(guest, 'sha256').get(1)!
      const after = hash('sha256', Buffer.concat([before, hash('sha256', 'os-separator', 'buffer')]), 'buffer')
      assert.deepEqual(outcome(guest, new Map([[1, before]])), GOOD)
      assert.equal(outcome(guest, new Map([[1, after]]))[1], 'TCG_REPLAY fail')
    })
  })
})

describe('the table of a confidential guest', () => {
  const table = Buffer.alloc(56)
  table.write('CCEL', 'latin1')
  table.writeUInt32LE(56, 4)
  table[36] = 2
  table.writeBigUInt64LE(0x40000n, 40)
  table.writeBigUInt64LE(0xbe000000n, 48)
  table[9] = -table.reduce((sum, byte) => sum + byte, 0) & 0xff

  test('says where its log lies', () => {
    assert.deepEqual(readCcelTable(table), { technology: 'TDX', areaLength: 0x40000n, areaStart: 0xbe000000n })
  })

  test('is refused cut, longer, and with any byte changed', () => {
    for (let length = 0; length < table.length; length++) assert.throws(() => readCcelTable(table.subarray(0, length)), { code: 'FORMAT' })
    assert.throws(() => readCcelTable(Buffer.concat([table, Buffer.of(0)])), { code: 'FORMAT' })
    for (let at = 0; at < table.length; at++) {
      const turned = Buffer.from(table)
      turned[at]! ^= 1
      assert.throws(() => readCcelTable(turned), { code: 'FORMAT' })
    }
  })
})
