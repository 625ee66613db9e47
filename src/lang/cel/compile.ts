// From the tree to functions, types checked on the way as cel-go's checker does: one walk, since what a call may be depends on its types alone.
// Not on `@bufbuild/cel` (0.6.1), which was tried first: its parser knows no optional syntax (`?.`, `[?`), its checker knows constants and names
// alone, so `1 + "a"` and unknown functions pass; there are no macros of two variables, no costs to bound a run by, and 20 containers took
// 33 µs to go through where this takes a fraction. All that would have been left of it is the grammar.
import type { ThymusError } from '../../core/errors.ts'
import type { Expr } from './ast.ts'
import { costOf } from './cost.ts'
import { compileFold } from './fold.ts'
import { rejected } from './lexer.ts'
import type { Overload } from './library/library.ts'
import { LITERALS } from './library/literals.ts'
import { indexed } from './library/operators.ts'
import { Fault, noOverload, type Run } from './run.ts'
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  isDyn,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  STRING,
  Substitutions,
  sameType,
  showType,
  TIMESTAMP,
  type Type,
  typeOf,
  UINT,
} from './types.ts'
import { CelMap, EntryMap, ItemList, isKey, List, Optional, TypeValue, typeName, type Value } from './values.ts'

export type Evaluate = (run: Run) => Value

export interface Node {
  readonly type: Type
  readonly evaluate: Evaluate
  /** Where it does not depend on anything. */
  readonly constant?: Value
}

/** Names within macros, innermost last. */
export type Scope = readonly { readonly name: string; readonly type: Type; readonly slot: number }[]

const TYPES: Readonly<Record<string, Type>> = {
  bool: BOOL,
  bytes: BYTES,
  double: DOUBLE,
  int: INT,
  uint: UINT,
  string: STRING,
  null_type: NULL,
  list: listOf(DYN),
  map: mapOf(DYN, DYN),
  type: typeOf(DYN),
  optional_type: optionalOf(DYN),
  'google.protobuf.Timestamp': TIMESTAMP,
  'google.protobuf.Duration': DURATION,
}

export interface Environment {
  readonly variables: ReadonlyMap<string, Type>
  readonly functions: ReadonlyMap<string, readonly Overload[]>
}

/** Throws CEL_REJECTED for what cel-go's checker refuses, with line and column. */
export function compileTree(tree: Expr, text: string, environment: Environment): Node {
  const compiler = new Compiler(text, environment)
  const node = compiler.node(tree, [])
  compiler.finish()
  return { ...node, type: compiler.types.resolve(node.type, true) }
}

export class Compiler {
  readonly types = new Substitutions()
  readonly #text: string
  readonly #environment: Environment
  /** Checks that need every parameter known. */
  readonly #later: (() => void)[] = []
  /** Calls of `format` around: what it shows may be of any types. */
  #formats = 0

