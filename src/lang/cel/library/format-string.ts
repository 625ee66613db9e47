// `format` of texts (cel-go, ext/formatting.go): `%s %d %f %e %x %X %o %b`, with a precision before `f` and `e`.
import { isUtf8 } from 'node:buffer'
import { formatDouble } from '../../rego/values/double.ts'
import { compareStrings } from '../../rego/values/order.ts'
import type { Expr } from '../ast.ts'
import { Fault, type Run } from '../run.ts'
import type { Type } from '../types.ts'
import { CelMap, Instant, isKey, List, Span, TypeValue, typeName, Uint, type Value } from '../values.ts'
import { showDouble } from './standard.ts'
import { showDuration, showTimestamp } from './time.ts'

const CLAUSE = /%(?:%|(?:\.(\d*))?([sdfexXob])|)/g
const MOST_PRECISION = 1_000
const MOST_DEPTH = 1_000

export function format(run: Run, text: string, args: List): Value {
  let next = 0
  return text.replace(CLAUSE, (clause: string, precision: string | undefined, verb: string | undefined, at: number) => {
    if (clause === '%%') return '%'
    if (next >= args.size) throw new Fault(`index ${next} out of range`)
    const digits = digitsOf(text, at, precision, verb)
    const shown = verb === 's' ? show(run, args.at(next++), 0) : number(args.at(next++), verb!, digits)
    run.spend(shown.length)
    return shown
  })
}

/** Throws a Fault for a clause that is none. */
function digitsOf(text: string, at: number, precision: string | undefined, verb: string | undefined): number {
  const cannot = (why: string) => new Fault(`could not parse formatting clause: ${why}`)
  if (at + 1 === text.length) throw new Fault('unexpected end of string')
  if (precision === '') {
    throw cannot('error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax')
  }
  if (verb === undefined) {
    const behind = text.slice(at + 1 + (precision === undefined ? 0 : precision.length + 1))
    if (behind === '') throw cannot('error while parsing precision: could not find end of precision specifier')
    throw cannot(`unrecognized formatting clause "${String.fromCodePoint(behind.codePointAt(0)!)}"`)
  }
  const digits = precision === undefined ? 6 : Number(precision)
  if (digits > MOST_PRECISION) throw cannot(`error while parsing precision: precision ${digits} is too large`)
  return digits
}

const wrong = (why: string) => new Fault(`error during formatting: ${why}`)
const unfit = (verb: string, type: string) => wrong(`${REFUSALS[verb.toLowerCase()]}, was given ${type}`)

const REFUSALS: Readonly<Record<string, string>> = {
  s: 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  d: 'decimal clause can only be used on integers',
  f: 'fixed-point clause can only be used on doubles',
  e: 'scientific clause can only be used on doubles',
  b: 'only integers and bools can be formatted as binary',
  x: 'only integers, byte buffers, and strings can be formatted as hex',
  o: 'octal clause can only be used on integers',
}

function number(value: Value, verb: string, digits: number): string {
  if (verb === 'f' || verb === 'e') return real(value, verb, digits)
  if ((verb === 'x' || verb === 'X') && (typeof value === 'string' || value instanceof Uint8Array)) {
    const hex = Buffer.from(value as string).toString('hex')
    return verb === 'X' ? hex.toUpperCase() : hex
  }
  if (verb === 'b' && typeof value === 'boolean') return value ? '1' : '0'
  const whole = value instanceof Uint ? value.value : value
  if (typeof whole !== 'bigint') throw unfit(verb, typeName(value))
  const radix = { d: 10, x: 16, X: 16, o: 8, b: 2 }[verb as 'd']
  const shown = whole.toString(radix)
  return verb === 'X' ? shown.toUpperCase() : shown
}

const SPECIAL: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

/** As English writes numbers, which is what cel-go's printer is set to: thousands apart, `×10` before the exponent, `∞`. */
function real(value: Value, verb: 'f' | 'e', digits: number): string {
  const read = typeof value === 'string' && Object.hasOwn(SPECIAL, value) ? SPECIAL[value] : value
  if (typeof read !== 'number') throw unfit(verb, typeName(value))
  // What is given as the precision is the width there.
  const wide = (text: string) => (verb === 'e' ? text.padStart(digits) : text)
  if (Number.isNaN(read)) return wide('NaN')
  if (!Number.isFinite(read)) return wide(read > 0 ? '∞' : '-∞')
  // Its zero has no sign.
  const shown = read === 0 ? 0 : read
  if (verb === 'f') {
    const [whole, rest] = formatDouble(shown, 'f', digits).split('.') as [string, string?]
    return whole.replace(/\B(?=(?:\d{3})+$)/g, ',') + (rest === undefined ? '' : `.${rest}`)
  }
  const [mantissa, exponent] = formatDouble(shown, 'e', 6).split('e') as [string, string]
  return wide(`${mantissa}×10${exponent.replace('+', '').replace(/[-\d]/g, (one) => SUPERSCRIPT[one]!)}`)
}

