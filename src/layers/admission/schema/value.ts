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

/**
 * Is the value one of an enum? As kube-openapi compares them: the value is converted to the type of the member where Go converts it.
 * So 1.5 is 1 where the enum says 1, and 65 is "A", but null is nothing at all.
 */
export function isOneOf(value: unknown, members: readonly unknown[], form: NumberForm): boolean {
  return members.some((member) => {
    if (typeof value === 'number' && typeof member === 'number') return (isInteger(member, INTEGERS) ? toInt64(value) : value) === member
    if (typeof value === 'number' && typeof member === 'string') return isInteger(value, form) && character(value) === member
    return value !== null && isEqual(value, member, form)
  })
}

const INTEGERS: NumberForm = { floats: false }

const character = (value: number) =>
  String.fromCodePoint(value >= 0 && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff) ? value : 0xfffd)

function isEqual(value: unknown, member: unknown, form: NumberForm): boolean {
  if (typeof value === 'number') return value === member && isInteger(value, form) === isInteger(value, INTEGERS)
  if (Array.isArray(value))
    return Array.isArray(member) && member.length === value.length && value.every((each, index) => isEqual(each, member[index], form))
  if (!isFields(value)) return value === member
  if (!isFields(member)) return false
  const keys = Object.keys(value)
  return (
    keys.length === Object.keys(member).length && keys.every((key) => Object.hasOwn(member, key) && isEqual(value[key], member[key], form))
  )
}

/** As %v of Go writes it. */
export function show(value: unknown): string {
  if (typeof value === 'number') return showNumber(value, INTEGERS)
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`
  if (!isFields(value)) return value === null ? '<nil>' : String(value)
  const keys = Object.keys(value).sort()
  return `map[${keys.map((key) => `${key}:${show(value[key])}`).join(' ')}]`
}
