import type { Diagnostic } from '../errors.ts'
import type { Body, Expr } from '../syntax/ast.ts'
import { compareStrings } from '../values/order.ts'
import { declaredIn } from './declared.ts'
import type { Occurrence, Scopes } from './scopes.ts'
import { isGenerated, isWildcard } from './terms.ts'
import { type Vars, varsOf, varsOfAll } from './vars.ts'

/** Variables of the innermost scope that are declared and never used; assigned ones too where the checks are strict. */
export function checkUnused(body: Body, rewritten: Body, scopes: Scopes, used: Vars, strict: boolean): readonly Diagnostic[] {
  const assigned = strict ? unusedAssigned(body, rewritten, scopes, used) : []
  return assigned.length > 0 ? assigned : unusedDeclared(body, rewritten, scopes, used)
}

const fault = (expr: Expr, message: string): Diagnostic => ({ code: 'rego_compile_error', message, at: expr.at })

/** The variables that occurred so, by the order of their new names. */
function occurred(scopes: Scopes, occurrence: Occurrence): readonly (readonly [name: string, to: string])[] {
  const found: [string, string][] = []
  for (const [name, entry] of scopes.top.names) if (entry.occurrence === occurrence) found.push([name, entry.to])
  return found.length < 2 ? found : found.sort((a, b) => compareStrings(a[1], b[1]))
}

function unusedAssigned(body: Body, rewritten: Body, scopes: Scopes, used: Vars): readonly Diagnostic[] {
  const elsewhere = new Set([...used].map((name) => scopes.declared(name)))
  return occurred(scopes, 'assigned')
    .filter(([name, to]) => !isWildcard(name) && scopes.count(name) <= 1 && !used.has(to) && !elsewhere.has(to))
    .map(([name, to]) => fault(rewritten.find((expr) => varsOf(expr).has(to)) ?? body[0]!, `assigned var ${name} unused`))
}

function unusedDeclared(body: Body, rewritten: Body, scopes: Scopes, used: Vars): readonly Diagnostic[] {
  const declared = occurred(scopes, 'declared')
  if (declared.length === 0) return []
  const present = varsOfAll(rewritten)
  for (const name of used) present.add(scopes.declared(name) ?? name)
  return declared
    .filter(([name, to]) => !present.has(to) && !used.has(to) && !isGenerated(name))
    .map(([name]) =>
      fault(body.find((expr) => declaredIn([expr]).has(name)) ?? body[0]!, `declared var ${isWildcard(name) ? '_' : name} unused`),
    )
}
