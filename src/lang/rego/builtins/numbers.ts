import type { Builtin } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { add, divide, floor, fromFloat, isInt, multiply, negate, toFloat } from '../values/big-float.ts'
import { fromBigInt, partsOf, type RegoNumber, readNumber } from '../values/decimal.ts'
import { compare, equal } from '../values/order.ts'
import { RegoSet, typeName, type Value } from '../values/value.ts'
import { int, integer, number, text, unfit } from './operands.ts'

/** Results of at most this size are the same in JS as in OPA. */
const safe = (value: number) => value >= -9007199254740991 && value <= 9007199254740991
const small = (a: Value, b: Value): boolean => Number.isSafeInteger(a) && Number.isSafeInteger(b)

/** Half away from zero. */
function roundHalf(value: RegoNumber): RegoNumber {
  const float = toFloat(value)
  if (isInt(float)) return fromFloat(float)
  const half = toFloat(0.5)
  return fromFloat(float.mantissa < 0n ? negate(floor(add(negate(float), half))) : floor(add(float, half)))
}

function range(from: bigint, to: bigint, step: bigint, charge: (steps: number) => void): Value[] {
  const count = (from <= to ? to - from : from - to) / step + 1n
  charge(Number(count))
  return Array.from({ length: Number(count) }, (_, at) => fromBigInt(from + (from <= to ? step : -step) * BigInt(at)))
}

/** Arithmetic (at OPA's precision), comparison, bits and ranges. */
export const NUMBERS: Readonly<Record<string, Builtin>> = {
  plus: (_, a, b) => {
    if (small(a, b) && safe((a as number) + (b as number))) return (a as number) + (b as number)
    return fromFloat(add(toFloat(number(a, 1)), toFloat(number(b, 2))))
  },
  minus: (_, a, b) => {
    if (small(a, b) && safe((a as number) - (b as number))) return (a as number) - (b as number)
    if (a instanceof RegoSet && b instanceof RegoSet) return RegoSet.of(a.members().filter((member) => !b.has(member)))
    for (const [value, at] of [
      [a, 1],
      [b, 2],
    ] as const) {
      if (!['number', 'set'].includes(typeName(value))) throw unfit(at, ['number', 'set'], typeName(value))
    }
    if (typeName(a) !== typeName(b)) throw unfit(2, [typeName(a)], typeName(b))
    return fromFloat(add(toFloat(number(a, 1)), negate(toFloat(number(b, 2)))))
  },
  mul: (_, a, b) => {
    if (small(a, b) && safe((a as number) * (b as number))) return (a as number) * (b as number) + 0
    return fromFloat(multiply(toFloat(number(a, 1)), toFloat(number(b, 2))))
  },
  div: (_, a, b) => {
    const [top, bottom] = [toFloat(number(a, 1)), toFloat(number(b, 2))]
    if (bottom.mantissa === 0n) throw new BuiltinError('divide by zero')
    return fromFloat(divide(top, bottom))
  },
  rem: (_, a, b) => {
    const [x, y] = [number(a, 1), number(b, 2)]
    if (!isInt(toFloat(x)) || !isInt(toFloat(y))) throw new BuiltinError('modulo on floating-point number')
    if (integer(y, 2) === 0n) throw new BuiltinError('modulo by zero')
    return fromBigInt(integer(x, 1) % integer(y, 2))
  },
  abs: (_, a) => {
    const value = number(a, 1)
    return partsOf(value).negative ? fromFloat(negate(toFloat(value))) : value
  },
  round: (_, a) => roundHalf(number(a, 1)),
  floor: (_, a) => fromFloat(floor(toFloat(number(a, 1)))),
  ceil: (_, a) => fromFloat(negate(floor(negate(toFloat(number(a, 1)))))),
  eq: (_, a, b) => equal(a, b),
  equal: (_, a, b) => equal(a, b),
  neq: (_, a, b) => !equal(a, b),
  lt: (_, a, b) => compare(a, b) < 0,
  lte: (_, a, b) => compare(a, b) <= 0,
  gt: (_, a, b) => compare(a, b) > 0,
  gte: (_, a, b) => compare(a, b) >= 0,
  'bits.and': (_, a, b) => fromBigInt(integer(a, 1) & integer(b, 2)),
  'bits.or': (_, a, b) => fromBigInt(integer(a, 1) | integer(b, 2)),
  'bits.xor': (_, a, b) => fromBigInt(integer(a, 1) ^ integer(b, 2)),
  'bits.negate': (_, a) => fromBigInt(~integer(a, 1)),
  'bits.lsh': (_, a, b) => fromBigInt(integer(a, 1) << shift(b)),
  'bits.rsh': (_, a, b) => fromBigInt(integer(a, 1) >> shift(b)),
  'numbers.range': (runtime, a, b) => range(integer(a, 1), integer(b, 2), 1n, (steps) => runtime.charge(steps)),
  'numbers.range_step': (runtime, a, b, c) => {
    const step = integer(c, 3)
    if (step <= 0n) throw new BuiltinError('numbers.range_step: step must be a positive number above zero')
    return range(integer(a, 1), integer(b, 2), step, (steps) => runtime.charge(steps))
  },
  format_int: (_, a, b) => {
    const base = int(b, 2)
    if (![2, 8, 10, 16].includes(base)) throw unfit(2, ['2', '8', '10', '16'], String(base))
    const float = toFloat(number(a, 1))
    const whole = float.mantissa < 0n ? negate(floor(negate(float))) : floor(float)
    return integer(fromFloat(whole), 1).toString(base)
  },
  to_number: (_, a) => {
    if (a === null || a === false) return 0
    if (a === true) return 1
    if (typeof a !== 'string') {
      if (!['number'].includes(typeName(a))) throw unfit(1, ['null', 'boolean', 'number', 'string'], typeName(a))
      return a
    }
    if (/^[+-]?(nan|inf|infinity)$/i.test(a)) throw new BuiltinError('operand 1 must be valid number string', 'eval_type_error')
    const value = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(a) ? readNumber(a) : undefined
    if (value === undefined) throw new BuiltinError('invalid syntax')
    return value
  },
  'rand.intn': (runtime, name, limit) => {
    const bound = Math.abs(int(limit, 2))
    if (bound === 0) return 0
    const key = `rand.intn ${bound} ${text(name, 1)}`
    const value = runtime.kept.get(key) ?? Math.floor(runtime.surroundings.random() * bound)
    runtime.kept.set(key, value)
    return value
  },
}

/** OPA's shifts take what is not negative; ten thousand bits are more than any number here may have. */
function shift(value: Value): bigint {
  const by = integer(value, 2)
  if (by < 0n) throw new BuiltinError('operand 2 must be an unsigned integer number but got a negative integer', 'eval_type_error')
  if (by > 10_000n) throw new BuiltinError('operand 2 shifts too far')
  return by
}
