import assert from 'node:assert/strict'
import { generateKeyPairSync, hash, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { DerReader } from '../der/reader.ts'
import { integer, sequence } from '../der/writer.ts'
import { isDigestSignedBy } from './prehashed.ts'
import { readPublicKeyInfo } from './public-key.ts'

const MESSAGE = Buffer.from('a file that is elsewhere')
const KEYS = [
  ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
] as const

describe('a signature over a digest', () => {
  for (const [name, { publicKey, privateKey }] of KEYS) {
    const subject = readPublicKeyInfo(new DerReader(publicKey.export({ format: 'der', type: 'spki' })))

    test(`${name}: it is accepted as OpenSSL makes it, with each hash`, () => {
      for (const algorithm of ['sha256', 'sha384', 'sha512'] as const) {
        const digest = hash(algorithm, MESSAGE, 'buffer')
        const signature = sign(algorithm, MESSAGE, privateKey)
        assert.equal(isDigestSignedBy(subject, algorithm, digest, signature), true)
        assert.equal(isDigestSignedBy(subject, algorithm, hash(algorithm, 'another', 'buffer'), signature), false)
        assert.equal(isDigestSignedBy(subject, algorithm, digest.subarray(1), signature), false)
      }
    })

    test(`${name}: no bit of it may be another`, () => {
      const digest = hash('sha256', MESSAGE, 'buffer')
      const signature = sign('sha256', MESSAGE, privateKey)
      for (let bit = 0; bit < signature.length * 8; bit += 11) {
        const flipped = Buffer.from(signature)
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        assert.equal(isDigestSignedBy(subject, 'sha256', digest, flipped), false, `bit ${bit}`)
      }
      assert.equal(isDigestSignedBy(subject, 'sha256', digest, Buffer.concat([signature, Buffer.of(0)])), false)
    })
  }

  test('zero, and what is the order or more, is no half of a signature', () => {
    const [, { publicKey }] = KEYS[0]
    const subject = readPublicKeyInfo(new DerReader(publicKey.export({ format: 'der', type: 'spki' })))
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const digest = hash('sha256', MESSAGE, 'buffer')
    for (const [r, s] of [
      [0n, 1n],
      [1n, 0n],
      [order, 1n],
      [1n, order],
      [-1n, 1n],
    ] as const)
      assert.equal(isDigestSignedBy(subject, 'sha256', digest, sequence(integer(r), integer(s))), false)
  })
})
