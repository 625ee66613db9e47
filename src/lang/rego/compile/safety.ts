// Bodies are put in an order in which every variable is bound before it is needed; what cannot be is unsafe.
import type { Body, Expr, Term } from '../syntax/ast.ts'
import { isScalar } from '../syntax/ground.ts'
import { type Node, ownBodies, walk } from '../syntax/walk.ts'
import { type Mapper, mapOwnBodies, mapTerm, mapWiths, sameBody } from './map.ts'
import { type Arity, equalityOutputs, outputsOf } from './outputs.ts'
import { inRounds } from './rounds.ts'
import { isComprehension, isEquality } from './terms.ts'
import type { Bound } from './unify.ts'
import { PATTERN, SAFETY, VarCollector, type VarOptions, type Vars, varsOf, varsOfAll } from './vars.ts'

/** The unsafe variables of expressions. */
export type Unsafe = Map<Expr, Vars>

/** `input` and `data`, which are always bound. */
export const RESERVED: ReadonlySet<string> = new Set(['input', 'data'])

interface Reordered {
  readonly body: Body
  readonly unsafe: Unsafe
}

/** How a body is judged: what is bound around it, and whether what OPA forgets is forgotten. */
interface Judging {
  readonly globals: Bound
  readonly arity: Arity
  /** OPA forgets what else an expression needs that closes over a variable, and may evaluate it before that is bound. */
  readonly forgetful: boolean
}

/**
 * A body in a safe order with those within it, and what is unsafe in it. `globals`: what is bound around it. Where OPA refuses the body too,
 * it is for what OPA sees.
 */
export function reorder(body: Body, globals: Bound, arity: Arity): Reordered {
  const careful = reordered(body, { globals, arity, forgetful: false })
  if (careful.unsafe.size === 0) return careful
  const { unsafe } = reordered(body, { globals, arity, forgetful: true })
  return unsafe.size > 0 ? { ...careful, unsafe } : careful
}

function reordered(body: Body, judging: Judging): Reordered {
  const options: VarOptions = { ...SAFETY, operands: (operand) => operandVars(operand, judging.arity) }
  const { ordered, unsafe, closed } = inSafeOrder(body, judging, options)
  const safe = closed.size === 0 ? ordered : withinClosures(ordered, unsafe, judging, options)
  return { body: sameBody(body, safe), unsafe }
}

function withinClosures(body: Body, unsafe: Unsafe, judging: Judging, options: VarOptions): Body {
  const bound: Vars = new Set()
  const globals = { has: (name: string) => bound.has(name) || judging.globals.has(name) }
  const closures = new Closures({ ...judging, globals }, unsafe, options)
  const collector = new VarCollector(options, (name) => bound.add(name))
  return body.map((expr) => {
    const inner = closures.expr(expr, bound)
    collector.expr(expr)
    return inner
  })
}

function inSafeOrder(body: Body, { globals, arity, forgetful }: Judging, options: VarOptions) {
  const safe: Vars = new Set()
  const unsafe: Unsafe = new Map()
  /** What expressions close over. */
  const closed = new Map<Expr, readonly string[]>()
  let at: Expr
  const collector = new VarCollector(options, (name) => {
    if (globals.has(name)) safe.add(name)
    else wants(unsafe, at).add(name)
  })
  for (at of body) {
    collector.skippedClosure = false
    collector.expr(at)
    if (collector.skippedClosure) closed.set(at, [])
  }
  const bodyVars = closed.size > 0 ? varsOfAll(body, options) : safe
  for (const expr of closed.keys()) {
    const names = [...closureVars(expr)].filter((name) => bodyVars.has(name) && !globals.has(name))
    closed.set(expr, names)
    if (!forgetful) for (const name of names) wants(unsafe, expr).add(name)
  }
  const ordered: Expr[] = []
  const waiting = body.filter((expr) => place(expr) === undefined)
  if (waiting.length > 0) inRounds(waiting, safe, place)
  return { ordered, unsafe, closed }

  /** What the expression binds, if it can stand next. */
  function place(expr: Expr): ReadonlySet<string> | undefined {
    const closure = closed.get(expr)
    const outputs = outputsOf(expr, arity, safe)
    // what it binds itself it cannot close over
    if (closure?.length && closure.length === outputs.size && closure.every((name) => outputs.has(name))) return undefined
    if (forgetful && closure?.length) unsafe.set(expr, new Set(closure))
    const wanted = unsafe.get(expr)
    if (wanted !== undefined) {
      for (const name of wanted) if (outputs.has(name) || safe.has(name)) wanted.delete(name)
      if (wanted.size > 0) return undefined
      unsafe.delete(expr)
    }
    for (const name of outputs) safe.add(name)
    ordered.push(expr)
    return outputs
  }
}

