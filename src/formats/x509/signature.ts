// Signature algorithms of certificates (RFC 3279, RFC 4055, RFC 5758, RFC 8410) and how they are verified.
import { constants, verify } from 'node:crypto'
import { ThymusError } from '../../core/errors.ts'
import { DerReader } from '../der/reader.ts'
import { contextConstructed, TAG } from '../der/tags.ts'
import { keyObject, type SubjectPublicKey } from './public-key.ts'
import { bitLength, isSoundRsa } from './rsa.ts'

type Hash = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512'

export interface SignatureAlgorithm {
  readonly key: 'rsa' | 'dsa' | 'ec' | 'ed25519'
  /** Ed25519 does its own. */
  readonly hash: Hash | null
  readonly pss?: true
}

const BY_OID: ReadonlyMap<string, SignatureAlgorithm> = new Map<string, SignatureAlgorithm>([
  ['1.2.840.113549.1.1.4', { key: 'rsa', hash: 'md5' }],
  ['1.2.840.113549.1.1.5', { key: 'rsa', hash: 'sha1' }],
  ['1.3.14.3.2.29', { key: 'rsa', hash: 'sha1' }],
  ['1.2.840.113549.1.1.11', { key: 'rsa', hash: 'sha256' }],
  ['1.2.840.113549.1.1.12', { key: 'rsa', hash: 'sha384' }],
  ['1.2.840.113549.1.1.13', { key: 'rsa', hash: 'sha512' }],
  ['1.2.840.10040.4.3', { key: 'dsa', hash: 'sha1' }],
  ['2.16.840.1.101.3.4.3.2', { key: 'dsa', hash: 'sha256' }],
  ['1.2.840.10045.4.1', { key: 'ec', hash: 'sha1' }],
  ['1.2.840.10045.4.3.2', { key: 'ec', hash: 'sha256' }],
  ['1.2.840.10045.4.3.3', { key: 'ec', hash: 'sha384' }],
  ['1.2.840.10045.4.3.4', { key: 'ec', hash: 'sha512' }],
])
const PSS = '1.2.840.113549.1.1.10'
const ED25519 = '1.3.101.112'
const MGF1 = '1.2.840.113549.1.1.8'
const PSS_HASHES: ReadonlyMap<string, readonly [Hash, number]> = new Map([
  ['2.16.840.1.101.3.4.2.1', ['sha256', 32]],
  ['2.16.840.1.101.3.4.2.2', ['sha384', 48]],
  ['2.16.840.1.101.3.4.2.3', ['sha512', 64]],
])

/** The content of an AlgorithmIdentifier. Undefined for an algorithm that is not known, or is given odd parameters. */
export function readSignatureAlgorithm(reader: DerReader): SignatureAlgorithm | undefined {
  const oid = reader.oid()
  const parameters = reader.done ? Buffer.alloc(0) : reader.whole()
  if (oid === ED25519) return parameters.length === 0 ? { key: 'ed25519', hash: null } : undefined
  if (oid !== PSS) return BY_OID.get(oid)
  try {
    return readPss(new DerReader(parameters).enter(TAG.sequence))
  } catch (error) {
    if (error instanceof ThymusError) return undefined
    throw error
  }
}

/** RSASSA-PSS-params (RFC 4055 §3.1), with one hash for both uses and a salt as long as it. */
function readPss(reader: DerReader): SignatureAlgorithm | undefined {
  const hash = hashOf(reader.enter(contextConstructed(0)).enter(TAG.sequence))
  const mask = reader.enter(contextConstructed(1)).enter(TAG.sequence)
  if (mask.oid() !== MGF1) return undefined
  const maskHash = hashOf(mask.enter(TAG.sequence))
  const salt = reader.enter(contextConstructed(2)).integer()
  const trailer = reader.optional(contextConstructed(3), (each) => each.enter(contextConstructed(3)).integer()) ?? 1n
  const known = PSS_HASHES.get(hash ?? '')
  if (known === undefined || hash !== maskHash || salt !== BigInt(known[1]) || trailer !== 1n) return undefined
  return { key: 'rsa', hash: known[0], pss: true }
}

/** Undefined where the hash has parameters other than NULL. */
function hashOf(reader: DerReader): string | undefined {
  const oid = reader.oid()
  const plain = reader.done || reader.whole().equals(Buffer.from([TAG.null, 0]))
  return plain ? oid : undefined
}

/** Whether `signature` is one of `data` by the key. MD5, SHA-1 and DSA sign no certificate. */
export function isSignedBy(key: SubjectPublicKey, algorithm: SignatureAlgorithm | undefined, data: Buffer, signature: Buffer): boolean {
  if (algorithm === undefined || algorithm.hash === 'md5' || algorithm.hash === 'sha1') return false
  if (algorithm.key === 'dsa' || key.key.kind !== algorithm.key) return false
  if (key.key.kind === 'rsa' && !isSoundRsa({ bits: bitLength(key.key.modulus), e: key.key.exponent })) return false
  const object = keyObject(key)
  if (object === undefined) return false
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  try {
    return verify(algorithm.hash, data, { key: object, ...(algorithm.pss && pss) }, signature)
  } catch {
    // OpenSSL fails, rather than denies, on a key that is none, as an even modulus.
    return false
  }
}
