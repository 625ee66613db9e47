// Signatures of RFC 7518 §3 and RFC 8037. Hashes are named here and nowhere else: node:crypto takes SHA-256 for a name that it does not know.
import { constants, createHmac, type KeyObject, type SigningOptions, sign, verify } from 'node:crypto'
import { isSoundRsa } from '../../../../formats/x509/rsa.ts'
import { BuiltinError } from '../../errors.ts'
import { sameBytes } from '../same-bytes.ts'
import { CURVE_BYTES, type Key } from './key.ts'

export type Hash = 'sha256' | 'sha384' | 'sha512'
type Family = 'HS' | 'RS' | 'PS' | 'ES' | 'Ed'

export interface Algorithm {
  readonly family: Family
  /** Ed25519 does its own. */
  readonly hash: Hash | null
}

const HASHES = { 256: 'sha256', 384: 'sha384', 512: 'sha512' } as const
const SIZES = [256, 384, 512] as const

/** What may stand in `alg`. "none" may not. */
export const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ...(['HS', 'RS', 'PS', 'ES'] as const).flatMap((family) =>
    SIZES.map((size): [string, Algorithm] => [`${family}${size}`, { family, hash: HASHES[size] }]),
  ),
  ['EdDSA', { family: 'Ed', hash: null }],
])

/** How much a signature may differ from RFC 7518: OPA's io.jwt.verify_* ask less of it than io.jwt.decode_verify. */
export type Strictness = 'rfc7518' | 'lenient'

/** Whether `signature` is one of `data` by this key. False too where the key is of another kind than the algorithm asks for. */
export function verifies(algorithm: Algorithm, key: Key, data: Buffer, signature: Buffer, strictness: Strictness): boolean {
  try {
    return isSigned(algorithm, key, data, signature, strictness)
  } catch {
    // OpenSSL fails, rather than denies, on a key that is none, as an even modulus.
    return false
  }
}

function isSigned({ family, hash }: Algorithm, key: Key, data: Buffer, signature: Buffer, strictness: Strictness): boolean {
  if (family === 'HS') {
    if (key.kind !== 'secret' || hash === null) return false
    return sameBytes(mac(hash, key.secret, data), signature)
  }
  if (key.kind === 'secret' || key.kind === 'other') return false
  if (key.isPrivate && strictness === 'lenient') return false
  if (family === 'Ed') return key.kind === 'ed25519' && verify(null, data, key.public, signature)
  if (family === 'ES') {
    const fixed = key.kind === 'ec' ? fixedLength(key.public, signature, strictness) : undefined
    return fixed !== undefined && verify(hash, data, { key: key.public, dsaEncoding: 'ieee-p1363' }, fixed)
  }
  if (key.kind !== 'rsa' || !soundRsa(key.public)) return false
  return verify(hash, data, { key: key.public, ...padding(family, strictness) }, signature)
}

/** @throws BuiltinError where the key cannot sign by this algorithm */
export function signature(algorithm: Algorithm, key: Key, data: Buffer): Buffer {
  try {
    const made = attempt(algorithm, key, data)
    if (made !== undefined) return made
  } catch (error) {
    // As for a modulus that is too short for hash and salt.
    throw new BuiltinError(`the key cannot sign: ${(error as Error).message}`)
  }
  throw new BuiltinError('the key is of another kind than the algorithm asks for')
}

function attempt({ family, hash }: Algorithm, key: Key, data: Buffer): Buffer | undefined {
  // OPA signs by HMAC with an Ed25519 key too, whose public half everybody knows: that is refused here.
  if (key.kind === 'secret') return family === 'HS' && hash !== null ? mac(hash, key.secret, data) : undefined
  if (key.kind === 'other' || !key.isPrivate) return undefined
  if (family === 'Ed') return key.kind === 'ed25519' ? sign(null, data, key.signer()) : undefined
  if (family === 'ES') return key.kind === 'ec' ? sign(hash, data, { key: key.signer(), dsaEncoding: 'ieee-p1363' }) : undefined
  if (family === 'HS' || key.kind !== 'rsa' || !soundRsa(key.public)) return undefined
  return sign(hash, data, { key: key.signer(), ...padding(family, 'rfc7518') })
}

export function mac(hash: Hash, secret: Buffer, data: Buffer): Buffer {
  return createHmac(hash, secret).update(data).digest()
}

function padding(family: Family, strictness: Strictness): SigningOptions {
  if (family === 'RS') return { padding: constants.RSA_PKCS1_PADDING }
  const saltLength = strictness === 'lenient' ? constants.RSA_PSS_SALTLEN_AUTO : constants.RSA_PSS_SALTLEN_DIGEST
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
}

function soundRsa(key: KeyObject): boolean {
  const { modulusLength = 0, publicExponent: e = 0n } = key.asymmetricKeyDetails ?? {}
  return isSoundRsa({ bits: modulusLength, e })
}

/** r and s in as many bytes as the curve's coordinates have (RFC 7518 §3.4); OPA's verify_es* halve a signature of any length. */
function fixedLength(key: KeyObject, signature: Buffer, strictness: Strictness): Buffer | undefined {
  const size = CURVE_BYTES[key.asymmetricKeyDetails?.namedCurve ?? '']
  if (size === undefined || (strictness === 'rfc7518' && signature.length !== 2 * size)) return undefined
  const half = Math.floor(signature.length / 2)
  const parts = [signature.subarray(0, half), signature.subarray(half)].map((part) => {
    const start = part.findIndex((byte) => byte !== 0)
    return start < 0 ? Buffer.alloc(0) : part.subarray(start)
  })
  if (parts.some((part) => part.length > size)) return undefined
  return Buffer.concat(parts.flatMap((part) => [Buffer.alloc(size - part.length), part]))
}
