// What a template computes with: JSON, where a number is a text to Go, and integers and floats that the template itself writes.
import type { Runtime } from '../../codegen/runtime.ts'
import { numberText } from '../../values/decimal.ts'
import { shortestDouble } from '../../values/double.ts'
import { compareStrings } from '../../values/order.ts'
import { jsonEntries } from '../../values/text.ts'
import { isArray, isNumber, RegoObject, type Value } from '../../values/value.ts'
import { toBytes } from '../bytes.ts'
import { type Argument, Named, sprintf } from '../go-format.ts'
import { fail } from './lex.ts'

/** A number that the template wrote, or counted. */
export class Own {
  readonly value: bigint | number

  constructor(value: bigint | number) {
    this.value = value
  }
}

/** Undefined for what is not there. */
export type Datum = Value | Own | undefined

export const isTrue = (value: Datum): boolean => {
  if (value === undefined || value === null) return false
  if (value instanceof Own) return Number(value.value) !== 0
  if (typeof value === 'boolean') return value
  if (isArray(value)) return value.length > 0
  // A number of the data is a text, and never empty.
  return value instanceof RegoObject ? value.size > 0 : value !== ''
}

/** As fmt.Print shows it. */
export function show(value: Datum, nested = false): string {
  if (value === undefined || value === null) return nested ? '<nil>' : '<no value>'
  if (value instanceof Own) return typeof value.value === 'bigint' ? value.value.toString() : shortestDouble(value.value)
  if (isNumber(value)) return numberText(value)
  if (isArray(value)) return `[${value.map((item) => show(item, true)).join(' ')}]`
  if (value instanceof RegoObject)
    return `map[${jsonEntries(value)
      .map(([key, item]) => `${key}:${show(item, true)}`)
      .join(' ')}]`
  return String(value)
}

const isText = (value: Datum) => typeof value === 'string' || isNumber(value)

function argument(value: Datum): Argument {
  if (value instanceof Own) return value.value
  if (value === undefined || value === null) return new Named('<nil>', '<nil>')
  if (typeof value === 'boolean') return new Named('bool', String(value))
  return isNumber(value) ? new Named('json.Number', show(value)) : show(value)
}

/** Between operands a space, where neither is a text. */
function print(values: readonly Datum[], nil = false): string {
  return values.map((value, at) => (at > 0 && !isText(value) && !isText(values[at - 1]) ? ' ' : '') + show(value, nil)).join('')
}

function kind(value: Datum): string {
  if (value instanceof Own) return typeof value.value === 'bigint' ? 'int' : 'float'
  if (typeof value === 'boolean') return 'bool'
  return isText(value) ? 'string' : value === null || value === undefined ? 'nil' : 'other'
}

const plain = (value: Datum): bigint | number | string | boolean =>
  value instanceof Own ? value.value : typeof value === 'boolean' ? value : show(value)

function equal(first: Datum, others: readonly Datum[]): boolean {
  if (others.length === 0) throw fail('missing argument for comparison')
  return others.some((other) => {
    const [one, two] = [kind(first), kind(other)]
    if (one === 'nil' || two === 'nil') return one === two
    if (one !== two) throw fail('incompatible types for comparison')
    if (one === 'other') throw fail('non-comparable types')
    return plain(first) === plain(other)
  })
}

function less(a: Datum, b: Datum): boolean {
  const [one, two] = [kind(a), kind(b)]
  if (one === 'nil' || one === 'other' || one === 'bool' || one !== two) throw fail('incompatible types for comparison')
  if (one === 'string') return compareStrings(show(a), show(b)) < 0
  return plain(a) < plain(b)
}

function place(index: Datum, length: number, inclusive: boolean): number {
  if (!(index instanceof Own) || typeof index.value !== 'bigint') throw fail('cannot index slice/array with this type')
  const at = Number(index.value)
  if (at < 0 || (inclusive ? at > length : at >= length)) throw fail(`index out of range: ${at}`)
  return at
}

