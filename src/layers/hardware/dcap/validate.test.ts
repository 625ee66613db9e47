import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CollateralRequest, FMSPC, MRSIGNER, NOW, PPID, QuoteAuthority, type QuoteRequest } from '../../../../test/kit/dcap.ts'
import { openCollateral, readCollateral } from './collateral.ts'
import { readQuote } from './quote.ts'
import { type AllowedStatus, type QuotePolicy, validateQuote } from './validate.ts'
import { QuoteVerifier } from './verify.ts'

const authority = new QuoteAuthority()
const verifier = new QuoteVerifier(authority.anchors)
const collateralOf = (tee: 'SGX' | 'TDX', request?: CollateralRequest) =>
  openCollateral(readCollateral(authority.collateral(tee, request)), authority.anchors)
const COLLATERAL = { SGX: collateralOf('SGX'), TDX: collateralOf('TDX') }
const DAY = 86_400_000
const ENCLAVE = { version: 3 } as const

const put = (to: object, at: string | number, value: unknown) => void Object.assign(to, { [at]: value })
/** Turns a bit of a field over. */
const turn = (bytes: Buffer, start: number, bit: number) => put(bytes, start + (bit >> 3), bytes[start + (bit >> 3)]! ^ (1 << (bit & 7)))

/** What is not passed, by code. */
function left(
  quote: QuoteRequest,
  policy: QuotePolicy,
  collateral?: CollateralRequest | null,
): Readonly<Record<string, 'fail' | 'unknown'>> {
  const read = readQuote(authority.quote(quote))
  const opened = collateral === undefined ? COLLATERAL[read.tee] : collateral === null ? undefined : collateralOf(read.tee, collateral)
  const verified = verifier.verify(read, { now: NOW, collateral: opened })
  const checks = validateQuote(verified, policy, NOW)
  return Object.fromEntries(checks.flatMap(({ code, verdict }) => (verdict.is === 'pass' ? [] : [[code, verdict.is]])))
}

describe('the status', () => {
  const outdated: CollateralRequest = {
    tcbInfo: (info) => void Object.assign(info.tcbLevels[0]!, { tcbStatus: 'OutOfDate', advisoryIDs: ['INTEL-SA-00001'] }),
  }
  const allowed = (more: Partial<AllowedStatus> = {}): QuotePolicy => ({
    allow: [{ status: 'OutOfDate', until: NOW + DAY, minEvaluationNumber: 18, ...more }],
  })

  test('must be UpToDate if nothing is said', () => {
    assert.deepEqual(left({}, {}), {})
    assert.deepEqual(left({}, {}, outdated), { DCAP_TCB_STATUS: 'fail' })
    assert.deepEqual(left({}, {}, null), { DCAP_TCB_STATUS: 'unknown' })
  })

  test('that is weaker is allowed by its name, for a time, and as far as it is known', () => {
    assert.deepEqual(left({}, allowed(), outdated), {})
    assert.deepEqual(left({}, allowed({ advisoryIds: ['INTEL-SA-00001', 'INTEL-SA-00009'] }), outdated), {})
    for (const more of [
      { status: 'OutOfDateConfigurationNeeded' },
      { status: 'SWHardeningNeeded' },
      { until: NOW },
      { minEvaluationNumber: 19 },
      { advisoryIds: [] },
      { advisoryIds: ['INTEL-SA-00009'] },
    ] as const)
      assert.deepEqual(left({}, allowed(more), outdated), { DCAP_TCB_STATUS: 'fail' }, JSON.stringify(more))
  })

  test('that is revoked is allowed by nothing', () => {
    const revoked: CollateralRequest = { tcbInfo: (info) => put(info.tcbLevels[0]!, 'tcbStatus', 'Revoked') }
    const policy = allowed({ status: 'Revoked' as 'OutOfDate' })
    assert.deepEqual(left({}, policy, revoked), { DCAP_TCB_STATUS: 'fail' })
  })

  test('must be evaluated recently enough, and stand in collateral that is young enough', () => {
    assert.deepEqual(left({}, { minEvaluationNumber: 18 }), {})
    assert.deepEqual(left({}, { minEvaluationNumber: 19 }), { DCAP_EVALUATION_NUMBER: 'fail' })
    assert.deepEqual(left({}, { maxCollateralAge: 12 * DAY }), {})
    assert.deepEqual(left({}, { maxCollateralAge: 12 * DAY - 1 }), { DCAP_COLLATERAL_AGE: 'unknown' })
    assert.deepEqual(left({}, { maxCollateralAge: DAY, minEvaluationNumber: 1 }, null), {
      DCAP_TCB_STATUS: 'unknown',
      DCAP_EVALUATION_NUMBER: 'unknown',
      DCAP_COLLATERAL_AGE: 'unknown',
    })
  })
})

