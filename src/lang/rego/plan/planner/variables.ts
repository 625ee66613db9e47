// Which variables of a term are still free.
import type { Term } from '../../syntax/ast.ts'
import type { Code } from './code.ts'

/** Whether a variable outside of closures has no value yet. */
export function hasFree(code: Code, term: Term): boolean {
  switch (term.kind) {
    case 'var':
      return code.lookUp(term.name) === undefined
    case 'ref': {
      const [head, ...parts] = term.parts
      return (!isDocument(head) && hasFree(code, head)) || parts.some((part) => hasFree(code, part))
    }
    case 'array':
    case 'set':
      return term.items.some((item) => hasFree(code, item))
    case 'object':
      return term.entries.some(([key, value]) => hasFree(code, key) || hasFree(code, value))
    case 'call':
      return term.args.some((arg) => hasFree(code, arg))
    default:
      return false
  }
}

/** Whether a ref's first part is `input` or `data`. */
export function isDocument(head: Term): boolean {
  return documentName(head) !== undefined
}

export function documentName(head: Term): 'input' | 'data' | undefined {
  if (head.kind === 'ref' && head.parts.length === 1) return documentName(head.parts[0])
  return head.kind === 'var' && (head.name === 'input' || head.name === 'data') ? head.name : undefined
}
