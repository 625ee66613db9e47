// The operators: each is one function for all its types, as cel-go has them; what types it takes is declared beside it.
import { equal, orderOf, same } from '../compare.ts'
import { Fault, noOverload, type Run } from '../run.ts'
import { CelMap, Instant, isKey, JoinedList, List, Opaque, Optional, Span, typeName, Uint, type Value } from '../values.ts'
import { goType, untaken } from './go-names.ts'
import { declare, type Overload } from './library.ts'

const inRange = (value: bigint) => {
  if (BigInt.asIntN(64, value) !== value) throw new Fault('integer overflow')
  return value
}
const unsigned = (value: bigint) => {
  if (BigInt.asUintN(64, value) !== value) throw new Fault('unsigned integer overflow')
  return new Uint(value)
}
export const MIN_INSTANT = -62135596800n * 1_000_000_000n
export const MAX_INSTANT = 253402300799n * 1_000_000_000n + 999_999_999n
export const instant = (nanos: bigint, offset = 0) => {
  if (nanos < MIN_INSTANT || nanos > MAX_INSTANT) throw new Fault('timestamp overflow')
  return new Instant(nanos, offset)
}
export const span = (nanos: bigint) => new Span(inRange(nanos))

/** Whether the order of two values is one that `holds`. */
const ordered =
  (name: string, holds: (order: number) => boolean) =>
  (run: Run, a: Value, b: Value): Value => {
    if (typeof a === 'string' && typeof b === 'string') run.spend(Math.min(a.length, b.length))
    const order = orderOf(a, b)
    if (order === undefined) throw untaken(name, a)
    return holds(order)
  }

/** Values of libraries are equal to nothing of another type, and asking is an error; not so whether they differ. */
function unequal(run: Run, a: Value, b: Value): Value {
  return (a instanceof Opaque && typeName(a) !== typeName(b)) || !equal(run, a, b)
}

function add(run: Run, a: Value, b: Value): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint') return inRange(a + b)
  if (typeof a === 'string' && typeof b === 'string') {
    run.spend((a.length + b.length) >> 2)
    return a + b
  }
  if (a instanceof List && b instanceof List) return a.size === 0 ? b : b.size === 0 ? a : new JoinedList(a, b)
  if (typeof a === 'number' && typeof b === 'number') return a + b
  if (a instanceof Uint && b instanceof Uint) return unsigned(a.value + b.value)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return new Uint8Array(Buffer.concat([a, b]))
  if (a instanceof Instant && b instanceof Span) return instant(a.nanos + b.nanos, a.offset)
  if (a instanceof Span && b instanceof Instant) return instant(a.nanos + b.nanos, b.offset)
  if (a instanceof Span && b instanceof Span) return span(a.nanos + b.nanos)
  throw untaken('_+_', a)
}

function subtract(_: Run, a: Value, b: Value): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint') return inRange(a - b)
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (a instanceof Uint && b instanceof Uint) return unsigned(a.value - b.value)
  if (a instanceof Instant && b instanceof Instant) return span(a.nanos - b.nanos)
  if (a instanceof Instant && b instanceof Span) return instant(a.nanos - b.nanos, a.offset)
  if (a instanceof Span && b instanceof Span) return span(a.nanos - b.nanos)
  throw untaken('_-_', a)
}

function multiply(_: Run, a: Value, b: Value): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint') return inRange(a * b)
  if (typeof a === 'number' && typeof b === 'number') return a * b
  if (a instanceof Uint && b instanceof Uint) return unsigned(a.value * b.value)
  throw untaken('_*_', a)
}

function divide(_: Run, a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') return a / b
  return whole('_/_', a, b, 'division by zero', (left, right) => left / right)
}

const modulo = (_: Run, a: Value, b: Value) => whole('_%_', a, b, 'modulus by zero', (left, right) => left % right)

function whole(name: string, a: Value, b: Value, zero: string, of: (a: bigint, b: bigint) => bigint): Value {
  const both = typeof a === 'bigint' && typeof b === 'bigint'
  if (!both && !(a instanceof Uint && b instanceof Uint)) throw untaken(name, a)
  const [left, right] = both ? [a, b] : [(a as Uint).value, (b as Uint).value]
  if (right === 0n) throw new Fault(zero)
  return both ? inRange(of(left, right)) : unsigned(of(left, right))
}

function negate(_: Run, a: Value): Value {
  if (typeof a === 'bigint') return inRange(-a)
  if (typeof a === 'number') return -a
  if (a instanceof Span) return span(-a.nanos)
  throw untaken('-_', a)
}

function not(_: Run, a: Value): Value {
  if (typeof a === 'boolean') return !a
  throw untaken('!_', a)
}

