// A `_` that occurs twice in the tree, because bodies and `else` share a head, is one variable: it gets a name, so that it stays one.
import type { Rule } from '../syntax/ast.ts'
import { walkWithElse } from '../syntax/walk.ts'

export function withNamedWildcards(rules: readonly Rule[]): readonly Rule[] {
  const counts = new Map<string, number>()
  for (const rule of rules) {
    walkWithElse(rule, (node) => {
      if (node.kind === 'var' && node.name.startsWith('$')) counts.set(node.name, (counts.get(node.name) ?? 0) + 1)
      return false
    })
  }
  const repeated = new Set([...counts].filter(([, count]) => count > 1).map(([name]) => name))
  return repeated.size === 0 ? rules : rules.map((rule) => renamed(rule, repeated))
}

/** The same tree, with names for those wildcards. */
function renamed<T>(node: T, names: ReadonlySet<string>): T {
  if (Array.isArray(node)) return node.map((each) => renamed(each, names)) as T
  if (typeof node !== 'object' || node === null) return node
  const entries = Object.entries(node).map(([key, value]) => [key, key === 'at' ? value : renamed(value, names)])
  const copy = Object.fromEntries(entries) as T & { kind?: string; name?: string }
  if (copy.kind === 'var' && copy.name !== undefined && names.has(copy.name)) return { ...copy, name: `_${copy.name.slice(1)}` }
  return copy
}
