import type { Expr } from './ast.ts'

/** The variables that an expression may ask for, and of those from which a field is selected the field: `object`, `variables.containers`. */
export function readsOf(expr: Expr, isDeclared: (name: string) => boolean): ReadonlySet<string> {
  const found = new Set<string>()
  const read = (part: Expr) => {
    const root = part.kind === 'select' ? part.operand : part
    if (root.kind !== 'ident') for (const each of partsOf(part)) read(each)
    else if (isDeclared(root.name)) found.add(part.kind === 'select' ? `${root.name}.${part.field}` : root.name)
  }
  read(expr)
  return found
}

function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'literal':
    case 'ident':
      return []
    case 'select':
      return [expr.operand]
    case 'call':
      return expr.target === undefined ? expr.args : [expr.target, ...expr.args]
    case 'list':
      return expr.items.map(({ value }) => value)
    case 'map':
      return expr.entries.flatMap(({ key, value }) => [key, value])
    case 'fold':
      return expr.filter === undefined ? [expr.range, expr.body] : [expr.range, expr.filter, expr.body]
  }
}
