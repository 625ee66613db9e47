import { ThymusError } from '../../../../core/errors.ts'
import type { Code } from './code.ts'

/** For what the compiler should have refused or rewritten. */
export function unplannable(code: Code, message: string): never {
  throw new ThymusError('REGO_PLAN', message, { at: code.program.where(code.place) })
}
