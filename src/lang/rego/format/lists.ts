// What stands between brackets with commas: items of one row stay on one row.
import type { ArrayTerm, Expr, Location, ObjectTerm, SetTerm, Term } from '../syntax/ast.ts'
import { sortedEntries, sortedItems } from '../syntax/order.ts'
import { type Node, some } from '../syntax/walk.ts'
import type { Page } from './page.ts'
import { type Brackets, byPlace, closingRow } from './places.ts'
import { spanOf } from './spans.ts'
import { startsInParens, writeTerm } from './terms.ts'
import { isUnion } from './unions.ts'

/** One item of a list: `first` tells where it stands. */
interface Item {
  readonly first: Term
  readonly nodes: readonly Node[]
  readonly write: (page: Page) => void
}

export function writeArray(page: Page, { items, at }: ArrayTerm): void {
  page.write('[')
  const list = items.map((item) => listItem(item, true))
  page.ending(']', () => writeList(page, list, at, rowOf(page, '[]', at)))
}

export function writeSet(page: Page, { items, at }: SetTerm): void {
  if (items.length === 0) {
    page.write('set()')
    page.commentsBefore(rowOf(page, '()', at))
    return
  }
  page.write('{')
  const members = sortedItems(items).map((item) => listItem(item, true))
  page.ending('}', () => writeList(page, members, at, rowOf(page, '{}', at)))
}

export function writeObject(page: Page, { entries, at }: ObjectTerm): void {
  page.write('{')
  const items = sortedEntries(entries).map(([key, value]) => objectItem(key, value))
  page.ending('}', () => writeList(page, items, at, rowOf(page, '{}', at)))
}

const rowOf = (page: Page, brackets: Brackets, at: Location) => closingRow(brackets, page.sourceOf(at), at.row)

/** A union in a collection would begin a comprehension, so it stands in parentheses; among arguments where it was written so. */
export function listItem(term: Term, inCollection: boolean): Item {
  const write = (page: Page) => {
    const parens = isUnion(term) && (inCollection || startsInParens(page, term))
    if (parens) page.write('(')
    page.ending(parens ? ')' : '', () => writeTerm(page, term))
  }
  return { first: term, nodes: [term], write }
}

function objectItem(key: Term, value: Term): Item {
  const write = (page: Page) => {
    writeKey(page, key)
    if (isUnion(value)) page.write('(')
    page.ending(isUnion(value) ? ')' : '', () => writeTerm(page, value))
  }
  return { first: key, nodes: [], write } // OPA does not look into the pairs of an object
}

/** `key: `, of an object or a comprehension. */
export function writeKey(page: Page, key: Term): void {
  if (isUnion(key)) page.write('(')
  writeTerm(page, key)
  page.write(isUnion(key) ? '): ' : ': ')
}

/** Items between brackets that are written already; `at` is where the whole begins, `closing` the row of the bracket that ends it. */
export function writeList(page: Page, items: readonly Item[], at: Location, closing: number): void {
  const lines = linesOf(
    items.map((item) => ({ ...item, at: item.first.at })),
    at.row,
  )
  const [first] = lines[0]!
  // Comments in what would become one line: the whole is left as it was written.
  if (lines.length === 1 && page.hasCommentBetween(at.row, closing)) page.displace()
  const spread = lines.length > 1 || (first !== undefined && startsOnLaterLine(page.sourceOf(at), page.sourceOf(spanOf(page, first.first))))
  page.losing(() => {
    if (spread) {
      page.delayComment()
      page.openBlock()
    }
    lines.forEach((line, at) => {
      if (at > 0) {
        page.write(',')
        page.endLine()
        page.startLine()
      }
      line.forEach((item, at) => {
        if (at > 0) page.write(', ')
        item.write(page)
      })
    })
    if (!spread) return
    page.write(',')
    page.endLine()
    page.commentsBefore(closing)
    page.outdent()
    page.startLine()
  })
}

/** Whether a line ends between the bracket and the first item. The item is looked for by its text, as OPA does. */
function startsOnLaterLine(whole: string, first: string): boolean {
  const at = whole.indexOf(first)
  return at > 0 && whole.slice(0, at).indexOf('\n') > 0
}

/** In order of place, those of one row together. Items with variables that a compiler made keep their order, on one line. */
export function linesOf<T extends { readonly at: Location; readonly nodes: readonly Node[] }>(
  items: readonly T[],
  row: number,
): readonly (readonly T[])[] {
  if (items.some(({ nodes }) => nodes.some(isGenerated))) return [items]
  const lines: T[][] = [[]]
  let last = row
  for (const [at, item] of items.toSorted(byPlace).entries()) {
    if (item.at.row > last && at > 0) lines.push([])
    lines.at(-1)!.push(item)
    last = item.at.row
  }
  return lines
}

function isGenerated(node: Node): boolean {
  return some(node, (each) => each.kind === 'var' && each.name.startsWith('__local'))
}

export const linesOfBody = (body: readonly Expr[], row: number) =>
  linesOf(
    body.map((expr) => ({ at: expr.at, nodes: [expr] })),
    row,
  )
