// A secret that only the holder of a TPM's storage key learns: the salt of a session, the seed of a credential. The label tells these apart.
import { constants, createECDH, type KeyObject, publicEncrypt, randomBytes } from 'node:crypto'
import { ThymusError } from '../../../core/errors.ts'
import { type HashAlgorithm, hashById } from '../../../formats/hash.ts'
import { type Curve, keyObject, type PublicKey } from '../../../formats/x509/public-key.ts'
import { bitLength, isSoundRsa } from '../../../formats/x509/rsa.ts'
import { sized } from './abi/marshal.ts'
import type { PublicArea } from './abi/public-area.ts'
import { kdfe } from './kdf.ts'
import { subjectPublicKeyOf } from './verify/public-key.ts'

export interface SharedSecret {
  /** As long as a digest of the key's hash. */
  readonly secret: Buffer
  /** The content of a TPM2B_ENCRYPTED_SECRET. */
  readonly encrypted: Buffer
}

const OPENSSL_CURVES: Readonly<Partial<Record<Curve['name'], string>>> = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
}

/**
 * A new secret, told to the key alone: by OAEP (part 1, B.4), or by an ephemeral key (part 1, C.6.4).
 * @throws ThymusError EVIDENCE where the area is none that protects others: of a kind or an algorithm that is not known
 */
export function shareSecret(area: PublicArea, label: 'SECRET' | 'IDENTITY'): SharedSecret {
  const hash = hashById(area.nameHash)
  if (hash === undefined) throw new ThymusError('EVIDENCE', 'the key is none that protects others')
  const { key, object } = keyOf(area)
  if (key.kind === 'rsa') {
    const secret = randomBytes(hash.size)
    try {
      return { secret, encrypted: publicEncrypt({ key: object, ...oaep(hash, label) }, secret) }
    } catch (cause) {
      // OpenSSL fails on a modulus that is none, and on one with no room for a secret as long as the digest.
      throw new ThymusError('EVIDENCE', 'the key cannot be encrypted to', { cause })
    }
  }
  if (key.kind !== 'ec') throw new ThymusError('EVIDENCE', 'the key is none that protects others')
  const { ecdh, bytes } = ecdhOn(key.curve)
  ecdh.generateKeys()
  const [x, y] = coordinates(ecdh.getPublicKey(), bytes)
  const [ownX, ownY] = [fixed(key.x, bytes), fixed(key.y, bytes)]
  const z = ecdh.computeSecret(Buffer.concat([Buffer.of(4), ownX, ownY]))
  return { secret: kdfe(hash, z, label, x, ownX, 8 * hash.size), encrypted: Buffer.concat([sized(x), sized(y)]) }
}

function keyOf(area: PublicArea): { key: PublicKey; object: KeyObject } {
  const key = subjectPublicKeyOf(area)
  const object = key && keyObject(key)
  if (key === undefined || object === undefined) throw new ThymusError('EVIDENCE', 'the area has no key that is known')
  // An exponent of 1 leaves the secret as it is, for all to read.
  if (key.key.kind === 'rsa' && !isSoundRsa({ bits: bitLength(key.key.modulus), e: key.key.exponent }))
    throw new ThymusError('EVIDENCE', 'the key is too weak to keep a secret')
  return { key: key.key, object }
}

/** The label goes with its NUL (part 1, B.4). */
const oaep = ({ name }: HashAlgorithm, label: string) => ({
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: name,
  oaepLabel: Buffer.from(`${label}\0`),
})

function ecdhOn({ name, bytes }: Curve) {
  const curve = OPENSSL_CURVES[name]
  if (curve === undefined) throw new ThymusError('EVIDENCE', `a key on curve ${name} protects nothing`)
  return { ecdh: createECDH(curve), bytes }
}

const coordinates = (point: Buffer, bytes: number) => [point.subarray(1, 1 + bytes), point.subarray(1 + bytes)] as const
const fixed = (value: bigint, bytes: number) => Buffer.from(value.toString(16).padStart(2 * bytes, '0'), 'hex')
