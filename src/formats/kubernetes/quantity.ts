// Quantities of Kubernetes (`100m`, `1.5Gi`, `1e3`), exact: k8s.io/apimachinery/pkg/api/resource.
import { ThymusError } from '../../core/errors.ts'

/** value × 10^scale. */
export interface Quantity {
  readonly value: bigint
  readonly scale: number
  /** Go holds it in 64 bits, not as a decimal of any length: only such a one is ever an integer there. */
  readonly small: boolean
}

const FORM = /^([+-]?)0*(\d*)(?:\.(\d*))?(?:([numkMGTPE]?)|([KMGTPE]i)|[eE]([+-]?\d{1,10}))$/
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
/** Nothing is kept that is less than a nano; it is rounded away from zero. */
const NANO = -9
/** Digits. */
const MOST_NANOS = 400
const MOST_BINARY = (1n << 63n) - 1n
const MOST_LENGTH = 1_000
/** An exponent that only a mistake has; Go would spend its memory on it. */
const MOST_EXPONENT = 10_000

const fits = (value: bigint) => BigInt.asIntN(64, value) === value
const ten = (exponent: number) => 10n ** BigInt(exponent)

/** Throws FORMAT for what is no quantity. */
export function readQuantity(text: string): Quantity {
  const found = text === '' || text.length > MOST_LENGTH ? null : FORM.exec(text)
  if (found === null) throw new ThymusError('FORMAT', `${JSON.stringify(text.slice(0, 80))} is no quantity`)
  const [, sign, written = '', fraction = '', suffix = '', binary, exponentText] = found
  const whole = written === '' ? '0' : written
  const exponent = exponentText === undefined ? DECIMAL[suffix]! : Number(exponentText)
  if (Math.abs(exponent) > MOST_EXPONENT) throw new ThymusError('FORMAT', `the exponent of ${text} is out of range`)
  const digits = BigInt(whole + fraction)
  const power = binary === undefined ? 0 : 10 * (BINARY.indexOf(binary) + 1)
  const shifted = digits << BigInt(power)
  const signed = (value: bigint) => (sign === '-' ? -value : value)
  const scale = exponent - fraction.length
  // Go's way that is quick, and what its digits may be.
  const room =
    binary === undefined ? 18 - whole.length - fraction.length : fraction === '' ? 15 - whole.length - Math.trunc(power * 0.3) - 1 : -1
  if (room >= 0 && scale >= NANO && fits(shifted)) return { value: signed(shifted), scale, small: true }
  const exact = inNanos(shifted, scale)
  const capped =
    binary !== undefined && compareParts(exact, { value: MOST_BINARY, scale: 0 }) > 0 ? { value: MOST_BINARY, scale: 0 } : exact
  return { value: signed(capped.value), scale: capped.scale, small: false }
}

/** Go counts what 64 bits do not hold in nanos, which decides how it becomes a double; here as far as that is cheap. */
function inNanos(value: bigint, scale: number): Parts {
  if (scale < NANO) return { value: roundedUp(value, NANO - scale), scale: NANO }
  return scale - NANO > MOST_NANOS || value === 0n ? { value, scale } : { value: value * ten(scale - NANO), scale: NANO }
}

function roundedUp(value: bigint, places: number): bigint {
  const by = ten(places)
  return (value + by - 1n) / by
}

type Parts = Pick<Quantity, 'value' | 'scale'>

function compareParts(a: Parts, b: Parts): number {
  const [left, right] = aligned(a, b)
  return left < right ? -1 : left > right ? 1 : 0
}

/** Both as counts of the smaller unit. */
function aligned(a: Parts, b: Parts): [bigint, bigint, number] {
  const scale = Math.min(a.scale, b.scale)
  return [a.value * ten(a.scale - scale), b.value * ten(b.scale - scale), scale]
}

/** −1, 0 or 1. */
export const compareQuantities = (a: Quantity, b: Quantity): number => compareParts(a, b)

export function addQuantities(a: Quantity, b: Quantity): Quantity {
  if (a.value === 0n || b.value === 0n) {
    const other = a.value === 0n ? b : a
    return { ...other, small: a.small && b.small }
  }
  const [left, right, scale] = aligned(a, b)
  const value = left + right
  return { value, scale, small: a.small && b.small && fits(left) && fits(right) && fits(value) }
}

export const negateQuantity = (quantity: Quantity): Quantity => ({ ...quantity, value: -quantity.value })

export const quantityOf = (value: bigint): Quantity => ({ value, scale: 0, small: true })

/** As 64 bits; undefined where Go's AsInt64 has none, which is also where the quantity was written with a fraction: `1000m`. */
export function integerOf({ value, scale, small }: Quantity): bigint | undefined {
  if (!small) return undefined
  if (value === 0n) return 0n
  if (scale < 0) return undefined
  const integer = value * ten(scale)
  return fits(integer) ? integer : undefined
}

export function approximateFloat({ value, scale }: Quantity): number {
  return scale === 0 ? Number(value) : scale < 0 && scale >= -22 ? Number(value) * Number(`1e${scale}`) : Number(value) * 10 ** scale
}
