// Variables that `:=`, `some` and `every` declare get names of their own, and the declarations become `eq`.
import type { Diagnostic } from '../errors.ts'
import type { Body, Call, Expr, Location, Ref, Term, Var, With } from '../syntax/ast.ts'
import { isScalar } from '../syntax/ground.ts'
import { type Node, walk, walkBody } from '../syntax/walk.ts'
import { compareStrings } from '../values/order.ts'
import { sidesOf } from './declared.ts'
import type { Locals } from './locals.ts'
import { type Mapper, mapCall, mapEntries, mapExprTerms, mapList, mapRef, mapTerm, renamer } from './map.ts'
import { equalityOutputs } from './outputs.ts'
import type { Scopes } from './scopes.ts'
import { type AssignedExpr, always, callOf, isAssignment, isComprehension, isWildcard, operator, rootDocument, variable } from './terms.ts'
import { refText } from './text.ts'
import { checkUnused } from './unused.ts'
import { PATTERN, type Vars, varsOf, varsOfAll } from './vars.ts'

type Without<K> = Extract<Expr['terms'], { readonly kind: K }>

const NEGATED = 'cannot assign vars inside negated expression'

export class Declarations {
  readonly #locals: Locals
  readonly #strict: boolean
  readonly scopes: Scopes
  readonly faults: Diagnostic[] = []
  /** Variables that nothing uses; they do not end the compilation. */
  readonly unused: Diagnostic[] = []
  /** `not`, `and` and `or` that need no second look when they are operands. */
  readonly #done = new Set<Expr>()
  readonly #mapper: Mapper = { term: (term) => this.term(term), body: (body) => mapList(body, (inner) => this.expr(inner)) }
  /** For terms whose bodies are looked at by themselves. */
  readonly #within: Mapper = { term: (term) => this.term(term), body: (body) => body, expr: (expr) => this.expr(expr) }

  constructor(locals: Locals, scopes: Scopes, strict: boolean) {
    this.#locals = locals
    this.scopes = scopes
    this.#strict = strict
  }

  /** `used`: variables that are used beside the body. */
  body(body: Body, used: Vars): Body {
    const rewritten: Expr[] = []
    for (const expr of body) {
      const statement = this.#statement(expr)
      if (statement !== undefined) rewritten.push(statement)
    }
    // of `some x` alone nothing is left
    if (rewritten.length === 0) rewritten.push(always(body[0]!.at))
    if (this.faults.length === 0 && this.unused.length === 0) {
      this.unused.push(...checkUnused(body, rewritten, this.scopes, used, this.#strict))
    }
    return rewritten
  }

  #fault(at: Location, message: string): void {
    this.faults.push({ code: 'rego_compile_error', message, at })
  }

  #statement(expr: Expr): Expr | undefined {
    const { terms } = expr
    if (isAssignment(expr)) return this.#assignment(expr)
    switch (terms.kind) {
      case 'some':
        return this.#some(expr, terms)
      case 'every':
        return this.#every(expr, terms)
      case 'not':
        return this.#not(expr, terms)
      case 'and':
      case 'or':
        return this.#logical(expr, terms)
      default:
        return this.expr(expr)
    }
  }

  /** What is used in an expression that declares nothing. */
  expr(expr: Expr): Expr {
    const terms = mapExprTerms(expr.terms, this.#mapper)
    return this.#withs(terms === expr.terms ? expr : { ...expr, terms })
  }

  #withs(expr: Expr): Expr {
    if (expr.with.length === 0) return expr
    const withs = mapList(expr.with, (modifier) => this.#with(modifier))
    return withs === expr.with ? expr : { ...expr, with: withs }
  }

  #with(modifier: With): With {
    const target = this.term(modifier.target)
    const value = this.term(modifier.value)
    return { ...modifier, target: restoredInput(target, this.scopes.declared('input')), value }
  }

