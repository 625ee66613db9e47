// The variables of a tree, as OPA collects them: some questions leave out parts.
import type { Body, Call, Expr, Location, Ref, Term, With } from '../syntax/ast.ts'

export type Vars = Set<string>

export interface VarOptions {
  readonly refHeads?: false
  /** The heads of a call's operator and of a `with`'s refs. */
  readonly callHeads?: false
  readonly objectKeys?: false
  /** Comprehensions, template strings, the bodies of `every`, `not`, `and` and `or`. */
  readonly closures?: false
  readonly sets?: false
  readonly templates?: false
  /** Instead of what is in a body without braces of `not`, `and` or `or`. */
  readonly operands?: (body: Body) => Iterable<string>
}

/** As the check of safety sees an expression. */
export const SAFETY: VarOptions = { callHeads: false, closures: false }
/** What is bound when a pattern is matched. */
export const PATTERN: VarOptions = { refHeads: false, objectKeys: false, closures: false }

export function varsOf(node: Term | Expr, options: VarOptions = {}): Vars {
  const vars: Vars = new Set()
  new VarCollector(options, (name) => vars.add(name)).any(node)
  return vars
}

export function varsOfAll(nodes: Iterable<Term | Expr>, options: VarOptions = {}): Vars {
  const vars: Vars = new Set()
  const collector = new VarCollector(options, (name) => vars.add(name))
  for (const node of nodes) collector.any(node)
  return vars
}

export class VarCollector {
  readonly #options: VarOptions
  readonly #add: (name: string, at: Location) => unknown
  /** Whether something was left out for being a closure. */
  skippedClosure = false

  constructor(options: VarOptions, add: (name: string, at: Location) => unknown) {
    this.#options = options
    this.#add = add
  }

  any(node: Term | Expr): void {
    if (node.kind === 'expr') this.expr(node)
    else this.term(node)
  }

  body(body: Body): void {
    for (const expr of body) this.expr(expr)
  }

  expr(expr: Expr): void {
    const { terms } = expr
    switch (terms.kind) {
      case 'call':
        this.#call(terms)
        break
      case 'some':
        for (const symbol of terms.symbols) this.term(symbol)
        break
      case 'every':
        if (this.#options.closures === false) {
          this.skippedClosure = true
          this.term(terms.domain)
          return
        }
        if (terms.key !== undefined) this.term(terms.key)
        this.term(terms.value)
        this.term(terms.domain)
        this.body(terms.body)
        break
      case 'not':
        this.#operand(terms.body, terms.explicit)
        break
      case 'and':
      case 'or':
        this.#operand(terms.left, terms.explicitLeft)
        this.#operand(terms.right, terms.explicitRight)
        break
      default:
        this.term(terms)
    }
    for (const modifier of expr.with) this.with(modifier)
  }

  #operand(body: Body, explicit: boolean): void {
    const { operands, closures } = this.#options
    this.skippedClosure ||= closures === false
    if (operands === undefined) {
      if (closures !== false) this.body(body)
    } else if (!explicit) {
      for (const name of operands(body)) this.#add(name, body[0]!.at)
    }
  }

  with({ target, value }: With): void {
    if (this.#options.callHeads === false) {
      if (target.kind === 'ref') this.#parts(target, 1)
      if (value.kind === 'ref') this.#parts(value, 1)
      else this.term(value)
    } else {
      this.term(target)
      this.term(value)
    }
  }

  #call(call: Call): void {
    this.#parts(call.operator, this.#options.callHeads === false || this.#options.refHeads === false ? 1 : 0)
    for (const arg of call.args) this.term(arg)
  }

  #parts(ref: Ref, from: number): void {
    for (let at = from; at < ref.parts.length; at++) this.term(ref.parts[at]!)
  }

  term(term: Term): void {
    switch (term.kind) {
      case 'var':
        this.#add(term.name, term.at)
        return
      case 'ref':
        this.#parts(term, this.#options.refHeads === false ? 1 : 0)
        return
      case 'call':
        this.#call(term)
        return
      case 'array':
        for (const item of term.items) this.term(item)
        return
      case 'set':
        if (this.#options.sets !== false) for (const item of term.items) this.term(item)
        return
      case 'object':
        for (const [key, value] of term.entries) {
          if (this.#options.objectKeys !== false) this.term(key)
          this.term(value)
        }
        return
      case 'arraycomprehension':
      case 'setcomprehension':
        if (this.#skipsClosure()) return
        this.term(term.term)
        this.body(term.body)
        return
      case 'objectcomprehension':
        if (this.#skipsClosure()) return
        this.term(term.key)
        this.term(term.value)
        this.body(term.body)
        return
      case 'templatestring':
        if (this.#options.templates !== false && !this.#skipsClosure()) for (const part of term.parts) this.any(part)
        return
      default:
    }
  }

  #skipsClosure(): boolean {
    this.skippedClosure ||= this.#options.closures === false
    return this.#options.closures === false
  }
}
