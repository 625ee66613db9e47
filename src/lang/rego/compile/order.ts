// OPA's order of terms, by which it walks sets and objects and tells equal terms. Where they stand does not matter.

import type { Body, Expr, Location, Term, With } from '../syntax/ast.ts'
import { compareNumbers, readNumber } from '../values/decimal.ts'
import { compareStrings } from '../values/order.ts'
import { isTerm } from './terms.ts'

const RANK: Record<Term['kind'], number> = {
  null: 0,
  boolean: 1,
  number: 2,
  string: 3,
  templatestring: 4,
  var: 5,
  ref: 6,
  array: 7,
  object: 8,
  set: 9,
  arraycomprehension: 10,
  objectcomprehension: 11,
  setcomprehension: 12,
  call: 13,
}
const EXPR_RANK: Partial<Record<Expr['terms']['kind'], number>> = { some: 0, call: 2, every: 3, not: 4, and: 5, or: 6 }
const exprRank = (expr: Expr) => EXPR_RANK[expr.terms.kind] ?? 1

export const equalTerms = (a: Term, b: Term) => compareTerms(a, b) === 0

export function compareTerms(a: Term, b: Term): number {
  if (a === b) return 0
  if (a.kind !== b.kind) return RANK[a.kind] - RANK[b.kind]
  switch (a.kind) {
    case 'boolean':
      return b.kind === a.kind ? Number(a.value) - Number(b.value) : 0
    case 'number':
      return b.kind === a.kind ? compareWritten(a.text, b.text) : 0
    case 'string':
      return b.kind === a.kind ? compareStrings(a.value, b.value) : 0
    case 'var':
      return b.kind === a.kind ? compareStrings(a.name, b.name) : 0
    case 'ref':
      return b.kind === a.kind ? compareLists(a.parts, b.parts, compareTerms) : 0
    case 'array':
    case 'set':
      return b.kind === 'array' || b.kind === 'set' ? compareLists(a.items, b.items, compareTerms) : 0
    case 'object':
      return b.kind === a.kind ? compareLists(a.entries.flat(), b.entries.flat(), compareTerms) : 0
    case 'call':
      return b.kind === a.kind ? compareTerms(a.operator, b.operator) || compareLists(a.args, b.args, compareTerms) : 0
    case 'arraycomprehension':
    case 'setcomprehension':
      return b.kind === 'arraycomprehension' || b.kind === 'setcomprehension'
        ? compareTerms(a.term, b.term) || compareBodies(a.body, b.body)
        : 0
    case 'objectcomprehension':
      return b.kind === a.kind ? compareTerms(a.key, b.key) || compareTerms(a.value, b.value) || compareBodies(a.body, b.body) : 0
    case 'templatestring':
      return b.kind === a.kind ? compareLists(a.parts, b.parts, compareParts) : 0
    default:
      return 0
  }
}

function compareWritten(a: string, b: string): number {
  if (a === b) return 0
  const [x, y] = [readNumber(a), readNumber(b)]
  return x === undefined || y === undefined ? compareStrings(a, b) : compareNumbers(x, y)
}

function compareLists<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const order = compare(a[at]!, b[at]!)
    if (order !== 0) return order
  }
  return a.length - b.length
}

const compareBodies = (a: Body, b: Body) => compareLists(a, b, compareExprs)

function compareParts(a: Term | Expr, b: Term | Expr): number {
  if (a.kind === 'expr') return b.kind === 'expr' ? compareExprs(a, b) : 1
  return b.kind === 'expr' ? -1 : compareTerms(a, b)
}

function compareExprs(a: Expr, b: Expr): number {
  return (
    exprRank(a) - exprRank(b) ||
    Number(a.negated) - Number(b.negated) ||
    compareExprTerms(a.terms, b.terms) ||
    compareLists(a.with, b.with, compareWiths)
  )
}

function compareExprTerms(a: Expr['terms'], b: Expr['terms']): number {
  switch (a.kind) {
    case 'some':
      return b.kind === a.kind ? compareLists(a.symbols, b.symbols, compareTerms) : 0
    case 'every':
      if (b.kind !== a.kind) return 0
      return (
        compareLists(
          [...(a.key === undefined ? [] : [a.key]), a.value, a.domain],
          [...(b.key === undefined ? [] : [b.key]), b.value, b.domain],
          compareTerms,
        ) || compareBodies(a.body, b.body)
      )
    case 'not':
      return b.kind === a.kind ? compareBodies(a.body, b.body) : 0
    case 'and':
    case 'or':
      return b.kind === a.kind ? compareBodies(a.left, b.left) || compareBodies(a.right, b.right) : 0
    default:
      return isTerm(b) ? compareTerms(a, b) : 0
  }
}

const compareWiths = (a: With, b: With) => compareTerms(a.target, b.target) || compareTerms(a.value, b.value)

export const compareRefs = (a: readonly Term[], b: readonly Term[]) => compareLists(a, b, compareTerms)
export const isPrefix = (prefix: readonly Term[], of: readonly Term[]) =>
  prefix.length <= of.length && prefix.every((part, at) => equalTerms(part, of[at]!))

/** By file, row and column; what has no place comes last. */
export function compareLocations(a: Location | undefined, b: Location | undefined): number {
  if (a === b) return 0
  if (a === undefined) return 1
  if (b === undefined) return -1
  return compareStrings(a.file, b.file) || a.row - b.row || a.col - b.col
}