describe('a trust domain', () => {
  const bit = (number: number): QuoteRequest => ({ version: 5, body: (body) => turn(body, 120, number) })

  test('has the attributes that are known, and none that lets somebody in', () => {
    const known = new Set([16, 27, 30, 31, 62, 63])
    for (let number = 0; number < 64; number++) {
      const expected: Record<string, string> = {}
      if (number < 8) expected.DCAP_DEBUG = 'fail'
      if (number === 28) expected.DCAP_SEPT_VE_DISABLE = 'fail'
      else if (!known.has(number) && ![0, 4, 5, 6].includes(number)) expected.DCAP_ATTRIBUTES = 'fail'
      assert.deepEqual(left(bit(number), {}), expected, `bit ${number}`)
    }
    assert.deepEqual(left(bit(0), { debug: true }), {})
    assert.deepEqual(left(bit(28), { septVeDisable: false }), {})
    assert.deepEqual(left(bit(29), { migratable: true }), {})
    assert.deepEqual(left(bit(30), { attributes: Buffer.from('0000001000000000', 'hex') }), { DCAP_ATTRIBUTES: 'fail' })
  })

  test('has the extended features that are known, and the two that all have', () => {
    const xfam = (hex: string): QuoteRequest => ({ body: (body) => void body.write(hex, 128, 'hex') })
    assert.deepEqual(left(xfam('e7db0e0000000000'), {}), {})
    for (const hex of ['e602060000000000', 'e502060000000000', 'ef02060000000000', 'e702160000000000', 'e702060000000080'])
      assert.deepEqual(left(xfam(hex), {}), { DCAP_ATTRIBUTES: 'fail' }, hex)
    assert.deepEqual(left(xfam('e702060000000000'), { xfam: Buffer.from('0700000000000000', 'hex') }), { DCAP_ATTRIBUTES: 'fail' })
  })

  test('is bound to no service TD but the one that is expected', () => {
    const bound: QuoteRequest = { version: 5, body: (body) => body.fill(9, 600) }
    assert.deepEqual(left(bound, {}), { DCAP_SERVICE_TD: 'fail' })
    assert.deepEqual(left(bound, { mrServiceTd: Buffer.alloc(48, 9) }), {})
    assert.deepEqual(left(bound, { mrServiceTd: 'any' }), {})
    assert.deepEqual(left({ version: 5 }, { mrServiceTd: Buffer.alloc(48, 9) }), { DCAP_SERVICE_TD: 'fail' })
  })

  test('has the measurements that are expected', () => {
    const right = {
      mrTd: [Buffer.alloc(48), Buffer.alloc(48, 0x7d)],
      mrSeam: [Buffer.alloc(48, 0x5b)],
      mrConfigId: Buffer.alloc(48),
      mrOwner: Buffer.alloc(48),
      mrOwnerConfig: Buffer.alloc(48),
      rtmr: { 0: Buffer.alloc(48, 0xa0), 3: Buffer.alloc(48, 0xa3) },
    }
    assert.deepEqual(left({}, { measurements: right }), {})
    for (const measurements of [
      { ...right, mrTd: [] },
      { ...right, mrSeam: [Buffer.alloc(48)] },
      { ...right, mrConfigId: Buffer.alloc(48, 1) },
      { ...right, mrOwner: Buffer.alloc(47) },
      { ...right, rtmr: { 0: Buffer.alloc(48, 0xa1) } },
      { ...right, rtmr: { 4: Buffer.alloc(48) } },
      { mrEnclave: [Buffer.alloc(32, 0x33)] },
      { minIsvSvn: 0 },
    ])
      assert.deepEqual(left({}, { measurements }), { DCAP_MEASUREMENT: 'fail' })
  })
})

