// Which terms are the same whatever is bound.
import type { Expr, Ref, Scalar, Term } from './ast.ts'

export const isScalar = (term: Term): term is Scalar =>
  term.kind === 'string' || term.kind === 'number' || term.kind === 'boolean' || term.kind === 'null'

const ground = new WeakMap<Term, boolean>()
const constant = new WeakMap<Term, boolean>()

/** Has no variable; a comprehension or call has, a ref only beyond its head. */
export function isGround(term: Term): boolean {
  if (isScalar(term)) return true
  switch (term.kind) {
    case 'ref':
      return isGroundRef(term)
    case 'array':
    case 'set':
    case 'object':
      return remembered(ground, term, isGround)
    case 'call':
      return isGroundRef(term.operator) && term.args.every(isGround)
    case 'templatestring':
      return term.parts.every((part) => part.kind !== 'expr' && isGround(part))
    case 'arraycomprehension':
    case 'setcomprehension':
      return isGround(term.term) && term.body.every(isGroundExpr)
    case 'objectcomprehension':
      return isGround(term.key) && isGround(term.value) && term.body.every(isGroundExpr)
    default:
      return false
  }
}

function isGroundExpr({ terms }: Expr): boolean {
  switch (terms.kind) {
    case 'call':
      return terms.args.every(isGround)
    case 'some':
    case 'every':
      return false
    case 'not':
      return terms.body.every(isGroundExpr)
    case 'and':
    case 'or':
      return terms.left.every(isGroundExpr) && terms.right.every(isGroundExpr)
    default:
      return isGround(terms)
  }
}

/** Is a value as it stands: no variable, ref, call or comprehension. */
export function isConstant(term: Term): boolean {
  if (isScalar(term)) return true
  if (term.kind === 'array' || term.kind === 'set' || term.kind === 'object') return remembered(constant, term, isConstant)
  return term.kind === 'templatestring' && term.parts.every((part) => part.kind !== 'expr' && isConstant(part))
}

function remembered(answers: WeakMap<Term, boolean>, term: Term, ask: (term: Term) => boolean): boolean {
  const known = answers.get(term)
  if (known !== undefined) return known
  const answer =
    term.kind === 'object'
      ? term.entries.every(([key, value]) => ask(key) && ask(value))
      : term.kind !== 'array' && term.kind !== 'set'
        ? ask(term)
        : term.items.every(ask)
  answers.set(term, answer)
  return answer
}

export const isGroundRef = (ref: Ref) => ref.parts.every((part, at) => at === 0 || isGround(part))

/** The parts before the first that has a variable. */
export function groundPrefix(parts: readonly Term[]): readonly Term[] {
  const end = parts.findIndex((part, at) => at > 0 && !isGround(part))
  return end < 0 ? parts : parts.slice(0, end)
}
