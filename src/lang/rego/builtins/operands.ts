// How builtins read their operands, with the messages that OPA gives for those it does not take.
import type { Runtime } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { numberText, type RegoNumber, toBigInt } from '../values/decimal.ts'
import { isArray, isNumber, type RegoArray, RegoObject, RegoSet, type TypeName, typeName, type Value } from '../values/value.ts'

export function mustBe(value: Value, at: number, ...types: readonly TypeName[]): void {
  if (!types.includes(typeName(value))) throw unfit(at, types, typeName(value))
}

export function unfit(at: number, types: readonly string[], got: string): BuiltinError {
  const wanted = types.length === 1 ? types[0] : `one of {${types.join(', ')}}`
  return new BuiltinError(`operand ${at} must be ${wanted} but got ${got}`, 'eval_type_error')
}

export function text(value: Value, at: number): string {
  return typeof value === 'string' ? value : fail(at, 'string', value)
}

export function number(value: Value, at: number): RegoNumber {
  return isNumber(value) ? value : fail(at, 'number', value)
}

export function array(value: Value, at: number): RegoArray {
  return isArray(value) ? value : fail(at, 'array', value)
}

export function object(value: Value, at: number): RegoObject {
  return value instanceof RegoObject ? value : fail(at, 'object', value)
}

export function set(value: Value, at: number): RegoSet {
  return value instanceof RegoSet ? value : fail(at, 'set', value)
}

/** The members of an array or a set. */
export function items(value: Value, at: number): readonly Value[] {
  if (isArray(value)) return value
  if (value instanceof RegoSet) return value.members()
  throw unfit(at, ['array', 'set'], typeName(value))
}

export function texts(value: Value, at: number): string[] {
  return items(value, at).map((item) => {
    if (typeof item === 'string') return item
    throw new BuiltinError(
      `operand ${at} must be ${typeName(value)} of strings but got ${typeName(value)} containing ${typeName(item)}`,
      'eval_type_error',
    )
  })
}

/** Takes the bytes of a value written out. Parts may be shared, so that a small value in memory is written without end. */
export function weigh(runtime: Runtime, value: Value): void {
  if (typeof value === 'string') runtime.spend(2 * value.length + 32)
  else if (isArray(value) || value instanceof RegoSet || value instanceof RegoObject) {
    runtime.charge(1)
    runtime.spend(32)
    if (value instanceof RegoObject) {
      for (const [key, item] of value.entries()) {
        weigh(runtime, key)
        weigh(runtime, item)
      }
    } else for (const item of isArray(value) ? value : value.members()) weigh(runtime, item)
  } else runtime.spend(32)
}

/** Takes the bytes of an array that is about to be made. */
export const weighItems = (runtime: Runtime, count: number) => runtime.spend(16 * count)

export function integer(value: Value, at: number): bigint {
  return toBigInt(number(value, at)) ?? integerFail(at)
}

/** An integer of 64 bits, written without an exponent, as an index or a count; those beyond the safe ones are as good as infinite. */
export function int(value: Value, at: number): number {
  return integerOf(number(value, at)) ?? integerFail(at)
}

/** The same for a number that may be none. */
export function integerOf(value: RegoNumber): number | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  const exact = /[eE]/.test(numberText(value)) ? undefined : toBigInt(value)
  return exact === undefined || BigInt.asIntN(64, exact) !== exact ? undefined : Number(exact)
}

function integerFail(at: number): never {
  throw new BuiltinError(`operand ${at} must be integer number but got floating-point number`, 'eval_type_error')
}

function fail(at: number, type: TypeName, value: Value): never {
  throw unfit(at, [type], typeName(value))
}
