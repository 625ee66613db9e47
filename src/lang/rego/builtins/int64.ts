import { numberText, type RegoNumber } from '../values/decimal.ts'

/** A number as a Go int64, which it only is if written without fraction and exponent: 1e9 is none. */
export function int64(value: RegoNumber): bigint | undefined {
  const text = numberText(value)
  if (!/^-?\d{1,20}$/.test(text)) return undefined
  const exact = BigInt(text)
  return BigInt.asIntN(64, exact) === exact ? exact : undefined
}
