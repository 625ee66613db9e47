// Which terms are the same whatever is bound.
import type { Expr, Term } from './ast.ts'

/** No variable in it, beyond the heads of references. */
export function isGround(term: Term): boolean {
  switch (term.kind) {
    case 'var':
    case 'templatestring':
      return false
    case 'ref':
      return term.parts.slice(1).every(isGround)
    case 'array':
    case 'set':
      return term.items.every(isGround)
    case 'object':
      return term.entries.every(([key, value]) => isGround(key) && isGround(value))
    case 'call':
      return isGround(term.operator) && term.args.every(isGround)
    case 'arraycomprehension':
    case 'setcomprehension':
      return isGround(term.term) && term.body.every(isGroundLine)
    case 'objectcomprehension':
      return isGround(term.key) && isGround(term.value) && term.body.every(isGroundLine)
    default:
      return true
  }
}

/** What `with` says does not count. */
function isGroundLine({ terms }: Expr): boolean {
  switch (terms.kind) {
    case 'some':
    case 'every':
      return false
    case 'not':
      return terms.body.every(isGroundLine)
    case 'and':
    case 'or':
      return terms.left.every(isGroundLine) && terms.right.every(isGroundLine)
    case 'call':
      return terms.args.every(isGround)
    default:
      return isGround(terms)
  }
}
