// Whether a formatted module still says what it said. `opa fmt` 1.22 does not keep it always: it drops the parentheses of `(a + b) * c` where
// that stands alone, and a `with` behind a comment within its expression. Whoever writes over a file should ask first.
import type { Module } from '../syntax/ast.ts'

/** Places, signs and braces that mean the same are not compared. */
const LAYOUT = new Set(['at', 'assign', 'explicit', 'if', 'contains', 'generated', 'generatedValue', 'generatedBody', 'annotations'])

export const saysTheSame = (a: Module, b: Module): boolean => rulesOf(a) === rulesOf(b)

function rulesOf({ rules }: Module): string {
  const names = new Map<string, string>()
  const wildcard = (name: string) => {
    const known = names.get(name) ?? `$${names.size}`
    names.set(name, known)
    return known
  }
  return JSON.stringify(rules, (key, value: unknown) => {
    if (LAYOUT.has(key)) return undefined
    return key === 'name' && typeof value === 'string' && /^(\$|_\d)/.test(value) ? wildcard(value) : value
  })
}
