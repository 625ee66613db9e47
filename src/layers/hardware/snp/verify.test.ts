import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { der, extension, isCa, newPair, newRsaPair, revocationList } from '../../../../test/kit/certificates.ts'
import { CHIP_ID, TCB, type TcbBytes, TURIN_TCB, Vendor } from '../../../../test/kit/snp.ts'
import { ThymusError } from '../../../core/errors.ts'
import { together } from '../../../core/verdict.ts'
import { readCertificate } from '../../../formats/x509/certificate.ts'
import { readCrl } from '../../../formats/x509/crl.ts'
import { type Endorsement, endorse } from './endorsement.ts'
import { readReport } from './report.ts'
import { verifyReport } from './verify.ts'

const NOW = Date.UTC(2025, 0)
const milan = new Vendor('Milan')
const genoa = new Vendor('Genoa')
const turin = new Vendor('Turin')

/** Codes that are not passed, `CODE?` where unknown. */
function faults(report: Buffer, endorsement: Endorsement, now = NOW): readonly string[] {
  return verifyReport(readReport(report), endorsement, now).flatMap(({ code, verdict }) =>
    verdict.is === 'pass' ? [] : [verdict.is === 'fail' ? code : `${code}?`],
  )
}

describe('a genuine report', () => {
  test('is accepted in every version, on every line, by a VCEK and by a VLEK', () => {
    for (const vendor of [milan, genoa, turin]) {
      for (const version of [2, 3, 4, 5]) {
        assert.deepEqual(faults(vendor.report(version), vendor.endorsement()), [], `${vendor.line} ${version}`)
        const lent = { 72: Buffer.of(1 << 2), 416: Buffer.alloc(64) }
        assert.deepEqual(
          faults(vendor.report(version, lent), vendor.endorsement({ csp: 'CN=cloud' })),
          [],
          `VLEK ${vendor.line} ${version}`,
        )
      }
    }
  })

  test('of Siena and Bergamo leads to the root of Genoa', () => {
    for (const product of ['Siena', 'Bergamo-B1']) {
      assert.deepEqual(faults(genoa.report(3, { 392: Buffer.of(0x19, 0xa0, 2) }), genoa.endorsement({ product })), [])
    }
  })

  test('names its chip by eight bytes in an OCTET STRING of their own, too', () => {
    assert.deepEqual(faults(turin.report(), turin.endorsement({ chipId: der(0x04, Buffer.alloc(8, 0xc1)) })), [])
  })
})

describe('every bit of a report', () => {
  /** From one byte to another. */
  function flips(version: number, from: number, to: number): void {
    const whole = milan.report(version)
    const endorsement = milan.endorsement()
    assert.deepEqual(faults(whole, endorsement), [])
    for (let bit = from * 8; bit < to * 8; bit++) {
      const flipped = Buffer.from(whole)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      assert.ok(isRefused(flipped, endorsement), `bit ${bit & 7} of byte 0x${(bit >> 3).toString(16)}`)
    }
  }

  test('counts: flipped, it is refused', () => flips(5, 0, 0x4a0))
  test('that version 2 reserves, too', () => flips(2, 0x188, 0x1a0))

  function isRefused(report: Buffer, endorsement: Endorsement): boolean {
    try {
      return together(verifyReport(readReport(report), endorsement, NOW).map(({ verdict }) => verdict)).is === 'fail'
    } catch (error) {
      return error instanceof ThymusError && error.code === 'FORMAT'
    }
  }
})

