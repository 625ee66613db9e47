import type { Builtin } from '../codegen/runtime.ts'
import { toDouble } from '../values/big-float.ts'
import { numberText } from '../values/decimal.ts'
import { printTerm } from '../values/text.ts'
import { isNumber, type Value } from '../values/value.ts'
import { type Argument, sprintf } from './go-format.ts'
import { array, text, weigh } from './operands.ts'

export const SPRINTF: Readonly<Record<string, Builtin>> = {
  sprintf: (runtime, a, b) => {
    weigh(runtime, array(b, 2))
    return sprintf(runtime, text(a, 1), array(b, 2).map(argument))
  },
}

/** Integers, floats, and the text of everything else; how a number is written decides which it is. */
function argument(value: Value): Argument {
  if (typeof value === 'string') return value
  if (!isNumber(value)) return printTerm(value)
  const written = numberText(value)
  if (/^[+-]?\d+$/.test(written)) return BigInt(written.replace(/^\+/, ''))
  const double = toDouble(value)
  return Number.isFinite(double) ? double : written
}
