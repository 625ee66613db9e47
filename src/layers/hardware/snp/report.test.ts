import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CHIP_ID, Vendor } from '../../../../test/kit/snp.ts'
import { ThymusError } from '../../../core/errors.ts'
import { REPORT_SIZE, readReport } from './report.ts'

const vendor = new Vendor()
const whole = vendor.report(5, { 72: Buffer.of(1 | (1 << 2)), 48: Buffer.of(1), 504: Buffer.of(3), 512: Buffer.of(7) })

describe('a report', () => {
  test('is read field by field', () => {
    const report = readReport(whole)
    assert.equal(report.version, 5)
    assert.equal(report.guestSvn, 7)
    assert.equal(report.policy, 0x3001fn)
    assert.equal(report.vmpl, 1)
    assert.equal(report.signingKey, 'VLEK')
    assert.equal(report.authorKeyEnabled, true)
    assert.equal(report.maskChipKey, false)
    assert.equal(report.platformInfo, 0x25n)
    assert.deepEqual(report.cpuid, { family: 0x19, model: 1, stepping: 1 })
    assert.deepEqual(report.current, { major: 1, minor: 55, build: 22 })
    assert.deepEqual(report.mitigations, { atLaunch: 3n, now: 7n })
    assert.deepEqual(report.chipId, CHIP_ID)
    assert.equal(report.measurement.toString('hex'), '22'.repeat(48))
    assert.equal(report.hostData.toString('hex'), '33'.repeat(32))
  })

  test('of an older version has neither processor nor mitigations', () => {
    assert.equal(readReport(vendor.report(2)).cpuid, undefined)
    assert.equal(readReport(vendor.report(4)).mitigations, undefined)
    assert.notEqual(readReport(vendor.report(3)).cpuid, undefined)
  })
})

describe('bytes that are no report', () => {
  const refused = (bytes: Uint8Array, at?: RegExp) =>
    assert.throws(
      () => readReport(bytes),
      (error) => error instanceof ThymusError && error.code === 'FORMAT' && (at === undefined || at.test(error.at ?? '')),
    )

  test('cut at any byte, or followed by more, are refused', () => {
    for (let length = 0; length < REPORT_SIZE; length++) refused(whole.subarray(0, length))
    refused(Buffer.concat([whole, Buffer.alloc(1)]), /^SIGNATURE at byte 1184$/)
  })

  test('of a version whose layout is not known are refused', () => {
    for (const version of [0, 1, 6, 0x02000000]) refused(vendor.report(version), /^VERSION/)
  })

  test('with a reserved byte that is not zero are refused, by the version', () => {
    const at = (version: number, offset: number) => refused(vendor.report(version, { [offset]: Buffer.of(1) }))
    for (const offset of [0x4a, 0x4c, 0x18b, 0x19f, 0x1eb, 0x1ef, 0x208, 0x29f]) at(5, offset)
    for (const offset of [0x188, 0x18a]) at(2, offset)
    for (const offset of [0x1f8, 0x207]) at(4, offset)
    readReport(vendor.report(5, { 504: Buffer.of(1) }))
  })

  test('with another algorithm, or a key of a kind that is not known, are refused', () => {
    for (const algorithm of [0, 2]) refused(vendor.report(3, { 52: Buffer.of(algorithm) }), /^SIGNATURE_ALGO/)
    for (const kind of [2, 6]) refused(vendor.report(3, { 72: Buffer.of(kind << 2) }), /^KEY_INFO/)
  })

  test('of the other byte order are refused', () => refused(Buffer.from(whole).swap32(), /^VERSION/))
})
