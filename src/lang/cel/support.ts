// What the code of an expression calls: steps into values, literals, what may be an error, and the walks of macros.
import { Fault, noOverload, type Run } from './run.ts'
import { CelMap, EntryMap, ItemList, List, Optional, typeName, type Value } from './values.ts'
import { optMap, WALKS } from './walks.ts'

/** A value, at a cost that comes after it. */
function charged(run: Run, value: Value, cost: number): Value {
  run.charge(cost)
  return value
}

function select(run: Run, value: Value, field: string): Value {
  if (value instanceof CelMap) {
    run.charge(1)
    const found = value.get(field)
    if (found === undefined) throw new Fault(`no such key: ${field}`)
    return found
  }
  if (value instanceof Optional) return optionalField(run, value, field)
  run.charge(1)
  if (value instanceof List) throw noField()
  throw new Fault(`no such key: ${field}`)
}

function hasField(value: Value, field: string): boolean {
  if (value instanceof CelMap) return value.get(field) !== undefined
  if (value instanceof List) throw noField()
  return value instanceof Optional && value.value !== undefined && hasField(value.value, field)
}

/** A field of a list. */
const noField = () => new Fault("unsupported index type 'string' in list")

function optionalField(run: Run, value: Value, field: string): Value {
  const operand = value instanceof Optional ? value.value : value
  if (operand instanceof List) throw noField()
  const found = operand instanceof CelMap ? operand.get(field) : undefined
  if (found === undefined) return Optional.NONE
  run.charge(1)
  return new Optional(found)
}

function truth(value: Value): boolean {
  if (typeof value !== 'boolean') throw noOverload()
  return value
}

function optional(value: Value): Optional {
  if (!(value instanceof Optional)) throw noOverload()
  return value
}

/** Of operands that may be outdone by another the first that is an error counts. */
function firstFault(before: Fault | undefined, error: unknown): Fault {
  if (!(error instanceof Fault)) throw error
  return before ?? error
}

/** What an optional element puts into its list: nothing, or what it holds. */
function held(value: Value): readonly Value[] {
  if (!(value instanceof Optional)) throw new Fault(`cannot initialize an optional element from ${typeName(value)}`)
  return value.value === undefined ? [] : [value.value]
}

/** @param isOptional the value may hold nothing: then nothing is set */
export function setEntry(map: EntryMap, key: Value, value: Value, isOptional: boolean): void {
  for (const each of isOptional ? held(value) : [value]) if (!map.set(key, each)) throw new Fault(`unsupported key type: ${typeName(key)}`)
}

const { NONE } = Optional

export const SUPPORT = {
  charged,
  EntryMap,
  firstFault,
  hasField,
  held,
  ItemList,
  NONE,
  optional,
  optionalField,
  optMap,
  select,
  setEntry,
  truth,
  ...WALKS,
}
