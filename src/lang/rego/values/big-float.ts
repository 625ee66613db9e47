// Binary floating point with a mantissa of 64 bits, rounded to nearest even: what OPA computes with (Go's big.Float at its default precision).
import { type BigNumber, numberText, partsOf, type RegoNumber, readNumber, tooLarge } from './decimal.ts'

/** mantissa × 2^exponent; the mantissa has at most 64 bits and carries the sign. */
export interface BigFloat {
  readonly mantissa: bigint
  readonly exponent: number
}

const PRECISION = 64
/** Go's `%g` leaves the plain notation here. */
const LARGEST_PLAIN = 6
/** Bits kept beyond the precision when dividing, so that the rest only decides by being zero or not. */
const GUARD = 80

export function toFloat(value: RegoNumber): BigFloat {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return { mantissa: BigInt(value), exponent: 0 }
  const { negative, digits, exponent } = partsOf(value as BigNumber)
  if (digits === '') return { mantissa: 0n, exponent: 0 }
  const whole = BigInt(digits) * (negative ? -1n : 1n)
  const shift = exponent - digits.length
  return shift >= 0 ? round(whole * 10n ** BigInt(shift), 0) : quotient(whole, 10n ** BigInt(-shift), 0)
}

/** The number as OPA writes it: integers in full, others shortest (`%g`). */
export function fromFloat(value: BigFloat, precision = PRECISION): RegoNumber {
  const { mantissa, exponent } = value
  const exact = exponent >= 0 ? mantissa << BigInt(exponent) : undefined
  if (exact !== undefined && exact >= -9007199254740991n && exact <= 9007199254740991n) return Number(exact)
  return readNumber(formatFloat(value, precision)) ?? tooLarge()
}

export function formatFloat(value: BigFloat, precision = PRECISION): string {
  const { digits, point } = shortest(value, precision)
  const minus = value.mantissa < 0n ? '-' : ''
  if (isInt(value)) return minus + (digits.length <= point ? digits.padEnd(point, '0') : digits)
  const scientific = point - 1
  if (scientific < -4 || scientific >= LARGEST_PLAIN) {
    const power = `${scientific < 0 ? '-' : '+'}${String(Math.abs(scientific)).padStart(2, '0')}`
    return `${minus}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}e${power}`
  }
  if (point <= 0) return `${minus}0.${'0'.repeat(-point)}${digits}`
  return `${minus}${digits.slice(0, point).padEnd(point, '0')}.${digits.slice(point)}`
}

export const isInt = ({ mantissa, exponent }: BigFloat) => exponent >= 0 || (mantissa & ((1n << BigInt(-exponent)) - 1n)) === 0n

export function add(a: BigFloat, b: BigFloat): BigFloat {
  if (a.mantissa === 0n) return b
  if (b.mantissa === 0n) return a
  const exponent = Math.min(a.exponent, b.exponent)
  return round((a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent)), exponent)
}

export const negate = ({ mantissa, exponent }: BigFloat): BigFloat => ({ mantissa: -mantissa, exponent })
export const multiply = (a: BigFloat, b: BigFloat, precision = PRECISION) =>
  round(a.mantissa * b.mantissa, a.exponent + b.exponent, precision)
/** The divisor is not zero. */
export const divide = (a: BigFloat, b: BigFloat) => quotient(a.mantissa, b.mantissa, a.exponent - b.exponent)

/** Towards zero, in full. */
export function truncate({ mantissa, exponent }: BigFloat): bigint {
  if (exponent >= 0) return mantissa << BigInt(exponent)
  return mantissa < 0n ? -(-mantissa >> BigInt(-exponent)) : mantissa >> BigInt(-exponent)
}

/** The value as Go's Float64 and JS see it. */
export const toDouble = (value: RegoNumber) => (typeof value === 'number' ? value : Number(numberText(value)))

function quotient(a: bigint, b: bigint, exponent: number): BigFloat {
  if (a === 0n) return { mantissa: 0n, exponent: 0 }
  const negative = a < 0n !== b < 0n
  const top = a < 0n ? -a : a
  const bottom = b < 0n ? -b : b
  const shift = Math.max(0, bits(bottom) - bits(top) + PRECISION + GUARD)
  const scaled = top << BigInt(shift)
  const result = scaled / bottom
  const sticky = scaled % bottom === 0n ? 0n : 1n
  const doubled = (result << 1n) | sticky
  return round(negative ? -doubled : doubled, exponent - shift - 1)
}

function round(value: bigint, exponent: number, precision = PRECISION): BigFloat {
  const size = value < 0n ? -value : value
  const excess = bits(size) - precision
  if (excess <= 0) return { mantissa: value, exponent }
  const shift = BigInt(excess)
  let kept = size >> shift
  const rest = size & ((1n << shift) - 1n)
  const half = 1n << (shift - 1n)
  if (rest > half || (rest === half && (kept & 1n) === 1n)) kept += 1n
  return { mantissa: value < 0n ? -kept : kept, exponent: exponent + excess }
}

const bits = (value: bigint) =>
  value === 0n ? 0 : value.toString(16).length * 4 - Math.clz32(Number.parseInt(value.toString(16)[0]!, 16)) + 28

/** The fewest digits that read back as the same float: value = 0.DIGITS × 10^point. */
function shortest({ mantissa, exponent }: BigFloat, precision: number): { digits: string; point: number } {
  if (mantissa === 0n) return { digits: '0', point: 1 }
  let size = mantissa < 0n ? -mantissa : mantissa
  const lift = precision - bits(size)
  size <<= BigInt(lift)
  // Everything in quarters of the last place: value = quarters / 4 × 2^power, neighbours half a place away.
  const power = exponent - lift - 2
  const quarters = size << 2n
  const below = quarters - (size === 1n << BigInt(precision - 1) ? 1n : 2n)
  const above = quarters + 2n
  const inclusive = (size & 1n) === 0n
  const lifted = (part: bigint) => (power < 0 ? part * 5n ** BigInt(-power) : part << BigInt(power))
  const text = lifted(quarters).toString()
  const point = text.length - (power < 0 ? -power : 0)
  const low = lifted(below)
  const high = lifted(above)
  const whole = BigInt(text)
  for (let count = 1; count < text.length; count++) {
    const unit = 10n ** BigInt(text.length - count)
    const down = whole - (whole % unit)
    const up = down + unit
    const downFits = down > low || (inclusive && down === low)
    const upFits = up < high || (inclusive && up === high)
    if (!downFits && !upFits) continue
    const chosen = downFits && (!upFits || whole - down <= up - whole) ? down : up
    const digits = chosen.toString()
    return { digits: digits.replace(/0+$/, ''), point: point + digits.length - text.length }
  }
  return { digits: text.replace(/0+$/, ''), point }
}
