import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Change, goSnpAttestation } from '../../../../test/kit/go-tee.ts'
import { field } from '../../../../test/kit/protobuf.ts'
import { Vendor } from '../../../../test/kit/snp.ts'
import { readGoSnpAttestation } from './go-sev-guest.ts'

const vendors = (['Milan', 'Genoa', 'Turin'] as const).map((line) => new Vendor(line))
const [vendor] = vendors as [Vendor, ...Vendor[]]
const report = vendor.report(5, { 504: Buffer.of(3), 512: Buffer.of(7), 16: Buffer.from('family') })
const read = (change?: Change, bytes = report) => readGoSnpAttestation(goSnpAttestation(bytes, {}, change))
/** What stands in one field, changed. */
const set =
  (number: number, value: bigint | Buffer): Change =>
  (fields) => [...fields.filter(([each]) => each !== number), [number, value]]

describe('a report that go-sev-guest took apart', () => {
  test('is put together again, byte for byte, in every version and line', () => {
    for (const each of vendors) {
      for (const version of [2, 3, 5]) {
        const made = each.report(version)
        assert.deepEqual(read(undefined, made).report, made)
      }
    }
    assert.deepEqual(read().report, report)
    // Every byte that means something comes through.
    for (let at = 0; at < 0x2d0; at++) {
      const changed = Buffer.from(report)
      changed[at]! ^= 1
      let again: Buffer
      try {
        again = read(undefined, changed).report
      } catch (error) {
        assert.equal((error as { code: string }).code, 'FORMAT')
        continue
      }
      if (again.equals(report)) assert.ok(isReserved(at), `byte 0x${at.toString(16)} is lost`)
      else assert.deepEqual(again, changed)
    }
  })

  test('comes with the certificate of the key that it names, and those of its authorities', () => {
    const der = (text: string) => Buffer.from(text)
    const chain = { vcek: der('vcek'), vlek: der('vlek'), ask: der('ask'), ark: der('ark') }
    const named = (keyInfo: number) =>
      readGoSnpAttestation(goSnpAttestation(vendor.report(3, { 72: Buffer.of(keyInfo) }), chain)).certificates.map(String)
    assert.deepEqual([named(0), named(4), named(28)], [['vcek', 'ask', 'ark'], ['vlek', 'ask', 'ark'], ['ask', 'ark']]) // biome-ignore format: a table
    assert.deepEqual(read().certificates, [])
  })

  test('is refused at its field where it is too long or short, there twice, missing, or where no report comes of it', () => {
    const refused = (change: Change, at: string | RegExp) =>
      assert.throws(
        () => read(change),
        (error: { code: string; at: string }) => {
          assert.deepEqual(
            [error.code, typeof at === 'string' ? error.at : at.test(error.at)],
            ['FORMAT', typeof at === 'string' ? at : true],
          )
          return true
        },
      )
    refused(set(11, Buffer.alloc(65)), 'report_data')
    refused(set(12, Buffer.alloc(47)), 'measurement')
    refused(set(28, Buffer.alloc(144)), 'signature')
    refused((fields) => [...fields, ...fields.filter(([number]) => number === 12)], 'measurement')
    refused((fields) => [...fields, [1, 5n], [1, 5n]], 'version')
    refused((fields) => fields.filter(([number]) => number !== 19), 'chip_id')
    refused(set(12, 5n), 'measurement')
    refused(set(2, 1n << 32n), 'guest_svn')
    refused(set(21, 256n), 'current_build')
    refused(set(29, 0x0fff0fffn), 'cpuid1eax_fms')
    refused(set(29, 0x1000n), 'cpuid1eax_fms')
    refused(set(32, 1n), 'field 32')
    refused(set(1, 1n), /^VERSION/)
    refused(set(1, 6n), /^VERSION/)
    refused(set(7, 2n), /^SIGNATURE_ALGO/)
    refused(set(10, 8n), /^KEY_INFO/)
    // Mitigations in a version that has none, a processor in one that names none.
    refused(set(1, 3n), /^reserved/)
    refused((fields) => fields.map(([number, value]) => [number, number === 1 ? 2n : number > 29 ? 0n : value]), /^reserved/)
  })

  test('is refused where its message is none', () => {
    const whole = goSnpAttestation(report)
    for (const bytes of [Buffer.alloc(0), whole.subarray(0, -1), Buffer.concat([whole, whole]), field(1, 5n), field(1, Buffer.alloc(0))])
      assert.throws(() => readGoSnpAttestation(bytes), { code: 'FORMAT' })
  })
})

/** What go-sev-guest leaves out: its own reader has seen that it is zero. */
const isReserved = (at: number) =>
  [[0x4c, 0x50], [0x18b, 0x1a0], [0x1eb, 0x1ec], [0x1ef, 0x1f0], [0x208, 0x2a0]].some(([from, to]) => at >= from! && at < to!) // biome-ignore format: a table
