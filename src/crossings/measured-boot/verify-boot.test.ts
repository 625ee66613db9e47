import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type BootRequest, commandLine, eventLog, linuxBoot, type MadeEvent } from '../../../test/kit/event-log.ts'
import { newEccKey, quoteBy } from '../../../test/kit/tpm-evidence.ts'
import type { HashName } from '../../formats/hash.ts'
import { type EventLog, parseEventLog } from '../../layers/firmware/tcg-log/event-log.ts'
import { initialValue, replay } from '../../layers/firmware/tcg-log/replay.ts'
import type { TdReportBody } from '../../layers/hardware/dcap/report-body.ts'
import { bankOf } from '../../layers/hardware/tpm/abi/pcr-values.ts'
import { attestationKeyOf } from '../../layers/hardware/tpm/verify/attestation-key.ts'
import { verifyQuote } from '../../layers/hardware/tpm/verify/quote.ts'
import { readSignatureOf } from '../../layers/hardware/tpm/verify/signature.ts'
import { type VerifiedBoot, verifyBoot, verifyGuestBoot } from './verify-boot.ts'

const key = newEccKey()
const boot = (request: BootRequest = {}) => parseEventLog(eventLog(linuxBoot(request)))
const log = boot()
const IMA = Buffer.alloc(32, 0x1a)

/** PCRs 0 to 15 as a TPM has them after such a boot. */
const pcrsAfter = (of: EventLog, bank: HashName) =>
  new Map(Array.from({ length: 16 }, (_, pcr) => [pcr, replay(of, bank).get(pcr) ?? initialValue(of, bank, pcr)]))

function quoted(pcrs: ReadonlyMap<number, Buffer>, { bank = 'sha256' as HashName, values = true } = {}) {
  const made = quoteBy(key, { bank, pcrs })
  const attestationKey = attestationKeyOf(key.area)
  const statement = { message: made.message, signature: readSignatureOf(attestationKey, made.signature), key: attestationKey }
  return verifyQuote({ ...statement, ...(values && { pcrs: made.pcrs }) })
}

const wrong = ({ checks }: VerifiedBoot) =>
  checks.filter(({ verdict }) => verdict.is !== 'pass').map(({ code, verdict }) => `${code} ${verdict.is}`)

describe('a log and a quote', () => {
  test('of one boot make it evidence', () => {
    const found = verifyBoot({ quote: quoted(pcrsAfter(log, 'sha256').set(10, IMA)), log })
    assert.deepEqual(wrong(found), [])
    assert.equal(found.bank, 'sha256')
    assert.equal(found.boot?.length, linuxBoot().length)
  })

  test('of two boots do not, however small the difference is', () => {
    const quote = quoted(pcrsAfter(log, 'sha256'))
    for (const request of [{ commandLine: 'evil' }, { initrd: 'evil' }, { secureBoot: false }, { firmware: 'Made 1.0 ' }]) {
      const found = verifyBoot({ quote, log: boot(request) })
      assert.deepEqual([wrong(found), found.boot], [['TCG_REPLAY fail'], undefined])
    }
  })

  test('where events were taken out, or two were exchanged, do not', () => {
    const quote = quoted(pcrsAfter(log, 'sha256'))
    const events = linuxBoot()
    const held = (these: readonly MadeEvent[]) => wrong(verifyBoot({ quote, log: parseEventLog(eventLog(these)) }))
    for (const at of events.keys()) assert.notDeepEqual(held(events.toSpliced(at, 1)), [])
    assert.notDeepEqual(held(events.with(2, events[3]!).with(3, events[2]!)), [])
  })

  test('that came without values must meet in the digest itself', () => {
    const quote = quoted(pcrsAfter(log, 'sha256').set(10, IMA), { values: false })
    const others = bankOf('sha256', new Map([[10, IMA]]))
    assert.deepEqual(wrong(verifyBoot({ quote, log, others })), [])
    assert.deepEqual(wrong(verifyBoot({ quote, log })), ['TCG_REPLAY fail'])
    assert.deepEqual(wrong(verifyBoot({ quote, log: boot({ commandLine: 'evil' }), others })), ['TCG_REPLAY fail'])
  })

  test('say nothing of registers that were not quoted', () => {
    const some = new Map([...pcrsAfter(log, 'sha256')].filter(([pcr]) => pcr < 7))
    for (const values of [true, false]) {
      const found = verifyBoot({ quote: quoted(some, { values }), log })
      assert.deepEqual([wrong(found), found.boot], [['TCG_QUOTED unknown'], undefined])
    }
  })

  test('say nothing of one that is the system’s and not quoted, where the log speaks of it', () => {
    for (const register of [10, 15, 16, 23]) {
      const more = parseEventLog(eventLog([...linuxBoot(), { ...commandLine('lockdown=confidentiality'), register }]))
      const without = new Map([...pcrsAfter(log, 'sha256')].filter(([pcr]) => pcr !== register))
      assert.deepEqual(wrong(verifyBoot({ quote: quoted(without), log: more })), ['TCG_QUOTED unknown'])
    }
  })

  test('cannot make up for a register of the log by values from elsewhere', () => {
    const other = boot({ commandLine: 'evil' })
    const quote = quoted(pcrsAfter(other, 'sha256'), { values: false })
    const others = bankOf('sha256', pcrsAfter(other, 'sha256'))
    assert.deepEqual(wrong(verifyBoot({ quote, log, others })), ['TCG_REPLAY fail'])
  })

  test('are unknown without a log, without its bank, and with SHA-1 alone', () => {
    assert.deepEqual(wrong(verifyBoot({ quote: quoted(pcrsAfter(log, 'sha256')), log: undefined })), ['TCG_LOG unknown'])
    assert.deepEqual(wrong(verifyBoot({ quote: quoted(pcrsAfter(log, 'sha256'), { values: false }), log: undefined })), ['TCG_LOG unknown'])
    const wide = parseEventLog(eventLog(linuxBoot(), ['sha384']))
    assert.deepEqual(wrong(verifyBoot({ quote: quoted(pcrsAfter(wide, 'sha384'), { bank: 'sha384' }), log })), ['TCG_BANK unknown'])
    assert.deepEqual(wrong(verifyBoot({ quote: quoted(pcrsAfter(log, 'sha1'), { bank: 'sha1' }), log })), ['TCG_BANK unknown'])
  })
})

