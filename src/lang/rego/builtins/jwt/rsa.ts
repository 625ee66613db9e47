import { BuiltinError } from '../../errors.ts'

export interface RsaNumbers {
  readonly n: bigint
  readonly e: bigint
  readonly d: bigint
  readonly p: bigint
  readonly q: bigint
}

/** Larger ones are no keys but work for the machine. */
const MAX_BITS = 16_384

/**
 * The private members of a JWK, with the three that only speed up signing (RFC 7518 §6.3.2) computed rather than believed.
 * @throws BuiltinError where the numbers do not belong together
 */
export function rsaPrivateJwk({ n, e, d, p, q }: RsaNumbers): Record<'d' | 'p' | 'q' | 'dp' | 'dq' | 'qi', string> {
  const sound =
    n >> BigInt(MAX_BITS) === 0n && d < n && p > 1n && q > 1n && p * q === n && (d * e) % (p - 1n) === 1n && (d * e) % (q - 1n) === 1n
  const qi = sound ? inverse(q, p) : undefined
  if (qi === undefined) throw new BuiltinError('the numbers of a private RSA key do not belong together')
  const size = Math.ceil(n.toString(16).length / 2)
  const text = (value: bigint) => Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex').toString('base64url')
  return { d: text(d), p: text(p), q: text(q), dp: text(d % (p - 1n)), dq: text(d % (q - 1n)), qi: text(qi) }
}

/** value⁻¹ modulo `modulus` (Euclid); undefined where there is none. */
function inverse(value: bigint, modulus: bigint): bigint | undefined {
  let [before, rest] = [modulus, value % modulus]
  let [factorBefore, factor] = [0n, 1n]
  while (rest !== 0n) {
    const times = before / rest
    ;[before, rest] = [rest, before - times * rest]
    ;[factorBefore, factor] = [factor, factorBefore - times * factor]
  }
  return before === 1n ? ((factorBefore % modulus) + modulus) % modulus : undefined
}
