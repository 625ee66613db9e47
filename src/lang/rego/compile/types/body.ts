// The types of the variables of a body, expression by expression, and the faults found on the way.
import type { Body, Comprehension, Expr, Ref, Term } from '../../syntax/ast.ts'
import { groundPrefix, isGround, isScalar } from '../../syntax/ground.ts'
import { compareRefs } from '../../syntax/order.ts'
import { type Node, walk } from '../../syntax/walk.ts'
import { partsText } from '../text.ts'
import { or } from './algebra.ts'
import { checkCall } from './calls.ts'
import type { Reason, TypeFault } from './details.ts'
import { TypeEnv } from './env.ts'
import { checkRefs, type Rewrite } from './refs.ts'
import { TypeTree } from './tree.ts'
import { ANY, isUnknown, type Type } from './type.ts'
import type { Budget } from './unify.ts'

/** What a body's faults depend on, beside its environment. */
export interface Surroundings {
  /** The refs of the rules that a ref may mean and of those that depend on them, directly or not. */
  readonly dependents: (ref: Ref) => readonly (readonly Term[])[]
  readonly written: Rewrite
}

interface CheckedBody {
  /** Knows the types of the body's variables. */
  readonly env: TypeEnv
  readonly faults: readonly TypeFault[]
}

/** Steps of work that comparing types may take, for every rule and for all together. */
const BUDGET = { rule: 20_000, all: 20_000_000 }
const INPUT: Term = { kind: 'var', name: 'input', at: { file: '', row: 0, col: 0, start: 0, end: 0 } }
/** Comprehensions within comprehensions are checked in every environment around them, of which there are many. */
const COMPREHENSION_COST = 1000

export class BodyChecker {
  readonly #around: Surroundings
  readonly #budget: Budget
  readonly #input: Type | undefined
  readonly #replaced = new Map<string, TypeTree | undefined>()
  /** A comprehension's type is asked for again and again while nothing has changed around it. */
  readonly #known = new WeakMap<TypeEnv, Map<Comprehension, { readonly changes: number; readonly checked: CheckedBody }>>()

  /** `rules`: how many there are to check; `input`: the type of `input`, if it is known. */
  constructor(around: Surroundings, rules: number, input?: Type) {
    this.#around = around
    this.#input = input
    this.#budget = { left: BUDGET.all + rules * BUDGET.rule }
  }

  /** The environment of OPA's builtins, in which rules are checked. */
  outermost(): TypeEnv {
    const env = TypeEnv.outermost((around, comprehension) => {
      const { env: within, faults } = this.#comprehension(around, comprehension)
      return faults.length === 0 ? within : undefined
    }, this.#budget)
    if (this.#input !== undefined) env.put([INPUT], this.#input)
    return env
  }

  check(around: TypeEnv, body: Body): CheckedBody {
    const env = around.within()
    const faults: TypeFault[] = []
    for (const expr of body) faults.push(...this.#expr(env, expr))
    return { env, faults }
  }

  #expr(outer: TypeEnv, expr: Expr): readonly TypeFault[] {
    const env = expr.with.length > 0 ? this.#under(outer, expr) : outer
    const closures = this.#closures(env, expr)
    const refs = checkRefs(env, expr, this.#around.written)
    const found = closures.length === 0 ? refs : [...closures, ...refs]
    const fault = checkCall(env, expr)
    // Where something within is wrong, its type is unknown, and what is wrong because of that is no news.
    if (fault === undefined || (found.length > 0 && comesOfUnknown(fault.details?.reason))) return found
    return [...found, fault]
  }

  /** The faults of the last comprehension that has any. Those within comprehensions are checked here as well. */
  #closures(env: TypeEnv, expr: Expr): readonly TypeFault[] {
    let last: readonly TypeFault[] = []
    if (isFlat(expr)) return last
    walk(expr, (node) => {
      if (!isComprehension(node) || this.#budget.left <= 0) return false
      const { faults } = this.#comprehension(env, node)
      if (faults.length > 0) last = faults
      return faults.length > 0
    })
    return last
  }

  #comprehension(env: TypeEnv, comprehension: Comprehension): CheckedBody {
    const here = this.#known.getOrInsertComputed(env, () => new Map())
    const known = here.get(comprehension)
    if (known !== undefined && (known.changes === env.changes || this.#budget.left <= 0)) return known.checked
    this.#budget.left -= COMPREHENSION_COST
    const checked = this.check(env, comprehension.body)
    here.set(comprehension, { changes: env.changes, checked })
    return checked
  }

  /**
   * The environment of an expression with modifiers: what they replace may also be of the type of the replacement, and the rules that
   * depend on it may be anything.
   */
  #under(outer: TypeEnv, expr: Expr): TypeEnv {
    let env = outer
    const replaced: (readonly [readonly Term[], Type])[] = []
    for (const { target, value } of expr.with) {
      if (target.kind !== 'ref') continue
      const type = outer.typeOf(target)
      const isFunction = type?.kind === 'function'
      const tree = this.#relaxed(target, isFunction)
      if (tree !== undefined) env = env.under(tree)
      // The declaration of a function says how many arguments its replacement takes.
      if (isFunction) continue
      const other = type !== undefined && isGround(target) ? outer.typeOf(value) : undefined
      replaced.push([groundPrefix(target.parts), (other && or(type, other)) ?? ANY])
    }
    if (replaced.length === 0) return env
    const within = env.under(new TypeTree())
    for (const [path, type] of replaced) within.put(path, type)
    return within
  }

  /** Any for all that depends on what is replaced, but not for a function that is replaced itself. */
  #relaxed(target: Ref, isFunction: boolean): TypeTree | undefined {
    const key = `${isFunction ? 'function ' : ''}${partsText(target.parts)}`
    if (this.#replaced.has(key)) return this.#replaced.get(key)
    const paths = this.#around.dependents(target).filter((path) => !isFunction || compareRefs(path, target.parts) !== 0)
    const tree = paths.length > 0 ? new TypeTree() : undefined
    for (const path of paths) tree?.put(path, ANY)
    this.#replaced.set(key, tree)
    return tree
  }
}

function comesOfUnknown(reason: Reason | undefined): boolean {
  if (reason?.kind === 'call') return reason.have.some(isUnknown)
  return reason?.kind === 'match' && (isUnknown(reason.left) || isUnknown(reason.right))
}

/** Most expressions are calls of terms without terms inside. */
function isFlat({ terms, with: modifiers }: Expr): boolean {
  return modifiers.length === 0 && (terms.kind === 'call' ? terms.args.every(isFlatTerm) : terms.kind === 'ref' && isFlatTerm(terms))
}

const isFlatTerm = (term: Term): boolean => term.kind === 'var' || isScalar(term) || (term.kind === 'ref' && term.parts.every(isLeaf))
const isLeaf = (term: Term): boolean => term.kind === 'var' || isScalar(term)

const isComprehension = (node: Node): node is Comprehension => node.kind.endsWith('comprehension')
