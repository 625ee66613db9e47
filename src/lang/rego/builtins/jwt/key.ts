import type { KeyObject } from 'node:crypto'
import { BuiltinError } from '../../errors.ts'

export type Key =
  | { readonly kind: 'secret'; readonly secret: Buffer }
  | {
      readonly kind: 'rsa' | 'ec' | 'ed25519'
      readonly public: KeyObject
      readonly isPrivate: boolean
      /** Throws BuiltinError where there is no private key, or none that holds together. */
      readonly signer: () => KeyObject
    }
  /** A key that verifies nothing here, as one for key agreement. */
  | { readonly kind: 'other' }

/** Bytes of a coordinate, by OpenSSL's name of the curve. */
export const CURVE_BYTES: Readonly<Record<string, number>> = { secp224r1: 28, prime256v1: 32, secp384r1: 48, secp521r1: 66 }

/** What a public key verifies. */
export function publicKey(key: KeyObject): Key {
  const signer = () => {
    throw new BuiltinError('a public key cannot sign')
  }
  const kind = key.asymmetricKeyType
  if (kind === 'rsa' || kind === 'ed25519') return { kind, public: key, isPrivate: false, signer }
  if (kind === 'ec' && CURVE_BYTES[key.asymmetricKeyDetails?.namedCurve ?? ''] !== undefined) {
    return { kind, public: key, isPrivate: false, signer }
  }
  return { kind: 'other' }
}
