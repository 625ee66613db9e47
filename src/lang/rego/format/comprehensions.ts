// Comprehensions, and the bodies in braces that are written like theirs.
import type { ArrayComprehension, Body, Location, ObjectComprehension, SetComprehension, Term } from '../syntax/ast.ts'
import { writeBody, writeExpr } from './bodies.ts'
import { linesOfBody, writeKey } from './lists.ts'
import type { Page } from './page.ts'
import { type Brackets, closingRow } from './places.ts'
import { startsInParens, writeTermOnce } from './terms.ts'
import { isUnion } from './unions.ts'

export function writeArrayComprehension(page: Page, { term, body, at }: ArrayComprehension): void {
  page.write('[')
  page.ending(']', () => writeComprehension(page, '[]', term, body, at))
}

export function writeSetComprehension(page: Page, { term, body, at }: SetComprehension): void {
  page.write('{')
  page.ending('}', () => writeComprehension(page, '{}', term, body, at))
}

export function writeObjectComprehension(page: Page, { key, value, body, at }: ObjectComprehension): void {
  page.write('{')
  page.ending('}', () => {
    writeKey(page, key)
    // On the key's row, wherever it was written.
    writeComprehension(page, '{}', { ...value, at: { ...value.at, row: at.row } }, body, at)
  })
}

function writeComprehension(page: Page, brackets: Brackets, term: Term, body: Body, at: Location): void {
  if (term.at.row > at.row) {
    page.endLine()
    page.startLine()
  }
  const parens = term.kind === 'call' && (isUnion(term) || startsInParens(page, term))
  writeTermOnce(page, term, parens)
  page.write(' |')
  writeBracedBody(page, brackets, body, term.at.row, at)
}

/** A body of one row stays on the row `row` where it was written there. `at` is the node that the brackets close. */
export function writeBracedBody(page: Page, brackets: Brackets, body: Body, row: number, at: Location): void {
  const closing = closingRow(brackets, page.sourceOf(at), at.row)
  if (body[0]!.at.row <= row && linesOfBody(body, row).length === 1) {
    page.write(' ')
    body.forEach((expr, at) => {
      if (at > 0) page.write('; ')
      writeExpr(page, expr)
    })
    page.losing(() => page.commentsBefore(closing))
    return
  }
  page.endLine()
  page.indent()
  try {
    writeBody(page, body)
    page.losing(() => page.commentsBefore(closing))
  } finally {
    page.outdent()
    page.startLine()
  }
}
