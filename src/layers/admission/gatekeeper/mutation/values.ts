// Documents while they are being mutated. Gatekeeper tells whole numbers of a document (int64) from those that an Assign brings (float64):
// `[port: 80]` never finds the second. So here a whole number is a bigint, and a number is what Go has as float64.
import { ThymusError } from '../../../../core/errors.ts'
import { isFields } from '../../../../formats/kubernetes/object.ts'

export type Value = null | boolean | string | number | bigint | Value[] | Draft
/** Without a prototype, so that any name is but a name. */
export interface Draft {
  [field: string]: Value
}

/** The list that Go has where none was given: a list of nothing that is written as null, and is not equal to an empty one. */
export const NO_LIST: Value[] = Object.freeze([]) as unknown as Value[]

const MAX_DEPTH = 1000
/** Seconds of work: mutators that write whole lists into each element of lists could go on for hours. */
const MAX_STEPS = 10_000_000

/** What one mutation may cost, counted in values touched. */
export class Budget {
  #left = MAX_STEPS

  /** @throws ThymusError MUTATOR */
  spend(depth: number): void {
    if (--this.#left < 0) throw new ThymusError('MUTATOR', 'the mutation takes too many steps')
    if (depth > MAX_DEPTH) throw new ThymusError('MUTATOR', `the object is nested deeper than ${MAX_DEPTH} levels`)
  }
}

export const isDraft = (value: Value | undefined): value is Draft => typeof value === 'object' && value !== null && !Array.isArray(value)

export function emptyDraft(): Draft {
  return Object.create(null) as Draft
}

/** A draft of a JSON value. `integers`: whole numbers are a document's own. */
export function draftOf(value: unknown, budget: Budget, integers: boolean, depth = 0): Value {
  budget.spend(depth)
  if (typeof value === 'number') return integers && Number.isSafeInteger(value) ? BigInt(value) : value
  if (typeof value === 'bigint') return integers ? value : Number(value)
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.map((element) => draftOf(element, budget, integers, depth + 1))
  if (!isFields(value)) throw new ThymusError('MUTATOR', `a ${typeof value} is no value of JSON`)
  const draft = emptyDraft()
  for (const field of Object.keys(value)) draft[field] = draftOf(value[field], budget, integers, depth + 1)
  return draft
}

/** The same draft again, in which no two places are one. */
export function copyOf<Kind extends Value>(value: Kind, budget: Budget, depth?: number): Kind
export function copyOf(value: Value, budget: Budget, depth = 0): Value {
  budget.spend(depth)
  if (typeof value !== 'object' || value === null || value === NO_LIST) return value
  if (Array.isArray(value)) return value.map((element) => copyOf(element, budget, depth + 1))
  const copy = emptyDraft()
  for (const field in value) copy[field] = copyOf(value[field]!, budget, depth + 1)
  return copy
}

/** The JSON value of a draft. */
export function settled(value: Value, budget: Budget, depth = 0): unknown {
  budget.spend(depth)
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (value === NO_LIST) return null
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((element) => settled(element, budget, depth + 1))
  return Object.fromEntries(Object.keys(value).map((field) => [field, settled(value[field]!, budget, depth + 1)]))
}

export function equal(one: Value, other: Value, budget: Budget, depth = 0): boolean {
  budget.spend(depth)
  if (one === other) return true
  if (one === NO_LIST || other === NO_LIST) return false
  if (Array.isArray(one))
    return (
      Array.isArray(other) && one.length === other.length && one.every((value, index) => equal(value, other[index]!, budget, depth + 1))
    )
  if (!isDraft(one) || !isDraft(other)) return false
  const fields = Object.keys(one)
  return (
    fields.length === Object.keys(other).length &&
    fields.every((field) => field in other && equal(one[field]!, other[field]!, budget, depth + 1))
  )
}
