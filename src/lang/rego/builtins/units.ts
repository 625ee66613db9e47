import type { Builtin } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { multiply, toFloat, truncate } from '../values/big-float.ts'
import { fromBigInt, partsOf, type RegoNumber, readNumber } from '../values/decimal.ts'
import { text } from './operands.ts'

const LETTERS = ['k', 'm', 'g', 't', 'p', 'e']
/** 0.001 as a double: what OPA multiplies by for `m`. */
const MILLI = { top: 1_152_921_504_606_847n, bottom: 1_152_921_504_606_846_976n }
const PLACES = 10

/** Amounts with a unit behind them: SI and binary prefixes. */
export const UNITS: Readonly<Record<string, Builtin>> = {
  'units.parse': (_, a) => {
    const [amount, written] = split(text(a, 1))
    const unit = written.slice(0, 1) + written.slice(1).toLowerCase()
    const { negative, digits, exponent } = partsOf(amount)
    const scale = exponent - digits.length
    const { top, bottom } = unit === 'm' ? MILLI : { top: factor(unit, unit), bottom: 1n }
    return quotient(BigInt(digits) * top * 10n ** BigInt(Math.max(0, scale)), bottom * 10n ** BigInt(Math.max(0, -scale)), negative)
  },
  'units.parse_bytes': (_, a) => {
    const [amount, unit] = split(text(a, 1).toLowerCase())
    const by = factor(unit === 'b' ? 'none' : unit.replace(/b$/, ''), `byte ${unit}`)
    return fromBigInt(truncate(multiply(toFloat(amount), toFloat(fromBigInt(by)))))
  },
}

function split(written: string): [RegoNumber, string] {
  const raw = written.replaceAll('"', '')
  if (raw.includes(' ')) throw new BuiltinError('spaces not allowed in resource strings')
  if (/e[+-]?\d{7}/i.test(raw)) throw new BuiltinError('exponent too large')
  const [, amount, unit] = /^((?:[\d.+-]|e(?=[\d+-]))*)(.*)$/is.exec(raw)!
  if (amount === '') throw new BuiltinError('no amount provided')
  const number = readNumber(amount!)
  if (number === undefined) throw new BuiltinError('could not parse amount to a number')
  return [number, unit!]
}

function factor(unit: string, shown: string): bigint {
  if (unit === '') return 1n
  const power = LETTERS.indexOf(unit[0]!.toLowerCase()) + 1
  if (power === 0 || (unit.length > 1 && unit.slice(1) !== 'i')) throw new BuiltinError(`unit ${shown} not recognized`)
  return (unit.length > 1 ? 1024n : 1000n) ** BigInt(power)
}

/** Whole, or to ten places behind the point, half away from zero. */
function quotient(top: bigint, bottom: bigint, negative: boolean): RegoNumber {
  const sign = negative ? '-' : ''
  if (top % bottom === 0n) return fromBigInt(negative ? -(top / bottom) : top / bottom)
  const scaled = top * 10n ** BigInt(PLACES)
  const rounded = (scaled / bottom + ((scaled % bottom) * 2n >= bottom ? 1n : 0n)).toString().padStart(PLACES + 1, '0')
  return readNumber(`${sign}${rounded.slice(0, -PLACES)}.${rounded.slice(-PLACES)}`)!
}
