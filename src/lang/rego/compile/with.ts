// What `with` may replace, and its values, which are evaluated before its expression.
import type { RejectionCode } from '../errors.ts'
import type { Body, Expr, Location, Ref, Term, With } from '../syntax/ast.ts'
import { childOf, nodeAt, type RuleNode } from './compiled.ts'
import type { Compilation } from './draft.ts'
import { type Builtins, builtinOf } from './functions.ts'
import { bind } from './head-refs.ts'
import { needsEvaluation } from './lift.ts'
import type { Locals } from './locals.ts'
import { type Mapper, mapExpr, mapList, mapTerm } from './map.ts'
import type { Report } from './report.ts'
import { startsAt } from './terms.ts'
import { refText } from './text.ts'

export function liftWithValues(compilation: Compilation, tree: RuleNode, unsafe: ReadonlySet<string>): void {
  for (const module of compilation.modules) {
    for (const rule of module.all) {
      if (!rule.features.with) continue
      rule.body = new Modifiers(compilation, tree, unsafe).body(rule.body)
    }
  }
}

interface Shared {
  readonly report: Report
  readonly locals: Locals
  readonly builtins: Builtins
}

/** What is wrong with a modifier; the body it is in is left as it is. */
class Refused extends Error {
  readonly code: RejectionCode
  readonly at: Location

  constructor(code: RejectionCode, at: Location, message: string) {
    super(message)
    this.code = code
    this.at = at
  }
}

const partial = (at: Location) => new Refused('rego_compile_error', at, 'with keyword cannot partially replace virtual document(s)')
const replacing = (at: Location, why: string) => new Refused('rego_compile_error', at, `with keyword replacing built-in function: ${why}`)

export class Modifiers {
  readonly #shared: Shared
  readonly #tree: RuleNode
  readonly #unsafe: ReadonlySet<string>
  /** Expressions made of one share its modifiers. */
  readonly #done = new Map<With, With>()
  readonly #mapper: Mapper = { term: (term) => mapTerm(term, this.#mapper), body: (body) => this.body(body) }

  constructor(shared: Shared, tree: RuleNode, unsafe: ReadonlySet<string>) {
    this.#shared = shared
    this.#tree = tree
    this.#unsafe = unsafe
  }

  body(body: Body): Body {
    return mapList(this.#lifted(body), (expr) => mapExpr(expr, this.#mapper))
  }

  #lifted(body: Body): Body {
    if (body.every((expr) => expr.with.length === 0)) return body
    const result: Expr[] = []
    try {
      for (const expr of body) {
        const withs = mapList(expr.with, (modifier) => this.#modifier(modifier, result))
        result.push(withs === expr.with ? expr : { ...expr, with: withs })
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.#shared.report.add(error.code, error.at, error.message)
      return body
    }
    return result
  }

  #modifier(modifier: With, into: Expr[]): With {
    const known = this.#done.get(modifier)
    if (known !== undefined) return known
    const target = this.#asRef(modifier.target)
    const value = this.#asRef(modifier.value)
    const mustBind = this.#isEvaluated(target, value) && needsEvaluation(value)
    const [name, expr] = mustBind ? bind(value, this.#shared.locals) : [value, undefined]
    if (expr !== undefined) into.push(expr)
    const done = name === modifier.value && target === modifier.target ? modifier : { ...modifier, target, value: name }
    this.#done.set(modifier, done)
    this.#done.set(done, done)
    return done
  }

  /** A builtin is meant by its ref. */
  #asRef(term: Term): Term {
    return term.kind === 'var' && this.#shared.builtins(term.name) !== undefined ? { kind: 'ref', parts: [term], at: term.at } : term
  }

  /** Whether the value is one, and not a function. */
  #isEvaluated(target: Term, value: Term): boolean {
    const isBuiltin = this.#isBuiltin(target)
    if (startsAt(target, 'data') && target.kind === 'ref') {
      if (this.#replacesFunction(target) && this.#isFunctionValue(value)) return false
      const rules = (value.kind === 'ref' && nodeAt(this.#tree, value.parts)?.rules) || []
      return !rules.some(({ head }) => (head.args?.length ?? 0) > 0)
    }
    if (startsAt(target, 'input')) return true
    if (isBuiltin && target.kind === 'ref') {
      this.#checkBuiltin(target)
      return !this.#isFunctionValue(value)
    }
    throw new Refused('rego_type_error', target.at, 'with keyword target must reference existing input, data, or a function')
  }

  #replacesFunction(target: Ref): boolean {
    let node: RuleNode | undefined = this.#tree
    for (const part of target.parts.slice(0, -1)) {
      const child: RuleNode | undefined = childOf(node, part)
      if (child === undefined) break
      if (child.rules.length > 0) throw partial(target.at)
      node = child
    }
    return childOf(node, target.parts.at(-1)!)?.rules.some(({ head }) => (head.args?.length ?? 0) > 0) ?? false
  }

  #isFunctionValue(value: Term): boolean {
    return (value.kind === 'ref' && nodeAt(this.#tree, value.parts) !== undefined) || this.#isBuiltin(value)
  }

  #isBuiltin(term: Term): boolean {
    if (term.kind !== 'ref') return false
    const name = refText(term)
    if (this.#unsafe.has(name)) throw replacing(term.at, `target must not be unsafe: "${name}"`)
    return builtinOf(term, this.#shared.builtins) !== undefined
  }

  #checkBuiltin(target: Ref): void {
    const builtin = builtinOf(target, this.#shared.builtins)!
    const { name, relation, type } = builtin
    if (name === 'eq' || name === 'rego.metadata.chain' || name === 'rego.metadata.rule') {
      throw replacing(target.at, `replacement of "${name}" invalid`)
    }
    if (name.startsWith('internal.')) throw replacing(target.at, `replacement of internal function "${name}" invalid`)
    if (relation) throw replacing(target.at, 'target must not be a relation')
    if (type.result === undefined) throw replacing(target.at, 'target must not be a void function')
  }
}
