// The safety of rules: every variable of a head is in its body, and every body can be put in order.
import type { Diagnostic } from '../errors.ts'
import type { Expr, Location } from '../syntax/ast.ts'
import { groundPrefix } from '../syntax/ground.ts'
import { compareLocations, compareRefs } from '../syntax/order.ts'
import { compareStrings } from '../values/order.ts'
import { sidesOf } from './declared.ts'
import type { Compilation, DraftModule, DraftRule } from './draft.ts'
import { isConstantHead } from './local-vars.ts'
import type { Arity } from './outputs.ts'
import { RESERVED, reorder, type Unsafe } from './safety.ts'
import { isGenerated, isWildcard, wasAssignment } from './terms.ts'
import { partsText } from './text.ts'
import { SAFETY, VarCollector, type Vars, varsOf, varsOfAll } from './vars.ts'

type Written = ReadonlyMap<string, string>
const FUTURE_KEYWORDS = new Set(['in', 'every', 'contains', 'if', 'and', 'or', 'not'])

export function checkHeads({ modules, report, written }: Compilation): void {
  for (const module of modules) {
    const scopes = new RuleScopes(module)
    for (const rule of module.all) {
      if (isConstantHead(rule.head)) continue
      const bound = varsOfAll(rule.body, SAFETY)
      for (const name of varsOfAll(rule.head.args ?? [])) bound.add(name)
      for (const [name, at] of headVars(rule)) {
        const shown = written.get(name) ?? name
        if (bound.has(name) || isGenerated(shown)) continue
        report.add('rego_unsafe_var_error', at, `var ${shownName(shown)} is unsafe${scopes.of(rule)}`)
      }
    }
  }
}

/** The variables of a head's key, value and ref, each with the last place where it stands. */
function headVars(rule: DraftRule): ReadonlyMap<string, Location> {
  const vars = new Map<string, Location>()
  const collector = new VarCollector({}, (name, at) => vars.set(name, at))
  const { key, value, ref } = rule.head
  for (const term of [key, value, ...ref.parts.slice(1)]) if (term !== undefined) collector.term(term)
  return vars
}

const shownName = (name: string) => (isWildcard(name) ? '_' : name)

export function orderBodies({ modules, report, written }: Compilation, arity: Arity): void {
  for (const module of modules) {
    const scopes = new RuleScopes(module)
    for (const rule of module.all) {
      const args = varsOfAll(rule.head.args ?? [])
      const { body, unsafe } = reorder(rule.body, { has: (name) => args.has(name) || RESERVED.has(name) }, arity)
      const faults = safetyFaults(unsafe, written, () => scopes.of(rule))
      report.addAll(faults)
      if (faults.length === 0) rule.body = body
    }
  }
}

/** What is told of unsafe variables: their names, or where they are the compiler's own, the expressions. */
export function safetyFaults(unsafe: Unsafe, written: Written, scope: () => string): readonly Diagnostic[] {
  if (unsafe.size === 0) return []
  const code = 'rego_unsafe_var_error'
  const assigned = assignedVars(unsafe, written)
  const vars = firstPlaces(unsafe).map(([name, at]) => ({ name: written.get(name) ?? name, isAssigned: assigned.has(name), at }))
  const named = vars.filter(({ name }) => !isGenerated(name))
  const isAssigned = (one: (typeof named)[number]) => one.isAssigned || assigned.has(one.name)
  const causes = named.filter((one) => !isAssigned(one))
  // what is assigned from something unsafe is not the cause
  const told = causes.length > 0 ? causes : named
  if (told.length > 0) {
    return told.map(({ name, at }) => {
      const hint = FUTURE_KEYWORDS.has(name) ? ` (hint: \`import future.keywords.${name}\` to import a future keyword)` : ''
      return { code, at, message: `var ${shownName(name)} is unsafe${scope()}${hint}` }
    })
  }
  const seen: Vars = new Set()
  const faults: Diagnostic[] = []
  for (const [expr, names] of [...unsafe].sort((a, b) => compareLocations(a[0].at, b[0].at))) {
    const before = seen.size
    for (const name of names) if (isGenerated(name)) seen.add(name)
    if (seen.size > before) faults.push({ code, at: expr.at, message: `expression is unsafe${scope()}` })
  }
  return faults
}

function assignedVars(unsafe: Unsafe, written: Written): Vars {
  const vars: Vars = new Set()
  const add = (expr: Expr) => {
    const sides = wasAssignment(expr) ? sidesOf(expr) : undefined
    for (const name of sides === undefined ? [] : varsOf(sides[0])) {
      vars.add(name)
      const shown = written.get(name)
      if (shown !== undefined) vars.add(shown)
    }
  }
  for (const expr of unsafe.keys()) add(expr)
  return vars
}

function firstPlaces(unsafe: Unsafe): readonly (readonly [string, Location])[] {
  const places = new Map<string, Location>()
  for (const [expr, names] of unsafe) {
    for (const name of names) if (compareLocations(places.get(name), expr.at) > 0) places.set(name, expr.at)
  }
  return [...places].sort((a, b) => compareLocations(a[1], b[1]) || compareStrings(a[0], b[0]))
}

/** Names the rule of a fault where its line has rules of more than one name. */
class RuleScopes {
  readonly #module: DraftModule
  #shared: ReadonlySet<number> | undefined

  constructor(module: DraftModule) {
    this.#module = module
  }

  of(rule: DraftRule): string {
    this.#shared ??= sharedRows(this.#module)
    return this.#shared.has(rule.at.row) ? ` in rule ${partsText(groundPrefix(rule.head.ref.parts))}` : ''
  }
}

function sharedRows(module: DraftModule): ReadonlySet<number> {
  const shared = new Set<number>()
  const first = new Map<number, DraftRule>()
  for (const rule of module.all) {
    const other = first.get(rule.at.row)
    if (other === undefined) first.set(rule.at.row, rule)
    else if (compareRefs(groundPrefix(other.head.ref.parts), groundPrefix(rule.head.ref.parts)) !== 0) shared.add(rule.at.row)
  }
  return shared
}
