// Attestation keys in the forms in which they are handed around.
import { createPublicKey, type webcrypto } from 'node:crypto'
import { ThymusError } from '../../../../core/errors.ts'
import { DerReader } from '../../../../formats/der/reader.ts'
import { TAG } from '../../../../formats/der/tags.ts'
import { readAllPem } from '../../../../formats/pem.ts'
import { readCertificate } from '../../../../formats/x509/certificate.ts'
import { readPublicKeyInfo, type SubjectPublicKey } from '../../../../formats/x509/public-key.ts'
import { nameOf, type PublicArea, readPublicArea, readSizedPublicArea } from '../abi/public-area.ts'
import { subjectPublicKeyOf } from './public-key.ts'

export interface AttestationKey {
  readonly key: SubjectPublicKey
  /** What the TPM says of the key; without it nothing is known of where the key lives and what it signs. */
  readonly area?: PublicArea
  /** The name of the area; undefined where its hash is not known. */
  readonly name?: Buffer
}

/**
 * A TPM2B_PUBLIC, a TPMT_PUBLIC, or PEM or DER of a public key or a certificate.
 * @throws ThymusError FORMAT for anything else, and for an area without a key that signatures can be verified with
 */
export function readAttestationKey(bytes: Buffer): AttestationKey {
  if (bytes[0] === TAG.sequence) return { key: readKeyDer(bytes) }
  const [block] = readAllPem(bytes.toString('latin1'))
  if (block !== undefined) return { key: readKeyDer(block.bytes) }
  const isSized = bytes.length > 2 && bytes.readUInt16BE() === bytes.length - 2
  return attestationKeyOf(isSized ? readSizedPublicArea(bytes) : readPublicArea(bytes))
}

/** @throws ThymusError FORMAT for an area without a key that signatures can be verified with */
export function attestationKeyOf(area: PublicArea): AttestationKey {
  const key = subjectPublicKeyOf(area)
  if (key === undefined) throw new ThymusError('FORMAT', `no public key of a known kind stands in the area`, { at: 'unique' })
  const name = nameOf(area)
  return { key, area, ...(name && { name }) }
}

/** An RSA or EC key as JSON (RFC 7517). @throws ThymusError FORMAT */
export function attestationKeyOfJwk(jwk: webcrypto.JsonWebKey): AttestationKey {
  try {
    const spki = createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'der', type: 'spki' })
    return { key: readKeyDer(spki) }
  } catch (cause) {
    throw new ThymusError('FORMAT', 'no public key of a known kind', { at: 'jwk', cause })
  }
}

/** A certificate begins with another sequence inside a sequence; a key's algorithm begins with its identifier. */
function readKeyDer(der: Buffer): SubjectPublicKey {
  const inside = new DerReader(der).enter(TAG.sequence)
  if (inside.enter(TAG.sequence).tag !== TAG.oid) return readCertificate(der).publicKey
  const reader = new DerReader(der)
  const key = readPublicKeyInfo(reader)
  reader.finish()
  return key
}
