import { ThymusError } from '../../../core/errors.ts'
import type { RegoNumber } from '../values/decimal.ts'
import { readNumber } from '../values/decimal.ts'
import {
  type Block,
  type Field,
  type Func,
  type Operand,
  type Place,
  type Policy,
  STATEMENTS,
  type Statement,
  type StatementType,
} from './ir.ts'

/** OPA numbers locals without gaps; a plan with more would be a plan of gigabytes. */
export const MAX_LOCAL = 1_000_000
/** Blocks nest as rules and comprehensions do; deeper would end the stack of the generator. */
export const MAX_NESTING = 500

/**
 * Reads a parsed plan.json. Believes nothing: unknown statements, missing fields, constants and jumps that lead nowhere are refused
 * with ThymusError REGO_PLAN and their place in the document.
 */
export function loadPlan(document: unknown): Policy {
  return new Loader().policy(document)
}

type Json = Readonly<Record<string, unknown>>

class Loader {
  #strings: readonly string[] = []
  readonly #constants: RegoNumber[] = []
  readonly #numbers = new Map<number, number>()

  policy(document: unknown): Policy {
    const root = record(document, 'plan')
    const fixed = root.static == null ? {} : record(root.static, 'static')
    const named = (key: string, field: string) =>
      list(fixed[key], `static.${key}`).map((item, at) =>
        text(record(item, `static.${key}[${at}]`)[field], `static.${key}[${at}].${field}`),
      )
    this.#strings = named('strings', 'value')
    return {
      strings: this.#strings,
      constants: this.#constants,
      mocks: [],
      files: named('files', 'value'),
      builtins: named('builtin_funcs', 'name'),
      plans: list(record(root.plans ?? {}, 'plans').plans, 'plans.plans').map((item, at) => this.#plan(item, `plans.plans[${at}]`)),
      funcs: list(record(root.funcs ?? {}, 'funcs').funcs, 'funcs.funcs').map((item, at) => this.#func(item, `funcs.funcs[${at}]`)),
    }
  }

  #plan(item: unknown, at: string) {
    const plan = record(item, at)
    return { name: text(plan.name, `${at}.name`), blocks: this.#blocks(plan.blocks, `${at}.blocks`, 0) }
  }

  #func(item: unknown, at: string): Func {
    const func = record(item, at)
    const params = list(func.params, `${at}.params`).map((param, n) => local(param, `${at}.params[${n}]`))
    return {
      ...this.#plan(item, at),
      kind: params.length === 2 ? 'rule' : 'function',
      shadow: undefined,
      path: func.path == null ? undefined : list(func.path, `${at}.path`).map((part, n) => text(part, `${at}.path[${n}]`)),
      params,
    }
  }

  #blocks(items: unknown, at: string, depth: number): Block[] {
    return list(items, at).map((item, n) => this.#block(item, `${at}[${n}]`, depth + 1))
  }

  #block(item: unknown, at: string, depth: number): Block {
    if (depth > MAX_NESTING) refuse(at, `blocks nest deeper than ${MAX_NESTING}`)
    return list(record(item, at).stmts, `${at}.stmts`).map((stmt, n) => this.#statement(stmt, `${at}.stmts[${n}]`, depth))
  }

  #statement(item: unknown, at: string, depth: number): Statement {
    const { type, stmt } = record(item, at)
    if (typeof type !== 'string' || !Object.hasOwn(STATEMENTS, type)) refuse(at, `no statement of the IR: ${JSON.stringify(type)}`)
    const given = record(stmt, `${at}.stmt`)
    const fields: Record<string, unknown> = { type, place: place(given) }
    for (const [name, kind] of Object.entries(STATEMENTS[type as StatementType])) {
      // The schema keeps `Index` as an old spelling.
      const value = name === 'index' ? (given.index ?? given.Index) : given[name]
      fields[name] = this.#field(kind, value, `${at}.${type}.${name}`, depth)
    }
    if (type === 'BreakStmt' && (fields.index as number) >= depth) refuse(at, 'the jump leads out of the function')
    return fields as unknown as Statement
  }

  #field(kind: Field, value: unknown, at: string, depth: number): unknown {
    if (kind === 'local') return local(value, at)
    if (kind === 'operand') return this.#operand(value, at)
    if (kind === 'int') return int(value, at)
    if (kind === 'string') return this.#string(value, at)
    if (kind === 'number') return this.#number(value, at)
    if (kind === 'name') return text(value, at)
    if (kind === 'block') return this.#block(value, at, depth + 1)
    if (kind === 'blocks') return this.#blocks(value, at, depth)
    const each = { locals: local, operands: this.#operand.bind(this), strings: this.#string.bind(this) }[kind]
    return list(value, at).map((item, n) => each(item, `${at}[${n}]`))
  }

  #operand(value: unknown, at: string): Operand {
    const operand = record(value, at)
    if (operand.type === 'local') return { type: 'local', value: local(operand.value, at) }
    if (operand.type === 'string_index') return { type: 'string_index', value: this.#string(operand.value, at) }
    if (operand.type !== 'bool' || typeof operand.value !== 'boolean') refuse(at, 'no operand')
    return { type: 'bool', value: operand.value }
  }

  #string(value: unknown, at: string): number {
    const index = int(value, at)
    if (index < 0 || index >= this.#strings.length) refuse(at, 'no such string constant')
    return index
  }

  #number(value: unknown, at: string): number {
    const index = this.#string(value, at)
    const known = this.#numbers.get(index)
    if (known !== undefined) return known
    const number = readNumber(this.#strings[index]!) ?? refuse(at, 'no number')
    this.#numbers.set(index, this.#constants.length)
    return this.#constants.push(number) - 1
  }
}

function place(given: Json): Place {
  const number = (value: unknown) => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0)
  return { file: number(given.file), row: number(given.row), col: number(given.col) }
}

function record(value: unknown, at: string): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : refuse(at, 'no object')
}

function list(value: unknown, at: string): readonly unknown[] {
  if (value == null) return []
  return Array.isArray(value) ? value : refuse(at, 'no array')
}

function text(value: unknown, at: string): string {
  return typeof value === 'string' ? value : refuse(at, 'no string')
}

function int(value: unknown, at: string): number {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : refuse(at, 'no integer')
}

function local(value: unknown, at: string): number {
  const index = int(value, at)
  return index >= 0 && index <= MAX_LOCAL ? index : refuse(at, 'no local variable')
}

function refuse(at: string, message: string): never {
  throw new ThymusError('REGO_PLAN', message, { at })
}
