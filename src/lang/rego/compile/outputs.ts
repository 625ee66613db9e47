// Which variables an expression binds when it is evaluated.
import type { Body, Call, Expr, Ref, Term } from '../syntax/ast.ts'
import { isGroundRef } from '../syntax/ground.ts'
import { type Node, walk } from '../syntax/walk.ts'
import { sidesOf } from './declared.ts'
import { isEquality, wasAssignment } from './terms.ts'
import { type Bound, isRefSafe, unify } from './unify.ts'
import { PATTERN, SAFETY, VarCollector, type Vars, varsOf, varsOfAll } from './vars.ts'

/** How many arguments a function takes, undefined for what is no function. */
export type Arity = (operator: Ref) => number | undefined

const NONE: ReadonlySet<string> = new Set()
const ARGUMENT = { ...PATTERN, sets: false } as const

/** What an expression binds, given what is bound. */
export function outputsOf(expr: Expr, arity: Arity, safe: Bound): ReadonlySet<string> {
  if (expr.negated || !withsAreSafe(expr, safe)) return NONE
  const { terms } = expr
  switch (terms.kind) {
    case 'call':
      return isEquality(expr) ? equalityOutputs(expr, safe) : callOutputs(expr, terms, arity, safe)
    case 'every':
      return refOutputs(terms.domain, safe)
    case 'not':
    case 'and':
    case 'or':
    case 'some':
    case 'templatestring':
      return NONE
    default:
      return refOutputs(expr, safe)
  }
}

/** What a body binds that is not bound before. */
export function outputsOfBody(body: Body, arity: Arity, safe: Bound): Vars {
  const outputs: Vars = new Set()
  const bound: Bound = { has: (name) => outputs.has(name) || safe.has(name) }
  for (const expr of body) {
    for (const name of outputsOf(expr, arity, bound)) if (!safe.has(name)) outputs.add(name)
  }
  return outputs
}

function withsAreSafe(expr: Expr, safe: Bound): boolean {
  if (expr.with.length === 0) return true
  let answer = true
  const collector = new VarCollector(SAFETY, (name) => {
    answer &&= safe.has(name)
  })
  for (const modifier of expr.with) collector.with(modifier)
  return answer
}

/** What `a = b` binds that is not bound before. */
export function equalityOutputs(expr: Expr, safe: Bound): Vars {
  const sides = sidesOf(expr)
  if (sides === undefined) return new Set()
  const [left, right] = sides
  const found = refOutputs(expr, safe)
  if (found === NONE && !wasAssignment(expr)) return unbound(unify(safe, left, right), safe)
  const never = wasAssignment(expr) ? varsOf(left) : NONE
  const basis: Bound = { has: (name) => (found.has(name) || safe.has(name)) && !never.has(name) }
  const outputs: Vars = new Set()
  for (const name of found) if (!never.has(name) && !safe.has(name)) outputs.add(name)
  for (const name of unify(basis, left, right)) if (!safe.has(name)) outputs.add(name)
  return outputs
}

function unbound(names: Vars, safe: Bound): Vars {
  for (const name of names) if (safe.has(name)) names.delete(name)
  return names
}

/** An argument beyond those that the function takes is bound to its result, once its arguments are known. */
function callOutputs(expr: Expr, call: Call, arity: Arity, safe: Bound): ReadonlySet<string> {
  const taken = arity(call.operator)
  if (taken === undefined) return NONE
  const outputs = refOutputs(expr, safe)
  if (taken >= call.args.length) return outputs
  for (const name of varsOfAll([call.operator, ...call.args.slice(0, taken)], ARGUMENT)) {
    if (!outputs.has(name) && !safe.has(name)) return NONE
  }
  const all = new Set(outputs)
  for (const name of varsOfAll(call.args.slice(taken), ARGUMENT)) all.add(name)
  return all
}

/** The variables over which refs range whose heads are bound. */
function refOutputs(node: Expr | Term, safe: Bound): ReadonlySet<string> {
  let outputs: Vars | undefined
  walk(node, (at: Node) => {
    switch (at.kind) {
      case 'ref':
        if (!isRefSafe(at, safe)) return true
        if (isGroundRef(at)) return false
        outputs ??= new Set()
        for (const name of varsOf(at, { refHeads: false })) outputs.add(name)
        return false
      case 'arraycomprehension':
      case 'setcomprehension':
      case 'objectcomprehension':
      case 'templatestring':
        return true
      default:
        return false
    }
  })
  return outputs ?? NONE
}
