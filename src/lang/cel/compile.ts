// From the tree to JavaScript, types checked on the way as cel-go's checker does: one walk, since what a call may be depends on its types alone.
// Not on `@bufbuild/cel` (0.6.1), which was tried first: its parser knows no optional syntax (`?.`, `[?`), its checker knows constants and names
// alone, so `1 + "a"` and unknown functions pass; there are no macros of two variables, no costs to bound a run by, and 20 containers took
// 33 µs to go through where this takes a fraction. All that would have been left of it is the grammar.
import type { ThymusError } from '../../core/errors.ts'
import { compileList, compileMap } from './aggregates.ts'
import type { Expr } from './ast.ts'
import { Code, localOf } from './code.ts'
import { compileFold } from './fold.ts'
import { invocation } from './invocation.ts'
import { rejected } from './lexer.ts'
import { checkFormat } from './library/format-string.ts'
import type { Overload } from './library/library.ts'
import { LITERALS } from './library/literals.ts'
import { Fault, OverBudget, PER_CALL, Run } from './run.ts'
import { BOOL, DYN, isDyn, NAMED_TYPES, optionalOf, Substitutions, sameType, showType, type Type, typeOf } from './types.ts'
import { isKey, List, TypeValue, typeName, type Value } from './values.ts'

export type Evaluate = (run: Run) => Value

export interface Node {
  readonly type: Type
  /** The expression of JavaScript that it comes to. */
  readonly code: string
  /** Where it does not depend on anything. */
  readonly constant?: Value
  /** A name, or what is selected of one: a step from it costs 1; the first step from anything else costs one more. */
  readonly attribute?: boolean
}

/** Names within macros, innermost last. */
export type Scope = readonly { readonly name: string; readonly type: Type; readonly slot: number }[]

const CONVERSIONS = new Set(['bool', 'bytes', 'double', 'duration', 'dyn', 'int', 'string', 'timestamp', 'type', 'uint'])

export interface Environment {
  readonly variables: ReadonlyMap<string, Type>
  readonly functions: ReadonlyMap<string, readonly Overload[]>
}

/** Throws CEL_REJECTED for what cel-go's checker refuses, with line and column. */
export function compileTree(tree: Expr, text: string, environment: Environment): { readonly type: Type; readonly evaluate: Evaluate } {
  const compiler = new Compiler(text, environment)
  const { type, code } = compiler.node(tree, [])
  compiler.finish()
  return { type: compiler.types.resolve(type, true), evaluate: compiler.code.function(code) }
}

export class Compiler {
  readonly types = new Substitutions()
  readonly code = new Code()
  readonly #text: string
  readonly #environment: Environment
  /** Checks that need every parameter known. */
  readonly #later: (() => void)[] = []
  /** Calls of `format` around: what it shows may be of any types. */
  formats = 0
  /** Of what stands in literals within them. */
  readonly #formatted = new Map<Expr, Type>()

  constructor(text: string, environment: Environment) {
    this.#text = text
    this.#environment = environment
  }

  note(types: readonly (readonly [Expr, Type])[]): void {
    for (const [expr, type] of types) this.#formatted.set(expr, type)
  }

  later(check: () => void): void {
    this.#later.push(check)
  }

  finish(): void {
    for (const check of this.#later) check()
  }

  reject(message: string, at: number): ThymusError {
    return rejected(message, this.#text, at)
  }

  node(expr: Expr, scope: Scope): Node {
    switch (expr.kind) {
      case 'literal':
        return this.constant(expr.value, literalType(expr.value))
      case 'ident':
        return this.#ident(expr.name, expr.at, scope)
      case 'select':
        return this.#select(expr, scope)
      case 'call':
        return this.#call(expr, scope)
      case 'list':
        return compileList(this, expr, scope)
      case 'map':
        return compileMap(this, expr, scope)
      case 'fold':
        return compileFold(this, expr, scope)
    }
  }

  constant(value: Value, type: Type): Node {
    return { type, constant: value, code: this.code.constant(value) }
  }

  /** A node whose type must be able to be `type`. */
  expect(expr: Expr, scope: Scope, type: Type): Node {
    const node = this.node(expr, scope)
    if (!this.types.assignable([node.type], [type])) throw this.mismatch(type, node.type, expr.at)
    return node
  }

  mismatch(wanted: Type, got: Type, at: number): ThymusError {
    return this.reject(`expected type '${showType(this.types.resolve(wanted))}' but found '${showType(this.types.resolve(got))}'`, at)
  }

  #ident(name: string, at: number, scope: Scope): Node {
    const local = scope.findLast((one) => one.name === name)
    if (local !== undefined) return { type: local.type, attribute: true, code: `(run.charge(1), ${localOf(local)})` }
    const type = this.#environment.variables.get(name)
    if (type !== undefined) return { type, attribute: true, code: `run.variable(${this.code.constant(name)})` }
    const named = this.#typeNamed(name)
    if (named !== undefined) return named
    if (name === 'authorizer') throw this.reject('authorizer is not supported: no one here can ask an API server what a user may do', at)
    throw this.reject(`undeclared reference to '${name}'`, at)
  }

  #typeNamed(name: string): Node | undefined {
    return Object.hasOwn(NAMED_TYPES, name) ? this.constant(new TypeValue(name), typeOf(NAMED_TYPES[name]!)) : undefined
  }