  term(term: Term): Term {
    if (isScalar(term)) return term
    switch (term.kind) {
      case 'var':
        return this.#var(term)
      case 'ref':
        return this.#ref(term)
      case 'call':
        this.#checkOperator(term)
        return mapCall(term, this.#mapper.term)
      case 'object': {
        const entries = mapEntries(term.entries, this.#mapper.term)
        return entries === term.entries ? term : { ...term, entries }
      }
      case 'arraycomprehension':
      case 'setcomprehension':
        return this.scopes.within(() => {
          const body = this.body(term.body, varsOf(term.term))
          return { ...term, body, term: this.term(term.term) }
        })
      case 'objectcomprehension':
        return this.scopes.within(() => {
          const body = this.body(term.body, varsOfAll([term.key, term.value]))
          return { ...term, body, key: this.term(term.key), value: this.term(term.value) }
        })
      default:
        return mapTerm(term, this.#within)
    }
  }

  #isRenamed(term: Term): boolean {
    if (isScalar(term)) return false
    for (const name of term.kind === 'var' ? [term.name] : varsOf(term)) if ((this.scopes.declared(name) ?? name) !== name) return true
    return false
  }

  #var(term: Var): Term {
    const name = this.scopes.declared(term.name)
    if (name === undefined) {
      this.scopes.insert(term.name, term.name, 'seen')
      return term
    }
    this.scopes.seen(term.name)
    return name === term.name ? term : { ...term, name }
  }

  #ref(ref: Ref): Term {
    const root = rootDocument(ref)
    if (root === undefined) return mapRef(ref, this.#mapper.term)
    const occurrence = this.scopes.anyOccurrence(root)
    if (occurrence === undefined || occurrence === 'seen') return ref
    return variable(this.scopes.declared(root)!, ref.at)
  }

  #declare(name: string, occurrence: 'assigned' | 'declared', at: Location): string | undefined {
    const before = this.scopes.occurrence(name)
    if (before !== undefined) {
      const how = { seen: 'referenced', assigned: 'assigned', declared: 'declared' }
      this.#fault(at, before === 'arg' ? `arg ${shown(name)} redeclared` : `var ${shown(name)} ${how[before]} above`)
      return undefined
    }
    const to = this.#locals.generate()
    this.scopes.insert(name, to, occurrence)
    return to
  }

