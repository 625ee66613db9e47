import { type Code, ThymusError } from '../../core/errors.ts'
import type { Location } from './syntax/ast.ts'

/** The codes by which OPA names what is wrong with a module before anything is evaluated. */
export type RejectionCode = 'rego_parse_error' | 'rego_compile_error' | 'rego_unsafe_var_error' | 'rego_type_error' | 'rego_recursion_error'

/** One fault of a module. */
export interface Diagnostic {
  readonly code: RejectionCode
  /** OPA's words, its hints included. */
  readonly message: string
  readonly at: Location | undefined
  /** What OPA writes below the message, a line each. */
  readonly details?: { readonly lines: readonly string[] }
}

/** Modules or queries that are refused, with everything that is wrong with them. */
export class RegoRejected extends ThymusError {
  readonly diagnostics: readonly Diagnostic[]

  constructor(diagnostics: readonly [Diagnostic, ...Diagnostic[]]) {
    const [{ code, message, at, details }] = diagnostics
    super(
      'REGO_REJECTED',
      [`${code}: ${message}`, ...(details?.lines ?? [])].join('\n\t'),
      at === undefined ? {} : { at: `${at.file}:${at.row}:${at.col}` },
    )
    this.diagnostics = diagnostics
  }
}

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