describe('the endorsement of a key', () => {
  test('is of this chip and this TCB, part by part', () => {
    for (let at = 0; at < 8; at++) {
      const tcb = TCB.map((part, each) => (each === at ? part ^ 1 : part)) as unknown as TcbBytes
      assert.deepEqual(faults(milan.report(), milan.endorsement({ tcb })), ['SNP_TCB'], `${at}`)
      const later = TURIN_TCB.map((part, each) => (each === at ? part ^ 1 : part)) as unknown as TcbBytes
      assert.deepEqual(faults(turin.report(5), turin.endorsement({ tcb: later })), ['SNP_TCB'], `Turin ${at}`)
    }
    assert.deepEqual(faults(milan.report(), milan.endorsement({ chipId: Buffer.alloc(64, 0xc2) })), ['SNP_CHIP_ID'])
    assert.deepEqual(faults(turin.report(5, { 479: Buffer.of(1) }), turin.endorsement()), ['SNP_CHIP_ID'])
  })

  test('of another line does not fit, by its product, its root or the processor', () => {
    assert.deepEqual(faults(milan.report(3, { 392: Buffer.of(0x19, 0x11, 1) }), milan.endorsement()), ['SNP_PRODUCT'])
    assert.deepEqual(faults(milan.report(), milan.endorsement({ product: 'Genoa' })), ['SNP_LINE', 'SNP_PRODUCT'])
    assert.deepEqual(faults(milan.report(2), milan.endorsement({ product: 'Genoa' })), ['SNP_LINE'])
    assert.deepEqual(faults(genoa.report(), milan.endorsement()), ['SNP_SIGNATURE', 'SNP_PRODUCT'])
  })

  test('is of the kind of key that the report names, and of a key at all', () => {
    assert.deepEqual(faults(milan.report(3, { 72: Buffer.of(1 << 2) }), milan.endorsement()), ['SNP_SIGNING_KEY'])
    assert.deepEqual(faults(milan.report(3, { 72: Buffer.of(7 << 2) }), milan.endorsement()), ['SNP_SIGNING_KEY'])
    assert.deepEqual(faults(milan.report(3, { 72: Buffer.of(2) }), milan.endorsement()), ['SNP_SIGNING_KEY'])
    assert.deepEqual(faults(milan.report(), milan.endorsement({ csp: 'CN=cloud' })), ['SNP_SIGNING_KEY'])
  })

  test('holds only while every certificate of its chain is valid', () => {
    const endorsement = milan.endorsement({ change: { from: '240101000000Z', to: '260101000000Z' } })
    const at = (now: number) => faults(milan.report(), endorsement, now)
    assert.deepEqual(at(Date.UTC(2024, 0)), [])
    assert.deepEqual(at(Date.UTC(2024, 0) - 1), ['SNP_CERT_TIME'])
    assert.deepEqual(at(Date.UTC(2026, 0)), [])
    assert.deepEqual(at(Date.UTC(2026, 0) + 1), ['SNP_CERT_TIME'])
    assert.equal(endorsement.until, Date.UTC(2026, 0))
    const old = [milan.authority(false, { to: '241231000000Z' }), milan.root()].map(readCertificate)
    assert.deepEqual(faults(milan.report(), milan.endorsement({}, { authorities: old })), ['SNP_CERT_TIME'])
    const renewed = [...old, readCertificate(milan.authority())]
    assert.deepEqual(faults(milan.report(), milan.endorsement({}, { authorities: renewed })), [])
    for (const clock of [Number.NaN, -1e300, 1e300, Infinity]) assert.deepEqual(at(clock), ['SNP_CERT_TIME'], `${clock}`)
  })

  test('leads to a root that is trusted, over an authority for its kind', () => {
    const chain = (...authorities: readonly Buffer[]) =>
      faults(milan.report(), milan.endorsement({}, { authorities: authorities.map(readCertificate) }))
    assert.deepEqual(chain(milan.root(), milan.authority()), [])
    assert.deepEqual(chain(genoa.root(), genoa.authority(), milan.root(), milan.authority()), [])
    assert.deepEqual(chain(milan.root()), ['SNP_CHAIN'])
    assert.deepEqual(chain(milan.authority()), ['SNP_CHAIN'])
    assert.deepEqual(chain(milan.root(), milan.authority(true)), ['SNP_CHAIN'])
    assert.deepEqual(chain(milan.root(), milan.authority(false, { extensions: [] })), ['SNP_CHAIN'])
    assert.deepEqual(chain(milan.root({ extensions: [isCa(0)] }), milan.authority()), ['SNP_CHAIN'])
    assert.deepEqual(chain(milan.root({ key: newRsaPair() }), milan.authority()), ['SNP_CHAIN'])
    const usage = extension('2.5.29.15', der(0x03, Buffer.of(1, 0x02)), true)
    assert.deepEqual(chain(milan.root(), milan.authority(false, { extensions: [isCa(0), usage] })), ['SNP_CHAIN'])
    assert.deepEqual(
      faults(
        milan.report(),
        endorse(readCertificate(milan.vek()), { authorities: [milan.root(), milan.authority()].map(readCertificate) }),
      ),
      ['SNP_CHAIN'],
    )
  })

  test('a key that lends to clouds is signed by the authority for these alone', () => {
    const lent = milan.report(3, { 72: Buffer.of(1 << 2), 416: Buffer.alloc(64) })
    const authorities = [milan.root(), milan.authority(false, { subject: 'SEV-VLEK-Milan' }), milan.authority()].map(readCertificate)
    assert.deepEqual(faults(lent, milan.endorsement({ csp: 'CN=cloud' }, { authorities })), [])
    const wrong = { subject: 'SEV-Milan', key: newRsaPair() }
    assert.deepEqual(faults(lent, milan.endorsement({ csp: 'CN=cloud', change: { issuer: wrong } }, { authorities })), ['SNP_CHAIN'])
  })

  test('whose certificate is of no such key is refused', () => {
    assert.throws(() => milan.endorsement({ change: { subject: 'SEV-OTHER' } }), { code: 'FORMAT' })
    assert.throws(() => milan.endorsement({ change: { key: newPair('P-256') } }), { code: 'FORMAT' })
    assert.throws(() => milan.endorsement({ change: { extensions: [] } }), { code: 'FORMAT' })
    assert.throws(() => milan.endorsement({ chipId: CHIP_ID.subarray(1) }), { code: 'FORMAT' })
  })
})

