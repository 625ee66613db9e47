// SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, RFC 3279 §2.3, RFC 5480, RFC 8410), checked before OpenSSL sees it.
import { createPublicKey, type KeyObject } from 'node:crypto'
import { DerReader, rightAligned } from '../der/reader.ts'
import { TAG } from '../der/tags.ts'

export type PublicKey =
  | { readonly kind: 'rsa'; readonly modulus: bigint; readonly exponent: bigint }
  | { readonly kind: 'ec'; readonly curve: Curve; readonly x: bigint; readonly y: bigint }
  | { readonly kind: 'ed25519'; readonly bytes: Buffer }
  | { readonly kind: 'x25519'; readonly bytes: Buffer }
  | { readonly kind: 'dsa'; readonly p: bigint; readonly q: bigint; readonly g: bigint; readonly y: bigint }
  /** An algorithm that is not read. */
  | { readonly kind: 'unknown' }

export interface Curve {
  readonly name: 'P-224' | 'P-256' | 'P-384' | 'P-521'
  readonly oid: string
  /** Of a coordinate. */
  readonly bytes: number
}

export const CURVES: readonly Curve[] = [
  { name: 'P-224', oid: '1.3.132.0.33', bytes: 28 },
  { name: 'P-256', oid: '1.2.840.10045.3.1.7', bytes: 32 },
  { name: 'P-384', oid: '1.3.132.0.34', bytes: 48 },
  { name: 'P-521', oid: '1.3.132.0.35', bytes: 66 },
]

export const KEY_OID = {
  rsa: '1.2.840.113549.1.1.1',
  dsa: '1.2.840.10040.4.1',
  ec: '1.2.840.10045.2.1',
  x25519: '1.3.101.110',
  ed25519: '1.3.101.112',
} as const

const NULL = Buffer.from([TAG.null, 0])
const MAX_EXPONENT = (1n << 63n) - 1n

export interface SubjectPublicKey {
  /** Its DER. */
  readonly raw: Buffer
  readonly key: PublicKey
}

/** @throws ThymusError FORMAT for a key that does not follow its algorithm; one of an unknown algorithm is kind "unknown" */
export function readPublicKeyInfo(reader: DerReader): SubjectPublicKey {
  const raw = reader.whole(TAG.sequence)
  const inside = new DerReader(raw).enter(TAG.sequence)
  const algorithm = inside.enter(TAG.sequence)
  const oid = algorithm.oid()
  const parameters = algorithm.done ? Buffer.alloc(0) : algorithm.whole()
  const bits = rightAligned(inside.bits())
  return { raw, key: readKey(oid, parameters, bits, raw, inside) }
}

/** Making one costs as much as verifying by it. */
const OBJECTS = new WeakMap<SubjectPublicKey, KeyObject | undefined>()

/** For verifying; undefined for what OpenSSL does not take, as a modulus of 20,000 bits. */
export function keyObject(key: SubjectPublicKey): KeyObject | undefined {
  if (!OBJECTS.has(key)) OBJECTS.set(key, newKeyObject(key))
  return OBJECTS.get(key)
}

function newKeyObject({ raw, key }: SubjectPublicKey): KeyObject | undefined {
  if (key.kind === 'unknown') return undefined
  try {
    return createPublicKey({ key: raw, format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

function readKey(oid: string, parameters: Buffer, bits: Buffer, raw: Buffer, at: DerReader): PublicKey {
  switch (oid) {
    case KEY_OID.rsa:
      return parameters.equals(NULL) ? readRsa(bits) : at.fail('an RSA key without NULL as its parameters')
    case KEY_OID.ec:
      return readEc(new DerReader(parameters).oid(), bits, raw, at)
    case KEY_OID.ed25519:
    case KEY_OID.x25519:
      if (parameters.length > 0 || bits.length !== 32) at.fail('a key of 25519 has parameters, or not 32 bytes')
      return { kind: oid === KEY_OID.ed25519 ? 'ed25519' : 'x25519', bytes: bits }
    case KEY_OID.dsa:
      return readDsa(new DerReader(parameters), new DerReader(bits), at)
    default:
      return { kind: 'unknown' }
  }
}

function readRsa(bits: Buffer): PublicKey {
  const reader = new DerReader(bits).enter(TAG.sequence)
  const [modulus, exponent] = [reader.integer(), reader.integer()]
  if (modulus <= 0n || exponent <= 0n || exponent > MAX_EXPONENT) reader.fail('an RSA key without a positive modulus and exponent')
  return { kind: 'rsa', modulus, exponent }
}

function readEc(oid: string, bits: Buffer, raw: Buffer, at: DerReader): PublicKey {
  const curve = CURVES.find((each) => each.oid === oid) ?? at.fail('an elliptic curve that is not known')
  if (bits.length !== 1 + 2 * curve.bytes || bits[0] !== 4) at.fail('a point that is not written in full')
  const coordinate = (from: number) => BigInt(`0x${bits.subarray(from, from + curve.bytes).toString('hex')}`)
  const key: PublicKey = { kind: 'ec', curve, x: coordinate(1), y: coordinate(1 + curve.bytes) }
  // OpenSSL checks that the point is on the curve.
  if (keyObject({ raw, key }) === undefined) at.fail('a point that is not on its curve')
  return key
}

function readDsa(parameters: DerReader, bits: DerReader, at: DerReader): PublicKey {
  const y = bits.integer()
  const inside = parameters.enter(TAG.sequence)
  const [p, q, g] = [inside.integer(), inside.integer(), inside.integer()]
  if ([y, p, q, g].some((part) => part <= 0n)) at.fail('a DSA key with a part that is not positive')
  return { kind: 'dsa', p, q, g, y }
}
