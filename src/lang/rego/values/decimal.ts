// Exact decimal numbers: what a number's text says, without rounding. OPA compares numbers exactly, so order and identity are made here.

import { RegoError } from '../errors.ts'

/** A number that no JS number spells out exactly; `text` is as it was written, value = ±0.DIGITS × 10^exponent. */
export class BigNumber {
  readonly text: string
  readonly negative: boolean
  /** Without leading and trailing zeros; empty for zero. */
  readonly digits: string
  readonly exponent: number

  constructor(text: string, parts: { negative: boolean; digits: string; exponent: number }) {
    this.text = text
    this.negative = parts.negative
    this.digits = parts.digits
    this.exponent = parts.exponent
  }
}

export type RegoNumber = number | BigNumber

/** OPA's big floats end at 2^31 binary places; an exponent beyond this is refused before anything is computed with it. */
export const MAX_EXPONENT = 100_000
const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/

/** The number that a text spells, as a JS number where that prints as the same text. Undefined where it is none, or of a size beyond MAX_EXPONENT. */
export function readNumber(text: string): RegoNumber | undefined {
  if (text.length < 16 || text.includes('.')) {
    const plain = Number(text)
    if (String(plain) === text && Number.isFinite(plain)) return plain
  }
  const parts = decimalParts(text)
  if (parts === undefined) return undefined
  const plain = Number(text)
  if (Number.isSafeInteger(plain) && String(plain) === text) return plain
  return new BigNumber(text, parts)
}

/** The number as it was written. */
export function numberText(value: RegoNumber): string {
  if (typeof value !== 'number') return value.text
  return Object.is(value, -0) ? '-0' : String(value)
}

/** The same key for equal numbers, however written: a JS number where one has exactly this value. */
export function numberKey(value: RegoNumber): number | string {
  if (typeof value === 'number') return value
  if (value.digits === '') return 0
  const plain = Number(value.text)
  if (Number.isFinite(plain) && (Number.isSafeInteger(plain) || !Number.isInteger(plain))) {
    const parts = decimalParts(String(plain))!
    if (parts.digits === value.digits && parts.exponent === value.exponent) return plain
  }
  return `\0n${value.negative ? '-' : ''}${value.digits}e${value.exponent}`
}

/** Exact order. */
export function compareNumbers(a: RegoNumber, b: RegoNumber): number {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0
  const left = partsOf(a)
  const right = partsOf(b)
  const signs = sign(left) - sign(right)
  if (signs !== 0) return Math.sign(signs)
  const size = left.exponent - right.exponent || (left.digits < right.digits ? -1 : left.digits > right.digits ? 1 : 0)
  return left.negative ? -Math.sign(size) : Math.sign(size)
}

/** The integer it is, however written; undefined where it has a fraction. */
export function toBigInt(value: RegoNumber): bigint | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  const { negative, digits, exponent } = partsOf(value)
  if (digits === '') return 0n
  if (digits.length > exponent) return undefined
  const size = BigInt(digits + '0'.repeat(exponent - digits.length))
  return negative ? -size : size
}

/** The integer it is, if within the safe integers of JS. */
export function toInt(value: RegoNumber): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined
  const exact = value.exponent > 17 ? undefined : toBigInt(value)
  const plain = Number(exact)
  return exact !== undefined && Number.isSafeInteger(plain) ? plain : undefined
}

export function fromBigInt(value: bigint): RegoNumber {
  const plain = Number(value)
  return Number.isSafeInteger(plain) ? plain : (readNumber(value.toString()) ?? tooLarge())
}

export function tooLarge(): never {
  throw new RegoError('REGO_LIMIT', 'eval_cancel_error', `a number beyond 10^${MAX_EXPONENT}`)
}

export function partsOf(value: RegoNumber): { negative: boolean; digits: string; exponent: number } {
  return typeof value === 'number' ? decimalParts(String(value))! : value
}

function decimalParts(text: string): { negative: boolean; digits: string; exponent: number } | undefined {
  const match = NUMBER.exec(text)
  if (match === null || (match[2] === '' && (match[3] ?? '') === '')) return undefined
  const whole = match[2]!
  const all = whole + (match[3] ?? '')
  const digits = all.replace(/^0+/, '').replace(/0+$/, '')
  if (digits === '') return { negative: false, digits, exponent: 0 }
  const exponent = whole.length - (all.length - all.replace(/^0+/, '').length) + Number(match[4] ?? 0)
  if (Math.abs(exponent) > MAX_EXPONENT || digits.length > MAX_EXPONENT) return undefined
  return { negative: match[1] === '-', digits, exponent }
}

const sign = (parts: { negative: boolean; digits: string }) => (parts.digits === '' ? 0 : parts.negative ? -1 : 1)
