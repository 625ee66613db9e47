// `and` and `or`: chains of them are one list of operands, with one level of indentation for those on later rows.
import type { Body, Expr, Location, Logical } from '../syntax/ast.ts'
import { writeExpr } from './bodies.ts'
import { writeBracedBody } from './comprehensions.ts'
import { type Page, unlessDisplaced } from './page.ts'
import { closingRow, endRow, NOWHERE, newlines } from './places.ts'
import { isUnion, isUnionExpr, leadOf, leadsWithBrace } from './unions.ts'

interface Operand {
  readonly body: Body
  /** The brace of an operand in braces. */
  readonly brace: Location | undefined
  readonly parens: boolean
}

interface Step {
  readonly sign: Logical['kind']
  readonly operand: Operand
  /** The row where everything before the sign ends. */
  readonly row: number
}

export const isLogical = (terms: Expr['terms']): terms is Logical => terms.kind === 'and' || terms.kind === 'or'

export function writeLogical(page: Page, node: Logical, at: Location): void {
  const { first, steps } = chainOf(page, node, at)
  writeOperand(page, first)
  let indented = false
  try {
    for (const { sign, operand, row } of steps) {
      page.write(` ${sign}`)
      const start = operand.brace ?? operand.body[0]!.at
      if (start.row > row) {
        if (!indented) page.indent()
        indented = true
        page.endLine()
        page.startLine()
      } else page.write(' ')
      writeOperand(page, operand)
    }
  } finally {
    if (indented) page.outdent()
  }
}

function writeOperand(page: Page, { body, brace, parens }: Operand): void {
  try {
    if (brace === undefined) {
      if (parens) page.write('(')
      page.ending(parens ? ')' : '', () => writeExpr(page, body[0]!))
      return
    }
    if (isUnionExpr(body[0]!)) page.putInParens(body[0]!)
    page.write('{')
    try {
      writeBracedBody(page, '{}', body, brace.row, brace)
    } catch (error) {
      unlessDisplaced(error)
    }
    page.write(body.at(-1)!.at.row === brace.row ? ' }' : '}')
  } catch (error) {
    unlessDisplaced(error)
  }
}

/** Signs associate to the left: `a and b and c` is a chain of three. */
function chainOf(page: Page, node: Logical, at: Location): { readonly first: Operand; readonly steps: readonly Step[] } {
  const operand = operandOf(page, node, 'right', at)
  const [left] = node.left
  if (!node.explicitLeft && node.left.length === 1 && isLogical(left!.terms) && !needsParens(left!, node.kind, false)) {
    const { first, steps } = chainOf(page, left!.terms, left!.at)
    return { first, steps: [...steps, { sign: node.kind, operand, row: lastRow(page, node.left) }] }
  }
  const first = operandOf(page, node, 'left', at)
  return { first, steps: [{ sign: node.kind, operand, row: operandEnd(page, first) }] }
}

function operandOf(page: Page, node: Logical, side: 'left' | 'right', at: Location): Operand {
  const body = node[side]
  const explicit = side === 'left' ? node.explicitLeft : node.explicitRight
  if (explicit || body.length !== 1) return { body, brace: braceBefore(page, at, body), parens: false }
  return { body, brace: undefined, parens: needsParens(body[0]!, node.kind, side === 'right') }
}

function needsParens(expr: Expr, parent: Logical['kind'], right: boolean): boolean {
  if (expr.with.length > 0) return true
  if (expr.terms.kind === 'or') return parent === 'and' || right
  if (expr.terms.kind === 'and') return parent === 'and' && right
  return leadsWithBrace(expr)
}

function operandEnd(page: Page, { body, brace }: Operand): number {
  const row = brace === undefined ? NOWHERE : closingRow('{}', page.sourceOf(brace), brace.row)
  return row > 0 ? row : lastRow(page, body)
}

function lastRow(page: Page, body: Body): number {
  const { at } = body.at(-1)!
  return endRow(at.row, page.sourceOf(at).replace(/[ \t\r\n]+$/, ''))
}

/** The last `{` of the node before the body begins; the node itself if there is none. */
function braceBefore(page: Page, node: Location, body: Body): Location {
  const text = page.sourceOf(node)
  const end = Math.min(body[0]!.at.start - node.start, text.length)
  const at = end <= 0 ? -1 : text.lastIndexOf('{', end - 1)
  return at === -1 ? node : { ...node, row: node.row + newlines(text.slice(0, at)), start: node.start + at }
}

/** Puts a union that the text of the expression begins with into parentheses: behind the brace of a rule it would be a comprehension. */
export function groupLeadingUnion(page: Page, expr: Expr): void {
  if (expr.negated) return
  if (isLogical(expr.terms)) {
    const { first } = chainOf(page, expr.terms, expr.at)
    if (first.brace === undefined && !first.parens) groupLeadingUnion(page, first.body[0]!)
  } else if (isUnionExpr(expr)) page.putInParens(expr)
  else {
    const lead = leadOf(expr)
    if (lead !== undefined && isUnion(lead)) page.putInParens(lead)
  }
}