const SUPERSCRIPT: Readonly<Record<string, string>> = Object.fromEntries(
  [...'-0123456789'].map((one, at) => [one, [...'⁻⁰¹²³⁴⁵⁶⁷⁸⁹'][at]!]),
)

function show(run: Run, value: Value, depth: number): string {
  if (depth > MOST_DEPTH) throw new Fault('nested too deep to be shown')
  run.spend(1)
  if (value === null) return 'null'
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
      return depth === 0 ? showDouble(value) : Number.isFinite(value) ? formatDouble(value, 'f', 6) : showDouble(value)
    case 'boolean':
    case 'bigint':
      return String(value)
  }
  if (value instanceof List) return `[${[...value].map((item) => quoted(item, show(run, item, depth + 1))).join(', ')}]`
  if (value instanceof CelMap) {
    const pairs = [...value.keys()].map((key) => {
      if (!isKey(key)) throw wrong(`no formatting function for map key of type ${typeName(key)}`)
      const item = value.get(key)!
      return [quoted(key, show(run, key, depth + 1)), quoted(item, show(run, item, depth + 1))] as const
    })
    return `{${pairs
      .sort(([a], [b]) => compareStrings(a, b))
      .map(([key, item]) => `${key}:${item}`)
      .join(', ')}}`
  }
  if (value instanceof Uint) return String(value.value)
  if (value instanceof Uint8Array) return textOf(value)
  if (value instanceof Instant) return nested(value, showTimestamp(value), depth)
  if (value instanceof Span) return nested(value, showDuration(value), depth)
  if (value instanceof TypeValue) return value.name
  throw depth === 0 ? unfit('s', typeName(value)) : wrong(`no formatting function for ${typeName(value)}`)
}

function textOf(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw wrong('could not convert argument "invalid UTF-8 in bytes, cannot convert to string" to string')
  return Buffer.from(bytes).toString()
}

const nested = (value: Instant | Span, shown: string, depth: number) =>
  depth === 0 ? shown : `${value instanceof Instant ? 'timestamp' : 'duration'}("${shown}")`

function quoted(value: Value, shown: string): string {
  if (typeof value === 'string' || (typeof value === 'number' && !Number.isFinite(value))) return JSON.stringify(shown)
  return value instanceof Uint8Array ? `b${JSON.stringify(shown)}` : shown
}

/** The types that each verb takes; `dyn` may be any. */
const TAKEN: Readonly<Record<string, readonly string[]>> = {
  s: [
    ...['null_type', 'bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map', 'type'],
    ...['google.protobuf.Timestamp', 'google.protobuf.Duration'],
  ],
  d: ['int', 'uint'],
  f: ['double', 'string'],
  e: ['double', 'string'],
  x: ['int', 'uint', 'string', 'bytes'],
  X: ['int', 'uint', 'string', 'bytes'],
  o: ['int', 'uint'],
  b: ['int', 'uint', 'bool'],
}

/** Throws a Fault where a constant text cannot be filled with a literal list: types of what stands in it and in literals within, all others unseen. */
export function checkFormat(text: string, list: Expr & { kind: 'list' }, typeAt: (expr: Expr) => Type): void {
  const check = (verb: string, expr: Expr) => {
    const { kind } = typeAt(expr)
    if (kind !== 'dyn' && !TAKEN[verb]!.includes(kind)) throw unfit(verb, kind)
    if (verb !== 's') return
    if (expr.kind === 'list') for (const { value } of expr.items) check(verb, value)
    if (expr.kind === 'map') {
      for (const { key, value } of expr.entries) {
        check(verb, key)
        check(verb, value)
      }
    }
  }
  let next = 0
  for (const { 0: clause, 1: precision, 2: verb, index } of text.matchAll(CLAUSE)) {
    if (clause === '%%') continue
    digitsOf(text, index, precision, verb)
    const item = list.items[next++]
    if (item === undefined) throw new Fault(`index ${next - 1} out of range`)
    check(verb!, item.value)
  }
  if (next < list.items.length) {
    throw new Fault(`too many arguments supplied to string.format (expected ${next}, got ${list.items.length})`)
  }
}
