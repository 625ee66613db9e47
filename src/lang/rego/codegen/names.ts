// How locals and constants are named in the code of one function, and what is known of them.
import type { Index, Operand, Policy } from '../plan/ir.ts'
import { isNumber, RegoSet, type Value } from '../values/value.ts'
import type { Written } from './intrinsics.ts'

/** The JavaScript in the making. */
export interface Module {
  readonly policy: Policy
  readonly builtins: ReadonlyMap<string, number>
  readonly funcs: ReadonlyMap<string, number>
  readonly parts: string[]
  /** Constants and builtins that the code names. */
  readonly constants: Set<number>
  readonly calledBuiltins: Set<number>
  readonly indexes: Index[]
  readonly indexParts: string[]
  /** What is made is marked, for a function that adds to what it may not have made. */
  readonly marksOwn: boolean
}

export class Names {
  /** Locals are in an array `L`, so that blocks can be functions of their own whatever they use. */
  large = false
  /** Those that are named and must be declared. */
  readonly locals = new Set<number>()
  readonly #module: Module

  constructor(module: Module) {
    this.#module = module
  }

  /** A look-up; `stored`: the source is a place in the store. */
  dot(source: string, key: Operand, stored: boolean): string {
    const name = this.valueOf(key)
    if (typeof name === 'string' && !name.startsWith('\0')) return `field(${source}, ${this.operand(key)})`
    return `${stored ? 'dotData' : 'dot'}(${source}, ${this.operand(key)})`
  }

  /** The test that two operands are equal, or its contrary. */
  equal(a: Operand, b: Operand, not: boolean): string {
    const [left, right] = this.typeOf(a) !== undefined || a.type === 'bool' ? [b, a] : [a, b]
    const [x, y] = [this.operand(left), this.operand(right)]
    const constant = this.valueOf(right)
    if (typeof constant === 'string' || typeof constant === 'boolean' || constant === null) return `${x} ${not ? '!==' : '==='} ${y}`
    const call = typeof constant === 'number' ? `equalsNumber(${x}, ${y})` : `equal(${x}, ${y})`
    return not ? `!${call}` : call
  }

  /** What a constant is. */
  valueOf(operand: Operand): Value | undefined {
    if (operand.type === 'bool') return operand.value
    if (operand.type === 'string_index') return this.#module.policy.strings[operand.value]
    return operand.type === 'constant' ? this.#module.policy.constants[operand.value] : undefined
  }

  /** The type of a constant, where a test of it can be left out. */
  typeOf(operand: Operand): Written['type'] {
    const value = this.valueOf(operand)
    if (typeof value === 'string') return 'string'
    if (isNumber(value)) return typeof value === 'number' ? 'number' : undefined
    return value instanceof RegoSet ? 'set' : undefined
  }

  /** Any operand, as it is named. */
  operand(operand: Operand): string {
    if (operand.type === 'local') return this.local(operand.value)
    if (operand.type === 'bool') return String(operand.value)
    return this.constant(operand.type === 'string_index' ? operand.value : operand.value + this.#module.policy.strings.length)
  }

  /** A constant, by its number among strings and constants. */
  constant(index: number): string {
    this.#module.constants.add(index)
    return `k${index}`
  }

  local(each: number): string {
    if (this.large) return `L[${each}]`
    this.locals.add(each)
    return `l${each}`
  }
}
