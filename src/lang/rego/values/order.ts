import { compareNumbers } from './decimal.ts'
import { keyOf } from './key.ts'
import { walk } from './meter.ts'
import { isArray, isNumber, RegoObject, RegoSet, typeName, type Value } from './value.ts'

const RANK = { null: 0, boolean: 1, number: 2, string: 3, array: 4, object: 5, set: 6 } as const

/** OPA's total order: null < boolean < number < string < array < object < set; strings by their UTF-8 bytes. */
export function compare(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b)
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b)
  const rank = RANK[typeName(a)] - RANK[typeName(b)]
  if (rank !== 0) return Math.sign(rank)
  if (isArray(a)) return compareArrays(a, b as readonly Value[])
  if (a instanceof RegoSet) return compareArrays(a.members(), (b as RegoSet).members())
  if (a instanceof RegoObject) return compareObjects(a, b as RegoObject)
  return Number(a) - Number(b)
}

export function equal(a: Value, b: Value): boolean {
  if (a === b) return true
  if (typeof a !== 'object' && typeof b !== 'object') return false
  if (a === null || b === null || typeof a === 'string' || typeof b === 'string') return false
  if (isArray(a) && isArray(b)) return a.length === b.length && sameItems(a, b)
  if (a instanceof RegoObject || b instanceof RegoObject) {
    if (!(a instanceof RegoObject && b instanceof RegoObject) || a.size !== b.size) return false
    walk(a.size)
    return a.every((value, key) => {
      const other = b.get(key)
      return other !== undefined && equal(value, other)
    })
  }
  if (a instanceof RegoSet || b instanceof RegoSet) {
    return a instanceof RegoSet && b instanceof RegoSet && a.size === b.size && a.members().every((member) => b.has(member))
  }
  return typeName(a) === typeName(b) && keyOf(a) === keyOf(b)
}

function sameItems(a: readonly Value[], b: readonly Value[]): boolean {
  walk(a.length)
  return a.every((item, at) => equal(item, b[at]!))
}

/** By Unicode code points, which is the order of UTF-8 bytes; JS compares UTF-16 units, where surrogates stand below U+E000. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0
  const end = Math.min(a.length, b.length)
  for (let at = 0; at < end; at++) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left === right) continue
    const raised = (unit: number) => (unit >= 0xe000 ? unit - 0x2000 : unit >= 0xd800 ? unit + 0x2000 : unit)
    return raised(left) < raised(right) ? -1 : 1
  }
  return a.length < b.length ? -1 : 1
}

function compareArrays(a: readonly Value[], b: readonly Value[]): number {
  if (a === b) return 0
  const end = Math.min(a.length, b.length)
  walk(end)
  for (let at = 0; at < end; at++) {
    const order = compare(a[at]!, b[at]!)
    if (order !== 0) return order
  }
  return Math.sign(a.length - b.length)
}

/** Pairs in the order of their keys: the first differing key decides, then its value, then the size. */
function compareObjects(a: RegoObject, b: RegoObject): number {
  if (a === b) return 0
  walk(Math.min(a.size, b.size))
  const left = a.entries()
  const right = b.entries()
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const order = compare(left[at]![0], right[at]![0]) || compare(left[at]![1], right[at]![1])
    if (order !== 0) return order
  }
  return Math.sign(left.length - right.length)
}
