import type { Builtin } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { partsOf, type RegoNumber, readNumber } from '../values/decimal.ts'
import { text } from './operands.ts'

const LETTERS = ['k', 'm', 'g', 't', 'p', 'e']

/** Amounts with a unit behind them: SI and binary prefixes. */
export const UNITS: Readonly<Record<string, Builtin>> = {
  'units.parse': (_, a) => {
    const [amount, unit] = split(text(a, 1))
    if (unit === 'm') return scaled(amount, 1n, 3)
    return scaled(amount, factor(unit.toLowerCase(), `unit ${unit} not recognized`), 0)
  },
  'units.parse_bytes': (_, a) => {
    const [amount, unit] = split(text(a, 1).toLowerCase())
    const exact = scaled(amount, factor(unit.replace(/b$/, ''), `byte unit ${unit} not recognized`), 0)
    const { negative, digits, exponent } = partsOf(exact)
    return readNumber(`${negative ? '-' : ''}${digits.slice(0, Math.max(0, exponent)).padEnd(exponent, '0') || '0'}`)!
  },
}

function split(written: string): [RegoNumber, string] {
  const raw = written.replaceAll('"', '')
  if (raw.includes(' ')) throw new BuiltinError('spaces not allowed in resource strings')
  const [, amount, unit] = /^([+-]?[\d.]*(?:e[+-]?\d+)?)(.*)$/is.exec(raw)!
  if (amount === '') throw new BuiltinError('no amount provided')
  const number = readNumber(amount!)
  if (number === undefined) throw new BuiltinError('could not parse amount to a number')
  return [number, unit!]
}

function factor(unit: string, unknown: string): bigint {
  if (unit === '') return 1n
  const power = LETTERS.indexOf(unit[0]!) + 1
  if (power === 0 || (unit.length > 1 && unit.slice(1) !== 'i')) throw new BuiltinError(unknown)
  return (unit.length > 1 ? 1024n : 1000n) ** BigInt(power)
}

/** amount × by ÷ 10^places, to ten places behind the point. */
function scaled(amount: RegoNumber, by: bigint, places: number): RegoNumber {
  const { negative, digits, exponent } = partsOf(amount)
  if (digits === '') return 0
  const whole = (BigInt(digits) * by).toString()
  const shift = exponent - digits.length - places
  if (shift >= 0) return readNumber(`${negative ? '-' : ''}${whole}${'0'.repeat(shift)}`)!
  const padded = whole.padStart(1 - shift, '0')
  const fraction = padded.slice(shift).replace(/0+$/, '')
  const point = padded.length + shift
  return readNumber(`${negative ? '-' : ''}${padded.slice(0, point)}${fraction === '' ? '' : `.${fraction}`}`)!
}
