import { type Code, ThymusError } from '../../core/errors.ts'

/** The codes by which OPA names what went wrong in an evaluation. */
export type OpaCode = 'eval_conflict_error' | 'eval_builtin_error' | 'eval_type_error' | 'eval_internal_error' | 'eval_cancel_error'

/** An evaluation that ended without an answer. `opaCode` is what OPA would call it. */
export class RegoError extends ThymusError {
  readonly opaCode: OpaCode

  constructor(code: Code, opaCode: OpaCode, message: string, options: { at?: string; cause?: unknown } = {}) {
    super(code, message, options)
    this.opaCode = opaCode
  }
}

/** What a builtin throws for an operand it does not take: undefined to the policy, unless builtin errors are strict. */
export class BuiltinError extends Error {
  readonly opaCode: 'eval_builtin_error' | 'eval_type_error'

  constructor(message: string, opaCode: BuiltinError['opaCode'] = 'eval_builtin_error') {
    super(message)
    this.opaCode = opaCode
  }
}
