// Rules: one line where they were written so, a block otherwise.
import type { Rule } from '../syntax/ast.ts'
import { writeBody, writeExpr } from './bodies.ts'
import { writeHead } from './heads.ts'
import { groupLeadingUnion } from './logical.ts'
import { type Page, unlessDisplaced } from './page.ts'
import { type Brackets, closingRow, endRow } from './places.ts'

export function writeRules(page: Page, rules: readonly Rule[]): void {
  rules.forEach((rule, at) => {
    try {
      page.commentsBefore(rule.at.row)
    } catch (error) {
      unlessDisplaced(error)
    }
    try {
      writeRule(page, rule, false)
    } catch (error) {
      unlessDisplaced(error)
    }
    const next = rules[at + 1]
    const grouped = next !== undefined && isLine(page, rule) && isLine(page, next) && next.at.row === rule.at.row + 1
    if (!grouped) page.blankLine()
  })
}

/** Whether the rule is written on one line, and may stand next to another. */
function isLine(page: Page, rule: Rule): boolean {
  if (rule.body.length > 1 || rule.default || rule.else !== undefined || isSetLine(rule)) return false
  return hasIf(page, rule)
}

const hasIf = (page: Page, { head }: Rule) => page.target.if && (page.target.contains || head.value !== undefined)

/** A body that is a set keeps its braces, or the set would become the body. */
function isSetLine({ body: [expr] }: Rule): boolean {
  return expr !== undefined && !expr.negated && expr.terms.kind === 'set'
}

function writeRule(page: Page, rule: Rule, isElse: boolean): void {
  if (!isElse) page.startLine()
  if (rule.default) page.write('default ')
  const constant = rule.else === undefined && isTrueBody(rule)
  page.commentsEndTerms = constant
  let displaced = false
  try {
    writeHead(page, rule.head, { default: rule.default, constant, implied: !isElse && impliesValue(page, rule) })
  } catch (error) {
    unlessDisplaced(error)
    displaced = true
  }
  if (rule.body.length === 0 || constant) {
    page.endLine()
    return
  }
  page.commentsEndTerms = true
  if (hasIf(page, rule)) {
    page.write(' if')
    const [only] = rule.body
    const { at } = rule.head
    if (rule.body.length === 1 && only!.at.row === endRow(at.row, page.sourceOf(at)) && !isSetLine(rule)) {
      writeLine(page, rule)
      return
    }
  }
  writeBlock(page, rule, isElse, displaced && page.comments.length > 0)
}

/** `if x`, on the line of the head. */
function writeLine(page: Page, rule: Rule): void {
  page.write(' ')
  try {
    writeExpr(page, rule.body[0]!)
  } catch (error) {
    unlessDisplaced(error)
  }
  page.endLine()
  page.losing(() => writeElse(page, rule))
}

function writeBlock(page: Page, rule: Rule, isElse: boolean, sameLine: boolean): void {
  page.write(' {')
  if (sameLine) page.write(' ')
  else page.endLine()
  if (hasIf(page, rule) && !isElse) groupLeadingUnion(page, rule.body[0]!)
  page.indent()
  try {
    writeBody(page, rule.body)
  } catch (error) {
    unlessDisplaced(error)
  }
  page.losing(() => page.commentsBefore(closingRow('{}', page.sourceOf(rule.at), rule.at.row, bracketsOf(rule))))
  page.outdent()
  page.startLine()
  page.write('}')
  page.losing(() => writeElse(page, rule))
}

/** The brackets of a head that may hold braces. */
function bracketsOf({ head }: Rule): Brackets | undefined {
  if (head.args !== undefined && head.args.length > 0) return '()'
  return head.key === undefined ? undefined : '[]'
}

function writeElse(page: Page, rule: Rule): void {
  const other = rule.else
  if (other === undefined) return
  const line = page.sourceOf(rule.at).split('\n')[other.at.row - rule.at.row]
  const behindBrace = other.at.row > rule.at.row && line !== undefined && !line.trim().startsWith('else')
  const { at } = other.head
  const [comment] = page.comments
  const commented = (comment !== undefined && comment.at.row < at.row) || page.endsWithComment
  if (!commented && behindBrace) page.write(' ')
  else {
    page.blankLine()
    page.startLine()
  }
  page.commentsBefore(at.row)
  if (commented && !behindBrace) page.startLine()
  const { value } = other.head
  const head = {
    ...other.head,
    ref: { kind: 'ref' as const, parts: [{ kind: 'var' as const, name: 'else', at }] as const, at },
    args: undefined,
    value: value && { ...value, at },
  }
  writeRule(page, { ...other, head }, true)
}

const isTrueBody = ({ body }: Rule) => {
  const [expr] = body
  return (
    body.length === 1 && expr !== undefined && !expr.negated && expr.with.length === 0 && expr.terms.kind === 'boolean' && expr.terms.value
  )
}

/** Whether the value `true` is meant by a form that does not say it: `p[x] if …`, `f(1)`, `a.b.c`, or a body behind another. */
function impliesValue(page: Page, { head: { ref, args, value, generatedValue, at }, generatedBody }: Rule): boolean {
  if (page.sourceOf(at).startsWith('{')) return true
  if (generatedBody) return value?.at.start === at.start
  return generatedValue && ref.parts.length === 2 && (args === undefined || args.length === 0)
}
