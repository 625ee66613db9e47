import assert from 'node:assert/strict'
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { DerReader } from './der/reader.ts'
import { type Envelope, preAuthentication, readEnvelope, signersOf } from './dsse.ts'
import { readPublicKeyInfo } from './x509/public-key.ts'

const TYPE = 'application/vnd.example+json'
const PAYLOAD = Buffer.from('{"a":1}')
const subject = (key: KeyObject) => readPublicKeyInfo(new DerReader(key.export({ format: 'der', type: 'spki' })))
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' })

function text(signature: Buffer | string, more: object = {}): string {
  const sig = typeof signature === 'string' ? signature : signature.toString('base64')
  return JSON.stringify({ payload: PAYLOAD.toString('base64'), payloadType: TYPE, signatures: [{ keyid: 'k', sig }], ...more })
}
const signed = preAuthentication({ payloadType: TYPE, payload: PAYLOAD })
const accepted = (envelope: string, key: KeyObject) => signersOf(readEnvelope(envelope), [subject(key)]).length === 1

describe('an envelope', () => {
  test('what is signed is the payload with its type, and the length of each in bytes (protocol.md, test vector)', () => {
    const vector = preAuthentication({ payloadType: 'http://example.com/HelloWorld', payload: Buffer.from('hello world') })
    assert.equal(vector.toString(), 'DSSEv1 29 http://example.com/HelloWorld 11 hello world')
    assert.equal(preAuthentication({ payloadType: 'ä', payload: Buffer.alloc(0) }).toString(), 'DSSEv1 2 ä 0 ')
  })

  test('is accepted by the key that signed it: ECDSA in both forms, RSA in both paddings, Ed25519', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const ed = generateKeyPairSync('ed25519')
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const cases: readonly [KeyObject, Buffer][] = [
      [EC.publicKey, sign('sha256', signed, EC.privateKey)],
      [EC.publicKey, sign('sha256', signed, { key: EC.privateKey, dsaEncoding: 'ieee-p1363' })],
      [p384.publicKey, sign('sha384', signed, p384.privateKey)],
      [p384.publicKey, sign('sha256', signed, p384.privateKey)],
      [rsa.publicKey, sign('sha256', signed, rsa.privateKey)],
      [rsa.publicKey, sign('sha256', signed, { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 })],
      [ed.publicKey, sign(null, signed, ed.privateKey)],
    ]
    for (const [key, signature] of cases) {
      assert.equal(accepted(text(signature), key), true)
      assert.equal(
        accepted(text(signature.toString('base64url') + '='.repeat((4 - (Math.ceil((signature.length * 4) / 3) % 4)) % 4)), key),
        true,
      )
      signature[signature.length >> 1]! ^= 1
      assert.equal(accepted(text(signature), key), false)
    }
  })

  test('another payload, another type or another key is not signed', () => {
    const signature = sign('sha256', signed, EC.privateKey)
    assert.equal(accepted(text(signature, { payload: Buffer.from('{"a":2}').toString('base64') }), EC.publicKey), false)
    assert.equal(accepted(text(signature, { payloadType: `${TYPE};` }), EC.publicKey), false)
    assert.equal(accepted(text(signature), generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey), false)
    assert.equal(accepted(text(sign('sha256', PAYLOAD, EC.privateKey)), EC.publicKey), false)
    assert.equal(accepted(text('no base64!'), EC.publicKey), false)
    assert.equal(accepted(text(signature, { signatures: [] }), EC.publicKey), false)
  })

  test('any of several signatures is enough, and all of their keys are said', () => {
    const other = generateKeyPairSync('ed25519')
    const signatures = [
      { sig: 'AA==' },
      { sig: sign('sha256', signed, EC.privateKey).toString('base64') },
      { sig: sign(null, signed, other.privateKey).toString('base64') },
    ]
    const envelope: Envelope = readEnvelope(text('', { signatures }))
    assert.equal(signersOf(envelope, [subject(EC.publicKey), subject(other.publicKey)]).length, 2)
  })

  test('what is none is refused with its field', () => {
    const cases: readonly [string, string][] = [
      ['{', 'envelope'],
      ['[]', 'envelope'],
      [text('', { payload: 1 }), 'payload'],
      [text('', { payload: '*' }), 'payload'],
      [text('', { payloadType: '' }), 'payloadType'],
      [text('', { signatures: {} }), 'signatures'],
      [text('', { signatures: Array(101).fill({ sig: '' }) }), 'signatures'],
      [text('', { signatures: [null] }), 'signatures[0]'],
      [text('', { signatures: [{}] }), 'signatures[0].sig'],
    ]
    for (const [envelope, at] of cases) assert.throws(() => readEnvelope(envelope), { code: 'FORMAT', at })
  })
})
