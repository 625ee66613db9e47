// The operators: calls of builtins that Rego writes between their two operands.
import type { Ref } from './ast.ts'

const SIGNS: Readonly<Record<string, string>> = {
  eq: '=',
  assign: ':=',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  neq: '!=',
  equal: '==',
  plus: '+',
  minus: '-',
  mul: '*',
  div: '/',
  rem: '%',
  and: '&',
  or: '|',
  'internal.member_2': 'in',
  'internal.member_3': 'in',
}

/** The sign of the operator; undefined for a call that is written as one. */
export function infixOf({ parts }: Ref): string | undefined {
  const names = parts.map((part) => (part.kind === 'var' ? part.name : part.kind === 'string' ? part.value : undefined))
  const name = names.join('.')
  return names.includes(undefined) || !Object.hasOwn(SIGNS, name) ? undefined : SIGNS[name]
}