describe('revocation', () => {
  const issuer = milan.issuer
  const withLists = (...lists: readonly Buffer[]) => faults(milan.report(), milan.endorsement({}, { crls: lists.map(readCrl) }))
  const revoked = [{ serial: 1 }]

  test('is asked of a list of the root that speaks of this time', () => {
    assert.deepEqual(withLists(revocationList({ issuer, hash: 'sha384' })), [])
    assert.deepEqual(withLists(revocationList({ issuer, revoked, hash: 'sha384' })), ['SNP_REVOKED'])
  })

  test('is not known without a list, or with one that is old or somebody else’s; what was revoked stays so', () => {
    assert.deepEqual(withLists(), ['SNP_REVOKED?'])
    assert.deepEqual(withLists(revocationList({ issuer, to: '240601000000Z', hash: 'sha384' })), ['SNP_REVOKED?'])
    assert.deepEqual(withLists(revocationList({ issuer, to: '240601000000Z', revoked, hash: 'sha384' })), ['SNP_REVOKED'])
    assert.deepEqual(withLists(revocationList({ issuer: genoa.issuer, revoked, hash: 'sha384' })), ['SNP_REVOKED?'])
  })

  test('is asked of the newest list', () => {
    const [old, young] = [
      revocationList({ issuer, hash: 'sha384' }),
      revocationList({ issuer, revoked, from: '240101000000Z', hash: 'sha384' }),
    ]
    assert.deepEqual(withLists(old, young), ['SNP_REVOKED'])
    assert.deepEqual(withLists(young, old), ['SNP_REVOKED'])
  })
})

describe('what a report cannot say is unknown', () => {
  test('a chip that is masked, a processor and a product that nobody knows', () => {
    assert.deepEqual(faults(milan.report(3, { 416: Buffer.alloc(64) }), milan.endorsement()), ['SNP_CHIP_ID?'])
    assert.deepEqual(faults(milan.report(3, { 392: Buffer.of(0x1c, 0, 0) }), milan.endorsement()), ['SNP_PRODUCT?'])
    assert.deepEqual(faults(milan.report(2), milan.endorsement({ product: 'Atlantis' })), ['SNP_LINE?'])
  })
})