  #select(expr: Expr & { kind: 'select' }, scope: Scope): Node {
    const path = qualified(expr)
    const root = path?.split('.')[0] ?? ''
    if (path !== undefined && !this.#environment.variables.has(root) && !scope.some(({ name }) => name === root)) {
      const type = this.#typeNamed(path)
      if (type !== undefined) return type
    }
    const { field, test, optional, at } = expr
    const operand = this.node(expr.operand, scope)
    const found = this.#fieldType(operand.type, field, at)
    const of = `${asAttribute(operand)}, ${this.code.constant(field)}`
    if (test) return { type: BOOL, code: `hasField(${of})` }
    const inOptional = this.types.resolve(operand.type).kind === 'optional_type'
    const type = optional || inOptional ? optionalOf(found) : found
    return { type, attribute: true, code: `${optional ? 'optionalField' : 'select'}(run, ${of})` }
  }

  #fieldType(operand: Type, field: string, at: number): Type {
    let type = this.types.resolve(operand)
    if (type.kind === 'optional_type') type = this.types.resolve(type.params[0]!)
    if (type.kind === 'map') return type.params[1]!
    if (type.kind === 'param') {
      this.types.assignable([type], [DYN])
      return DYN
    }
    if (isDyn(type)) return DYN
    if (type.fields === undefined) throw this.reject(`type '${showType(type)}' does not support field selection`, at)
    const found = type.fields.get(field)
    if (found === undefined) throw this.reject(`undefined field '${field}'`, at)
    return found
  }

  #call(expr: Expr & { kind: 'call' }, scope: Scope): Node {
    const { name, target, args, at } = expr
    const space = target === undefined ? undefined : qualified(target)
    const long = space === undefined ? undefined : `${space}.${name}`
    if (long !== undefined && this.#environment.functions.has(long)) return this.#function(long, false, args, scope, at)
    if (name === '_&&_' || name === '_||_') return this.#logic(name === '_||_', args, scope)
    if (name === '_?_:_') return this.#conditional(args, scope, at)
    if (target === undefined) return this.#function(name, false, args, scope, at)
    if ((name === 'or' || name === 'orValue') && args.length === 1) return this.#or(expr, target, scope)
    return this.#function(name, true, [target, ...args], scope, at)
  }

  #function(name: string, member: boolean, args: readonly Expr[], scope: Scope, at: number): Node {
    if (name === 'format') this.formats++
    const nodes = args.map((arg) => this.node(arg, scope))
    if (name === 'format') this.formats--
    const overloads = this.#environment.functions.get(name)
    if (overloads === undefined) throw this.reject(`undeclared reference to '${name}'`, at)
    const given = nodes.map(({ type }) => type)
    const fitting: Overload[] = []
    let result: Type | undefined
    for (const overload of overloads) {
      if (overload.member !== member || overload.args.length !== nodes.length) continue
      const [own, ...wanted] = this.types.instantiate([overload.result, ...overload.args])
      if (!this.types.assignable(given, wanted)) continue
      fitting.push(overload)
      const type = this.types.resolve(own!)
      result = result === undefined || sameType(result, type) ? type : DYN
    }
    if (result === undefined) {
      const types = nodes.map(({ type }) => showType(this.types.resolve(type, true)))
      const shown = member ? `${types[0]}.(${types.slice(1).join(', ')})` : `(${types.join(', ')})`
      throw this.reject(`found no matching overload for '${name}' applied to '${shown}'`, at)
    }
    this.#checkLiteral(name, args, nodes, at)
    if (name === '_[_]' || name === '_[?_]') {
      const fixed = nodes[1]!.constant
      if (fixed !== undefined && !isKey(fixed) && typeof fixed !== 'number')
        throw this.reject(`invalid qualifier type: ${typeName(fixed)}`, at)
      const step = this.code.constant(fitting[0]!.call)
      const code = this.code.hoisted(
        scope,
        `const container = ${asAttribute(nodes[0]!)}`,
        `return container === NONE ? container : ${step}(run, container, ${nodes[1]!.code})`,
      )
      return { type: result, attribute: true, code }
    }
    const among = nodes[1]?.constant
    if (name === '@in' && args[1]!.kind === 'list' && among instanceof List && among.size === 0) return this.constant(false, BOOL)
    const call = invocation(name, fitting, nodes)
    const converted = nodes.length === 1 ? nodes[0]!.constant : undefined
    if (CONVERSIONS.has(name) && converted !== undefined) return this.folded((run) => call(run, converted), result, at)
    return { type: result, code: `${this.code.constant(call)}(${['run', ...nodes.map(({ code }) => code)].join(', ')})` }
  }

  /** As cel-go optimizes: what is converted from a constant is one, and wrong at once if it cannot be. */
  folded(evaluate: Evaluate, type: Type, at: number): Node {
    return this.constant(
      this.#checked(() => evaluate(new Run(PER_CALL, {})), at),
      type,
    )
  }

  /** Kubernetes refuses what is a constant and wrong: no duration, no moment, no regular expression. */
  #checkLiteral(name: string, args: readonly Expr[], nodes: readonly Node[], at: number): void {
    const list = args[1]
    if (name === 'format' && args[0]?.kind === 'literal' && typeof args[0].value === 'string' && list?.kind === 'list') {
      const text = args[0].value
      const typeAt = (expr: Expr) => this.types.resolve(this.#formatted.get(expr)!, true)
      this.later(() => this.#checked(() => checkFormat(text, list, typeAt), at))
      return
    }
    const check = Object.hasOwn(LITERALS, name) ? LITERALS[name] : undefined
    const value = nodes[check?.argument ?? -1]?.constant
    if (check !== undefined && typeof value === 'string') this.#checked(() => check.read(value), at)
  }

  #checked<T>(work: () => T, at: number): T {
    try {
      return work()
    } catch (error) {
      if (error instanceof OverBudget) throw this.reject('what is constant costs too much', at)
      if (!(error instanceof Fault)) throw error
      throw this.reject(error.message, at)
    }
  }

  /** An operand that is an error counts only where no other decides. */
  #logic(decisive: boolean, args: readonly Expr[], scope: Scope): Node {
    const parts = args.map((arg) => {
      const decides = `const value = ${this.expect(arg, scope, BOOL).code}; if (value === ${decisive}) return ${decisive}; truth(value)`
      return `try { ${decides} } catch (error) { fault = firstFault(fault, error) }`
    })
    return {
      type: BOOL,
      code: this.code.hoisted(scope, 'let fault', ...parts, 'if (fault !== undefined) throw fault', `return ${!decisive}`),
    }
  }

  #conditional(args: readonly Expr[], scope: Scope, at: number): Node {
    const condition = this.expect(args[0]!, scope, BOOL).code
    const [yes, no] = [this.node(args[1]!, scope), this.node(args[2]!, scope)]
    const type = this.types.fresh()
    if (!this.types.assignable([yes.type, no.type], [type, type])) throw this.mismatch(yes.type, no.type, at)
    // A choice costs nothing itself, so that there is nothing to take back of one that is a branch.
    const isChoice = (expr: Expr) => expr.kind === 'call' && expr.name === '_?_:_'
    const branch = (node: Node, expr: Expr) => (isChoice(expr) ? node.code : asBranch(node))
    const code = `(truth(${condition}) ? ${branch(yes, args[1]!)} : ${branch(no, args[2]!)})`
    return { type: this.types.resolve(type), attribute: true, code }
  }

  /** `or` and `orValue` evaluate their argument only where the optional has no value. */
  #or(expr: Expr & { kind: 'call' }, target: Expr, scope: Scope): Node {
    const [left, right] = [this.node(target, scope), this.node(expr.args[0]!, scope)]
    const value = this.types.fresh()
    const other = expr.name === 'or' ? optionalOf(value) : value
    if (!this.types.assignable([left.type, right.type], [optionalOf(value), other])) {
      throw this.mismatch(optionalOf(right.type), left.type, expr.at)
    }
    const code = this.code.hoisted(
      scope,
      `const first = optional(${left.code})`,
      `return first.value === undefined ? ${right.code} : ${expr.name === 'or' ? 'first' : 'first.value'}`,
    )
    return { type: this.types.resolve(other), code }
  }
}

/** A node that a step is made from: where it is no attribute, that costs one more. */
const asAttribute = ({ attribute, code }: Node) => (attribute === true ? code : `charged(run, ${code}, 1)`)

/** A choice between attributes is one itself, and its own step is free. */
const asBranch = ({ attribute, code }: Node) => (attribute === true ? `charged(run, ${code}, -1)` : code)

/** `a.b.c` as one name; undefined for anything else. */
function qualified(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name
  if (expr.kind !== 'select' || expr.test || expr.optional) return undefined
  const before = qualified(expr.operand)
  return before === undefined ? undefined : `${before}.${expr.field}`
}

function literalType(value: Value): Type {
  return { kind: typeName(value), params: [] }
}
