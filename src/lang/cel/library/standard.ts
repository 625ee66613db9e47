// Conversions, sizes and the functions of text that are the language's own (cel-spec, langdef.md, "Standard definitions").
import { formatDouble } from '../../rego/values/double.ts'
import { Fault, type Run } from '../run.ts'
import { type CelMap, type List, type Opaque, TypeValue, typeName, Uint, type Value } from '../values.ts'
import { characters, type Library } from './library.ts'

const same = (_: Run, value: never): Value => value
const bad = (from: string, to: string) => new Fault(`type conversion error from '${from}' to '${to}'`)

/** The longest text that could be a number. */
const MOST_DIGITS = 400
const LOSSY = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function readInt(text: string, least: bigint, most: bigint, to: string): bigint {
  if (text.length > MOST_DIGITS || !/^[+-]?\d+$/.test(text) || (least === 0n && /^[+-]/.test(text))) throw bad('string', to)
  const value = BigInt(text.replace('+', ''))
  if (value < least || value > most) throw bad('string', to)
  return value
}

/** Go's ParseFloat, without underscores and with hexadecimal exponents left out. */
function readDouble(text: string): number {
  if (/^[+-]?(?:inf|infinity)$/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  if (/^nan$/i.test(text)) return Number.NaN
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) throw bad('string', 'double')
  const value = Number(text)
  if (!Number.isFinite(value)) throw bad('string', 'double')
  return value
}

/** Go's `%g`. */
export function showDouble(value: number): string {
  return Number.isFinite(value) ? formatDouble(value, 'g', -1) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

const TRUE = ['1', 't', 'T', 'true', 'TRUE', 'True']
const FALSE = ['0', 'f', 'F', 'false', 'FALSE', 'False']

export const STANDARD: Library = {
  ...Object.fromEntries(
    ['', '.'].flatMap((dot) => [
      [`${dot}size(string): int`, (run: Run, text: string) => BigInt(characters(run, text))],
      [`${dot}size(bytes): int`, (_: Run, bytes: Uint8Array) => BigInt(bytes.length)],
      [`${dot}size(list(A)): int`, (_: Run, list: List) => BigInt(list.size)],
      [
        `${dot}size(map(A, B)): int`,
        (run: Run, map: CelMap) => {
          run.spendKeys(map.size)
          return BigInt(map.size)
        },
      ],
    ]),
  ),
  'type(A): type(A)': (_: Run, value: Value) => new TypeValue(typeName(value)),
  'dyn(A): dyn': same,
  'bool(bool): bool': same,
  'bool(string): bool': (_: Run, text: string) => {
    if (TRUE.includes(text)) return true
    if (FALSE.includes(text)) return false
    throw bad('string', 'bool')
  },
  'bytes(bytes): bytes': same,
  'bytes(string): bytes': (run: Run, text: string) => {
    run.spend(text.length)
    return new Uint8Array(Buffer.from(text))
  },
  'double(double): double': same,
  'double(int): double': (_: Run, value: bigint) => Number(value),
  'double(uint): double': (_: Run, { value }: Uint) => Number(value),
  'double(string): double': (run: Run, text: string) => {
    run.spend(text.length)
    return readDouble(text)
  },
  'int(int): int': same,
  'int(uint): int': (_: Run, { value }: Uint) => {
    if (value >= 1n << 63n) throw new Fault('integer overflow')
    return value
  },
  'int(double): int': (_: Run, value: number) => {
    // cel-go takes neither end of the range, for a double near it is not exact.
    if (!(value > -(2 ** 63) && value < 2 ** 63)) throw new Fault('integer overflow')
    return BigInt(Math.trunc(value))
  },
  'int(string): int': (_: Run, text: string) => readInt(text, -(1n << 63n), (1n << 63n) - 1n, 'int'),
  'uint(uint): uint': same,
  'uint(int): uint': (_: Run, value: bigint) => {
    if (value < 0n) throw new Fault('unsigned integer overflow')
    return new Uint(value)
  },
  'uint(double): uint': (_: Run, value: number) => {
    if (!(value >= 0 && value < 2 ** 64)) throw new Fault('unsigned integer overflow')
    return new Uint(BigInt(Math.trunc(value)))
  },
  'uint(string): uint': (_: Run, text: string) => new Uint(readInt(text, 0n, (1n << 64n) - 1n, 'uint')),
  'string(string): string': same,
  'string(bool): string': (_: Run, value: boolean) => String(value),
  'string(int): string': (_: Run, value: bigint) => String(value),
  'string(uint): string': (_: Run, { value }: Uint) => String(value),
  'string(double): string': (_: Run, value: number) => showDouble(value),
  'string(bytes): string': (run: Run, bytes: Uint8Array) => {
    run.spend(bytes.length)
    try {
      return LOSSY.decode(bytes)
    } catch {
      throw new Fault('invalid UTF-8 in bytes, cannot convert to string')
    }
  },
  '.contains(string, string): bool': (run: Run, text: string, part: string) => {
    run.spend(Math.ceil((text.length * (1 + (part.length >> 3))) / 16))
    return text.includes(part)
  },
  '.startsWith(string, string): bool': (_: Run, text: string, part: string) => text.startsWith(part),
  '.endsWith(string, string): bool': (_: Run, text: string, part: string) => text.endsWith(part),
}

/** `string()` of the values of a library that have one. */
export const shown = (_: Run, value: Opaque): Value => String(value)
