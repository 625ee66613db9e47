import type { Term } from '../syntax/ast.ts'
import { compareTerms } from '../syntax/order.ts'
import { mapTerm } from './map.ts'

/**
 * The members of a set and the keys of an object in OPA's order, which is that in which the compiler and evaluator meet them. Each
 * stands once; a key has its last value.
 */
export function ordered(term: Term): Term {
  if (term.kind === 'set' && term.items.length > 1) {
    const sorted = term.items.toSorted(compareTerms)
    return { ...term, items: sorted.filter((item, at) => at === 0 || compareTerms(sorted[at - 1]!, item) !== 0) }
  }
  if (term.kind !== 'object' || term.entries.length < 2) return term
  const sorted = term.entries.toSorted((a, b) => compareTerms(a[0], b[0]))
  return { ...term, entries: sorted.filter(([key], at) => at + 1 === sorted.length || compareTerms(key, sorted[at + 1]![0]) !== 0) }
}

/** Sets and objects in order, however deep. */
export const inOrder = (term: Term): Term => ordered(mapTerm(term, { term: inOrder, body: (body) => body }))