export function contains(run: Run, a: Value, b: Value): Value {
  if (b instanceof CelMap) return b.get(a) !== undefined
  if (!(b instanceof List)) throw noOverload()
  for (let at = 0; at < b.size; at++) if (same(run, a, b.at(at))) return true
  return false
}

/** The element, or undefined where there is none; a Fault where there can be none. */
function indexed(container: Value, key: Value): Value | undefined {
  if (container instanceof CelMap) return container.get(key)
  if (!(container instanceof List)) return undefined
  const index = key instanceof Uint ? key.value : typeof key === 'number' && Number.isInteger(key) ? BigInt(key) : key
  if (typeof index === 'number') throw new Fault(`unsupported index value ${index} in list`)
  if (typeof index !== 'bigint') throw new Fault(`unsupported index type '${typeName(key)}' in list`)
  return index >= 0n && index < BigInt(container.size) ? container.at(Number(index)) : undefined
}

function checkedKey(key: Value): Value {
  if (!isKey(key) && typeof key !== 'number') throw new Fault(`invalid qualifier type: ${goType(key)}`)
  return key
}

function missing(container: Value, key: Value): Fault {
  const shown = String(key instanceof Uint ? key.value : key)
  return new Fault(container instanceof List ? `index out of bounds: ${shown}` : `no such key: ${shown}`)
}

function index(run: Run, a: Value, key: Value): Value {
  if (a instanceof Optional) return optionalIndex(run, a, key)
  run.charge(1)
  const found = indexed(a, checkedKey(key))
  if (found === undefined) throw missing(a, key)
  return found
}

function optionalIndex(run: Run, a: Value, key: Value): Value {
  const container = a instanceof Optional ? a.value : a
  if (container === undefined) return Optional.NONE
  const found = indexed(container, checkedKey(key))
  if (found === undefined) return Optional.NONE
  run.charge(1)
  return new Optional(found)
}

const T = 'google.protobuf.Timestamp'
const D = 'google.protobuf.Duration'
const NUMBERS = ['int', 'uint', 'double']
const ORDER = ['bool', ...NUMBERS, 'string', 'bytes', T, D].flatMap((type) => {
  const others = NUMBERS.includes(type) ? NUMBERS.filter((other) => other !== type) : []
  return [type, ...others].map((other) => `(${type}, ${other}): bool`)
})
const alike = (...types: string[]) => types.map((type) => `(${type}, ${type}): ${type}`)

/** Signatures in the order of cel-go (common/stdlib): what is of a type that is not known yet takes the first that fits. */
const TABLE: readonly (readonly [name: string, signatures: readonly string[], call: (run: Run, ...args: never[]) => Value])[] = [
  ['_+_', [...alike('bytes', 'double', D), `(${D}, ${T}): ${T}`, `(${T}, ${D}): ${T}`, ...alike('int', 'list(A)', 'string', 'uint')], add],
  ['_-_', [...alike('double', D, 'int'), `(${T}, ${D}): ${T}`, `(${T}, ${T}): ${D}`, ...alike('uint')], subtract],
  ['_*_', alike('double', 'int', 'uint'), multiply],
  ['_/_', alike('double', 'int', 'uint'), divide],
  ['_%_', alike('int', 'uint'), modulo],
  ['-_', ['(double): double', '(int): int'], negate],
  ['!_', ['(bool): bool'], not],
  ['_==_', ['(A, A): bool'], (run: Run, a: Value, b: Value) => equal(run, a, b)],
  ['_!=_', ['(A, A): bool'], unequal],
  ['_<_', ORDER, ordered('_<_', (order) => order < 0)],
  ['_<=_', ORDER, ordered('_<=_', (order) => order <= 0)],
  ['_>_', ORDER, ordered('_>_', (order) => order > 0)],
  ['_>=_', ORDER, ordered('_>=_', (order) => order >= 0)],
  ['@in', ['(A, list(A)): bool', '(A, map(A, B)): bool'], contains],
  [
    '_[_]',
    [
      '(list(A), int): A',
      '(map(A, B), A): B',
      '(optional_type(list(A)), int): optional_type(A)',
      '(optional_type(map(A, B)), A): optional_type(B)',
    ],
    index,
  ],
  [
    '_[?_]',
    [
      '(list(A), int): optional_type(A)',
      '(optional_type(list(A)), int): optional_type(A)',
      '(map(A, B), A): optional_type(B)',
      '(optional_type(map(A, B)), A): optional_type(B)',
    ],
    optionalIndex,
  ],
]

/** Types are checked by the functions themselves, so any overload may be called with anything. */
export const OPERATORS: readonly Overload[] = TABLE.flatMap(([name, signatures, call]) =>
  signatures.map((signature) => ({ ...declare(`${name}${signature}`, call), accepts: [] })),
)
