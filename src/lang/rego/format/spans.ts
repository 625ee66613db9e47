// The stretch of text that OPA takes for a term. Of what follows a bracket, `[1, 2][i]` or `(f)(x)`, that is only what begins with the
// closing bracket: left as it was written it is no Rego any more, and `opa fmt` too refuses its own result then.
import type { Location, Ref, Term } from '../syntax/ast.ts'
import type { Page } from './page.ts'

export const spanOf = (page: Page, term: Term): Location => ({ ...term.at, start: startOf(page, term, false) })

/** The same of what is called. */
export const operatorSpan = (page: Page, operator: Ref): Location => ({ ...operator.at, start: startOf(page, operator, true) })

function startOf(page: Page, term: Term, called: boolean): number {
  const { start } = term.at
  const head = headOf(term, called)
  // Parentheses around the whole begin before its head; an operator stands behind it.
  if (head === undefined || head.at.start !== start) return start
  const inner = headOf(head, term.kind === 'call')
  if (inner !== undefined && inner.at.start === start) return startOf(page, head, term.kind === 'call')
  return /^[[({]/.test(page.sourceOf(head.at)) ? head.at.end - 1 : start
}

function headOf(term: Term, called: boolean): Term | undefined {
  if (term.kind === 'call') return term.operator
  return term.kind === 'ref' && (called || term.parts.length > 1) ? term.parts[0] : undefined
}
