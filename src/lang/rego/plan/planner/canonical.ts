// Expressions written so that two that differ in nothing but the names of their variables are the same text.
import type { Expr } from '../../syntax/ast.ts'
import { documentName } from './variables.ts'

/** The text of an expression; variables are numbers, in the order in which they first stood, and new ones are added to `variables`. */
export function canonical(expr: Expr, variables: string[]): string {
  const write = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(write)
    if (typeof node !== 'object' || node === null) return node
    const { kind, name } = node as { kind?: unknown; name?: unknown }
    if (kind === 'var' && typeof name === 'string' && documentName(node as Parameters<typeof documentName>[0]) === undefined) {
      const known = variables.indexOf(name)
      return known < 0 ? variables.push(name) - 1 : known
    }
    return Object.entries(node).flatMap(([key, value]) => {
      if (key === 'at' || key === 'generated') return []
      return [key, key === 'operator' ? operatorText(value) : write(value)]
    })
  }
  return JSON.stringify(write(expr))
}

function operatorText(operator: unknown): string {
  return JSON.stringify(operator, (key, value) => (key === 'at' ? undefined : value))
}
