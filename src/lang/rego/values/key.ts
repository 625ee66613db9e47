// Keys for Map and Set, by which equal values are one.
import { BigNumber, numberKey } from './decimal.ts'
import { made, walk } from './meter.ts'
import { isArray, isNumber, RegoObject, RegoSet, type Value } from './value.ts'

export type Key = string | number | boolean | null

/**
 * The same JS primitive for equal values and none other. Strings are their own key, so that the usual look-up allocates nothing;
 * what is not a string, or begins like an encoded one, is encoded after a NUL. Throws RegoError REGO_LIMIT for a value that an evaluation
 * has not the steps or the memory to walk through.
 */
export function keyOf(value: Value): Key {
  if (typeof value === 'string') return value.charCodeAt(0) === 0 ? `\0s${value}` : value
  if (value === null || typeof value !== 'object') return value
  if (value instanceof BigNumber) return numberKey(value)
  return value instanceof RegoObject ? value.key : encoded(value)
}

/** The key of a collection. */
export const encoded = (value: Value): string => `\0${encode(value)}`

/** Length before content, so that no content can look like structure. */
function encode(value: Value): string {
  if (typeof value === 'string') return `s${value.length}:${value}`
  if (isNumber(value)) return `n${numberKey(value)};`
  if (value === null || typeof value === 'boolean') return value === null ? 'z' : value ? 'y' : 'f'
  walk(isArray(value) ? value.length : value.size)
  let text: string
  if (isArray(value)) {
    text = `a${value.length}[`
    for (const item of value) text += encode(item)
  } else if (value instanceof RegoSet) {
    text = `t${value.size}{`
    for (const member of value.members()) text += encode(member)
  } else {
    text = `o${value.size}{`
    for (const [key, item] of value.entries()) text += encode(key) + encode(item)
  }
  return made(text)
}
