// A term as the statements that make its value.

import { constantOf } from '../../compile/constant.ts'
import type { Term } from '../../syntax/ast.ts'
import type { Operand } from '../ir.ts'
import { type Code, local } from './code.ts'
import { planComprehension } from './comprehensions.ts'
import { unplannable } from './errors.ts'
import { planRef } from './refs.ts'

/** The operand that holds the term's value; what stands behind it runs for each way in which the term has one. */
export function planTerm(code: Code, term: Term): Operand {
  const value = constantOf(term)
  if (value !== undefined) return code.program.constant(value)
  switch (term.kind) {
    case 'var':
      return code.lookUp(term.name) ?? unplannable(code, `the variable ${term.name} is not bound`)
    case 'ref':
      return planRef(code, term)
    case 'array':
      return planArray(code, term.items)
    case 'set':
      return planSet(code, term.items)
    case 'object':
      return planObject(code, term.entries)
    case 'arraycomprehension':
    case 'setcomprehension':
    case 'objectcomprehension':
      return planComprehension(code, term)
    default:
      return unplannable(code, `a ${term.kind} stands where the compiler leaves none`)
  }
}

function planArray(code: Code, items: readonly Term[]): Operand {
  const operands = items.map((item) => planTerm(code, item))
  const array = code.local()
  code.emit({ type: 'MakeArrayStmt', capacity: items.length, target: array })
  for (const value of operands) code.emit({ type: 'ArrayAppendStmt', array, value })
  return local(array)
}

function planSet(code: Code, items: readonly Term[]): Operand {
  const operands = items.map((item) => planTerm(code, item))
  const set = code.local()
  code.emit({ type: 'MakeSetStmt', target: set })
  for (const value of operands) code.emit({ type: 'SetAddStmt', set, value })
  return local(set)
}

function planObject(code: Code, entries: readonly (readonly [Term, Term])[]): Operand {
  const operands = entries.map(([key, value]) => [planTerm(code, key), planTerm(code, value)] as const)
  const object = code.local()
  code.emit({ type: 'MakeObjectStmt', target: object })
  for (const [key, value] of operands) code.emit({ type: 'ObjectInsertStmt', object, key, value })
  return local(object)
}
