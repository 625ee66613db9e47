// Walks over trees in OPA's order.
import type { Body, Expr, Head, Rule, Term, With } from './ast.ts'

/** A place in a tree. A body and a list of terms are walked through, not shown to a visitor. */
export type Node = Term | Expr | With

/** Calls `visit` on a node and, unless it answers true, on what is below it. */
export function walk(node: Node, visit: (node: Node) => boolean): void {
  if (visit(node)) return
  switch (node.kind) {
    case 'expr':
      walkExprParts(node, visit)
      return
    case 'with':
      walk(node.target, visit)
      walk(node.value, visit)
      return
    default:
      walkTermParts(node, visit)
  }
}

/** A call that stands alone is no term: its operator and operands are. */
function walkExprParts(expr: Expr, visit: (node: Node) => boolean): void {
  const { terms } = expr
  switch (terms.kind) {
    case 'call':
      walk(terms.operator, visit)
      for (const arg of terms.args) walk(arg, visit)
      break
    case 'some':
      for (const symbol of terms.symbols) walk(symbol, visit)
      break
    case 'every':
      if (terms.key !== undefined) walk(terms.key, visit)
      walk(terms.value, visit)
      walk(terms.domain, visit)
      walkBody(terms.body, visit)
      break
    case 'not':
      walkBody(terms.body, visit)
      break
    case 'and':
    case 'or':
      walkBody(terms.left, visit)
      walkBody(terms.right, visit)
      break
    default:
      walk(terms, visit)
  }
  for (const modifier of expr.with) walk(modifier, visit)
}

function walkTermParts(term: Term, visit: (node: Node) => boolean): void {
  switch (term.kind) {
    case 'ref':
      for (const part of term.parts) walk(part, visit)
      return
    case 'call':
      walk(term.operator, visit)
      for (const arg of term.args) walk(arg, visit)
      return
    case 'array':
    case 'set':
      for (const item of term.items) walk(item, visit)
      return
    case 'object':
      for (const [key, value] of term.entries) {
        walk(key, visit)
        walk(value, visit)
      }
      return
    case 'arraycomprehension':
    case 'setcomprehension':
      walk(term.term, visit)
      walkBody(term.body, visit)
      return
    case 'objectcomprehension':
      walk(term.key, visit)
      walk(term.value, visit)
      walkBody(term.body, visit)
      return
    case 'templatestring':
      for (const part of term.parts) walk(part, visit)
      return
    default:
  }
}

export function walkBody(body: Body, visit: (node: Node) => boolean): void {
  for (const expr of body) walk(expr, visit)
}

/** The expressions of a body and of their own bodies, and not those within terms; where `visit` answers true, not those within. */
export function walkExprs(body: Body, visit: (expr: Expr) => boolean): void {
  for (const expr of body) if (!visit(expr)) for (const inner of ownBodies(expr)) walkExprs(inner, visit)
}

/** A head's arguments, key and value, and not its ref. */
function walkHead(head: Head, visit: (node: Node) => boolean): void {
  for (const arg of head.args ?? []) walk(arg, visit)
  if (head.key !== undefined) walk(head.key, visit)
  if (head.value !== undefined) walk(head.value, visit)
}

/** A rule's head and body, and not its `else`. */
export function walkRule(rule: Rule, visit: (node: Node) => boolean): void {
  walkHead(rule.head, visit)
  walkBody(rule.body, visit)
}

/** A rule's head and body, and those of its `else`. */
export function walkWithElse(first: Rule, visit: (node: Node) => boolean): void {
  for (let rule: Rule | undefined = first; rule !== undefined; rule = rule.else) walkRule(rule, visit)
}

/** Whether there is such a node, the first one included. */
export function some(node: Node, is: (node: Node) => boolean): boolean {
  let found = false
  walk(node, (at) => {
    found ||= is(at)
    return found
  })
  return found
}

const NO_BODIES: readonly Body[] = []

/** The bodies that an expression holds in itself, and not those within its terms. */
export function ownBodies({ terms }: Expr): readonly Body[] {
  switch (terms.kind) {
    case 'every':
    case 'not':
      return [terms.body]
    case 'and':
    case 'or':
      return [terms.left, terms.right]
    default:
      return NO_BODIES
  }
}
