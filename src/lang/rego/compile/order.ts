// Refs and places in OPA's order.

import type { Location, Term } from '../syntax/ast.ts'
import { compareTerms } from '../syntax/order.ts'
import { compareStrings } from '../values/order.ts'

export { compareTerms }

export const equalTerms = (a: Term, b: Term) => a === b || compareTerms(a, b) === 0

/** By their parts; of two with the same beginning the shorter comes first. */
export function compareRefs(a: readonly Term[], b: readonly Term[]): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    const order = compareTerms(a[at]!, b[at]!)
    if (order !== 0) return order
  }
  return a.length - b.length
}

export const isPrefix = (prefix: readonly Term[], of: readonly Term[]) =>
  prefix.length <= of.length && prefix.every((part, at) => equalTerms(part, of[at]!))

/** By file, row and column; what has no place comes last. */
export function compareLocations(a: Location | undefined, b: Location | undefined): number {
  if (a === b) return 0
  if (a === undefined) return 1
  if (b === undefined) return -1
  return compareStrings(a.file, b.file) || a.row - b.row || a.col - b.col
}
