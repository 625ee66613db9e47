// One function in the making: its locals, its variables, and the block that is being written. A scan goes on inside its own block, so that
// what follows in the source follows in the innermost one, once for every solution.
import type { Location } from '../../syntax/ast.ts'
import type { Value } from '../../values/value.ts'
import type { Block, Operand, Place, Statement } from '../ir.ts'
import { unplannable } from './errors.ts'
import type { Program } from './program.ts'

type Distribute<S> = S extends unknown ? Omit<S, 'place'> : never
export type Unplaced = Distribute<Statement>

/** A block that has been written, and where it goes on: the innermost block of its solutions. */
export interface Written {
  readonly block: Block
  readonly tail: Statement[]
  /** Blocks from the block to its tail; 0 where it has one solution at most. */
  readonly depth: number
}

/** Loops in loops; far more would end the stack of whoever reads the code. */
const MAX_NESTING = 400

export class Code {
  readonly program: Program
  /** The documents as they are here; a `with` changes them. */
  input: Operand = local(0)
  data: Operand = local(1)
  /** Paths into the first input that are gone already, in the open blocks. */
  readonly #hoisted: { readonly path: readonly Value[]; readonly local: number }[] = []
  #locals = 2
  readonly #blocks: Statement[][] = []
  /** Which of them are the bodies of loops. */
  readonly #loops: number[] = []
  readonly #frames: Map<string, Operand>[] = [new Map()]
  #place: Place = { file: 0, row: 0, col: 0 }

  constructor(program: Program, params: number) {
    this.program = program
    this.#locals = params
  }

  /** A local of its own. */
  local(): number {
    return this.#locals++
  }

  /** The local for what the input has at a path, or undefined for nothing; it is looked up once. */
  hoist(path: readonly Value[]): number {
    const before = this.hoisted(path)
    if (before?.path.length === path.length) return before.local
    const target = this.local()
    const rest = path.slice(before?.path.length ?? 0).map((part) => this.program.constant(part))
    this.emit({ type: 'PathStmt', source: before === undefined ? this.input : local(before.local), path: rest, target })
    this.#hoisted.push({ path, local: target })
    return target
  }

  /** The local for what a value has at a path, or undefined for nothing. */
  follow(source: Operand, path: readonly Value[]): number {
    if (source.type === 'local' && path.length === 0) return source.value
    const target = this.local()
    this.emit({ type: 'PathStmt', source, path: path.map((part) => this.program.constant(part)), target })
    return target
  }

  /** The longest beginning of a path that is hoisted; none where a `with` replaces the input. */
  hoisted(path: readonly Value[]): { readonly path: readonly Value[]; readonly local: number } | undefined {
    if (this.input.value !== 0) return undefined
    const found = this.#hoisted.filter((each) => each.path.length <= path.length && each.path.every((part, at) => part === path[at]))
    return found.sort((a, b) => b.path.length - a.path.length)[0]
  }

  at(location: Location): void {
    this.#place = this.program.place(location)
  }

  get place(): Place {
    return this.#place
  }

  /** Tells, in a plan that is traced, that a place is reached. */
  visit(location: Location): void {
    if (this.program.traced) this.emit({ type: 'VisitStmt', mark: this.program.mark(location) })
  }

  returnTo(place: Place): void {
    this.#place = place
  }

  emit(statement: Unplaced): void {
    this.#blocks.at(-1)!.push({ ...statement, place: this.#place } as Statement)
  }

  /** Writes a block, and the blocks that are opened in it. */
  block(write: () => void): Written {
    const block: Statement[] = []
    const before = this.#blocks.push(block)
    const hoisted = this.#hoisted.length
    write()
    const written = { block, tail: this.#blocks.at(-1)!, depth: this.#blocks.length - before }
    this.#close(before - 1)
    this.#hoisted.length = hoisted
    return written
  }

  /** What is emitted next stands in the loop's body. */
  scan(source: number): { readonly key: number; readonly value: number } {
    if (this.#blocks.length > MAX_NESTING) unplannable(this, `loops nest deeper than ${MAX_NESTING}`)
    const block: Statement[] = []
    const [key, value] = [this.local(), this.local()]
    this.emit({ type: 'ScanStmt', source, key, value, block })
    this.#loops.push(this.#blocks.push(block))
    return { key, value }
  }

  /** A loop that closes behind what `write` emits. */
  loop(source: number, write: (key: number, value: number) => void): void {
    const before = this.#blocks.length
    const { key, value } = this.scan(source)
    write(key, value)
    this.#close(before)
  }

  /** What is emitted next may run more than once. */
  get inLoop(): boolean {
    return this.#loops.length > 0
  }

  #close(depth: number): void {
    this.#blocks.length = depth
    while ((this.#loops.at(-1) ?? 0) > depth) this.#loops.pop()
  }

  /** How many blocks are open; the number of the innermost one. */
  get depth(): number {
    return this.#blocks.length
  }

  /** Leaves the block that is the `depth`-th: what it stands in goes on behind it. */
  leave(depth: number): void {
    this.emit({ type: 'BreakStmt', index: this.#blocks.length - depth })
  }

  /** Nothing holds from here on. */
  fail(): void {
    this.leave(this.depth)
  }

  /** The value bound to a variable; undefined where it is still free. */
  lookUp(name: string): Operand | undefined {
    for (let at = this.#frames.length - 1; at >= 0; at--) {
      const bound = this.#frames[at]!.get(name)
      if (bound !== undefined) return bound
    }
    return undefined
  }

  bind(name: string, value: Operand): void {
    this.#frames.at(-1)!.set(name, value)
  }

  /** Runs with variables of its own, which are given back. */
  scope(run: () => void): ReadonlyMap<string, Operand> {
    this.#frames.push(new Map())
    run()
    return this.#frames.pop()!
  }

  get bound(): ReadonlyMap<string, Operand> {
    return this.#frames.at(-1)!
  }
}

export const local = (value: number): Operand => ({ type: 'local', value })
