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
  if (key.kind === 'ec') return isEcdsa(subject, key.curve, [key.x, key.y], digest, signature)
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
function isEcdsa(owner: object, { name, bytes }: Curve, key: Affine, digest: Buffer, signature: Buffer): boolean {
  const domain = DOMAINS[name]
  const pair = readPair(signature)
  if (domain === undefined || pair === undefined) return false
  const { p, n, generator } = domain
  const [r, s] = pair
  if (r <= 0n || r >= n || s <= 0n || s >= n) return false
  const z = BigInt(`0x${digest.subarray(0, bytes).toString('hex')}`) % n
  const w = inverse(s, n)!
  const ofGenerator = addProduct([0n, 1n, 0n], (z * w) % n, tableOf(domain, generator, domain), p)
  const sum = addProduct(ofGenerator, (r * w) % n, tableOf(owner, key, domain), p)
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

/** Multiples of a point: `[window][digit − 1]` is digit · 16^window times it, so that a product is a sum of them, without a doubling. */
type Table = readonly (readonly Affine[])[]
/** Who signs one file signs thousands. */
const TABLES = new WeakMap<object, Table>()

/** @param owner what the table is kept for, as long as that lives */
function tableOf(owner: object, point: Affine, { p, n }: Domain): Table {
  const known = TABLES.get(owner)
  if (known !== undefined) return known
  const bases: Point[] = [[...point, 1n]]
  while (bases.length < n.toString(16).length) {
    let next = bases.at(-1)!
    for (let bit = 0; bit < 4; bit++) next = double(next, p)
    bases.push(next)
  }
  const table = toAffine(bases, p).map((base) => {
    const multiples: Point[] = [[...base, 1n]]
    while (multiples.length < 15) multiples.push(add(multiples.at(-1)!, base, p))
    return toAffine(multiples, p)
  })
  TABLES.set(owner, table)
  return table
}

/** `sum` and `scalar` times the point of the table. */
function addProduct(sum: Point, scalar: bigint, table: Table, p: bigint): Point {
  const digits = scalar.toString(16)
  let total = sum
  for (let window = 0; window < digits.length; window++) {
    const digit = Number.parseInt(digits[digits.length - 1 - window]!, 16)
    if (digit > 0) total = add(total, table[window]![digit - 1]!, p)
  }
  return total
}

/** All with one inversion (Montgomery's trick). None may be at infinity. */
function toAffine(points: readonly Point[], p: bigint): readonly Affine[] {
  const products: bigint[] = []
  let product = 1n
  for (const [, , z] of points) {
    products.push(product)
    product = (product * z) % p
  }
  let inverted = inverse(product, p)!
  const affine = new Array<Affine>(points.length)
  for (let at = points.length - 1; at >= 0; at--) {
    const [x, y, z] = points[at]!
    const z1 = (inverted * products[at]!) % p
    inverted = (inverted * z) % p
    const z2 = (z1 * z1) % p
    affine[at] = [(x * z2) % p, (((y * z2) % p) * z1) % p]
  }
  return affine
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

function add(left: Point, [x2, y2]: Affine, p: bigint): Point {
  if (left[2] === 0n) return [x2, y2, 1n]
  const [x1, y1, z] = left
  const z1 = (z * z) % p
  const u2 = (x2 * z1) % p
  const s2 = (((y2 * z) % p) * z1) % p
  if (u2 === x1) return s2 === y1 ? double(left, p) : [0n, 1n, 0n]
  const h = u2 - x1
  const r = s2 - y1
  const h2 = (h * h) % p
  const h3 = (h2 * h) % p
  const v = (x1 * h2) % p
  const x3 = mod(r * r - h3 - 2n * v, p)
  return [x3, mod(r * (v - x3) - y1 * h3, p), mod(z * h, p)]
}
