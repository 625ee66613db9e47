// Which collections a function of a plan has made itself: a plan of strangers may say to add to anything, as to the input or a constant.
import type { Block, Policy, Statement } from '../plan/ir.ts'
import { blocksOf, type Usage } from './usage.ts'

/** The class of JS of a collection. */
export type Kind = 'Array' | 'RegoSet' | 'RegoObject'
export type Own = ReadonlyMap<number, Kind>

const MADE: Partial<Record<Statement['type'], Kind>> = { MakeArrayStmt: 'Array', MakeSetStmt: 'RegoSet', MakeObjectStmt: 'RegoObject' }

/** Locals that never hold anything but collections of one kind that were made here. */
export function ownCollections(blocks: readonly Block[], usage: Usage, params: readonly number[]): Own {
  const times = new Map<number, number>()
  const kinds = new Map<number, Kind>()
  const visit = (block: Block): void => {
    for (const statement of block) {
      const kind = MADE[statement.type]
      if (kind !== undefined && 'target' in statement && (kinds.get(statement.target) ?? kind) === kind) {
        kinds.set(statement.target, kind)
        times.set(statement.target, (times.get(statement.target) ?? 0) + 1)
      }
      for (const inner of blocksOf(statement)) visit(inner)
    }
  }
  for (const block of blocks) visit(block)
  for (const [local, count] of times) if (usage.writes.get(local) !== count || params.includes(local)) kinds.delete(local)
  return kinds
}

/** Whether some function adds to what it may not have made, so that it has to ask at run time. */
export function addsToOthers(policy: Policy, ownOf: (blocks: readonly Block[], params: readonly number[]) => Own): boolean {
  const asks = (blocks: readonly Block[], own: Own): boolean =>
    blocks.some((block) => block.some((statement) => !isOwn(statement, own) || asks(blocksOf(statement), own)))
  return (
    policy.plans.some(({ blocks }) => asks(blocks, ownOf(blocks, [0, 1]))) ||
    policy.funcs.some(({ blocks, params }) => asks(blocks, ownOf(blocks, params)))
  )
}

/** Of a statement that adds: whether it adds to what was made here. */
function isOwn(statement: Statement, own: Own): boolean {
  switch (statement.type) {
    case 'ArrayAppendStmt':
      return own.get(statement.array) === 'Array'
    case 'SetAddStmt':
      return own.get(statement.set) === 'RegoSet'
    case 'ObjectInsertStmt':
    case 'ObjectInsertOnceStmt':
      return own.get(statement.object) === 'RegoObject'
    default:
      return true
  }
}