  constructor(text: string, environment: Environment) {
    this.#text = text
    this.#environment = environment
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
        return constant(expr.value, literalType(expr.value))
      case 'ident':
        return this.#ident(expr.name, expr.at, scope)
      case 'select':
        return this.#select(expr, scope)
      case 'call':
        return this.#call(expr, scope)
      case 'list':
        return this.#list(expr, scope)
      case 'map':
        return this.#map(expr, scope)
      case 'fold':
        return compileFold(this, expr, scope)
    }
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
    if (local !== undefined) {
      const { slot, type } = local
      return {
        type,
        evaluate: (run) => {
          run.charge(1)
          return run.locals[slot]!
        },
      }
    }
    const type = this.#environment.variables.get(name)
    if (type !== undefined) {
      return {
        type,
        evaluate: (run) => {
          run.charge(1)
          return run.variable(name)
        },
      }
    }
    const named = this.#typeNamed(name)
    if (named !== undefined) return named
    if (name === 'authorizer') throw this.reject('authorizer is not supported: no one here can ask an API server what a user may do', at)
    throw this.reject(`undeclared reference to '${name}'`, at)
  }

  #typeNamed(name: string): Node | undefined {
    return Object.hasOwn(TYPES, name) ? constant(new TypeValue(name), typeOf(TYPES[name]!)) : undefined
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
    const { evaluate } = operand
    if (test) return { type: BOOL, evaluate: (run) => hasField(evaluate(run), field) }
    const inOptional = this.types.resolve(operand.type).kind === 'optional_type'
    const type = optional || inOptional ? optionalOf(found) : found
    if (optional) {
      return {
        type,
        evaluate: (run) => {
          const value = evaluate(run)
          run.charge(1)
          return optionalField(value, field)
        },
      }
    }
    return {
      type,
      evaluate: (run) => {
        const value = evaluate(run)
        run.charge(1)
        if (value instanceof CelMap) {
          const found = value.get(field)
          if (found === undefined) throw new Fault(`no such key: ${field}`)
          return found
        }
        if (value instanceof Optional) return optionalField(value, field)
        throw noOverload(`${typeName(value)}.${field}`)
      },
    }
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
    if (name === 'format') this.#formats++
    const nodes = args.map((arg) => this.node(arg, scope))
    if (name === 'format') this.#formats--
    const overloads = this.#environment.functions.get(name)
    if (overloads === undefined) throw this.reject(`undeclared reference to '${name}'`, at)
    const fitting: Overload[] = []
    let result: Type | undefined
    for (const overload of overloads) {
      if (overload.member !== member || overload.args.length !== nodes.length) continue
      const [own, ...wanted] = this.types.instantiate([overload.result, ...overload.args])
      if (
        !this.types.assignable(
          nodes.map(({ type }) => type),
          wanted,
        )
      )
        continue
      fitting.push(overload)
      const type = this.types.resolve(own!)
      result = result === undefined || sameType(result, type) ? type : DYN
    }
    if (result === undefined) {
      const types = nodes.map(({ type }) => showType(this.types.resolve(type, true)))
      const shown = member ? `${types[0]}.(${types.slice(1).join(', ')})` : `(${types.join(', ')})`
      throw this.reject(`found no matching overload for '${name}' applied to '${shown}'`, at)
    }
    this.#checkLiteral(name, args, at)
    return { type: result, evaluate: invocation(name, fitting, nodes) }
  }

  /** Kubernetes refuses what is a constant and wrong: no duration, no moment, no regular expression. */
  #checkLiteral(name: string, args: readonly Expr[], at: number): void {
    const check = Object.hasOwn(LITERALS, name) ? LITERALS[name] : undefined
    const arg = args[check?.argument ?? -1]
    if (check === undefined || arg?.kind !== 'literal' || typeof arg.value !== 'string') return
    try {
      check.read(arg.value)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      throw this.reject(error.message, at)
    }
  }

  /** An operand that is an error counts only where no other decides. */
  #logic(decisive: boolean, args: readonly Expr[], scope: Scope): Node {
    const parts = args.map((arg) => this.expect(arg, scope, BOOL).evaluate)
    return {
      type: BOOL,
      evaluate: (run) => {
        let fault: Fault | undefined
        for (const part of parts) {
          try {
            const value = part(run)
            if (value === decisive) return decisive
            if (typeof value !== 'boolean') fault ??= noOverload(`${typeName(value)} as a condition`)
          } catch (error) {
            if (!(error instanceof Fault)) throw error
            fault ??= error
          }
        }
        if (fault !== undefined) throw fault
        return !decisive
      },
    }
  }

  #conditional(args: readonly Expr[], scope: Scope, at: number): Node {
    const condition = this.expect(args[0]!, scope, BOOL).evaluate
    const [yes, no] = [this.node(args[1]!, scope), this.node(args[2]!, scope)]
    const type = this.types.fresh()
    if (!this.types.assignable([yes.type, no.type], [type, type])) throw this.mismatch(yes.type, no.type, at)
    return {
      type: this.types.resolve(type),
      evaluate: (run) => {
        const value = condition(run)
        if (typeof value !== 'boolean') throw noOverload(`${typeName(value)} as a condition`)
        return value ? yes.evaluate(run) : no.evaluate(run)
      },
    }
  }

  /** `or` and `orValue` evaluate their argument only where the optional has no value. */
  #or(expr: Expr & { kind: 'call' }, target: Expr, scope: Scope): Node {
    const [left, right] = [this.node(target, scope), this.node(expr.args[0]!, scope)]
    const value = this.types.fresh()
    const other = expr.name === 'or' ? optionalOf(value) : value
    if (!this.types.assignable([left.type, right.type], [optionalOf(value), other])) {
      throw this.mismatch(optionalOf(right.type), left.type, expr.at)
    }
    return {
      type: this.types.resolve(other),
      evaluate: (run) => {
        const first = left.evaluate(run)
        if (!(first instanceof Optional)) throw noOverload(`${typeName(first)}.${expr.name}`)
        if (first.value !== undefined) return expr.name === 'or' ? first : first.value
        const second = right.evaluate(run)
        if (expr.name === 'or' && !(second instanceof Optional)) throw noOverload(`or(${typeName(second)})`)
        return second
      },
    }
  }

  #list(expr: Expr & { kind: 'list' }, scope: Scope): Node {
    const items = expr.items.map(({ value, optional }) => ({ optional, node: this.node(value, scope), at: value.at }))
    const type = this.#join(items.map(({ node, optional, at }) => ({ type: optional ? this.#unwrapped(node.type, at) : node.type, at })))
    const plain = items.map(({ node }) => node.evaluate)
    // As cel-go optimizes: a list of constants is one.
    if (items.every(({ node, optional }) => !optional && node.constant !== undefined)) {
      return constant(new ItemList(items.map(({ node }) => node.constant!)), listOf(type))
    }
    const optional = items.map((item) => item.optional)
    return {
      type: listOf(type),
      evaluate: (run) => {
        run.charge(10)
        const all: Value[] = []
        for (let at = 0; at < plain.length; at++) put(plain[at]!(run), optional[at]!, (value) => all.push(value))
        return new ItemList(all)
      },
    }
  }

  #map(expr: Expr & { kind: 'map' }, scope: Scope): Node {
    const entries = expr.entries.map(({ key, value, optional }) => ({
      optional,
      key: this.node(key, scope),
      value: this.node(value, scope),
      ats: [key.at, value.at] as const,
    }))
    const keyType = this.#join(entries.map(({ key, ats }) => ({ type: key.type, at: ats[0] })))
    const valueType = this.#join(
      entries.map(({ value, optional, ats }) => ({ type: optional ? this.#unwrapped(value.type, ats[1]) : value.type, at: ats[1] })),
    )
    return {
      type: mapOf(keyType, valueType),
      evaluate: (run) => {
        run.charge(30)
        const map = new EntryMap()
        for (const { key, value, optional } of entries) {
          const name = key.evaluate(run)
          put(value.evaluate(run), optional, (one) => insert(map, name, one))
        }
        return map
      },
    }
  }

  #unwrapped(type: Type, at: number): Type {
    const value = this.types.fresh()
    if (!this.types.assignable([type], [optionalOf(value)])) throw this.mismatch(optionalOf(DYN), type, at)
    return this.types.resolve(value)
  }

  /** The type of all of them: dyn where they differ, which Kubernetes refuses unless each says so itself. */
  #join(parts: readonly { readonly type: Type; readonly at: number }[]): Type {
    let joined: Type | undefined
    for (const { type } of parts) {
      if (joined === undefined) joined = type
      else joined = this.types.assignable([joined], [type]) ? general(this.types.resolve(joined), this.types.resolve(type)) : DYN
    }
    if (this.#formats > 0) return joined ?? this.types.fresh()
    this.#later.push(() => {
      const first = parts[0] === undefined ? DYN : this.types.resolve(parts[0].type, true)
      for (const { type, at } of parts) if (!sameType(first, this.types.resolve(type, true))) throw this.mismatch(first, type, at)
    })
    return joined ?? this.types.fresh()
  }
}

