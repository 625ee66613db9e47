// The keys by which a policy verifies: a PEM certificate, a PEM public key, a JWK or a set of these (RFC 7517).
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readPem } from '../../../../formats/pem.ts'
import { BuiltinError } from '../../errors.ts'
import { ALGORITHMS } from './algorithms.ts'
import { readJwks } from './jwk.ts'
import { type Key, publicKey } from './key.ts'

export interface VerificationKey {
  /** Empty where the key does not say. */
  readonly alg: string
  readonly kid: string
  readonly key: Key
}

/** @throws BuiltinError for what is none of these, or more than one PEM block */
export function verificationKeys(text: string): readonly VerificationKey[] {
  const bytes = Buffer.from(text).toString('latin1')
  const block = readPem(bytes)
  if (block === undefined) {
    return readJwks(text)
      .map(({ alg, kid, key }) => ({ alg, kid, key: key() }))
      .filter(({ alg }) => alg === '' || ALGORITHMS.has(alg))
  }
  if (block.end < bytes.length) throw new BuiltinError('extra data after a PEM certificate block')
  return [{ alg: '', kid: '', key: publicKey(pemKey(block.label, block.bytes)) }]
}

function pemKey(label: string, der: Buffer): KeyObject {
  try {
    if (label === 'CERTIFICATE') return new X509Certificate(der).publicKey
    if (label === 'PUBLIC KEY') return createPublicKey({ key: der, format: 'der', type: 'spki' })
  } catch (error) {
    throw new BuiltinError(`failed to parse a PEM ${label.toLowerCase()}: ${(error as Error).message}`)
  }
  throw new BuiltinError('failed to extract a Key from the PEM certificate')
}

/** The keys that may have signed: the one that the token names, or else all that do not name another algorithm. */
export function candidates(keys: readonly VerificationKey[], kid: string, alg: string): readonly VerificationKey[] {
  const named = kid === '' ? undefined : keys.find((key) => key.kid === kid)
  return named === undefined ? keys.filter((key) => key.alg === '' || key.alg === alg) : [named]
}
