import type { Builtin } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { toDouble } from '../values/big-float.ts'
import { numberText, toBigInt } from '../values/decimal.ts'
import { printTerm } from '../values/text.ts'
import { isNumber, type Value } from '../values/value.ts'
import { array, text } from './operands.ts'

const VERB = /%([-+# 0]*)(\d*)(?:\.(\d*))?(.)|%/gsu
/** Wider paddings serve nobody but one who wants to fill the memory. */
const MAX_WIDTH = 100_000

type Argument = bigint | number | string

/** Go's fmt, with the arguments that OPA gives it: integers, floats, and the text of everything else. */
export const SPRINTF: Readonly<Record<string, Builtin>> = {
  sprintf: (runtime, a, b) => {
    const values = array(b, 2)
    let next = 0
    const out = text(a, 1).replace(VERB, (_, flags: string | undefined, width: string, precision: string | undefined, verb: string) => {
      if (flags === undefined) return '%!(NOVERB)'
      if (verb === '%') return '%'
      if (Number(width) > MAX_WIDTH || Number(precision ?? 0) > MAX_WIDTH) throw new BuiltinError('the width is too large')
      runtime.charge(1 + Number(width) + Number(precision ?? 0))
      if (next >= values.length) return `%!${verb}(MISSING)`
      return pad(format(argument(values[next++]!), verb, flags, precision), flags, Number(width), verb)
    })
    if (next === 0 && values.length > 0 && !text(a, 1).includes('%')) return out + extra(values)
    return next < values.length ? out + extra(values.slice(next)) : out
  },
}

function argument(value: Value): Argument {
  if (typeof value === 'string') return value
  if (!isNumber(value)) return printTerm(value)
  if (/^-?\d+$/.test(numberText(value))) return toBigInt(value)!
  const double = toDouble(value)
  return Number.isFinite(double) ? double : numberText(value)
}

function format(value: Argument, verb: string, flags: string, precision: string | undefined): string {
  const plus = (shown: string) => (flags.includes('+') && !shown.startsWith('-') ? `+${shown}` : shown)
  if (typeof value === 'string') {
    const cut = precision === undefined ? value : [...value].slice(0, Number(precision)).join('')
    if (verb === 's' || verb === 'v') return cut
    if (verb === 'q') return JSON.stringify(cut)
    if (verb === 'x' || verb === 'X') return cased(Buffer.from(cut).toString('hex'), verb)
  } else if (typeof value === 'bigint') {
    const bases: Record<string, number> = { d: 10, v: 10, b: 2, o: 8, x: 16, X: 16 }
    const base = Object.hasOwn(bases, verb) ? bases[verb] : undefined
    if (base !== undefined) return plus(cased(value.toString(base), verb))
    // Go prints its big integers by %s as well.
    if (verb === 's' && BigInt.asIntN(64, value) !== value) return plus(value.toString())
    if (verb === 'c') return String.fromCodePoint(Number(value >= 0n && value <= 0x10ffffn ? value : 0xfffdn))
  } else {
    if (verb === 'f' || verb === 'F') return plus(fixed(value, Number(precision ?? 6)))
    if (verb === 'e' || verb === 'E') return plus(cased(exponent(value.toExponential(Math.min(100, Number(precision ?? 6)))), verb))
    if ((verb === 'v' || verb === 'g') && precision === undefined) return plus(general(value))
  }
  return `%!${verb}(${typeof value === 'bigint' ? 'int64' : typeof value === 'number' ? 'float64' : 'string'}=${plain(value)})`
}

const fixed = (value: number, places: number) => (Math.abs(value) < 1e21 ? value.toFixed(Math.min(100, places)) : BigInt(value).toString())
const general = (value: number) => exponent(value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential() : String(value))
const exponent = (shown: string) => shown.replace(/e([+-])(\d)$/, 'e$10$2')
const cased = (shown: string, verb: string) => (verb === verb.toUpperCase() ? shown.toUpperCase() : shown)
const plain = (value: Argument) => (typeof value === 'number' ? general(value) : String(value))

function pad(shown: string, flags: string, width: number, verb: string): string {
  const missing = width - [...shown].length
  if (missing <= 0) return shown
  if (flags.includes('-')) return shown + ' '.repeat(missing)
  if (!flags.includes('0') || 'sqv'.includes(verb)) return ' '.repeat(missing) + shown
  const sign = /^[+-]/.exec(shown)?.[0] ?? ''
  return sign + '0'.repeat(missing) + shown.slice(sign.length)
}

function extra(values: readonly Value[]): string {
  const shown = values
    .map(argument)
    .map((value) => `${typeof value === 'bigint' ? 'int64' : typeof value === 'number' ? 'float64' : 'string'}=${plain(value)}`)
  return `%!(EXTRA ${shown.join(', ')})`
}
