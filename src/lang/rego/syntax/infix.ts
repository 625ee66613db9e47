// The operators: calls of builtins that Rego writes between their two operands.
import { signatureOf } from '../builtins/signatures.ts'
import type { Ref } from './ast.ts'

/** The sign of the operator; undefined for a call that is written as one. */
export function infixOf({ parts: [head, ...steps] }: Ref): string | undefined {
  if (head.kind !== 'var') return undefined
  let name = head.name
  for (const step of steps) {
    if (step.kind !== 'string') return undefined
    name += `.${step.value}`
  }
  return signatureOf(name)?.infix
}
