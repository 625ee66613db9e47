import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { certificate, commonName, der, newPair, oid } from '../../../test/kit/certificates.ts'
import { signedData } from '../../../test/kit/signed-data.ts'
import { ThymusError } from '../../core/errors.ts'
import { readCertificate } from '../x509/certificate.ts'
import { readSignedData } from './signed-data.ts'
import { isNamedBy, signatureFault } from './verify.ts'

const key = newPair()
const signer = certificate({ subject: 'signer', key })
const { publicKey } = readCertificate(signer)
const content = Buffer.from('a module')
const by = { issuer: commonName('signer') }
const INDIRECT = '1.3.6.1.4.1.311.2.1.4'

function fault(bytes: Buffer, elsewhere?: Buffer, other = publicKey) {
  const data = readSignedData(bytes)
  return signatureFault(data, data.signers[0]!, other, elsewhere)
}

describe('signed data', () => {
  test('with its content elsewhere, inside, and signed through attributes is verified', () => {
    assert.equal(fault(signedData({ key, by, content }), content), undefined)
    assert.equal(fault(signedData({ key, by, content, tag: 0x04 })), undefined)
    assert.equal(fault(signedData({ key, by, content, attributes: true }), content), undefined)
    assert.equal(fault(signedData({ key, by, content, attributes: true, contentType: INDIRECT, tag: 0x30 })), undefined)
  })

  test('by an RSA key that names only the key algorithm is verified', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const spki = rsa.publicKey.export({ format: 'der', type: 'spki' })
    const own = readCertificate(
      certificate({ subject: 'signer', key: { ...rsa, publicKey: rsa.publicKey }, issuer: { subject: 'x', key } }),
    )
    assert.ok(own.publicKey.raw.equals(spki))
    assert.equal(fault(signedData({ key: rsa, by, content }), content, own.publicKey), undefined)
  })

  test('over other content, by another key, or with content that is missing is at fault', () => {
    assert.equal(fault(signedData({ key, by, content }), Buffer.from('another module')), 'signature')
    assert.equal(fault(signedData({ key, by, content, attributes: true }), Buffer.from('another module')), 'digest')
    assert.equal(fault(signedData({ key: newPair(), by, content }), content), 'signature')
    assert.equal(fault(signedData({ key, by, content })), 'digest')
  })

  test('that holds content of its own is no signature of what lies elsewhere', () => {
    const other = Buffer.from('another module')
    for (const attributes of [false, true]) {
      assert.equal(fault(signedData({ key, by, content, attributes, tag: 0x04 }), other), 'digest')
      assert.equal(fault(signedData({ key, by, content, attributes, tag: 0x04 }), content), 'digest')
    }
  })

  test('without attributes where its type asks for them is at fault', () => {
    assert.equal(fault(signedData({ key, by, content, contentType: INDIRECT, tag: 0x30 })), 'attributes')
  })

  test('names its signer by issuer and serial number or by key identifier', () => {
    const keyId = Buffer.from('0102', 'hex')
    const identified = certificate({
      subject: 'other',
      key,
      extensions: [der(0x30, oid('2.5.29.14'), der(0x04, der(0x04, keyId)))],
    })
    const named = (bytes: Buffer, whose: Buffer) => isNamedBy(readSignedData(bytes).signers[0]!, readCertificate(whose))
    assert.equal(named(signedData({ key, by, content }), signer), true)
    assert.equal(named(signedData({ key, by, content }), identified), false)
    assert.equal(named(signedData({ key, by: { keyId }, content }), identified), true)
    assert.equal(named(signedData({ key, by: { keyId }, content }), signer), false)
  })

  test('keeps the certificates that it can read', () => {
    const data = readSignedData(signedData({ key, by, content, certificates: [der(0x30, der(0x02)), signer] }))
    assert.deepEqual(
      data.certificates.map(({ raw }) => raw),
      [signer],
    )
  })
})

describe('no bit', () => {
  const whole = signedData({ key, by, content, attributes: true })

  test('of what was signed, or of the signature, can be turned', () => {
    const { signers } = readSignedData(whole)
    const from = whole.indexOf(signers[0]!.attributes!.signed.subarray(2))
    let accepted = 0
    for (let at = from * 8; at < whole.length * 8; at += 5) {
      const turned = Buffer.from(whole)
      turned[at >> 3]! ^= 1 << (at & 7)
      try {
        if (fault(turned, content) === undefined) accepted++
      } catch (error) {
        assert.ok(error instanceof ThymusError)
      }
    }
    assert.equal(accepted, 0)
  })

  test('is read behind a cut, or too many at the end', () => {
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => readSignedData(whole.subarray(0, length)), { code: 'FORMAT' })
    }
    assert.throws(() => readSignedData(Buffer.concat([whole, Buffer.of(0)])), { code: 'FORMAT' })
  })
})
