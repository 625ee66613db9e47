// Which locals statements read and write.
import { type Block, type Operand, STATEMENTS, type Statement } from '../plan/ir.ts'

export interface Usage {
  /** Reads by local. */
  readonly reads: Map<number, number>
  /** Writes by local. */
  readonly writes: Map<number, number>
  /** Locals that may be made undefined, or are so until something holds. */
  readonly volatile: Set<number>
  /** Whether the whole function may return in here. */
  returns: boolean
  /** Statements, those of inner blocks included. */
  count: number
}

export function usageOf(blocks: readonly Block[]): Usage {
  const usage: Usage = { reads: new Map(), writes: new Map(), volatile: new Set(), returns: false, count: 0 }
  for (const block of blocks) addBlock(usage, block)
  for (const [local, writes] of usage.writes) if (writes > 1) usage.volatile.add(local)
  return usage
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

function addBlock(usage: Usage, block: Block): void {
  for (const statement of block) {
    usage.count++
    const { reads, writes } = accesses(statement)
    for (const local of reads) usage.reads.set(local, (usage.reads.get(local) ?? 0) + 1)
    for (const local of writes) usage.writes.set(local, (usage.writes.get(local) ?? 0) + 1)
    if (statement.type === 'ReturnStmt' || statement.type === 'ReturnLocalStmt') usage.returns = true
    if (statement.type === 'ResetLocalStmt' || statement.type === 'AssignVarOnceStmt') usage.volatile.add(statement.target)
    if (statement.type === 'WithStmt') usage.volatile.add(statement.local)
    for (const inner of blocksOf(statement)) addBlock(usage, inner)
  }
}

/** Fields of the IR that are written; collections are read by what adds to them. */
const WRITTEN = new Set(['target', 'result'])

function accesses(statement: Statement): { reads: readonly number[]; writes: readonly number[] } {
  switch (statement.type) {
    case 'InvokeStmt':
      return { reads: locals([statement.input, statement.data, ...statement.args]), writes: [statement.result] }
    case 'GetStmt':
      return { reads: locals([statement.source, statement.key]), writes: [statement.target] }
    case 'PathStmt':
      return { reads: locals([statement.source]), writes: [statement.target] }
    case 'UpsertStmt':
      return { reads: locals([statement.source, statement.value]), writes: [statement.target] }
    case 'WorldStmt':
      return { reads: locals(statement.mocks.flatMap((mock) => (mock.by === 'value' ? [mock.value] : []))), writes: [] }
    case 'InsertPathStmt':
      return { reads: [statement.object, ...locals([...statement.path, statement.value])], writes: [] }
    case 'ReturnStmt':
      return { reads: locals([statement.source]), writes: [] }
    case 'VisitStmt':
      return { reads: [], writes: [] }
    case 'SelectStmt':
      return { reads: statement.sources, writes: [] }
    case 'ScanStmt':
      return { reads: [statement.source], writes: [statement.key, statement.value] }
    case 'AssignVarOnceStmt':
      return { reads: [...locals([statement.source]), statement.target], writes: [statement.target] }
    case 'WithStmt':
      return { reads: [...locals([statement.value]), statement.local], writes: [statement.local] }
  }
  const reads: number[] = []
  const writes: number[] = []
  for (const [name, kind] of Object.entries(STATEMENTS[statement.type])) {
    const value = (statement as unknown as Record<string, unknown>)[name]
    if (kind === 'local') (WRITTEN.has(name) ? writes : reads).push(value as number)
    else if (kind === 'locals') reads.push(...(value as readonly number[]))
    else if (kind === 'operand') reads.push(...locals([value as Operand]))
    else if (kind === 'operands') reads.push(...locals(value as readonly Operand[]))
  }
  return { reads, writes }
}

function locals(operands: readonly Operand[]): number[] {
  return operands.flatMap((operand) => (operand.type === 'local' ? [operand.value] : []))
}
