import { type RsaPrivate, type RsaShortcuts, rsaShortcuts } from '../../../../formats/x509/rsa.ts'
import { BuiltinError } from '../../errors.ts'

/**
 * The private members of a JWK (RFC 7518 §6.3.2), the shortcuts computed rather than believed.
 * @throws BuiltinError where the numbers do not belong together, or all shortcuts are given and one is wrong
 */
export function rsaPrivateJwk(
  key: RsaPrivate,
  given: { readonly [name in keyof RsaShortcuts]: bigint | undefined },
): Record<'d' | 'p' | 'q' | 'dp' | 'dq' | 'qi', string> {
  const shortcuts = rsaShortcuts(key)
  const complete = given.dp !== undefined && given.dq !== undefined && given.qi !== undefined
  const wrong = complete && (given.dp !== shortcuts?.dp || given.dq !== shortcuts?.dq || given.qi !== shortcuts?.qi)
  if (shortcuts === undefined || wrong) throw new BuiltinError('the numbers of a private RSA key do not belong together')
  const { dp, dq, qi } = shortcuts
  return {
    d: encodeInteger(key.d),
    p: encodeInteger(key.p),
    q: encodeInteger(key.q),
    dp: encodeInteger(dp),
    dq: encodeInteger(dq),
    qi: encodeInteger(qi),
  }
}

/** Base64urlUInt (RFC 7518 §2): the bytes of a positive integer without leading zeros. */
export function encodeInteger(value: bigint): string {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}
