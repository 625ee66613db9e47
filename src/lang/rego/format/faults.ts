// What the formatter refuses: calls of operators, by name, that have no two sides.
import type { Diagnostic } from '../errors.ts'
import type { Call, Location } from '../syntax/ast.ts'
import { printTerm } from '../syntax/print.ts'

export const arityFault = ({ operator }: Call, at: Location): Diagnostic => ({
  code: 'rego_type_error',
  message: `${printTerm(operator)}: arity mismatch`,
  at,
})
