import assert from 'node:assert/strict'
import { createECDH, createPublicKey, generateKeyPairSync, hash, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { DerReader } from '../der/reader.ts'
import { integer, sequence } from '../der/writer.ts'
import { isDigestSignedBy } from './prehashed.ts'
import { readPublicKeyInfo } from './public-key.ts'
import { inverse } from './rsa.ts'

const MESSAGE = Buffer.from('a file that is elsewhere')
const KEYS = [
  ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
] as const

/** FIPS 186-4, D.1.2. */
const ORDERS = {
  prime256v1: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp384r1: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  secp521r1: (1n << 521n) - 0x5ae79787c40d069948033feb708f65a2fc44a36477663b851449048e16ec79bf7n,
} as const

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

  test('a digest of zero is one: whoever has the public key can sign that, and nothing else', () => {
    for (const [name, [, { publicKey }]] of [
      ['prime256v1', KEYS[0]],
      ['secp384r1', KEYS[1]],
      ['secp521r1', KEYS[2]],
    ] as const) {
      const subject = readPublicKeyInfo(new DerReader(publicKey.export({ format: 'der', type: 'spki' })))
      const { x, y } = subject.key as { readonly x: bigint; readonly y: bigint }
      const order = ORDERS[name]
      const ecdh = createECDH(name)
      ecdh.generateKeys()
      const k = BigInt(`0x${ecdh.getPrivateKey('hex')}`)
      const digits = 2 * Math.ceil(order.toString(16).length / 2)
      const point = `04${[x, y].map((part) => part.toString(16).padStart(digits, '0')).join('')}`
      const r = BigInt(`0x${ecdh.computeSecret(point, 'hex', 'hex')}`) % order
      const signature = sequence(integer(r), integer((r * inverse(k, order)!) % order))
      assert.equal(isDigestSignedBy(subject, 'sha256', Buffer.alloc(32), signature), true, name)
      assert.equal(isDigestSignedBy(subject, 'sha256', Buffer.alloc(32, 1), signature), false, name)
    }
  })

  test('where the key is the generator, sums of a point with itself and with its negative come out', () => {
    const ecdh = createECDH('prime256v1')
    const publicOf = (secret: number) => {
      ecdh.setPrivateKey(secret.toString(16).padStart(64, '0'), 'hex')
      return ecdh.getPublicKey().subarray(1)
    }
    const [x, y] = [publicOf(1).subarray(0, 32), publicOf(1).subarray(32)].map((bytes) => bytes.toString('base64url')) as [string, string]
    const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
    const subject = readPublicKeyInfo(new DerReader(key.export({ format: 'der', type: 'spki' })))
    const order = ORDERS.prime256v1
    const r = BigInt(`0x${publicOf(2).subarray(0, 32).toString('hex')}`) % order
    const bytes = (value: bigint) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
    assert.equal(isDigestSignedBy(subject, 'sha256', bytes(r), sequence(integer(r), integer(r))), true)
    assert.equal(isDigestSignedBy(subject, 'sha256', bytes(order - r), sequence(integer(r), integer(order - r))), false)
    assert.equal(isDigestSignedBy(subject, 'sha256', bytes(order - r), sequence(integer(r), integer(r))), false)
  })

  test('zero, and what is the order or more, is no half of a signature', () => {
    const [, { publicKey }] = KEYS[0]
    const subject = readPublicKeyInfo(new DerReader(publicKey.export({ format: 'der', type: 'spki' })))
    const order = ORDERS.prime256v1
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
