// The keys by which a policy verifies: a PEM certificate, a PEM public key, a JWK or a set of these (RFC 7517).
import { ThymusError } from '../../../../core/errors.ts'
import { DerReader } from '../../../../formats/der/reader.ts'
import { readPem } from '../../../../formats/pem.ts'
import { readCertificate } from '../../../../formats/x509/certificate.ts'
import { keyObject, readPublicKeyInfo, type SubjectPublicKey } from '../../../../formats/x509/public-key.ts'
import type { Runtime } from '../../codegen/runtime.ts'
import { BuiltinError } from '../../errors.ts'
import { toBytes } from '../bytes.ts'
import { ALGORITHMS } from './algorithms.ts'
import { readJwks } from './jwk.ts'
import { type Key, publicKey } from './key.ts'

export interface VerificationKey {
  /** Empty where the key does not say. */
  readonly alg: string
  readonly kid: string
  readonly key: Key
}

/** Reading keys costs more than verifying by them, and policies verify many tokens by the same. */
const READ = new WeakMap<Runtime, Map<string, readonly VerificationKey[]>>()

/** @throws BuiltinError for what is none of these, or more than one PEM block */
export function verificationKeys(runtime: Runtime, text: string): readonly VerificationKey[] {
  const read = READ.get(runtime) ?? new Map<string, readonly VerificationKey[]>()
  READ.set(runtime, read)
  const known = read.get(text)
  if (known !== undefined) return known
  runtime.charge(text.length)
  const keys = readKeys(text)
  read.set(text, keys)
  return keys
}

function readKeys(text: string): readonly VerificationKey[] {
  const bytes = toBytes(text).toString('latin1')
  const block = readPem(bytes)
  if (block === undefined) {
    return readJwks(text)
      .map(({ alg, kid, key }) => ({ alg, kid, key: key() }))
      .filter(({ alg }) => alg === '' || ALGORITHMS.has(alg))
  }
  if (block.end < bytes.length) throw new BuiltinError('extra data after a PEM certificate block')
  return [{ alg: '', kid: '', key: usable(pemKey(block.label, block.bytes)) }]
}

function pemKey(label: string, der: Buffer): SubjectPublicKey {
  try {
    if (label === 'CERTIFICATE') return readCertificate(der).publicKey
    if (label === 'PUBLIC KEY') return readPublicKey(der)
  } catch (error) {
    if (!(error instanceof ThymusError)) throw error
    throw new BuiltinError(`failed to parse a PEM ${label.toLowerCase()}: ${error.message}`)
  }
  throw new BuiltinError('failed to extract a Key from the PEM certificate')
}

function readPublicKey(der: Buffer): SubjectPublicKey {
  const reader = new DerReader(der)
  const read = readPublicKeyInfo(reader)
  reader.finish()
  return read.key.kind === 'unknown' ? reader.fail('a key of an unknown algorithm') : read
}

function usable(read: SubjectPublicKey): Key {
  const object = keyObject(read)
  return object === undefined ? { kind: 'other' } : publicKey(object)
}

/** The keys that may have signed: the one that the token names, or else all that do not name another algorithm. */
export function candidates(keys: readonly VerificationKey[], kid: string, alg: string): readonly VerificationKey[] {
  const named = kid === '' ? undefined : keys.find((key) => key.kid === kid)
  return named === undefined ? keys.filter((key) => key.alg === '' || key.alg === alg) : [named]
}
