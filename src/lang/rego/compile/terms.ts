// What the compiler asks of terms and expressions, and those that it makes.
import type { Body, Call, Comprehension, Expr, Location, Ref, Term, Var, With } from '../syntax/ast.ts'

export const isComprehension = (node: Term | Expr | With): node is Comprehension =>
  node.kind === 'arraycomprehension' || node.kind === 'setcomprehension' || node.kind === 'objectcomprehension'

/** The parser's name of a `_`. */
export const isWildcard = (name: string) => name.startsWith('$')
export const isGenerated = (name: string) => name.startsWith('__local')

/** Whether a ref reads under `input` or `data`. */
export const startsAt = (term: Term, root: 'input' | 'data') =>
  term.kind === 'ref' && term.parts[0].kind === 'var' && term.parts[0].name === root

/** The name of a bare `input` or `data`. */
export const rootDocument = (term: Term): 'input' | 'data' | undefined =>
  term.kind === 'ref' && term.parts.length === 1
    ? startsAt(term, 'input')
      ? 'input'
      : startsAt(term, 'data')
        ? 'data'
        : undefined
    : undefined

/** Whether a call is of this builtin, whose name has no dots. */
export const calls = (terms: Expr['terms'], name: string): terms is Call => terms.kind === 'call' && isNamed(terms.operator, name)

const isNamed = ({ parts }: Ref, name: string) => parts.length === 1 && parts[0].kind === 'var' && parts[0].name === name

/** `a = b` with its two operands. */
export const isEquality = (expr: Expr): expr is Expr & { readonly terms: Call } => calls(expr.terms, 'eq')
export const isAssignment = (expr: Expr): expr is Expr & { readonly terms: Call } => calls(expr.terms, 'assign')

/** `eq` that was `:=`: nothing becomes known on its right by what is on its left. */
export interface AssignedExpr extends Expr {
  readonly fromAssignment: true
}
export const wasAssignment = (expr: Expr): boolean => 'fromAssignment' in expr

export const variable = (name: string, at: Location): Var => ({ kind: 'var', name, at })
export const operator = (name: string, at: Location): Ref => ({ kind: 'ref', parts: [variable(name, at)], at })
/** The ref of a builtin with dots in its name. */
function builtinRef(name: string, at: Location): Ref {
  const [head, ...rest] = name.split('.')
  return { kind: 'ref', parts: [variable(head!, at), ...rest.map((value): Term => ({ kind: 'string', value, at }))], at }
}
export const callOf = (name: string, args: readonly Term[], at: Location): Call => ({
  kind: 'call',
  operator: builtinRef(name, at),
  args,
  at,
})

export const expression = (terms: Expr['terms'], at: Location, withs: readonly With[] = []): Expr => ({
  kind: 'expr',
  terms,
  negated: false,
  with: withs,
  generated: false,
  at,
})
/** `left = right`, made by the compiler. */
export const equality = (left: Term, right: Term, withs: readonly With[] = []): Expr => ({
  kind: 'expr',
  terms: callOf('eq', [left, right], right.at),
  negated: false,
  with: withs,
  generated: true,
  at: right.at,
})

export const always = (at: Location): Expr => expression({ kind: 'boolean', value: true, at }, at)

/** A body that says nothing: `true`. */
const isTrue = (body: Body) => body.length === 1 && body[0]!.terms.kind === 'boolean' && body[0]!.terms.value

/** A body that says nothing gives way to what is added to it. */
export const appended = (body: Body, added: readonly Expr[]): Body =>
  added.length === 0 ? body : isTrue(body) ? added : [...body, ...added]

export const isEmptyBody = isTrue
