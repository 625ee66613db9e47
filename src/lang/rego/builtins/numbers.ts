import type { Builtin, Runtime } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { add, type BigFloat, divide, fromFloat, isInt, multiply, negate, toDouble, toFloat, truncate } from '../values/big-float.ts'
import { fromBigInt, numberText, type RegoNumber, readNumber, toBigInt } from '../values/decimal.ts'
import { compare, equal } from '../values/order.ts'
import { RegoSet, typeName, type Value } from '../values/value.ts'
import { int, integer, number, text, unfit, weighItems } from './operands.ts'

/** Results of at most this size are the same in JS as in OPA. */
const safe = (value: number) => value >= -9007199254740991 && value <= 9007199254740991
const small = (a: Value, b: Value): boolean => Number.isSafeInteger(a) && Number.isSafeInteger(b)

/** Integers of any size are exact; what has a fraction is computed in floats. */
function arithmetic(exact: (a: bigint, b: bigint) => bigint, float: (a: BigFloat, b: BigFloat) => RegoNumber) {
  return (a: RegoNumber, b: RegoNumber): RegoNumber => {
    const [x, y] = [toBigInt(a), toBigInt(b)]
    return x === undefined || y === undefined ? float(toFloat(a), toFloat(b)) : fromBigInt(exact(x, y))
  }
}

const sum = arithmetic(
  (a, b) => a + b,
  (a, b) => fromFloat(add(a, b)),
)
const difference = arithmetic(
  (a, b) => a - b,
  (a, b) => fromFloat(add(a, negate(b))),
)

/** Go's floats know a negative zero. */
function signed(result: RegoNumber, a: RegoNumber, b: RegoNumber): RegoNumber {
  return result === 0 && isNegative(a) !== isNegative(b) ? -0 : result
}

const isNegative = (value: RegoNumber) => numberText(value).startsWith('-')

/** What leaves a small integer as it is, and goes from a larger or fractional number to a whole one. */
const whole =
  (to: (value: BigFloat) => bigint): Builtin =>
  (_, a) => {
    const value = number(a, 1)
    return fromBigInt(toSmall(value) ?? to(toFloat(value)))
  }

/** OPA takes integers of 32 bits another way than all others, and knows them without an exponent. */
function toSmall(value: RegoNumber): bigint | undefined {
  const exact = /[eE]/.test(numberText(value)) ? undefined : toBigInt(value)
  return exact !== undefined && BigInt.asIntN(32, exact) === exact ? exact : undefined
}

const HALF = toFloat(0.5)

function range(runtime: Runtime, from: bigint, to: bigint, step: bigint): Value[] {
  const count = (from <= to ? to - from : from - to) / step + 1n
  runtime.charge(Number(count))
  weighItems(runtime, Number(count))
  return Array.from({ length: Number(count) }, (_, at) => fromBigInt(from + (from <= to ? step : -step) * BigInt(at)))
}

/** Arithmetic (exact on integers, else at OPA's precision), comparison and ranges. */
export const NUMBERS: Readonly<Record<string, Builtin>> = {
  plus: (_, a, b) => {
    if (small(a, b) && safe((a as number) + (b as number))) return (a as number) + (b as number) + 0
    return sum(number(a, 1), number(b, 2))
  },
  minus: (_, a, b) => {
    if (small(a, b) && safe((a as number) - (b as number))) return (a as number) - (b as number) + 0
    if (a instanceof RegoSet && b instanceof RegoSet) return RegoSet.of(a.members().filter((member) => !b.has(member)))
    for (const [value, at] of [
      [a, 1],
      [b, 2],
    ] as const) {
      if (!['number', 'set'].includes(typeName(value))) throw unfit(at, ['number', 'set'], typeName(value))
    }
    if (typeName(a) !== typeName(b)) throw unfit(2, [typeName(a)], typeName(b))
    return difference(number(a, 1), number(b, 2))
  },
  mul: (_, a, b) => {
    if (small(a, b) && safe((a as number) * (b as number))) return (a as number) * (b as number) + 0
    const [x, y] = [number(a, 1), number(b, 2)]
    const [exact, other] = [toBigInt(x), toBigInt(y)]
    if (exact !== undefined && other !== undefined) return fromBigInt(exact * other)
    return signed(fromFloat(multiply(toFloat(x), toFloat(y))), x, y)
  },
  div: (_, a, b) => {
    const [top, bottom] = [toFloat(number(a, 1)), toFloat(number(b, 2))]
    if (bottom.mantissa === 0n) throw new BuiltinError('divide by zero')
    return signed(fromFloat(divide(top, bottom)), number(a, 1), number(b, 2))
  },
  rem: (_, a, b) => {
    const [x, y] = [number(a, 1), number(b, 2)]
    if (!isInt(toFloat(x)) || !isInt(toFloat(y))) throw new BuiltinError('modulo on floating-point number')
    if (integer(y, 2) === 0n) throw new BuiltinError('modulo by zero')
    return fromBigInt(integer(x, 1) % integer(y, 2))
  },
  abs: (_, a) => {
    const small = toSmall(number(a, 1))
    if (small !== undefined) return fromBigInt(small < 0n ? -small : small)
    const float = toFloat(number(a, 1))
    return fromFloat(float.mantissa < 0n ? negate(float) : float)
  },
  round: whole((value) => truncate(add(value, value.mantissa < 0n ? negate(HALF) : HALF))),
  // Between -1 and 0 both err, as OPA does: they take the sign from the whole number, which is 0 there.
  floor: whole((value) => truncate(value) - (truncate(value) < 0n && !isInt(value) ? 1n : 0n)),
  ceil: whole((value) => truncate(value) + (truncate(value) >= 0n && !isInt(value) ? 1n : 0n)),
  eq: (_, a, b) => equal(a, b),
  equal: (_, a, b) => equal(a, b),
  neq: (_, a, b) => !equal(a, b),
  lt: (_, a, b) => compare(a, b) < 0,
  lte: (_, a, b) => compare(a, b) <= 0,
  gt: (_, a, b) => compare(a, b) > 0,
  gte: (_, a, b) => compare(a, b) >= 0,
  'numbers.range': (runtime, a, b) => range(runtime, integer(a, 1), integer(b, 2), 1n),
  'numbers.range_step': (runtime, a, b, c) => {
    const step = integer(c, 3)
    if (step <= 0n) throw new BuiltinError('numbers.range_step: step must be a positive number above zero')
    return range(runtime, integer(a, 1), integer(b, 2), step)
  },
  format_int: (_, a, b) => {
    const base = numberText(number(b, 2))
    if (!['2', '8', '10', '16'].includes(base)) {
      throw new BuiltinError('operand 2 must be one of {2, 8, 10, 16}', 'eval_type_error')
    }
    const value = number(a, 1)
    const exact = /^[+-]?\d+$/.test(numberText(value)) ? toBigInt(value)! : truncate(toFloat(value))
    return exact.toString(Number(base))
  },
  to_number: (_, a) => {
    if (a === null || a === false) return 0
    if (a === true) return 1
    if (typeof a !== 'string') {
      if (!['number'].includes(typeName(a))) throw unfit(1, ['null', 'boolean', 'number', 'string'], typeName(a))
      return a
    }
    const plain = Number(a)
    if (Number.isSafeInteger(plain) && String(plain) === a) return plain
    if (/^[+-]?(nan|inf|infinity)$/i.test(a)) throw new BuiltinError('operand 1 must be valid number string', 'eval_type_error')
    const value = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(a) ? readNumber(a) : undefined
    if (value === undefined || !Number.isFinite(toDouble(value))) throw new BuiltinError('invalid syntax, or value out of range')
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
