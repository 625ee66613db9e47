export interface RsaPrivate {
  readonly n: bigint
  readonly e: bigint
  readonly d: bigint
  readonly p: bigint
  readonly q: bigint
}

/** What speeds up the private operation (RFC 8017 §3.2). */
export interface RsaShortcuts {
  readonly dp: bigint
  readonly dq: bigint
  readonly qi: bigint
}

/** Larger ones are no keys but work for the machine. */
const MAX_BITS = 16_384
const MIN_VERIFYING_BITS = 1_024
const MAX_EXPONENT = 0x7fffffffn
/** p and q that are closer than half the modulus less these bits can be found by trying. */
const MIN_DISTANCE = 100

/** Whether anything may be verified by it, as Go has it. */
export const isSoundRsa = ({ bits, e }: { readonly bits: number; readonly e: bigint }) => bits >= MIN_VERIFYING_BITS && isSoundExponent(e)

/**
 * The shortcuts of a private key, or undefined where its numbers do not belong together, or are such that the key is no secret
 * (FIPS 186-5 §A.1.1).
 */
export function rsaShortcuts({ n, e, d, p, q }: RsaPrivate): RsaShortcuts | undefined {
  const size = bitLength(n)
  if (size > MAX_BITS || n % 2n === 0n || !isSoundExponent(e) || d >= n || p < 3n || q < 3n || p * q !== n) return undefined
  const [dp, dq] = [d % (p - 1n), d % (q - 1n)]
  if ((e * dp) % (p - 1n) !== 1n || (e * dq) % (q - 1n) !== 1n) return undefined
  const distance = p > q ? p - q : q - p
  if (bitLength(distance) <= Math.floor(size / 2) - MIN_DISTANCE || bitLength(d) <= Math.floor(size / 2)) return undefined
  const qi = inverse(q, p)
  return qi === undefined ? undefined : { dp, dq, qi }
}

const isSoundExponent = (e: bigint) => e > 1n && e <= MAX_EXPONENT && e % 2n === 1n

export function bitLength(value: bigint): number {
  const hex = value.toString(16)
  return value === 0n ? 0 : hex.length * 4 - Math.clz32(Number.parseInt(hex[0]!, 16)) + 28
}

/** value⁻¹ modulo `modulus` (Euclid); undefined where there is none. */
export function inverse(value: bigint, modulus: bigint): bigint | undefined {
  let [before, rest] = [modulus, value % modulus]
  let [factorBefore, factor] = [0n, 1n]
  while (rest !== 0n) {
    const times = before / rest
    ;[before, rest] = [rest, before - times * rest]
    ;[factorBefore, factor] = [factor, factorBefore - times * factor]
  }
  return before === 1n ? ((factorBefore % modulus) + modulus) % modulus : undefined
}
