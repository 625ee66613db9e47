// Expressions: what each demands, in the order of the body.
import type { Body, Call, Every, Expr, Term } from '../../syntax/ast.ts'
import { planCall } from './calls.ts'
import { type Code, local } from './code.ts'
import { planTerm } from './terms.ts'
import { unify, unifyOperand } from './unify.ts'
import { planWith } from './with.ts'

/** Plans a body; what is emitted next runs once for each of its solutions. */
export function planBody(code: Code, body: Body): void {
  for (const expr of body) planExpr(code, expr)
}

export function planExpr(code: Code, expr: Expr): void {
  code.at(expr.at)
  code.visit(expr.at)
  if (expr.with.length > 0) planWith(code, expr)
  else if (expr.negated) planNot(code, () => planExpr(code, { ...expr, negated: false }))
  else planTerms(code, expr.terms)
}

function planTerms(code: Code, terms: Expr['terms']): void {
  switch (terms.kind) {
    case 'not':
      planNot(code, () => planBody(code, terms.body))
      break
    case 'and':
      planAny(code, [terms.left])
      planAny(code, [terms.right])
      break
    case 'or':
      planAny(code, [terms.left, terms.right])
      break
    case 'every':
      planEvery(code, terms)
      break
    case 'some':
      break
    case 'call':
      if (operatorOf(terms) === 'eq') unify(code, terms.args[0]!, terms.args[1]!)
      else planCall(code, terms)
      break
    default:
      planTest(code, terms)
  }
}

/** Holds where the term has a value other than false. */
function planTest(code: Code, term: Term): void {
  const value = planTerm(code, term)
  if (value.type === 'bool') {
    if (!value.value) code.fail()
  } else if (term.kind === 'var' || term.kind === 'ref') {
    code.emit({ type: 'NotEqualStmt', a: value, b: { type: 'bool', value: false } })
  }
}

/** Holds where what is planned has no solution: its first one leaves the block around. */
function planNot(code: Code, plan: () => void): void {
  const around = code.depth
  const { place } = code
  const { block } = code.block(() => {
    code.scope(plan)
    code.leave(around)
  })
  code.emit({ type: 'BlockStmt', blocks: [block] })
  code.returnTo(place)
}

/** Holds where one of the bodies has a solution. */
function planAny(code: Code, bodies: readonly Body[]): void {
  const around = code.depth
  const { place } = code
  const any = code.block(() => {
    const outer = code.depth
    const blocks = bodies.map(
      (body) =>
        code.block(() => {
          code.scope(() => planBody(code, body))
          code.leave(outer)
        }).block,
    )
    code.emit({ type: 'BlockStmt', blocks })
    code.leave(around)
  })
  code.emit({ type: 'BlockStmt', blocks: [any.block] })
  code.returnTo(place)
}

/** An item whose body has no solution leaves the block around the loop. */
function planEvery(code: Code, every: Every): void {
  const domain = planTerm(code, every.domain)
  const around = code.depth
  const { place } = code
  const source = domain.type === 'local' ? domain.value : code.local()
  if (domain.type !== 'local') code.emit({ type: 'AssignVarStmt', source: domain, target: source })
  code.loop(source, (key, value) => {
    const item = code.depth
    const { block } = code.block(() => {
      code.scope(() => {
        if (every.key !== undefined) unifyOperand(code, local(key), every.key)
        unifyOperand(code, local(value), every.value)
        planBody(code, every.body)
        code.leave(item)
      })
    })
    code.emit({ type: 'BlockStmt', blocks: [block] })
    code.leave(around)
  })
  code.returnTo(place)
}

function operatorOf({ operator }: Call): string {
  const [head] = operator.parts
  return operator.parts.length === 1 && head.kind === 'var' ? head.name : ''
}
