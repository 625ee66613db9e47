// What the formatter refuses: calls of operators, by name, that have no two sides.
import { signatureOf } from '../builtins/signatures.ts'
import { typeText } from '../compile/types/text.ts'
import type { Diagnostic } from '../errors.ts'
import type { Call, Location } from '../syntax/ast.ts'
import { printTerm } from '../syntax/print.ts'

export interface FormatFault extends Diagnostic {
  /** What OPA writes below the message. */
  readonly lines: readonly string[]
}

export function arityFault({ operator, args }: Call, at: Location): FormatFault {
  const name = printTerm(operator)
  const wanted = signatureOf(name)?.type.params.map(({ type }) => typeText(type)) ?? []
  const lines = [`have: (${args.map(({ kind }) => kind).join(',')})`, `want: (${wanted.join(',')})`]
  return { code: 'rego_type_error', message: `${name}: arity mismatch`, at, lines }
}