  #assignment(expr: Expr): Expr {
    const sides = sidesOf(expr)
    if (expr.negated) {
      this.#fault(expr.at, NEGATED)
      return expr
    }
    if (sides === undefined || expr.terms.kind !== 'call') return expr
    const before = this.faults.length
    const right = this.term(sides[1])
    const withs = mapList(expr.with, (modifier) => ({ ...modifier, value: this.term(modifier.value) }))
    const left = this.#assignee(sides[0])
    if (this.faults.length > before) return expr
    const terms = { ...expr.terms, operator: operator('eq', expr.terms.operator.at), args: [left, right] }
    const assigned: AssignedExpr = { ...expr, terms, with: withs, fromAssignment: true }
    return assigned
  }

  #assignee(term: Term): Term {
    switch (term.kind) {
      case 'var':
        return { ...term, name: this.#declare(term.name, 'assigned', term.at) ?? term.name }
      case 'array':
        return mapTerm(term, { term: (item) => this.#assignee(item), body: (body) => body })
      case 'object':
        return { ...term, entries: term.entries.map(([key, value]) => [key, this.#assignee(value)]) }
      default: {
        const root = rootDocument(term)
        if (root !== undefined) return variable(this.#declare(root, 'assigned', term.at) ?? root, term.at)
        this.#fault(term.at, `cannot assign to ${term.kind}`)
        return term
      }
    }
  }

  #some(expr: Expr, { symbols, at }: Without<'some'>): Expr | undefined {
    for (const symbol of symbols) {
      if (symbol.kind === 'var') {
        if (this.#declare(symbol.name, 'declared', at) === undefined) return undefined
      } else if (symbol.kind === 'call') {
        return this.#someIn(expr, symbol.args, at)
      }
    }
    return undefined
  }

  /** `some k, v in xs` becomes `v = xs[k]`. */
  #someIn(expr: Expr, args: readonly Term[], at: Location): Expr | undefined {
    const [domain, value, key] = args.toReversed()
    const index = key ?? variable(this.#locals.generate(), at)
    const bound = varsOfAll([index, value!], PATTERN)
    const taken = varsOf(domain!, { closures: false })
    const both = [...bound].filter((name) => taken.has(name) && !isWildcard(name)).sort(compareStrings)
    for (const name of both) this.#fault(at, `var ${shown(name)} assigned before`)
    if (both.length > 0) return undefined
    const parts: readonly [Term, ...Term[]] = domain!.kind === 'ref' ? [...domain!.parts, index] : [domain!, index]
    const member: Expr = { ...expr, terms: callOf('eq', [value!, { kind: 'ref', parts, at: domain!.at }], at) }
    for (const name of [...equalityOutputs(member, varsOf(domain!))].sort(compareStrings)) {
      if (this.#declare(name, 'declared', at) === undefined) return undefined
    }
    return this.expr(member)
  }

  #every(expr: Expr, every: Without<'every'>): Expr | undefined {
    const domain = this.term(every.domain)
    return this.scopes.within(() => {
      const key = every.key === undefined ? variable(this.#locals.generate(), every.at) : this.#bound(every.key, every.at)
      const value = key && this.#bound(every.value, every.at)
      if (key === undefined || value === undefined) return undefined
      const body = this.body(every.body, new Set())
      const again = this.#again()
      return this.#withs({ ...expr, terms: { ...every, key, value, domain: again.term(domain), body: again.body(body) } })
    })
  }

  /**
   * OPA looks once more at what is in a body of its own when all names of that body are known: those that its comprehensions used
   * before they were declared, and those of an `every`'s domain, become these names.
   */
  #again(): Mapper {
    const { term, body } = renamer(this.scopes.top.renames())
    const check = (node: Node): boolean => {
      if (node.kind === 'call') this.#checkOperator(node)
      return false
    }
    return {
      term: (at) => {
        walk(at, check)
        return term(at)
      },
      body: (at) => {
        walkBody(at, check)
        return body(at)
      },
    }
  }

  /** Functions are no values. */
  #checkOperator({ operator: called, at }: Call): void {
    if (called.parts.some((part) => this.#isRenamed(part))) this.#fault(at, `called function ${refText(called)} shadowed`)
  }

  #bound(term: Term, at: Location): Term | undefined {
    if (term.kind !== 'var' || isWildcard(term.name)) return term
    const name = this.#declare(term.name, 'declared', at)
    return name === undefined ? undefined : { ...term, name }
  }

  #not(expr: Expr, not: Without<'not'>): Expr {
    if (not.explicit) {
      return this.scopes.within(() => {
        const body = this.body(not.body, new Set())
        return this.#rewritten({ ...expr, terms: { ...not, body: this.#again().body(body) } })
      })
    }
    const before = this.faults.length
    const body = this.#implicit(not.body, NEGATED)
    return this.faults.length > before ? expr : this.#rewritten({ ...expr, terms: { ...not, body: this.#used(body, false) } })
  }

  #logical(expr: Expr, logical: Without<'and' | 'or'>): Expr {
    const { explicitLeft, explicitRight } = logical
    const before = this.faults.length
    const operand = (body: Body, explicit: boolean) =>
      explicit
        ? this.scopes.within(() => this.body(body, new Set()))
        : this.#implicit(body, `cannot assign vars inside implicit ${logical.kind} operand`)
    const left = operand(logical.left, explicitLeft)
    const right = operand(logical.right, explicitRight)
    if (this.faults.length > before) return expr
    return this.#rewritten({
      ...expr,
      terms: { ...logical, left: this.#used(left, explicitLeft), right: this.#used(right, explicitRight) },
    })
  }

  #rewritten(expr: Expr): Expr {
    const rewritten = this.#withs(expr)
    this.#done.add(rewritten)
    return rewritten
  }

  /** A body whose variables are used in this scope; one in braces has got its names in its own. */
  #used(body: Body, explicit: boolean): Body {
    if (explicit) {
      this.#see(body)
      return body
    }
    return mapList(body, (expr) => {
      if (!this.#done.has(expr)) return this.expr(expr)
      if (expr.terms.kind === 'not' && expr.terms.explicit) this.#see([expr])
      return expr
    })
  }

  /** The variables of a body, but not of its comprehensions, have been seen. */
  #see(body: Body): void {
    walkBody(body, (node) => {
      if (node.kind === 'var') this.#var(node)
      return isComprehension(node)
    })
  }

  /** A body without braces gives nothing to what is around it: an assignment in it would be dead. */
  #implicit(body: Body, message: string): Body {
    return mapList(body, (expr) => {
      if (isAssignment(expr)) this.#fault(expr.at, message)
      else if (expr.terms.kind === 'not') return this.#not(expr, expr.terms)
      else if (expr.terms.kind === 'and' || expr.terms.kind === 'or') return this.#logical(expr, expr.terms)
      return expr
    })
  }
}

const shown = (name: string) => (isWildcard(name) ? '_' : name)

/** `with input as …` means the document also where a variable hides it. */
function restoredInput(target: Term, hidden: string | undefined): Term {
  if (hidden === undefined) return target
  if (target.kind === 'var') return target.name === hidden ? operator('input', target.at) : target
  if (target.kind !== 'ref') return target
  const [head, ...rest] = target.parts
  return head.kind === 'var' && head.name === hidden ? { ...target, parts: [{ ...head, name: 'input' }, ...rest] } : target
}
