// What all functions of a plan share: constants, files, builtins, and the functions that are still to be planned.
import type { Compiled } from '../../compile/compiled.ts'
import type { Location, Term } from '../../syntax/ast.ts'
import { numberText } from '../../values/decimal.ts'
import { isNumber, type Value } from '../../values/value.ts'
import type { Func, FuncKind, Operand, Place, Plan, Policy } from '../ir.ts'
import { RuleTree } from './tree.ts'

type Planned = Omit<Func, 'shadow' | 'path'>

/** Where a function's value is found in the data document, and so what hides it. */
type Document = readonly string[] | undefined

export class Program {
  readonly tree: RuleTree
  readonly traced: boolean
  readonly #strings = new Table<string>((value) => value)
  readonly #constants = new Table<Value>((value) => (isNumber(value) ? numberText(value) : value))
  readonly #files = new Table<string>((value) => value)
  readonly #builtins = new Table<string>((value) => value)
  readonly #mocks = new Table<string>((value) => value)
  readonly #targets = new Table<readonly string[]>((value) => JSON.stringify(value))
  readonly #funcs = new Map<string, { readonly document: Document; readonly hides: Document; planned: Planned | undefined }>()
  readonly #marks = new Table<Location>(({ file, start, end }) => `${file}:${start}:${end}`)
  readonly #waiting: (() => void)[] = []
  readonly #plans: Plan[] = []
  readonly #names = new Map<Term, string>()

  /** @param traced whether the plan tells of the places it comes to */
  constructor(compiled: Compiled, traced = false) {
    this.traced = traced
    this.tree = new RuleTree(compiled)
  }

  string(value: string): Operand {
    return { type: 'string_index', value: this.stringIndex(value) }
  }

  stringIndex(value: string): number {
    return this.#strings.index(value)
  }

  stringAt(index: number): string {
    return this.#strings.values[index]!
  }

  constant(value: Value): Operand {
    if (typeof value === 'string') return this.string(value)
    if (typeof value === 'boolean') return { type: 'bool', value }
    return { type: 'constant', value: this.#constants.index(value) }
  }

  place({ file, row, col }: Location): Place {
    return { file: this.#files.index(file), row, col }
  }

  where({ file, row, col }: Place): string {
    return `${this.#files.values[file]}:${row}:${col}`
  }

  builtin(name: string): string {
    this.#builtins.index(name)
    return name
  }

  /** The number by which generated code tells of a place. */
  mark(place: Location): number {
    return this.#marks.index(place)
  }

  /** The number by which generated code asks whether a function is replaced. */
  mock(name: string): number {
    return this.#mocks.index(name)
  }

  /** The number of a place below `data` that some `with` replaces. */
  target(path: readonly string[]): number {
    return this.#targets.index(path)
  }

  addPlan(plan: Plan): void {
    this.#plans.push(plan)
  }

  /** The name of what a term is computed by. */
  nameOf(term: Term): string {
    let name = this.#names.get(term)
    if (name === undefined) {
      name = `term ${this.#names.size}`
      this.#names.set(term, name)
    }
    return name
  }

  /**
   * The name of a function, which `plan` will be called once to plan. It is hidden by a `with` on `hides` or above, and then is what
   * the data document has at `document`.
   */
  func(name: string, kind: FuncKind, hides: Document, document: Document, plan: () => Pick<Planned, 'params' | 'blocks'>): string {
    if (this.#funcs.has(name)) return name
    const func: { document: Document; hides: Document; planned: Planned | undefined } = { document, hides, planned: undefined }
    this.#funcs.set(name, func)
    this.#waiting.push(() => {
      func.planned = { name, kind, ...plan() }
    })
    return name
  }

  finish(): Policy {
    for (let next = this.#waiting.pop(); next !== undefined; next = this.#waiting.pop()) next()
    const targets = this.#targets.values
    const funcs = [...this.#funcs.values()].map(({ planned, hides, document }): Func => {
      const hidden = targets.flatMap((target, at) => (hides !== undefined && target.every((part, n) => part === hides[n]) ? [at] : []))
      return { ...planned!, path: undefined, shadow: hidden.length === 0 ? undefined : { targets: hidden, place: document } }
    })
    return {
      strings: this.#strings.values,
      constants: this.#constants.values,
      files: this.#files.values,
      builtins: this.#builtins.values,
      mocks: this.#mocks.values,
      plans: this.#plans,
      funcs,
      ...(this.traced ? { marks: this.#marks.values } : {}),
    }
  }
}

class Table<T> {
  readonly values: T[] = []
  readonly #byKey = new Map<unknown, number>()
  readonly #key: (value: T) => unknown

  constructor(key: (value: T) => unknown) {
    this.#key = key
  }

  index(value: T): number {
    const key = this.#key(value)
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    this.#byKey.set(key, this.values.length)
    return this.values.push(value) - 1
  }
}
