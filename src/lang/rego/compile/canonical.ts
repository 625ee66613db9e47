import type { Term } from '../syntax/ast.ts'
import { mapTerm } from './map.ts'
import { compareTerms } from './order.ts'

/** The members of a set and the keys of an object in OPA's order, which is that in which the compiler and evaluator meet them. */
export function ordered(term: Term): Term {
  if (term.kind === 'set' && term.items.length > 1) return { ...term, items: term.items.toSorted(compareTerms) }
  if (term.kind !== 'object' || term.entries.length < 2) return term
  return { ...term, entries: term.entries.toSorted((a, b) => compareTerms(a[0], b[0])) }
}

/** Sets and objects in order, however deep. */
export const inOrder = (term: Term): Term => ordered(mapTerm(term, { term: inOrder, body: (body) => body }))
