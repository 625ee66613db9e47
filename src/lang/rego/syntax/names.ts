// Refs as the names of builtins.
import { signatureOf } from '../builtins/signatures.ts'
import type { Ref } from './ast.ts'

/** The name by which a ref would call a builtin: its parts with dots between them. */
export function dotted(ref: Ref): string | undefined {
  const [head, ...rest] = ref.parts
  if (head.kind !== 'var') return undefined
  let name = head.name
  for (const part of rest) {
    if (part.kind !== 'string') return undefined
    name += `.${part.value}`
  }
  return name
}

/** The sign of an operator, a builtin that Rego writes between its two operands; undefined for a call that is written as one. */
export function infixOf(ref: Ref): string | undefined {
  const name = dotted(ref)
  return name === undefined ? undefined : signatureOf(name)?.infix
}
