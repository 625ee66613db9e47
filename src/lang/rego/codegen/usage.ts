// Which locals statements read and write.
import { type Block, type Operand, STATEMENTS, type Statement } from '../plan/ir.ts'

export interface Usage {
  /** Reads by local. */
  readonly reads: ReadonlyMap<number, number>
  /** Writes by local. */
  readonly writes: ReadonlyMap<number, number>
  /** Locals that may be made undefined, or are so until something holds. */
  readonly volatile: ReadonlySet<number>
  /** Whether the whole function may return in here. */
  readonly returns: boolean
  /** Statements, those of inner blocks included. */
  readonly count: number
}

/** Blocks do not change, and are looked at again by every function that they stand in. */
const known = new WeakMap<Block, Usage>()

export function usageOf(blocks: readonly Block[]): Usage {
  const [first] = blocks
  if (first === undefined || blocks.length > 1) {
    const collector = new Collector()
    for (const block of blocks) collector.include(usageOf([block]))
    return collector
  }
  let usage = known.get(first)
  if (usage === undefined) {
    usage = new Collector(first)
    known.set(first, usage)
  }
  return usage
}

/** Locals that are made undefined, or written at more than one place, so that a value seen once says nothing of later. */
export function unsteady({ writes, volatile }: Usage, params: readonly number[]): Set<number> {
  const all = new Set(volatile)
  for (const [local, count] of writes) if (count > 1 || params.includes(local)) all.add(local)
  return all
}

/** The locals that are read or written. */
export const touched = (usage: Usage) => new Set([...usage.reads.keys(), ...usage.writes.keys()])

/** Statements, without those of a SelectStmt's blocks, which become functions where they are many. */
export function countStaying(blocks: readonly Block[]): number {
  let total = 0
  for (const block of blocks) {
    for (const statement of block) total += 1 + (statement.type === 'SelectStmt' ? 0 : countStaying(blocksOf(statement)))
  }
  return total
}

/** The blocks that stand in a statement. */
export function blocksOf(statement: Statement): readonly Block[] {
  if (statement.type === 'BlockStmt' || statement.type === 'SelectStmt') return statement.blocks
  return 'block' in statement ? [statement.block] : []
}

class Collector implements Usage {
  readonly reads = new Map<number, number>()
  readonly writes = new Map<number, number>()
  readonly volatile = new Set<number>()
  returns = false
  count = 0

  constructor(block: Block = []) {
    for (const statement of block) {
      this.count++
      this.#access(statement)
      if (statement.type === 'ReturnStmt' || statement.type === 'ReturnLocalStmt') this.returns = true
      if (statement.type === 'ResetLocalStmt' || statement.type === 'AssignVarOnceStmt') this.volatile.add(statement.target)
      if (statement.type === 'WithStmt') this.volatile.add(statement.local)
      for (const inner of blocksOf(statement)) this.include(usageOf([inner]))
    }
  }

  include({ reads, writes, volatile, returns, count }: Usage): void {
    for (const [local, times] of reads) add(this.reads, local, times)
    for (const [local, times] of writes) add(this.writes, local, times)
    for (const local of volatile) this.volatile.add(local)
    this.returns ||= returns
    this.count += count
  }

  #access(statement: Statement): void {
    switch (statement.type) {
      case 'InvokeStmt':
        this.#read(statement.input, statement.data, ...statement.args, ...(statement.otherwise?.args ?? []))
        this.#write(statement.result)
        break
      case 'GetStmt':
        this.#read(statement.source, statement.key)
        this.#write(statement.target)
        break
      case 'PathStmt':
        this.#read(statement.source)
        this.#write(statement.target)
        break
      case 'UpsertStmt':
        this.#read(statement.source, statement.value)
        this.#write(statement.target)
        break
      case 'WorldStmt':
        for (const mock of statement.mocks) if (mock.by === 'value') this.#read(mock.value)
        break
      case 'InsertPathStmt':
        this.#readLocal(statement.object)
        this.#read(...statement.path, statement.value)
        break
      case 'ReturnStmt':
        this.#read(statement.source)
        break
      case 'SelectStmt':
        for (const local of statement.sources) this.#readLocal(local)
        break
      case 'TestStmt':
        this.#readLocal(statement.source)
        break
      case 'VisitStmt':
        break
      case 'ScanStmt':
        this.#readLocal(statement.source)
        this.#write(statement.key)
        this.#write(statement.value)
        break
      default:
        this.#byFields(statement.type, statement)
        if (statement.type === 'AssignVarOnceStmt') this.#readLocal(statement.target)
        if (statement.type === 'WithStmt') this.#write(statement.local)
    }
  }

  /** Of OPA's own statements the fields say it: `target` and `result` are written; collections are read by what adds to them. */
  #byFields(type: keyof typeof STATEMENTS, statement: object): void {
    for (const [name, kind] of Object.entries(STATEMENTS[type])) {
      const value = (statement as Record<string, unknown>)[name]
      if (kind === 'local' && (name === 'target' || name === 'result')) this.#write(value as number)
      else if (kind === 'local') this.#readLocal(value as number)
      else if (kind === 'locals') for (const local of value as readonly number[]) this.#readLocal(local)
      else if (kind === 'operand') this.#read(value as Operand)
      else if (kind === 'operands') this.#read(...(value as readonly Operand[]))
    }
  }

  #read(...operands: readonly Operand[]): void {
    for (const operand of operands) if (operand.type === 'local') this.#readLocal(operand.value)
  }

  #readLocal(local: number): void {
    add(this.reads, local, 1)
  }

  #write(local: number): void {
    add(this.writes, local, 1)
  }
}

function add(counts: Map<number, number>, local: number, times: number): void {
  counts.set(local, (counts.get(local) ?? 0) + times)
}
