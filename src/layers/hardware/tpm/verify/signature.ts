// Signatures of TPM keys: which are taken, and whether they hold.
import { constants, verify } from 'node:crypto'
import { DerReader } from '../../../../formats/der/reader.ts'
import { TAG } from '../../../../formats/der/tags.ts'
import { type HashName, hashById, hashByName } from '../../../../formats/hash.ts'
import { keyObject } from '../../../../formats/x509/public-key.ts'
import { bitLength, isSoundRsa } from '../../../../formats/x509/rsa.ts'
import { ALG } from '../abi/algorithms.ts'
import { readTpmSignature, type TpmSignature } from '../abi/signature.ts'
import type { AttestationKey } from './attestation-key.ts'
import { padded } from './public-key.ts'

/** SP 800-131A, and what every TPM of a PC has (PC Client Platform TPM Profile): keys of 1,024 bits are for old programs. */
const MIN_RSA_BITS = 2_048

/**
 * A signature as it is handed around: a TPMT_SIGNATURE, or without its head: the number of RSA, or the DER of ECDSA. What has no head is taken
 * to be of the key's own scheme; of RSASSA or ECDSA with `hash` where the key names none.
 * @throws ThymusError FORMAT
 */
export function readSignatureOf({ key: { key }, area }: AttestationKey, bytes: Buffer, hash: HashName = 'sha256'): TpmSignature {
  const scheme = area !== undefined && 'scheme' in area && area.scheme?.hash ? area.scheme : undefined
  const of = { hash: scheme?.hash ?? hashByName(hash)!.id }
  if (key.kind === 'rsa' && bytes.length === Math.ceil(bitLength(key.modulus) / 8))
    return { kind: 'rsa', algorithm: scheme?.algorithm ?? ALG.rsassa, ...of, signature: bytes }
  if (key.kind !== 'ec' || bytes[0] !== TAG.sequence) return readTpmSignature(bytes)
  const outer = new DerReader(bytes)
  const inside = outer.enter(TAG.sequence)
  outer.finish()
  const [r, s] = [unsigned(inside), unsigned(inside)]
  inside.finish()
  return { kind: 'ecc', algorithm: ALG.ecdsa, ...of, r, s }
}

/** Whether scheme and hash are known here, fit the key, and are the key's own where it has any. */
export function isKnownScheme({ key: { key }, area }: AttestationKey, { algorithm, hash }: TpmSignature): boolean {
  const fits = key.kind === 'rsa' ? algorithm === ALG.rsassa || algorithm === ALG.rsapss : key.kind === 'ec' && algorithm === ALG.ecdsa
  const scheme = area !== undefined && 'scheme' in area ? area.scheme : null
  return fits && hashById(hash) !== undefined && (scheme === null || (scheme.algorithm === algorithm && scheme.hash === hash))
}

/** Whether the key has signed the message. A scheme that is not known, and a weak key, have signed nothing. */
export function isSigned(attestationKey: AttestationKey, signature: TpmSignature, message: Buffer): boolean {
  const { key } = attestationKey
  const hash = hashById(signature.hash)
  const object = keyObject(key)
  if (hash === undefined || object === undefined || !isKnownScheme(attestationKey, signature)) return false
  try {
    if (key.key.kind === 'rsa' && signature.kind === 'rsa') {
      const bits = bitLength(key.key.modulus)
      if (bits < MIN_RSA_BITS || !isSoundRsa({ bits, e: key.key.exponent })) return false
      // The salt is as long as the digest, or, of older TPMs, as long as fits (part 1, B.7).
      const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
      return verify(hash.name, message, { key: object, ...(signature.algorithm === ALG.rsapss && pss) }, signature.signature)
    }
    if (key.key.kind !== 'ec' || signature.kind !== 'ecc') return false
    const size = key.key.curve.bytes
    const both = Buffer.concat([padded(signature.r, size), padded(signature.s, size)])
    return verify(hash.name, message, { key: object, dsaEncoding: 'ieee-p1363' }, both)
  } catch {
    // OpenSSL fails, rather than denies, on a key that is none, and on a hash that it lacks.
    return false
  }
}

/** A positive INTEGER as a TPM has it: without the zero before a set first bit. */
function unsigned(reader: DerReader): Buffer {
  const value = reader.integer()
  if (value < 0n) reader.fail('a signature has a negative part')
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
}
