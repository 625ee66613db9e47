// Signatures over a digest whose message is not at hand, as in a measurement list. `node:crypto` verifies only what it hashes itself.
import { constants, publicDecrypt } from 'node:crypto'
import { DerReader } from '../der/reader.ts'
import { TAG } from '../der/tags.ts'
import { hashByName } from '../hash.ts'
import { type Curve, keyObject, type SubjectPublicKey } from './public-key.ts'
import { bitLength, inverse, isSoundRsa } from './rsa.ts'

/** What RSA signs before the digest (RFC 8017 §9.2, note 1). */
const DIGEST_INFO = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
} as const

export type SigningHash = keyof typeof DIGEST_INFO

/** Whether `signature` (RSASSA-PKCS1-v1_5, or ECDSA in DER) is one of a message with this digest. */
export function isDigestSignedBy(subject: SubjectPublicKey, hash: SigningHash, digest: Buffer, signature: Buffer): boolean {
  const { key } = subject
  if (digest.length !== hashByName(hash)!.size) return false
  if (key.kind === 'ec') return isEcdsa(key.curve, [key.x, key.y], digest, signature)
  if (key.kind !== 'rsa' || !isSoundRsa({ bits: bitLength(key.modulus), e: key.exponent })) return false
  const object = keyObject(subject)
  if (object === undefined) return false
  try {
    return publicDecrypt({ key: object, padding: constants.RSA_PKCS1_PADDING }, signature).equals(
      Buffer.concat([DIGEST_INFO[hash], digest]),
    )
  } catch {
    // OpenSSL fails, rather than denies, on a signature that is none.
    return false
  }
}

/** y² = x³ − 3x + b over the integers modulo p, with a generator of order n (FIPS 186-4, D.1.2). b is not needed: OpenSSL has checked the key. */
interface Domain {
  readonly p: bigint
  readonly n: bigint
  readonly generator: Affine
}

type Affine = readonly [bigint, bigint]
/** X/Z², Y/Z³; Z = 0 is the point at infinity. */
type Point = readonly [bigint, bigint, bigint]

const DOMAINS: Readonly<Partial<Record<Curve['name'], Domain>>> = {
  'P-256': {
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    generator: [
      0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
      0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
    ],
  },
  'P-384': {
    p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    generator: [
      0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7n,
      0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5fn,
    ],
  },
  'P-521': {
    p: (1n << 521n) - 1n,
    n: 0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    generator: [
      0x00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66n,
      0x011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650n,
    ],
  },
}

/** FIPS 186-4, 6.4. Nothing here is secret, so it need not take constant time. */
function isEcdsa({ name, bytes }: Curve, key: Affine, digest: Buffer, signature: Buffer): boolean {
  const domain = DOMAINS[name]
  const pair = readPair(signature)
  if (domain === undefined || pair === undefined) return false
  const { p, n, generator } = domain
  const [r, s] = pair
  if (r <= 0n || r >= n || s <= 0n || s >= n) return false
  const z = BigInt(`0x${digest.subarray(0, bytes).toString('hex')}`) % n
  const w = inverse(s, n)!
  const sum = sumOfProducts((z * w) % n, generator, (r * w) % n, key, p)
  const z2 = inverse((sum[2] * sum[2]) % p, p)
  return z2 !== undefined && ((sum[0] * z2) % p) % n === r
}

function readPair(signature: Buffer): Affine | undefined {
  try {
    const outer = new DerReader(signature)
    const inside = outer.enter(TAG.sequence)
    outer.finish()
    const pair = [inside.integer(), inside.integer()] as const
    inside.finish()
    return pair
  } catch {
    return undefined
  }
}

/** u·P + v·Q, bit by bit for both at once. */
function sumOfProducts(u: bigint, [px, py]: Affine, v: bigint, [qx, qy]: Affine, p: bigint): Point {
  const [one, other]: [Point, Point] = [
    [px, py, 1n],
    [qx, qy, 1n],
  ]
  const both = add(one, other, p)
  const [ub, vb] = [u.toString(2), v.toString(2)]
  const length = Math.max(ub.length, vb.length)
  let sum: Point = [0n, 1n, 0n]
  for (let bit = 0; bit < length; bit++) {
    sum = double(sum, p)
    const [inU, inV] = [ub.at(bit - length) === '1', vb.at(bit - length) === '1']
    if (inU || inV) sum = add(sum, inU && inV ? both : inU ? one : other, p)
  }
  return sum
}

const mod = (value: bigint, p: bigint) => ((value % p) + p) % p

function double([x, y, z]: Point, p: bigint): Point {
  if (z === 0n || y === 0n) return [0n, 1n, 0n]
  const delta = (z * z) % p
  const gamma = (y * y) % p
  const beta = (x * gamma) % p
  const alpha = (3n * (x - delta) * (x + delta)) % p
  const x3 = mod(alpha * alpha - 8n * beta, p)
  return [x3, mod(alpha * (4n * beta - x3) - 8n * gamma * gamma, p), mod(2n * y * z, p)]
}

function add(left: Point, right: Point, p: bigint): Point {
  if (left[2] === 0n) return right
  if (right[2] === 0n) return left
  const [z1, z2] = [(left[2] * left[2]) % p, (right[2] * right[2]) % p]
  const [u1, u2] = [(left[0] * z2) % p, (right[0] * z1) % p]
  const [s1, s2] = [(left[1] * right[2] * z2) % p, (right[1] * left[2] * z1) % p]
  if (u1 === u2) return s1 === s2 ? double(left, p) : [0n, 1n, 0n]
  const h = u2 - u1
  const r = s2 - s1
  const h2 = (h * h) % p
  const h3 = (h2 * h) % p
  const x3 = mod(r * r - h3 - 2n * u1 * h2, p)
  return [x3, mod(r * (u1 * h2 - x3) - s1 * h3, p), mod(left[2] * right[2] * h, p)]
}
