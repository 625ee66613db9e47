// TPM2_MakeCredential without a TPM (part 1, 24; part 3, 12.6), and whether the answer is right: only the TPM that has this endorsement key
// *and*, loaded in it, the object of this name can open the credential.
import { constants, createCipheriv, createECDH, createHmac, type KeyObject, publicEncrypt, randomBytes, timingSafeEqual } from 'node:crypto'
import { checked } from '../../../../core/appraisal.ts'
import { ThymusError } from '../../../../core/errors.ts'
import type { Check } from '../../../../core/verdict.ts'
import { type HashAlgorithm, hashById } from '../../../../formats/hash.ts'
import { type Curve, keyObject, type PublicKey } from '../../../../formats/x509/public-key.ts'
import { ALG } from '../abi/algorithms.ts'
import type { CredentialBlob } from '../abi/credential.ts'
import { sized } from '../abi/marshal.ts'
import type { PublicArea } from '../abi/public-area.ts'
import type { SymmetricDefinition } from '../abi/schemes.ts'
import { TPM_CHECKS } from '../checks.ts'
import { kdfa, kdfe } from '../kdf.ts'
import { subjectPublicKeyOf } from './public-key.ts'

const LABEL = 'IDENTITY'
const NONE = Buffer.alloc(0)
const OPENSSL_CURVES: Readonly<Partial<Record<Curve['name'], string>>> = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
}

/**
 * A credential that only a TPM with the endorsement key can open, and only for the object of that name.
 * @param ek its public area, whose key has been shown to be a TPM's by its certificate
 * @param name of the attestation key
 * @param secret at most as long as a digest of the endorsement key's hash
 * @throws ThymusError EVIDENCE where the area is none that protects others: no storage key, or of algorithms that are not known
 */
export function makeCredential(ek: PublicArea, name: Uint8Array, secret: Uint8Array): CredentialBlob {
  const { hash, symmetric } = storageOf(ek)
  if (secret.length > hash.size) throw new ThymusError('EVIDENCE', `a secret of ${secret.length} bytes, where ${hash.size} are the most`)
  const { seed, encrypted } = newSeed(ek, hash)
  const cipher = createCipheriv(cipherOf(symmetric), encryptionKey(hash, symmetric, seed, name), Buffer.alloc(16))
  const identity = Buffer.concat([cipher.update(sized(secret)), cipher.final()])
  return { idObject: Buffer.concat([sized(integrityOf(hash, seed, identity, name)), identity]), secret: encrypted }
}

/** Whether the answer is the secret. */
export function verifyActivation(secret: Uint8Array, answer: Uint8Array): Check {
  return checked(TPM_CHECKS, 'TPM_CREDENTIAL', secret.length === answer.length && timingSafeEqual(secret, answer))
}

function storageOf(area: PublicArea): { hash: HashAlgorithm; symmetric: SymmetricDefinition } {
  const hash = hashById(area.nameHash)
  const symmetric = area.type === 'rsa' || area.type === 'ecc' ? area.symmetric : null
  if (hash === undefined || symmetric === null) throw new ThymusError('EVIDENCE', 'the key is none that protects others')
  return { hash, symmetric }
}

function cipherOf({ algorithm, keyBits, mode }: SymmetricDefinition): string {
  if (algorithm !== ALG.aes || mode !== ALG.cfb || ![128, 192, 256].includes(keyBits))
    throw new ThymusError('EVIDENCE', 'the key protects others by a cipher that is not known')
  return `aes-${keyBits}-cfb`
}

const encryptionKey = (hash: HashAlgorithm, { keyBits }: SymmetricDefinition, seed: Buffer, name: Uint8Array) =>
  kdfa(hash, seed, 'STORAGE', name, NONE, keyBits)

function integrityOf(hash: HashAlgorithm, seed: Buffer, identity: Buffer, name: Uint8Array): Buffer {
  const key = kdfa(hash, seed, 'INTEGRITY', NONE, NONE, 8 * hash.size)
  return createHmac(hash.name, key).update(identity).update(name).digest()
}

/** A new seed, and how it is told to the key alone: by OAEP (part 1, B.4), or by an ephemeral key (part 1, C.6.4). */
function newSeed(ek: PublicArea, hash: HashAlgorithm): { seed: Buffer; encrypted: Buffer } {
  const { key, object } = keyOf(ek)
  if (key.kind === 'rsa') {
    const seed = randomBytes(hash.size)
    return { seed, encrypted: publicEncrypt({ key: object, ...oaep(hash) }, seed) }
  }
  if (key.kind !== 'ec') throw new ThymusError('EVIDENCE', 'the key is none that protects others')
  const { ecdh, bytes } = ecdhOn(key.curve)
  ecdh.generateKeys()
  const [x, y] = coordinates(ecdh.getPublicKey(), bytes)
  const [ekX, ekY] = [fixed(key.x, bytes), fixed(key.y, bytes)]
  const z = ecdh.computeSecret(Buffer.concat([Buffer.of(4), ekX, ekY]))
  return { seed: kdfe(hash, z, LABEL, x, ekX, 8 * hash.size), encrypted: Buffer.concat([sized(x), sized(y)]) }
}

function keyOf(ek: PublicArea): { key: PublicKey; object: KeyObject } {
  const key = subjectPublicKeyOf(ek)
  const object = key && keyObject(key)
  if (key === undefined || object === undefined) throw new ThymusError('EVIDENCE', 'the area has no key that is known')
  return { key: key.key, object }
}

/** The label goes with its NUL (part 1, B.4). */
const oaep = ({ name }: HashAlgorithm) => ({
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: name,
  oaepLabel: Buffer.from(`${LABEL}\0`),
})

function ecdhOn({ name, bytes }: Curve) {
  const curve = OPENSSL_CURVES[name]
  if (curve === undefined) throw new ThymusError('EVIDENCE', `a key on curve ${name} protects nothing`)
  return { ecdh: createECDH(curve), bytes }
}

const coordinates = (point: Buffer, bytes: number) => [point.subarray(1, 1 + bytes), point.subarray(1 + bytes)] as const
const fixed = (value: bigint, bytes: number) => Buffer.from(value.toString(16).padStart(2 * bytes, '0'), 'hex')
