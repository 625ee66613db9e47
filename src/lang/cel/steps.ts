// What the compiler makes functions of: steps into values, calls, and what they cost.

import type { Evaluate, Node } from './compile.ts'
import { costOf } from './cost.ts'
import { untaken } from './library/go-names.ts'
import type { Overload } from './library/library.ts'
import { Fault, type Run } from './run.ts'
import type { Type } from './types.ts'
import { CelMap, type EntryMap, isKey, List, Optional, typeName, type Value } from './values.ts'

/** Where cel-go knows the cost of an overload, not of a function. */
const BY_OVERLOAD = new Set(['_+_', '_<_', '_<=_', '_>_', '_>=_', '@in', 'string', 'bytes'])

/** How a node that a step is made from is evaluated, at its cost. */
export function asAttribute({ attribute, evaluate }: Node): Evaluate {
  if (attribute === true) return evaluate
  return (run) => {
    const value = evaluate(run)
    run.charge(1)
    return value
  }
}

/** A choice between attributes is one itself, and its own step is free. */
export function asBranch({ attribute, evaluate }: Node): Evaluate {
  if (attribute !== true) return evaluate
  return (run) => {
    const value = evaluate(run)
    run.charge(-1)
    return value
  }
}

export function hasField(value: Value, field: string): boolean {
  if (value instanceof CelMap) return value.get(field) !== undefined
  if (value instanceof List) throw noField()
  return value instanceof Optional && value.value !== undefined && hasField(value.value, field)
}

/** A field of a list. */
export const noField = () => new Fault("unsupported index type 'string' in list")

export function optionalField(run: Run, value: Value, field: string): Value {
  const operand = value instanceof Optional ? value.value : value
  if (operand instanceof List) throw noField()
  const found = operand instanceof CelMap ? operand.get(field) : undefined
  if (found === undefined) return Optional.NONE
  run.charge(1)
  return new Optional(found)
}

/** The value itself, or what an optional one holds, if it does. */
export function put(value: Value, optional: boolean, keep: (value: Value) => void): void {
  if (!optional) keep(value)
  else if (!(value instanceof Optional)) throw new Fault(`cannot initialize an optional element from ${typeName(value)}`)
  else if (value.value !== undefined) keep(value.value)
}

export function insert(map: EntryMap, key: Value, value: Value): void {
  if (!isKey(key)) throw new Fault(`unsupported key type: ${typeName(key)}`)
  if (map.has(key)) throw new Fault(`insert failed: key ${String(key)} already exists`)
  map.set(key, value)
}

/** Calls the first overload whose types the values have. */
export function invocation(name: string, overloads: readonly Overload[], args: readonly Node[]): Evaluate {
  // cel-go counts by overload: where types leave more than one, the call is worth 1.
  const cost = overloads.length > 1 && BY_OVERLOAD.has(name) ? undefined : costOf(name)
  const parts = args.map(({ evaluate }) => evaluate)
  const [a, b] = parts
  // A list of constants is looked up like a set, which cel-go does not count.
  const free = name === '@in' && args[1]!.type.kind === 'list' && args[1]!.constant !== undefined
  // An operator looks at its types itself, and indexing is free but for the step.
  if (overloads[0]!.accepts.length === 0 && parts.length > 0) {
    const { call } = overloads[0]!
    return (run) => {
      const left = a!(run)
      const right = b?.(run)
      if (!free) run.charge(cost === undefined ? 1 : cost([left, right!]))
      return call(run, left, right!)
    }
  }
  return (run) => {
    const values = parts.map((part) => part(run))
    for (const { accepts, call } of overloads) {
      if (!accepts.every((accept, at) => accept(values[at]!))) continue
      run.charge(cost?.(values) ?? 1)
      return call(run, ...values)
    }
    throw untaken(name, ...values)
  }
}

export const constant = (value: Value, type: Type): Node => ({ type, constant: value, evaluate: () => value })
