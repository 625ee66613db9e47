// Calls of functions and builtins.
import { ThymusError } from '../../../core/errors.ts'
import { signatureOf } from '../builtins/signatures.ts'
import type { Mock, Operand, Place, Statement } from '../plan/ir.ts'
import { intrinsic, type Written } from './intrinsics.ts'
import type { Module, Names } from './names.ts'

/** The code of a call, and whether its value is true or false and never undefined. */
export interface CallCode {
  readonly code: string
  readonly boolean: boolean
}

export class Calls {
  readonly #module: Module
  readonly #names: Names

  constructor(module: Module, names: Names) {
    this.#module = module
    this.#names = names
  }

  /** A call that a `with` may turn elsewhere. */
  invoke(stmt: Extract<Statement, { type: 'InvokeStmt' }>): CallCode {
    const { func, input, data, args, otherwise } = stmt
    if (otherwise !== undefined) {
      const functions = [func, otherwise.func].map((name) => `f${this.#module.funcs.get(name)!}`)
      const operands = [input, data, ...otherwise.args].map((operand) => this.#names.operand(operand))
      return { code: `attempt(${['rt', ...functions, ...operands].join(', ')})`, boolean: false }
    }
    const own = this.#module.funcs.has(func)
    const called = own ? { code: this.func(stmt, [input, data, ...args]), boolean: false } : this.builtin(stmt, args)
    const mock = this.#module.policy.mocks.indexOf(func)
    if (mock < 0) return called
    const operands = [input, data, ...args].map((operand) => this.#names.operand(operand))
    const mocked = `rt.mocks[${mock}](${['rt', ...operands].join(', ')})`
    return { code: `rt.mocks?.[${mock}] === undefined ? ${called.code} : ${mocked}`, boolean: false }
  }

  func({ func: name }: { func: string }, args: readonly Operand[]): string {
    const func = this.#module.funcs.get(name)!
    const { params } = this.#module.policy.funcs[func]!
    if (params.length !== args.length) throw new ThymusError('REGO_PLAN', `${name} takes ${params.length} arguments, not ${args.length}`)
    return `f${func}(${['rt', ...args.map((arg) => this.#names.operand(arg))].join(', ')})`
  }

  builtin({ func, place: at }: { func: string; place: Place }, args: readonly Operand[]): CallCode {
    const builtin = this.#module.builtins.get(func)
    if (builtin === undefined) {
      const where = `${this.#module.policy.files[at.file] ?? 'plan'}:${at.row}:${at.col}`
      throw new ThymusError('REGO_BUILTIN', `there is no function ${JSON.stringify(func)}`, { at: where })
    }
    const signature = signatureOf(func)?.type
    if (signature !== undefined && signature.variadic === undefined && signature.params.length !== args.length)
      throw new ThymusError('REGO_PLAN', `${func} takes ${signature.params.length} arguments, not ${args.length}`)
    const operands = args.map((arg): Written => ({ code: this.#names.operand(arg), type: this.#names.typeOf(arg) }))
    const call = `c${builtin}(${['rt', ...operands.map(({ code }) => code)].join(', ')})`
    const inPlace = intrinsic(func, operands, call)
    if (inPlace?.includes(call) ?? true) this.#module.calledBuiltins.add(builtin)
    return { code: inPlace ?? call, boolean: inPlace !== undefined && !inPlace.includes(call) }
  }

  mock(mock: Mock): string {
    if (mock.by === 'value') return `always(${this.#names.operand(mock.value)})`
    const func = this.#module.funcs.get(mock.func)
    if (func !== undefined) return mock.by === 'rule' ? `f${func}` : `unmocked(f${func})`
    const builtin = this.#module.builtins.get(mock.func)!
    this.#module.calledBuiltins.add(builtin)
    return `unmockedBuiltin(c${builtin})`
  }
}