function index(item: Datum, indexes: readonly Datum[]): Datum {
  let at = item
  if (at === undefined || at === null) throw fail('index of untyped nil')
  for (const each of indexes) {
    if (isArray(at)) at = at[place(each, at.length, false)]
    else if (at instanceof RegoObject) {
      if (typeof each !== 'string') throw fail('value has wrong type; should be string')
      at = at.get(each)
    } else if (isText(at)) {
      const bytes = toBytes(show(at))
      at = new Own(BigInt(bytes[place(each, bytes.length, false)]!))
    } else throw fail("can't index item of this type")
  }
  return at
}

function slice(item: Datum, indexes: readonly Datum[]): Datum {
  if (indexes.length > 3) throw fail('too many slice indexes')
  const part = (length: number) => {
    const [from, to] = [0, 1].map((at) => (indexes[at] === undefined ? undefined : place(indexes[at], length, true)))
    if (from !== undefined && to !== undefined && from > to) throw fail('invalid slice index')
    return [from ?? 0, to ?? length] as const
  }
  if (isArray(item)) return item.slice(...part(item.length))
  if (!isText(item)) throw fail("can't slice item of this type")
  const bytes = toBytes(show(item))
  return bytes.subarray(...part(bytes.length)).toString()
}

function length(item: Datum): Own {
  if (isArray(item)) return new Own(BigInt(item.length))
  if (item instanceof RegoObject) return new Own(BigInt(item.size))
  if (isText(item)) return new Own(BigInt(toBytes(show(item)).length))
  throw fail('len of this type')
}

const HTML: Readonly<Record<string, string>> = { '"': '&#34;', "'": '&#39;', '&': '&amp;', '<': '&lt;', '>': '&gt;', '\0': '\ufffd' }
const JS: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
}
const jsEscape = (c: string) => JS[c] ?? `\\u${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`

export type Call = (runtime: Runtime, args: readonly Datum[]) => Datum

/** The functions that Go predefines, but for `and` and `or`, which do not evaluate all of their operands. */
export const FUNCTIONS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ['not', (_, [a]) => !isTrue(a)],
  ['len', (_, [a]) => length(a)],
  ['index', (_, [a, ...rest]) => index(a, rest)],
  ['slice', (_, [a, ...rest]) => slice(a, rest)],
  ['print', (_, args) => print(args, true)],
  ['println', (_, args) => `${args.map((arg) => show(arg, true)).join(' ')}\n`],
  [
    'printf',
    (runtime, [format, ...args]) => {
      if (!isText(format)) throw fail('wrong type for printf; expected string')
      return sprintf(runtime, show(format), args.map(argument))
    },
  ],
  ['html', (_, args) => print(args).replace(/["'&<>\0]/g, (c) => HTML[c]!)],
  ['js', (_, args) => print(args).replace(/[\\'"<>&=\0-\x1f]/g, jsEscape)],
  [
    'urlquery',
    (_, args) =>
      encodeURIComponent(print(args).toWellFormed())
        .replace(/[!'()*]/g, hex)
        .replaceAll('%20', '+'),
  ],
  ['eq', (_, [a, ...rest]) => equal(a, rest)],
  ['ne', (_, [a, b]) => !equal(a, [b])],
  ['lt', (_, [a, b]) => less(a, b)],
  ['le', (_, [a, b]) => less(a, b) || equal(a, [b])],
  ['gt', (_, [a, b]) => !less(a, b) && !equal(a, [b])],
  ['ge', (_, [a, b]) => !less(a, b)],
])

const hex = (c: string) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`
/** How many operands they take. */
export const ARITY: ReadonlyMap<string, readonly [least: number, most: number]> = new Map([
  ['not', [1, 1]],
  ['len', [1, 1]],
  ['index', [1, Infinity]],
  ['slice', [1, Infinity]],
  ['printf', [1, Infinity]],
  ['eq', [1, Infinity]],
  ['ne', [2, 2]],
  ['lt', [2, 2]],
  ['le', [2, 2]],
  ['gt', [2, 2]],
  ['ge', [2, 2]],
  ['and', [1, Infinity]],
  ['or', [1, Infinity]],
])
