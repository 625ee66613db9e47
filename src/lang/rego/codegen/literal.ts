// Arrays and objects that get their parts where they are made: written as one literal, they take the room that they need. What grows part
// by part has room for sixteen more from the first on.
import type { Block, Operand, Statement } from '../plan/ir.ts'
import { isPlain, type Value } from '../values/value.ts'

type Made = Extract<Statement, { type: 'MakeArrayStmt' | 'MakeObjectStmt' }>

export interface Literal {
  readonly target: number
  /** Of an object: plain names, each once. */
  readonly keys: readonly Operand[] | undefined
  readonly values: readonly Operand[]
}

/**
 * What is made by a statement of a block and the ones after it, which add to it; undefined where none does.
 * @param isThere whether an operand is known to have a value before what is made has one
 */
export function literalAt(
  block: Block,
  at: number,
  isThere: (operand: Operand) => boolean,
  constant: (operand: Operand) => Value | undefined,
): Literal | undefined {
  const made = block[at]!
  if (made.type !== 'MakeArrayStmt' && made.type !== 'MakeObjectStmt') return undefined
  const { target } = made
  const names = new Set<Value>()
  const keys: Operand[] = []
  const values: Operand[] = []
  for (let next = at + 1; next < block.length; next++) {
    const part = partOf(block[next]!, made)
    if (part === undefined || !isThere(part.value)) break
    if (part.key !== undefined) {
      const name = constant(part.key)
      if (name === undefined || !isPlain(name) || names.has(name)) break
      names.add(name)
      keys.push(part.key)
    }
    values.push(part.value)
  }
  if (values.length === 0) return undefined
  return { target, keys: made.type === 'MakeArrayStmt' ? undefined : keys, values }
}

interface Part {
  readonly key?: Operand
  readonly value: Operand
}

/** What a statement adds to what was made. */
function partOf(statement: Statement, { type, target }: Made): Part | undefined {
  if (type === 'MakeArrayStmt') return statement.type === 'ArrayAppendStmt' && statement.array === target ? statement : undefined
  return statement.type === 'ObjectInsertStmt' && statement.object === target ? statement : undefined
}
