// The order of terms that are not values yet, as OPA sorts the members of a set and the keys of an object in its tree.
// Places in the text never count; of an expression its place in the body does.
import { compareNumbers, readNumber } from '../values/decimal.ts'
import { compareStrings } from '../values/order.ts'
import type { Body, Every, Expr, Location, Term, With } from './ast.ts'

const KINDS: readonly Term['kind'][] = [
  'null',
  'boolean',
  'number',
  'string',
  'templatestring',
  'var',
  'ref',
  'array',
  'object',
  'set',
  'arraycomprehension',
  'objectcomprehension',
  'setcomprehension',
  'call',
]
const EXPRESSIONS = ['some', 'term', 'call', 'every', 'not', 'and', 'or']

/** Negative, zero or positive. */
export function compareTerms(a: Term, b: Term): number {
  if (a.kind !== b.kind) return KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind)
  if (a.kind === 'boolean' && b.kind === 'boolean') return Number(a.value) - Number(b.value)
  if (a.kind === 'number' && b.kind === 'number') return compareNumbers(readNumber(a.text) ?? 0, readNumber(b.text) ?? 0)
  if (a.kind === 'string' && b.kind === 'string') return compareStrings(a.value, b.value)
  if (a.kind === 'var' && b.kind === 'var') return compareStrings(a.name, b.name)
  if (a.kind === 'ref' && b.kind === 'ref') return compareLists(a.parts, b.parts, compareTerms)
  if (a.kind === 'array' && b.kind === 'array') return compareLists(a.items, b.items, compareTerms)
  if (a.kind === 'set' && b.kind === 'set') return compareLists(sortedItems(a.items), sortedItems(b.items), compareTerms)
  if (a.kind === 'object' && b.kind === 'object')
    return compareLists(sortedEntries(a.entries).flat(), sortedEntries(b.entries).flat(), compareTerms)
  if (a.kind === 'call' && b.kind === 'call') return compareLists([a.operator, ...a.args], [b.operator, ...b.args], compareTerms)
  if (a.kind === 'objectcomprehension' && b.kind === 'objectcomprehension')
    return compareTerms(a.key, b.key) || compareTerms(a.value, b.value) || compareBodies(a.body, b.body)
  if (a.kind === 'arraycomprehension' && b.kind === 'arraycomprehension')
    return compareTerms(a.term, b.term) || compareBodies(a.body, b.body)
  if (a.kind === 'setcomprehension' && b.kind === 'setcomprehension') return compareTerms(a.term, b.term) || compareBodies(a.body, b.body)
  if (a.kind === 'templatestring' && b.kind === 'templatestring')
    return Number(a.multiLine) - Number(b.multiLine) || a.parts.length - b.parts.length || compareLists(a.parts, b.parts, compareParts)
  return 0
}

export const equalTerms = (a: Term, b: Term) => a === b || compareTerms(a, b) === 0

/** Of refs, by their parts; of two with the same beginning the shorter comes first. */
export const compareRefs = (a: readonly Term[], b: readonly Term[]): number => compareLists(a, b, compareTerms)

export const isPrefix = (prefix: readonly Term[], of: readonly Term[]) =>
  prefix.length <= of.length && prefix.every((part, at) => equalTerms(part, of[at]!))

/** By file, row and column; what has no place comes last. */
export function compareLocations(a: Location | undefined, b: Location | undefined): number {
  if (a === b) return 0
  if (a === undefined) return 1
  if (b === undefined) return -1
  return compareStrings(a.file, b.file) || a.row - b.row || a.col - b.col
}

export const compareBodies = (a: Body, b: Body) => compareLists(a, b, compareExprs)

/** The members of a set, in order. */
export const sortedItems = (items: readonly Term[]): readonly Term[] => items.toSorted(compareTerms)

/** The entries of an object, in the order of their keys. */
export const sortedEntries = (entries: readonly (readonly [Term, Term])[]) => entries.toSorted(([a], [b]) => compareTerms(a, b))

function compareLists<T>(a: readonly T[], b: readonly T[], order: (a: T, b: T) => number): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    const found = order(a[at]!, b[at]!)
    if (found !== 0) return found
  }
  return a.length - b.length
}

function compareParts(a: Term | Expr, b: Term | Expr): number {
  if (a.kind === 'expr') return b.kind === 'expr' ? compareExprs(a, b) : 1
  return b.kind === 'expr' ? -1 : compareTerms(a, b)
}

const sortOf = ({ terms }: Expr) => {
  const at = EXPRESSIONS.indexOf(terms.kind)
  return at === -1 ? EXPRESSIONS.indexOf('term') : at
}

function compareExprs(a: Expr, b: Expr): number {
  return (
    sortOf(a) - sortOf(b) ||
    Number(a.negated) - Number(b.negated) ||
    compareContents(a.terms, b.terms) ||
    compareLists(a.with, b.with, compareWiths)
  )
}

const compareWiths = (a: With, b: With) => compareTerms(a.target, b.target) || compareTerms(a.value, b.value)

function compareContents(a: Expr['terms'], b: Expr['terms']): number {
  if (isTerm(a)) return isTerm(b) ? compareTerms(a, b) : 0
  switch (a.kind) {
    case 'some':
      return b.kind === 'some' ? compareLists(a.symbols, b.symbols, compareTerms) : 0
    case 'every':
      return b.kind === 'every' ? compareLists(everyTerms(a), everyTerms(b), compareTerms) || compareBodies(a.body, b.body) : 0
    case 'not':
      return b.kind === 'not' ? compareBodies(a.body, b.body) : 0
    case 'and':
    case 'or':
      return b.kind === a.kind ? compareBodies(a.left, b.left) || compareBodies(a.right, b.right) : 0
  }
}

const everyTerms = ({ key, value, domain }: Every) => [...(key === undefined ? [] : [key]), value, domain]

export const isTerm = (terms: Expr['terms']): terms is Term => KINDS.some((kind) => kind === terms.kind)
