import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { certificate, newPair, pem, revocationList } from '../../../../test/kit/certificates.ts'
import { FMSPC, NOW as INTEL_NOW, QuoteAuthority } from '../../../../test/kit/dcap.ts'
import { CHIP_ID, TCB, type TcbBytes, Vendor } from '../../../../test/kit/snp.ts'
import { ThymusError } from '../../../core/errors.ts'
import { endorse } from '../snp/endorsement.ts'
import { readReport } from '../snp/report.ts'
import { signerOf, verifyReport } from '../snp/verify.ts'
import { forPlatform, forReports, held, readPieces } from './piece.ts'

const NOW = Date.UTC(2025, 0)
const vendor = new Vendor()
const list = revocationList({ issuer: vendor.issuer, hash: 'sha384', to: '250601000000Z' })
const chain = Buffer.from(`${pem('CERTIFICATE', vendor.authority())}${pem('CERTIFICATE', vendor.root())}${pem('X509 CRL', list)}`)

describe('pieces of collateral', () => {
  test('are read from PEM with several, and from DER with one', () => {
    assert.deepEqual(
      readPieces(chain).map(({ kind }) => kind),
      ['authority', 'authority', 'crl'],
    )
    assert.deepEqual(
      [vendor.vek(), vendor.root(), list].flatMap((each) => readPieces(each)).map(({ kind }) => kind),
      ['vek', 'authority', 'crl'],
    )
  })

  test('say what they are of, and when they end', () => {
    const of = (bytes: Buffer, now = NOW) => held(readPieces(bytes)[0]!, now)
    const [from, until] = [Date.UTC(2020, 0), Date.UTC(2030, 0)]
    assert.deepEqual(of(vendor.vek()), { kind: 'VCEK', of: `Milan, chip ${CHIP_ID.toString('hex', 0, 8)}`, from, until, state: 'current' })
    assert.equal(of(vendor.vek({ csp: 'CN=cloud' })).of, 'Milan, CN=cloud')
    assert.deepEqual(of(list), { kind: 'CRL', of: 'ARK-Milan', from, until: Date.UTC(2025, 5), state: 'current' })
    assert.equal(of(list, Date.UTC(2025, 6)).state, 'ended')
    assert.equal(of(list, Date.UTC(2019, 0)).state, 'not yet')
    const endless = of(revocationList({ issuer: vendor.issuer, hash: 'sha384', to: null }))
    assert.deepEqual([endless.until, endless.state], [null, 'ended'])
  })

  test('verify a report that came with nothing', () => {
    const later = [5, 0, 0, 0, 0, 0, 24, 219] as unknown as TcbBytes
    const kept = [chain, vendor.vek({ tcb: later }), vendor.vek({ chipId: Buffer.alloc(64, 1) }), vendor.vek({ tcb: TCB })].flatMap(
      (each) => readPieces(each),
    )
    const report = readReport(vendor.report())
    const { veks, authorities, crls } = forReports(kept)
    const endorsement = endorse(signerOf(report, veks)!.certificate, { authorities, crls, roots: vendor.roots! })
    assert.ok(verifyReport(report, endorsement, NOW).every(({ verdict }) => verdict.is === 'pass'))
    assert.equal(signerOf(readReport(vendor.report(3, { 384: Buffer.of(9) })), veks), undefined)
    assert.equal(signerOf(readReport(vendor.report(3, { 72: Buffer.of(4) })), veks), undefined)
    assert.equal(forPlatform('TDX', Buffer.alloc(6), kept), undefined)
  })

  test('of two clouds, or of a key that was certified anew, are the ones that the report was signed by', () => {
    const lent = readReport(vendor.report(3, { 72: Buffer.of(1 << 2), 416: Buffer.alloc(64) }))
    const [other, mine, past] = [
      new Vendor().vek({ csp: 'CN=other' }),
      vendor.vek({ csp: 'CN=cloud' }),
      vendor.vek({ csp: 'CN=cloud', change: { to: '240101000000Z' } }),
    ]
    const kept = [other, past, mine].flatMap((each) => readPieces(each))
    assert.deepEqual(signerOf(lent, forReports(kept).veks)?.certificate.raw, mine)
  })

  test('of Intel are whole documents, of one kind of platform, signed', () => {
    const intel = new QuoteAuthority()
    const [old, young] = ['2026-04-01T00:00:00Z', '2026-05-01T00:00:00Z'].map((issueDate) => {
      const text = intel.collateral('TDX', { tcbInfo: (info) => Object.assign(info, { issueDate }) })
      return { text, piece: readPieces(Buffer.from(text), intel.anchors)[0]! }
    })
    const { kind, of, state } = held(old!.piece, INTEL_NOW)
    assert.deepEqual({ kind, of, state }, { kind: 'platform', of: `TDX, FMSPC ${FMSPC}`, state: 'current' })
    const endless = revocationList({ issuer: intel.pckAuthority, to: null }).toString('hex')
    const open = intel.collateral('TDX', { file: (file) => Object.assign(file, { pck_crl: endless }) })
    const shown = held(readPieces(Buffer.from(open), intel.anchors)[0]!, INTEL_NOW)
    assert.deepEqual([shown.until, shown.state], [null, 'ended'])
    const kept = [old!.piece, young!.piece]
    assert.equal(forPlatform('TDX', Buffer.from(FMSPC, 'hex'), kept), young!.text)
    assert.equal(forPlatform('SGX', Buffer.from(FMSPC, 'hex'), kept), undefined)
    assert.equal(forPlatform('TDX', Buffer.alloc(6), kept), undefined)
    assert.throws(() => readPieces(Buffer.from(old!.text)), { code: 'COLLATERAL' })
    const spoilt = intel.collateral('TDX', { file: (file) => Object.assign(file, { tcb_info: file.tcb_info!.replace('2026', '2027') }) })
    assert.throws(() => readPieces(Buffer.from(spoilt), intel.anchors), { code: 'COLLATERAL' })
  })

  test('that are none are refused', () => {
    const stranger = certificate({ subject: 'somebody', key: newPair() })
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('text'),
      Buffer.from('{}'),
      Buffer.from('{"tcb_info": 1}'),
      stranger,
      Buffer.from(pem('CERTIFICATE', stranger)),
    ]) {
      assert.throws(() => readPieces(bytes), { code: 'FORMAT' })
    }
    for (let length = 1; length < list.length; length += 3) {
      assert.throws(
        () => readPieces(list.subarray(0, length)),
        (error) => error instanceof ThymusError,
      )
    }
  })
})