function wants(unsafe: Unsafe, expr: Expr): Vars {
  let vars = unsafe.get(expr)
  if (vars === undefined) {
    vars = new Set()
    unsafe.set(expr, vars)
  }
  return vars
}

/** The variables within an expression's comprehensions and bodies. */
function closureVars(expr: Expr): Vars {
  const vars: Vars = new Set()
  const collector = new VarCollector({}, (name) => vars.add(name))
  const comprehensions = (node: Node): boolean => {
    if (!isComprehension(node)) return false
    collector.term(node)
    return true
  }
  const bodies = ownBodies(expr)
  for (const body of bodies) collector.body(body)
  if (bodies.length === 0) walk(expr, comprehensions)
  else for (const modifier of expr.with) walk(modifier, comprehensions)
  return vars
}

/** The bodies within an expression, each put in a safe order. */
class Closures {
  readonly #judging: Judging
  readonly #unsafe: Unsafe
  readonly #options: VarOptions

  constructor(judging: Judging, unsafe: Unsafe, options: VarOptions) {
    this.#judging = judging
    this.#unsafe = unsafe
    this.#options = options
  }

  /** `bound` gets the variables of an `every`, which stay known to what follows. */
  expr(expr: Expr, bound: Vars): Expr {
    const { terms } = expr
    switch (terms.kind) {
      case 'every':
        for (const name of varsOfAll(terms.key === undefined ? [terms.value] : [terms.key, terms.value])) bound.add(name)
        break
      case 'not':
      case 'and':
      case 'or':
        break
      case 'some':
        return expr
      default: {
        const mapper: Mapper = { term: (term) => this.#term(term, expr), body: (body) => body }
        const inner = terms.kind === 'call' ? mapTerm(terms, mapper) : mapper.term(terms)
        const withs = mapWiths(expr.with, mapper.term)
        return inner === terms && withs === expr.with ? expr : { ...expr, terms: inner, with: withs }
      }
    }
    const inner = mapOwnBodies(terms, (body) => this.#body(body, [], expr))
    return inner === terms ? expr : { ...expr, terms: inner }
  }

  #term(term: Term, current: Expr): Term {
    if (isScalar(term)) return term
    switch (term.kind) {
      case 'arraycomprehension':
      case 'setcomprehension': {
        const body = this.#body(term.body, [term.term], current)
        return body === term.body ? term : { ...term, body }
      }
      case 'objectcomprehension': {
        const body = this.#body(term.body, [term.key, term.value], current)
        return body === term.body ? term : { ...term, body }
      }
      default:
        return mapTerm(term, { term: (at) => this.#term(at, current), body: (body) => body })
    }
  }

  /** `made`: what a comprehension makes of its body. */
  #body(body: Body, made: readonly Term[], current: Expr): Body {
    if (made.length > 0) {
      const inBody = varsOfAll(body, this.#options)
      for (const name of varsOfAll(made)) if (!inBody.has(name) && !this.#judging.globals.has(name)) wants(this.#unsafe, current).add(name)
    }
    const inner = reordered(body, this.#judging)
    if (inner.unsafe.size === 0) return inner.body
    for (const [expr, vars] of inner.unsafe) for (const name of vars) wants(this.#unsafe, expr).add(name)
    return body
  }
}

/**
 * What a body without braces of `not`, `and` or `or` needs from around it: of one expression everything, of more what no other
 * expression of it binds or uses.
 */
function operandVars(body: Body, arity: Arity): Iterable<string> {
  const uses = new Map<string, number>()
  for (const expr of body) for (const name of varsOf(expr, SAFETY)) uses.set(name, (uses.get(name) ?? 0) + 1)
  if (body.length === 1) return uses.keys()
  const bindings = operandBindings(body, new Set(uses.keys()), arity)
  return [...uses].filter(([name, count]) => count === 1 || !bindings.has(name)).map(([name]) => name)
}

function operandBindings(body: Body, used: Vars, arity: Arity): Vars {
  const safe: Vars = new Set([...RESERVED, ...used])
  const equalities = body.filter(isEquality)
  for (const { terms } of equalities) for (const side of terms.args.slice(0, 2)) if (side.kind === 'var') safe.delete(side.name)
  const bindings: Vars = new Set()
  for (let before = -1; before < bindings.size; ) {
    before = bindings.size
    for (const expr of equalities) {
      for (const name of equalityOutputs(expr, safe)) {
        bindings.add(name)
        safe.add(name)
      }
    }
  }
  for (const expr of body) {
    const { terms } = expr
    if (terms.kind !== 'call' || isEquality(expr)) continue
    const taken = arity(terms.operator)
    if (taken === undefined) continue
    for (const name of varsOfAll(terms.args.slice(taken), { ...PATTERN, sets: false })) bindings.add(name)
  }
  return bindings
}