/** `a.b.c` as one name; undefined for anything else. */
function qualified(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name
  if (expr.kind !== 'select' || expr.test || expr.optional) return undefined
  const before = qualified(expr.operand)
  return before === undefined ? undefined : `${before}.${expr.field}`
}

function general(a: Type, b: Type): Type {
  return isDyn(b) || b.kind === 'param' ? (isDyn(a) || a.kind === 'param' ? a : b) : a
}

const constant = (value: Value, type: Type): Node => ({ type, constant: value, evaluate: () => value })

function literalType(value: Value): Type {
  return { kind: typeName(value), params: [] }
}

function hasField(value: Value, field: string): boolean {
  if (value instanceof CelMap) return value.get(field) !== undefined
  if (value instanceof Optional) return value.value !== undefined && hasField(value.value, field)
  // What has no fields has not this one either; a list is asked for an index, which no name is (interpreter/attributes.go, refQualify).
  if (value instanceof List) throw noOverload(`has(list.${field})`)
  return false
}

function optionalField(value: Value, field: string): Value {
  const operand = value instanceof Optional ? value.value : value
  if (operand === undefined) return Optional.NONE
  if (!(operand instanceof CelMap)) throw noOverload(`${typeName(operand)}.?${field}`)
  const found = indexed(operand, field)
  return found === undefined ? Optional.NONE : new Optional(found)
}

/** The value itself, or what an optional one holds, if it does. */
function put(value: Value, optional: boolean, keep: (value: Value) => void): void {
  if (!optional) keep(value)
  else if (!(value instanceof Optional)) throw new Fault(`cannot initialize an optional element from ${typeName(value)}`)
  else if (value.value !== undefined) keep(value.value)
}

export function insert(map: EntryMap, key: Value, value: Value): void {
  if (!isKey(key)) throw new Fault(`unsupported key type: ${typeName(key)}`)
  if (!map.add(key, value)) throw new Fault(`key already exists: ${String(key)}`)
}

/** Calls the first overload whose types the values have. */
function invocation(name: string, overloads: readonly Overload[], args: readonly Node[]): Evaluate {
  const cost = costOf(name)
  const parts = args.map(({ evaluate }) => evaluate)
  const [a, b] = parts
  // An operator looks at its types itself, and indexing is free but for the step.
  if (overloads[0]!.accepts.length === 0 && parts.length > 0) {
    const { call } = overloads[0]!
    return (run) => {
      const left = a!(run)
      const right = b?.(run)
      run.charge(cost === undefined ? 1 : cost([left, right!]))
      return call(run, left, right!)
    }
  }
  return (run) => {
    const values = parts.map((part) => part(run))
    for (const { accepts, call } of overloads) {
      if (!accepts.every((accept, at) => accept(values[at]!))) continue
      run.charge(cost?.(values) ?? 1)
      return call(run, ...values)
    }
    throw noOverload(`${name}(${values.map(typeName).join(', ')})`)
  }
}
