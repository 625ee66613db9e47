// Private keys: PKCS #1 (RFC 8017 §A.1.2), SEC 1 (RFC 5915), PKCS #8 (RFC 5958). Keys that are encrypted are not read.
import { createECDH, createPrivateKey } from 'node:crypto'
import { DerReader } from '../der/reader.ts'
import { contextConstructed, TAG } from '../der/tags.ts'
import { CURVES, type Curve, KEY_OID } from './public-key.ts'
import { type RsaPrivate, type RsaShortcuts, rsaShortcuts } from './rsa.ts'

export type PrivateKey =
  | ({ readonly kind: 'rsa' } & RsaPrivate & RsaShortcuts)
  | { readonly kind: 'ec'; readonly curve: Curve; readonly d: bigint; readonly x: bigint; readonly y: bigint }
  | { readonly kind: 'ed25519' | 'x25519'; readonly secret: Buffer; readonly public: Buffer }

const OPENSSL_CURVES = { 'P-224': 'secp224r1', 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' } as const

/** PKCS #1, of two primes. @throws ThymusError FORMAT, also where the numbers do not belong together */
export function readRsaPrivateKey(der: Buffer): PrivateKey {
  const outer = new DerReader(der)
  const reader = outer.enter(TAG.sequence)
  outer.finish()
  if (reader.count() > 0) reader.fail('an RSA key of more than two primes, which is not supported')
  const [n, e, d, p, q] = [reader.integer(), reader.integer(), reader.integer(), reader.integer(), reader.integer()]
  const given = [...reader.each((each) => each.integer())]
  const shortcuts = rsaShortcuts({ n, e, d, p, q }) ?? reader.fail('the numbers of an RSA key do not belong together')
  const wanted = [shortcuts.dp, shortcuts.dq, shortcuts.qi]
  if (given.some((value, at) => value <= 0n || (given.length === 3 && value !== wanted[at])))
    reader.fail('a shortcut of an RSA key is wrong')
  return { kind: 'rsa', n, e, d, p, q, ...shortcuts }
}

/** SEC 1. The curve may be given from outside. @throws ThymusError FORMAT */
export function readEcPrivateKey(der: Buffer, curveOid?: string): PrivateKey {
  const reader = new DerReader(der).enter(TAG.sequence)
  if (reader.integer() !== 1n) reader.fail('an EC key of an unknown version')
  const secret = reader.octets()
  const named = reader.optional(contextConstructed(0), (each) => each.enter(contextConstructed(0)).oid())
  // The public key that may follow is not believed.
  reader.optional(contextConstructed(1), (each) => each.enter(contextConstructed(1)).optional(TAG.bitString, (inside) => inside.bits()))
  const curve = CURVES.find(({ oid }) => oid === (curveOid ?? named)) ?? reader.fail('an elliptic curve that is not known')
  // Some programs add leading zeros, and some leave them out.
  const d = BigInt(`0x0${secret.toString('hex')}`)
  if (d >> BigInt(8 * curve.bytes) > 0n) reader.fail('an EC key is longer than its curve')
  const point = publicPoint(curve, d) ?? reader.fail('an EC key is zero, or not below the order of its curve')
  const coordinate = (from: number) => BigInt(`0x${point.subarray(from, from + curve.bytes).toString('hex')}`)
  return { kind: 'ec', curve, d, x: coordinate(1), y: coordinate(1 + curve.bytes) }
}

/** PKCS #8; what stands behind the key is passed over. @throws ThymusError FORMAT */
export function readPkcs8PrivateKey(der: Buffer): PrivateKey {
  const reader = new DerReader(der).enter(TAG.sequence)
  reader.integer()
  const algorithm = reader.enter(TAG.sequence)
  const oid = algorithm.oid()
  const key = reader.octets()
  switch (oid) {
    case KEY_OID.rsa:
      return readRsaPrivateKey(key)
    case KEY_OID.ec:
      return readEcPrivateKey(
        key,
        algorithm.optional(TAG.oid, (each) => each.oid()),
      )
    case KEY_OID.ed25519:
      return readEdwards('ed25519', oid, algorithm, key)
    case KEY_OID.x25519:
      return readEdwards('x25519', oid, algorithm, key)
    default:
      return reader.fail('a private key of an unknown algorithm')
  }
}

function readEdwards(kind: 'ed25519' | 'x25519', oid: string, algorithm: DerReader, key: Buffer): PrivateKey {
  const secret = new DerReader(key).octets()
  if (!algorithm.done || secret.length !== 32) algorithm.fail('a key of 25519 has parameters, or not 32 bytes')
  const head = `302e020100300506032b65${oid === KEY_OID.ed25519 ? '70' : '6e'}04220420`
  const jwk = createPrivateKey({ key: Buffer.concat([Buffer.from(head, 'hex'), secret]), format: 'der', type: 'pkcs8' }).export({
    format: 'jwk',
  })
  return { kind, secret, public: Buffer.from(jwk.x ?? '', 'base64url') }
}

function publicPoint(curve: Curve, d: bigint): Buffer | undefined {
  const ecdh = createECDH(OPENSSL_CURVES[curve.name])
  try {
    ecdh.setPrivateKey(Buffer.from(d.toString(16).padStart(2 * curve.bytes, '0'), 'hex'))
    return ecdh.getPublicKey()
  } catch {
    return undefined
  }
}
