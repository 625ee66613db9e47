// JSON values, told apart, compared and written as Go does it.
import { isFields } from '../../../formats/kubernetes/object.ts'
import { isInteger, type NumberForm, showNumber, toInt64 } from './numbers.ts'

export type Kind = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object'

export function kindOf(value: unknown, form: NumberForm): Kind {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'number') return isInteger(value, form) ? 'integer' : 'number'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'boolean'
  return Array.isArray(value) ? 'array' : 'object'
}

/** Is it deeper than JSON that somebody means? Found without going down by calls. */
export function isTooDeep(value: unknown): boolean {
  let level = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []))
  }
  return false
}

const MAX_DEPTH = 500

/**
 * One value for each that is the same: keys sorted. Two are the same if their texts are.
 * Time and memory grow as the value does, so that the members of a set are compared in linear time.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isFields(value)) return JSON.stringify(value ?? null)
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`
}

/** A value that shares nothing with the first. Keys stay own keys, whatever their names. */
export function copy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copy) as T
  if (!isFields(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copy(each)])) as T
}

/** The members of an enum, ready to be looked up, and as a message tells them. */
export interface Members {
  readonly has: ReadonlySet<string>
  readonly shown: string
}

/** Built once for an enum, so that a long one and a long list are not multiplied. */
export function membersOf(list: readonly unknown[]): Members {
  const known = members.get(list)
  if (known !== undefined) return known
  const made = { has: new Set(list.map(canonical)), shown: show(list.slice(0, SHOWN)).replace(/]$/, list.length > SHOWN ? ' ...]' : ']') }
  members.set(list, made)
  return made
}

const members = new WeakMap<readonly unknown[], Members>()
/** Members that a message names. */
const SHOWN = 100

/**
 * Is the value one of an enum? As kube-openapi compares them: the value is converted to the type of the member where Go converts it.
 * So 1.5 is 1 where the enum says 1, and 65 is "A", but null is nothing at all.
 */
export function isOneOf(value: unknown, { has }: Members, form: NumberForm): boolean {
  const holds = (each: unknown) => has.has(canonical(each))
  if (value === null || value === undefined) return false
  if (typeof value !== 'number') return holds(value) && !(form.floats && holdsWhole(value))
  return isInteger(value, form) ? holds(value) || holds(character(value)) : holds(toInt64(value)) || holds(value)
}

const character = (value: number) =>
  String.fromCodePoint(value >= 0 && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff) ? value : 0xfffd)

/** Within a list or a map nothing is converted, so that a whole number that is a float is no member's. */
function holdsWhole(value: unknown): boolean {
  if (typeof value === 'number') return isInteger(value, INTEGERS)
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsWhole)
}

const INTEGERS: NumberForm = { floats: false }

/** As %v of Go writes it. */
function show(value: unknown): string {
  if (typeof value === 'number') return showNumber(value, INTEGERS)
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`
  if (!isFields(value)) return value === null ? '<nil>' : String(value)
  const keys = Object.keys(value).sort()
  return `map[${keys.map((key) => `${key}:${show(value[key])}`).join(' ')}]`
}
