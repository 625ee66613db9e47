import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { revocationList } from '../../../../test/kit/certificates.ts'
import { certificateTable, Vendor } from '../../../../test/kit/snp.ts'
import { readCertificateTable } from './certificate-table.ts'

const vendor = new Vendor()
const parts = {
  VCEK: vendor.vek(),
  ASK: vendor.authority(),
  ARK: vendor.root(),
  CRL: revocationList({ issuer: vendor.issuer, hash: 'sha384' }),
  other: Buffer.from('what nobody knows'),
}
const whole = certificateTable(parts)

describe('a certificate table', () => {
  test('gives what endorses a key', () => {
    const { veks, authorities, crls } = readCertificateTable(whole)
    assert.deepEqual(
      veks.map(({ certificate }) => certificate.raw),
      [parts.VCEK],
    )
    assert.deepEqual(
      authorities.map(({ raw }) => raw),
      [parts.ASK, parts.ARK],
    )
    assert.deepEqual(crls[0]?.raw, parts.CRL)
  })

  test('may be empty, and may have a VLEK as well', () => {
    for (const bytes of [Buffer.alloc(0), certificateTable({})]) {
      assert.deepEqual(readCertificateTable(bytes), { veks: [], authorities: [], crls: [] })
    }
    const lent = vendor.vek({ csp: 'CN=cloud' })
    const { veks } = readCertificateTable(certificateTable({ VCEK: parts.VCEK, VLEK: lent }))
    assert.deepEqual(
      veks.map(({ kind }) => kind),
      ['VCEK', 'VLEK'],
    )
  })

  test('that is cut, points outside or names a thing twice is refused', () => {
    for (let length = 1; length < whole.length; length++) {
      assert.throws(() => readCertificateTable(whole.subarray(0, length)), { code: 'FORMAT' }, `${length}`)
    }
    for (const [at, value] of [
      [16, 0xffffffff],
      [20, 0xffffffff],
      [20, whole.length],
    ] as const) {
      const changed = Buffer.from(whole)
      changed.writeUInt32LE(value, at)
      assert.throws(() => readCertificateTable(changed), { code: 'FORMAT' })
    }
    const twice = Buffer.from(whole)
    whole.copy(twice, 24, 0, 24)
    assert.throws(() => readCertificateTable(twice), { code: 'FORMAT', message: /second/ })
    assert.throws(() => readCertificateTable(Buffer.alloc(24 * 100, 1)), { code: 'FORMAT' })
  })
})