describe('of several banks', () => {
  /** A quote of several banks, whose values its digest covers. */
  function quotedIn(values: ReadonlyMap<HashName, ReadonlyMap<number, Buffer>>) {
    const one = quoted(pcrsAfter(log, 'sha256'))
    return { ...one, pcrs: new Map([...values].flatMap(([bank, pcrs]) => [...bankOf(bank, pcrs)])) }
  }
  const [sha1, sha256] = [pcrsAfter(log, 'sha1'), pcrsAfter(log, 'sha256')]

  test('the strongest counts, and those that the log lacks say nothing', () => {
    const sha512 = new Map([[0, Buffer.alloc(64, 1)]])
    const found = verifyBoot({
      quote: quotedIn(
        new Map([
          ['sha1', new Map([[0, sha1.get(0)!]])],
          ['sha256', sha256],
          ['sha512', sha512],
        ]),
      ),
      log,
    })
    assert.deepEqual([wrong(found), found.bank], [[], 'sha256'])
  })

  test('none may say otherwise', () => {
    const other = new Map(sha1).set(4, Buffer.alloc(20, 1))
    assert.deepEqual(
      wrong(
        verifyBoot({
          quote: quotedIn(
            new Map([
              ['sha256', sha256],
              ['sha1', other],
            ]),
          ),
          log,
        }),
      ),
      ['TCG_REPLAY fail'],
    )
  })
})

describe('a log and the report of a confidential guest', () => {
  const guest = parseEventLog(
    eventLog(
      linuxBoot().map((event) => ({ ...event, register: event.register === 7 ? 1 : event.register < 7 ? 2 : 3 })),
      ['sha384'],
    ),
    'cc',
  )
  const body = (change: Readonly<Record<number, Buffer>> = {}) =>
    ({
      rtmr: [1, 2, 3, 4].map((register) => change[register] ?? replay(guest, 'sha384').get(register) ?? Buffer.alloc(48)),
    }) as unknown as TdReportBody

  test('meet in RTMR 0 to 2; what a workload extends RTMR 3 by is its own', () => {
    assert.deepEqual(wrong(verifyGuestBoot(body(), guest)), [])
    assert.deepEqual(wrong(verifyGuestBoot(body({ 4: IMA }), guest)), [])
    assert.equal(verifyGuestBoot(body(), guest).boot?.length, linuxBoot().length)
  })

  test('do not meet where one of them is another', () => {
    for (const register of [1, 2, 3])
      assert.deepEqual(wrong(verifyGuestBoot(body({ [register]: Buffer.alloc(48, 1) }), guest)), ['TCG_REPLAY fail'])
    assert.deepEqual(wrong(verifyGuestBoot(body(), undefined)), ['TCG_LOG unknown'])
  })
})
