// Calls of functions and builtins.
import { signatureOf } from '../../builtins/signatures.ts'
import type { Call, Ref, Term } from '../../syntax/ast.ts'
import type { Operand } from '../ir.ts'
import { type Code, local } from './code.ts'
import { groupFunction } from './documents.ts'
import { unplannable } from './errors.ts'
import type { Program } from './program.ts'
import { planTerm } from './terms.ts'
import { unifyOperand } from './unify.ts'

/** Something that can be called. */
export interface Callee {
  readonly func: string
  readonly arity: number
  /** Its value is a collection of results. */
  readonly relation: boolean
  /** It has no value to test. */
  readonly void: boolean
}

/** The function that a name stands for; undefined where there is none. */
export function calleeOf(program: Program, operator: Ref): Callee | undefined {
  const names = operator.parts.map((part) => (part.kind === 'var' ? part.name : part.kind === 'string' ? part.value : ''))
  const group = program.tree.group(program.tree.find(names))
  if (group?.isFunction) return { func: groupFunction(program, group), arity: group.arity, relation: false, void: false }
  const name = names.join('.')
  const signature = signatureOf(name)
  if (signature === undefined) return undefined
  const { params, result } = signature.type
  return { func: program.builtin(name), arity: params.length, relation: signature.relation, void: result === undefined }
}

/** A call as an expression: its last operand, if there is one more than it takes, is its result. */
export function planCall(code: Code, call: Call): void {
  const callee = calleeOf(code.program, call.operator) ?? unplannable(code, 'there is no such function')
  const { arity } = callee
  if (call.args.length !== arity && call.args.length !== arity + 1) unplannable(code, `${callee.func} takes ${arity} arguments`)
  const args = call.args.slice(0, arity).map((arg) => planTerm(code, arg))
  const output = call.args[arity]
  const result = code.local()
  code.emit({ type: 'InvokeStmt', func: callee.func, input: code.input, data: code.data, args, result })
  if (callee.relation) planRelation(code, result, output)
  else if (output !== undefined) unifyOperand(code, local(result), output)
  else if (!callee.void) code.emit({ type: 'NotEqualStmt', a: local(result), b: { type: 'bool', value: false } })
}

function planRelation(code: Code, result: number, output: Term | undefined): void {
  if (output !== undefined) {
    const { value } = code.scan(result)
    unifyOperand(code, local(value), output)
    return
  }
  const size = code.local()
  code.emit({ type: 'LenStmt', source: local(result), target: size })
  code.emit({ type: 'NotEqualStmt', a: local(size), b: code.program.constant(0) as Operand })
}
