// Bodies and what stands on their lines.
import type { Body, Call, Every, Expr, Not, SomeDecl, Term, With } from '../syntax/ast.ts'
import { infixOf } from '../syntax/names.ts'
import { writeBracedBody } from './comprehensions.ts'
import { arityFault } from './faults.ts'
import { isLogical, writeLogical } from './logical.ts'
import { type Page, unlessDisplaced } from './page.ts'
import { endRow } from './places.ts'
import { writeMembership, writePlainCall, writeTerm } from './terms.ts'
import { isUnionExpr, leadsWithBrace } from './unions.ts'

/** Each expression on a line. Blank lines between them stay, as one. */
export function writeBody(page: Page, body: Body): void {
  page.commentsBefore(body[0]!.at.row)
  body.forEach((expr, at) => {
    const previous = body[at - 1]
    if (previous !== undefined && expr.at.row > endRow(previous.at.row, page.sourceOf(previous.at)) + 1) page.blankLine()
    page.startLine()
    try {
      writeExpr(page, expr)
    } catch (error) {
      unlessDisplaced(error)
    }
    page.endLine()
  })
}

export function writeExpr(page: Page, expr: Expr): void {
  const parens = page.takeParens(expr)
  page.commentsBefore(expr.at.row)
  if (!page.inline) page.startLine()
  const grouped = expr.negated && isLogical(expr.terms)
  page.write(`${expr.negated ? 'not ' : ''}${grouped ? '(' : ''}${parens ? '(' : ''}`)
  writeContents(page, expr)
  page.write(`${parens ? ')' : ''}${grouped ? ')' : ''}`)
  writeModifiers(page, expr)
}

function writeContents(page: Page, expr: Expr): void {
  const { terms } = expr
  switch (terms.kind) {
    case 'some':
      page.losing(() => writeSome(page, terms))
      break
    case 'every':
      page.losing(() => writeEvery(page, terms, expr))
      break
    case 'not':
      page.losing(() => writeNot(page, terms, expr))
      break
    case 'and':
    case 'or':
      page.losing(() => writeLogical(page, terms, expr.at))
      break
    case 'call':
      writeCallLine(page, terms)
      break
    default:
      writeTerm(page, terms)
  }
}

/** A call that stands alone: an operator's with a third operand is `c = a + b`. */
function writeCallLine(page: Page, call: Call): void {
  const { operator, args } = call
  const infix = infixOf(operator)
  if (infix === 'in') {
    writeMembership(page, call, false, operator.at)
    return
  }
  const [left, right, result] = args
  if (infix === undefined || left === undefined || right === undefined || args.length > 3) {
    if (infix !== undefined) page.faults.push(arityFault(call, operator.at))
    writePlainCall(page, call)
    return
  }
  page.losing(() => {
    if (result !== undefined) {
      writeTerm(page, result)
      page.write(' = ')
    }
    writeTerm(page, left)
    page.write(` ${infix} `)
  })
  if (result === undefined) writeTerm(page, right)
  else page.losing(() => writeTerm(page, right))
}

/** `with` on the row where the expression ends stays there; those on later rows go on lines of their own, deeper. */
function writeModifiers(page: Page, expr: Expr): void {
  let row = rowBeforeModifiers(page, expr)
  let indented = false
  try {
    expr.with.forEach((modifier, at) => {
      const first = at === 0 && modifier.at.row === row
      const below = !first && modifier.at.row > row
      if (below) {
        if (!indented) page.indent()
        indented = true
        page.endLine()
        page.startLine()
      }
      if (below) row = modifier.at.row
      writeModifier(page, modifier, below)
    })
  } finally {
    if (indented) page.outdent()
  }
}

/** The row on which the expression ends, its `with` left out. */
function rowBeforeModifiers(page: Page, { at, with: [first] }: Expr): number {
  const text = page.sourceOf(
    first !== undefined && first.at.start > at.start && first.at.start <= at.end ? { ...at, end: first.at.start } : at,
  )
  return endRow(at.row, text.replace(/[ \t\r\n]+$/, ''))
}

function writeModifier(page: Page, { target, value, at }: With, below: boolean): void {
  page.losing(() => {
    page.commentsBefore(at.row)
    page.write(below ? 'with ' : ' with ')
    writeTerm(page, target)
    page.write(' as ')
  })
  try {
    writeTerm(page, value)
  } catch (error) {
    unlessDisplaced(error)
  }
}

function writeSome(page: Page, { symbols, at }: SomeDecl): void {
  page.commentsBefore(at.row)
  page.write('some ')
  let row = at.row
  symbols.forEach((symbol, index) => {
    if (symbol.kind === 'call') writeMembership(page, symbol, false, at)
    else {
      row = startSymbol(page, symbol, index, row)
      writeTerm(page, symbol)
      if (index < symbols.length - 1) page.write(',')
    }
  })
}

function startSymbol(page: Page, symbol: Term, index: number, row: number): number {
  if (symbol.at.row <= row) {
    if (index > 0) page.write(' ')
    return row
  }
  page.endLine()
  page.startLine()
  page.write('\t')
  return symbol.at.row
}

function writeEvery(page: Page, every: Every, { at }: Expr): void {
  page.commentsBefore(at.row)
  page.write('every ')
  if (every.key !== undefined) {
    writeTerm(page, every.key)
    page.write(', ')
  }
  writeTerm(page, every.value)
  page.write(' in ')
  writeTerm(page, every.domain)
  page.write(' {')
  writeBraced(page, every.body, at)
  if (every.body.length === 1 && every.body[0]!.at.row === every.at.row) page.write(' ')
  page.write('}')
}

function writeNot(page: Page, { body, explicit }: Not, { at }: Expr): void {
  page.commentsBefore(at.row)
  page.write('not ')
  const [only] = body
  if (explicit || body.length > 1) {
    if (isUnionExpr(only!)) page.putInParens(only!)
    page.write('{')
    writeBraced(page, body, at)
    page.write(body.at(-1)!.at.row === at.row ? ' }' : '}')
    return
  }
  const parens = only!.with.length > 0 || isLogical(only!.terms) || only!.terms.kind === 'not' || leadsWithBrace(only!)
  if (parens) page.write('(')
  try {
    writeExpr(page, only!)
  } catch (error) {
    unlessDisplaced(error)
  }
  if (parens) page.write(')')
}

/** A body whose brace is written; `at` begins before the brace, and ends behind the other. */
function writeBraced(page: Page, body: Body, at: Expr['at']): void {
  try {
    writeBracedBody(page, '{}', body, at.row, at)
  } catch (error) {
    unlessDisplaced(error)
  }
}
