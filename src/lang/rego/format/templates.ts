// Template strings: `$"…{x}…"`.
import type { Expr, TemplateString, Term } from '../syntax/ast.ts'
import { escapeBraces, printTerm } from '../syntax/print.ts'
import { quoteTerm } from '../values/text.ts'
import { writeExpr } from './bodies.ts'
import type { Page } from './page.ts'

export function writeTemplate(page: Page, { parts, multiLine }: TemplateString): void {
  const quote = multiLine ? '`' : '"'
  page.write(`$${quote}`)
  parts.forEach((part, at) => {
    if (part.kind === 'expr') writeHole(page, part, parts[at + 1])
    else page.write(partText(part, multiLine))
  })
  page.write(quote)
}

function partText(part: Term, multiLine: boolean): string {
  if (part.kind !== 'string') return printTerm(part)
  return escapeBraces(multiLine ? part.value : quoteTerm(part.value)).slice(multiLine ? 0 : 1, multiLine ? undefined : -1)
}

/** `{x}`. Comments within the braces are written as they come, the first behind the brace. */
function writeHole(page: Page, expr: Expr, next: Term | Expr | undefined): void {
  page.write('{')
  page.indent()
  if (page.endsWithComment) {
    page.endLine()
    page.startLine()
  } else if (page.partition(expr.at.row).before.length > 0) {
    page.write(' ')
    page.continueLine()
    writeCommentsOf(page, expr.at.row)
  }
  writeExpr(page, expr)
  if (next !== undefined && page.partition(next.at.row).before.length > 0) {
    page.endLine()
    writeCommentsOf(page, next.at.row)
    page.startLine()
  }
  page.write('}')
  page.outdent()
}

/** The comments of earlier rows. */
function writeCommentsOf(page: Page, row: number): void {
  const { before } = page.partition(row)
  page.writeComments(before)
  page.comments = page.comments.slice(before.length)
}