describe('an enclave', () => {
  test('has the flags that are known, and cannot be debugged', () => {
    for (let number = 0; number < 64; number++) {
      const known = [0, 2, 4, 5, 6, 7, 10].includes(number)
      const quote: QuoteRequest = { ...ENCLAVE, body: (body) => turn(body, 48, number) }
      assert.deepEqual(left(quote, {}), number === 1 ? { DCAP_DEBUG: 'fail' } : known ? {} : { DCAP_ATTRIBUTES: 'fail' }, `flag ${number}`)
    }
    const mask = Buffer.from('05000000000000000700000000000000', 'hex')
    assert.deepEqual(left(ENCLAVE, { attributes: mask }), { DCAP_ATTRIBUTES: 'fail' })
    assert.deepEqual(left({ ...ENCLAVE, body: (body) => put(body, 20, 1) }, {}), { DCAP_ATTRIBUTES: 'fail' })
  })

  test('has the measurements that are expected', () => {
    const right = { mrEnclave: [Buffer.alloc(32, 0x33)], mrSigner: [MRSIGNER], isvProdId: 0, minIsvSvn: 2, configId: Buffer.alloc(64) }
    const quote: QuoteRequest = { ...ENCLAVE, body: (body) => body.writeUInt16LE(2, 258) }
    assert.deepEqual(left(quote, { measurements: right }), {})
    for (const measurements of [
      { ...right, mrEnclave: [] },
      { ...right, mrSigner: [Buffer.alloc(32)] },
      { ...right, isvProdId: 1 },
      { ...right, minIsvSvn: 3 },
      { ...right, configId: Buffer.alloc(64, 1) },
      { mrTd: [Buffer.alloc(48)] },
      { rtmr: { 0: Buffer.alloc(48) } },
    ])
      assert.deepEqual(left(quote, { measurements }), { DCAP_MEASUREMENT: 'fail' })
  })
})

test('the report carries what was asked for, and nothing behind it', () => {
  const nonce: QuoteRequest = { body: (body) => body.fill(0, 552, 584) }
  assert.deepEqual(left({}, { reportData: Buffer.alloc(64, 0x64) }), {})
  assert.deepEqual(left(nonce, { reportData: Buffer.alloc(32, 0x64) }), {})
  for (const reportData of [Buffer.alloc(32, 0x64), Buffer.alloc(64), Buffer.alloc(65, 0x64), Buffer.alloc(0)])
    assert.deepEqual(left({}, { reportData }), { DCAP_REPORT_DATA: 'fail' })
})

test('the platform is one of ours', () => {
  assert.deepEqual(left({}, { ppids: [Buffer.alloc(16), PPID], fmspcs: [Buffer.from(FMSPC, 'hex')] }), {})
  assert.deepEqual(left({}, { ppids: [] }), { DCAP_LOCATION: 'fail' })
  assert.deepEqual(left({}, { fmspcs: [Buffer.alloc(6)] }), { DCAP_LOCATION: 'fail' })
  const named: QuoteRequest = { certification: { type: 1, data: Buffer.alloc(36) } }
  assert.equal(left(named, { ppids: [PPID] }).DCAP_LOCATION, 'unknown')
})
