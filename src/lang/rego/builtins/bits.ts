import type { Builtin } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { fromBigInt, MAX_EXPONENT } from '../values/decimal.ts'
import type { Value } from '../values/value.ts'
import { integer } from './operands.ts'

/** Bits of integers of any size; negative ones as in two's complement without end. */
export const BITS: Readonly<Record<string, Builtin>> = {
  'bits.and': (_, a, b) => fromBigInt(integer(a, 1) & integer(b, 2)),
  'bits.or': (_, a, b) => fromBigInt(integer(a, 1) | integer(b, 2)),
  'bits.xor': (_, a, b) => fromBigInt(integer(a, 1) ^ integer(b, 2)),
  'bits.negate': (_, a) => fromBigInt(~integer(a, 1)),
  'bits.lsh': (runtime, a, b) => {
    const [value, by] = [integer(a, 1), shift(b)]
    if (value === 0n) return 0
    if (by > 4n * BigInt(MAX_EXPONENT)) throw runtime.exceeded('a number larger than can be held')
    return fromBigInt(value << by)
  },
  'bits.rsh': (_, a, b) => {
    const [value, by] = [integer(a, 1), shift(b)]
    return fromBigInt(by > 4n * BigInt(MAX_EXPONENT) ? (value < 0n ? -1n : 0n) : value >> by)
  },
}

/** As an unsigned number of 64 bits, as OPA reads it. */
function shift(value: Value): bigint {
  const by = integer(value, 2)
  if (by < 0n) throw new BuiltinError('operand 2 must be an unsigned integer number but got a negative integer', 'eval_type_error')
  return BigInt.asUintN(64, by)
}
