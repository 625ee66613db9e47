// TPM2_MakeCredential without a TPM (part 1, 24; part 3, 12.6), and whether the answer is right: only the TPM that has this endorsement key
// *and*, loaded in it, the object of this name can open the credential.
import { createCipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import { checked } from '../../../../core/appraisal.ts'
import { ThymusError } from '../../../../core/errors.ts'
import type { Check } from '../../../../core/verdict.ts'
import { type HashAlgorithm, hashById } from '../../../../formats/hash.ts'
import { ALG } from '../abi/algorithms.ts'
import type { CredentialBlob } from '../abi/credential.ts'
import { sized } from '../abi/marshal.ts'
import type { PublicArea } from '../abi/public-area.ts'
import type { SymmetricDefinition } from '../abi/schemes.ts'
import { TPM_CHECKS } from '../checks.ts'
import { kdfa } from '../kdf.ts'
import { shareSecret } from '../shared-secret.ts'

const NONE = Buffer.alloc(0)

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
  const { secret: seed, encrypted } = shareSecret(ek, 'IDENTITY')
  const cipher = createCipheriv(cipherOf(symmetric), encryptionKey(hash, symmetric, seed, name), Buffer.alloc(16))
  const identity = Buffer.concat([cipher.update(sized(secret)), cipher.final()])
  return { idObject: Buffer.concat([sized(integrityOf(hash, seed, identity, name)), identity]), secret: encrypted }
}

/** Whether the answer is the secret. One of no bytes proves nothing. */
export function verifyActivation(secret: Uint8Array, answer: Uint8Array): Check {
  const isSame = secret.length > 0 && secret.length === answer.length && timingSafeEqual(secret, answer)
  return checked(TPM_CHECKS, 'TPM_CREDENTIAL', isSame)
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
