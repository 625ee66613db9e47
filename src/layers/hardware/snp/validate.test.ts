import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CHIP_ID, Vendor } from '../../../../test/kit/snp.ts'
import { readReport } from './report.ts'
import { type SnpPolicy, STRICT, validateReport } from './validate.ts'

const vendor = new Vendor()
const endorsement = vendor.endorsement()
const lent = vendor.endorsement({ csp: 'CN=cloud' })
const hex = (byte: number, size: number) => Buffer.alloc(size, byte).toString('hex')
const u64 = (value: bigint) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}

/** `code: verdict` of every check, for a report with these changes. */
function checks(policy: SnpPolicy, change: Readonly<Record<number, Uint8Array>> = {}, by = endorsement): readonly string[] {
  return validateReport(readReport(vendor.report(5, change)), policy, by).map(({ code, verdict }) => `${code}: ${verdict.is}`)
}

/** A policy that the report meets, and one that it does not; or two reports, of which one does. */
function holdsAndFails(code: string, good: Parameters<typeof checks>, bad: Parameters<typeof checks>): void {
  assert.deepEqual(checks(...good), [`${code}: pass`])
  assert.deepEqual(checks(...bad), [`${code}: fail`])
}
const POLICY = 8
const policyWith = (...bits: readonly number[]) => ({ [POLICY]: u64(bits.reduce((policy, bit) => policy | (1n << BigInt(bit)), 0x2001fn)) })

