// Everything that a node holds, in the order written. Of a rule's head that is what OPA looks into: not its reference.
import type { Expr, Rule, Term } from './ast.ts'

/** What the walk stops at. */
export type Node = Rule | Expr | Term

/** Visits the node and all nodes in it, each before those that it holds. A visit that returns false leaves them out. */
export function walk(node: Node, visit: (node: Node) => boolean | undefined): void {
  if (visit(node) === false) return
  for (const child of childrenOf(node)) walk(child, visit)
}

export function walkExprs(node: Node, visit: (expr: Expr) => void): void {
  walk(node, (each) => {
    if (each.kind === 'expr') visit(each)
    return undefined
  })
}

export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'rule': {
      const { args, key, value } = node.head
      return [...(args ?? []), ...some(key), ...some(value), ...node.body, ...some(node.else)]
    }
    case 'expr':
      return [...contentsOf(node.terms), ...node.with.flatMap(({ target, value }) => [target, value])]
    case 'ref':
    case 'templatestring':
      return node.parts
    case 'call':
      return [node.operator, ...node.args]
    case 'array':
    case 'set':
      return node.items
    case 'object':
      return node.entries.flat()
    case 'arraycomprehension':
    case 'setcomprehension':
      return [node.term, ...node.body]
    case 'objectcomprehension':
      return [node.key, node.value, ...node.body]
    default:
      return []
  }
}

function contentsOf(terms: Expr['terms']): readonly Node[] {
  switch (terms.kind) {
    case 'some':
      return terms.symbols
    case 'every':
      return [...some(terms.key), terms.value, terms.domain, ...terms.body]
    case 'not':
      return terms.body
    case 'and':
    case 'or':
      return [...terms.left, ...terms.right]
    case 'call':
      return [terms.operator, ...terms.args] // one that stands alone is no term
    default:
      return [terms]
  }
}

const some = <T>(node: T | undefined): readonly T[] => (node === undefined ? [] : [node])
