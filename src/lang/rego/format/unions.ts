// Where operators and braces would be read otherwise than meant: a union `a | b` begins a comprehension behind a brace, and a value that
// begins with a brace is a body behind `not`, `and` and `or`.
import type { Expr, Term } from '../syntax/ast.ts'
import { infixOf } from '../syntax/names.ts'
import { opensBrace } from '../syntax/print.ts'

export const isUnion = (term: Expr['terms']) => term.kind === 'call' && infixOf(term.operator) === '|'

/** A union alone, not one whose result is a third operand. */
export const isUnionExpr = ({ terms }: Expr) => terms.kind === 'call' && isUnion(terms) && terms.args.length === 2

/** The operand that the text of the expression begins with, if that is an operator's. */
export function leadOf({ terms }: Expr): Term | undefined {
  if (terms.kind !== 'call') return undefined
  const infix = infixOf(terms.operator)
  if (infix === undefined) return undefined
  const arity = arityOf(terms)
  if (terms.args.length === arity) return terms.args[0]
  return terms.args.length === arity + 1 ? terms.args.at(-1) : undefined
}

/** Whether the text of the expression begins with a brace. */
export function leadsWithBrace(expr: Expr): boolean {
  const { terms } = expr
  switch (terms.kind) {
    case 'call': {
      const lead = leadOf(expr)
      return lead !== undefined && startsWithBrace(lead)
    }
    case 'some':
    case 'every':
    case 'not':
    case 'and':
    case 'or':
      return false
    default:
      return startsWithBrace(terms)
  }
}

function startsWithBrace(term: Term): boolean {
  if (term.kind !== 'call' || infixOf(term.operator) === undefined) return opensBrace(term)
  return term.args.length === arityOf(term) && startsWithBrace(term.args[0]!)
}

const arityOf = ({ operator }: Extract<Term, { kind: 'call' }>) => {
  const last = operator.parts.at(-1)
  return last?.kind === 'string' && last.value === 'member_3' ? 3 : 2
}