describe('a policy', () => {
  test('asks for nothing that it does not name', () => assert.deepEqual(checks({}), []))

  test('takes no report that the host asked for', () => {
    assert.deepEqual(checks({}, { 48: Buffer.of(3) }), [])
    assert.deepEqual(checks({}, { 48: Buffer.alloc(4, 0xff) }), ['SNP_VMPL: fail'])
    assert.deepEqual(checks({ vmpl: 0 }, { 48: Buffer.alloc(4, 0xff) }), ['SNP_VMPL: fail'])
  })

  test('forbids what a guest may allow its host', () => {
    holdsAndFails('SNP_POLICY_DEBUG', [{ debug: false }], [{ debug: false }, policyWith(19)])
    holdsAndFails('SNP_POLICY_MIGRATE_MA', [{ migrateMa: false }], [{ migrateMa: false }, policyWith(18)])
    holdsAndFails('SNP_POLICY_SMT', [{ smt: false }, policyWith()], [{ smt: false }, policyWith(16)])
    holdsAndFails('SNP_POLICY_SINGLE_SOCKET', [{ singleSocket: true }, policyWith(20)], [{ singleSocket: true }])
    assert.deepEqual(checks({ debug: true }, policyWith(19)), ['SNP_POLICY_DEBUG: pass'])
    holdsAndFails('SNP_POLICY_ABI', [{ minAbi: { major: 0, minor: 31 } }], [{ minAbi: { major: 0, minor: 32 } }])
    holdsAndFails('SNP_POLICY_ABI', [{ minAbi: { major: 0, minor: 99 } }, { 9: Buffer.of(1) }], [{ minAbi: { major: 1, minor: 0 } }])
  })

  test('does not know what a bit allows that has no meaning', () => {
    assert.deepEqual(checks({}, policyWith(26)), ['SNP_POLICY_KNOWN: unknown'])
    assert.deepEqual(checks({}, { [POLICY]: u64(0n) }), ['SNP_POLICY_KNOWN: unknown'])
  })

  test('asks for patched firmware, part by part, by each of the TCBs', () => {
    for (const [name, at] of Object.entries({ current: 0x38, reported: 0x180, committed: 0x1e0, launch: 0x1f0 })) {
      const policy = { minTcb: { [name]: { bl: 4, snp: 24, ucode: 219 } } }
      holdsAndFails('SNP_TCB_MINIMUM', [policy], [policy, { [at]: Buffer.of(4, 0, 0, 0, 0, 0, 23, 255) }])
    }
    assert.deepEqual(checks({ minTcb: { reported: { fmc: 0 } } }), ['SNP_TCB_MINIMUM: fail'])
    const least = { major: 1, minor: 55, build: 22 }
    holdsAndFails('SNP_FIRMWARE', [{ minFirmware: least }], [{ minFirmware: { ...least, build: 23 } }])
    assert.deepEqual(checks({ minFirmware: least }, { 493: Buffer.of(54) }), ['SNP_FIRMWARE: fail'])
    holdsAndFails('SNP_PROVISIONAL', [{ provisional: false }], [{ provisional: false }, { 492: Buffer.of(21) }])
    assert.deepEqual(checks({ provisional: false }, { 480: Buffer.of(3) }), ['SNP_PROVISIONAL: fail'])
  })

  test('asks for mitigations at launch and now; an older report does not say', () => {
    const both = { 504: Buffer.of(3), 512: Buffer.of(6) }
    holdsAndFails('SNP_MITIGATIONS', [{ mitigations: 2n }, both], [{ mitigations: 1n }, both])
    const old = validateReport(readReport(vendor.report(3)), { mitigations: 0n }, endorsement)
    assert.equal(old[0]?.verdict.is, 'unknown')
  })

  test('names the guest: its image, what was launched, and by whom', () => {
    holdsAndFails('SNP_GUEST_SVN', [{ minGuestSvn: 7 }], [{ minGuestSvn: 8 }])
    holdsAndFails('SNP_VMPL', [{ vmpl: 0 }], [{ vmpl: 0 }, { 48: Buffer.of(1) }])
    holdsAndFails('SNP_FAMILY_ID', [{ familyId: hex(0, 16) }], [{ familyId: hex(1, 16) }])
    holdsAndFails('SNP_IMAGE_ID', [{ imageId: hex(5, 16) }, { 32: Buffer.alloc(16, 5) }], [{ imageId: hex(5, 16) }])
    holdsAndFails('SNP_MEASUREMENT', [{ measurements: [hex(1, 48), hex(0x22, 48)] }], [{ measurements: [] }])
    holdsAndFails('SNP_HOST_DATA', [{ hostData: hex(0x33, 32) }], [{ hostData: '' }])
    holdsAndFails('SNP_ID_KEY', [{ idKeys: [hex(9, 48)] }, { 224: Buffer.alloc(48, 9) }], [{ idKeys: [hex(0, 48)] }])
    const author = { 72: Buffer.of(1), 272: Buffer.alloc(48, 8) }
    holdsAndFails('SNP_AUTHOR_KEY', [{ authorKeys: [hex(8, 48)] }, author], [{ authorKeys: [hex(8, 48)] }, { 272: Buffer.alloc(48, 8) }])
  })

  test('asks a question, which zeros follow', () => {
    holdsAndFails('SNP_REPORT_DATA', [{ reportData: hex(0x11, 64) }], [{ reportData: hex(0x11, 63) }])
    assert.deepEqual(checks({ reportData: hex(7, 32) }, { 80: Buffer.concat([Buffer.alloc(32, 7), Buffer.alloc(32)]) }), [
      'SNP_REPORT_DATA: pass',
    ])
    assert.deepEqual(checks({ reportData: hex(7, 65) }), ['SNP_REPORT_DATA: fail'])
  })

  test('names the chip, or the cloud', () => {
    holdsAndFails('SNP_CHIP_LISTED', [{ chipIds: [CHIP_ID.toString('hex')] }], [{ chipIds: [hex(1, 64)] }])
    assert.deepEqual(checks({ chipIds: [hex(0, 64)] }, { 416: Buffer.alloc(64) }), ['SNP_CHIP_LISTED: unknown'])
    holdsAndFails('SNP_CSP', [{ csps: ['CN=cloud'] }, {}, lent], [{ csps: ['CN=other'] }, {}, lent])
    assert.deepEqual(checks({ csps: ['CN=cloud'] }), ['SNP_CSP: fail'])
  })

  test('wants the platform set up, flag by flag', () => {
    const flags = { smt: true, tsme: false, ecc: true, raplDisabled: false, ciphertextHiding: false, aliasCheckComplete: true, tio: false }
    for (const [name, value] of Object.entries(flags)) {
      holdsAndFails('SNP_PLATFORM', [{ platform: { [name]: value } }], [{ platform: { [name]: !value } }])
    }
  })

  test('that every guest should be held to refuses memory that has aliases', () => {
    assert.deepEqual(
      checks(STRICT, { 64: u64(5n) }).filter((each) => each.endsWith('fail')),
      ['SNP_PLATFORM: fail'],
    )
    assert.ok(checks(STRICT).every((each) => each.endsWith('pass')))
  })
})
