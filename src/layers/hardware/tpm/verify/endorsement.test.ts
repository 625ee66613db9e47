import assert from 'node:assert/strict'
import { test } from 'node:test'
import { der, oid, revocationList, sequence, text } from '../../../../../test/kit/certificates.ts'
import { ekCertificate, newAuthority } from '../../../../../test/kit/tpm-certificates.ts'
import { newEccKey } from '../../../../../test/kit/tpm-evidence.ts'
import { readCrl } from '../../../../formats/x509/crl.ts'
import { readVendorCertificate } from '../abi/vendor-certificate.ts'
import { examineEk } from './endorsement.ts'

const ek = newEccKey({ storage: true })
const number = (hex: string) => der(0x02, Buffer.from(hex, 'hex'))
// One set of several attributes, the longer before the shorter, as Nuvoton's roots have it.
const unsorted = sequence(der(0x31, sequence(oid('2.5.4.3'), text(0x0c, 'Root 1111')), sequence(oid('2.5.4.6'), text(0x13, 'TW'))))

test('a revoked certificate is in the list of its issuer by the number and the name that they have, DER or not', () => {
  for (const subject of ['root', unsorted])
    for (const hex of ['09', '80aabb', 'ff80aabb', 'ff01']) {
      const root = newAuthority(subject)
      const certificate = ekCertificate(ek, root, { serial: number(hex) })
      const labRoots = [readVendorCertificate(root.der)]
      const revoked = (serial: string) => {
        const list = readCrl(revocationList({ issuer: root, revoked: [{ serial: number(serial) }] }))
        const { checks } = examineEk({ certificate }, { roots: [], labRoots, intermediates: [], crls: [list] }, Date.UTC(2026, 0))
        return checks.find(({ code }) => code === 'TPM_EK_REVOKED')?.verdict.is
      }
      assert.equal(revoked(hex.replace('ff80', '80')), 'fail', hex)
      assert.equal(revoked('08'), 'pass', hex)
    }
})
