// What the engines of templates have in common.
import type { Span } from '../../../core/policy.ts'
import type { Limits } from '../../../lang/rego/codegen/runtime.ts'
import { RegoObject, type Value } from '../../../lang/rego/values/value.ts'
import type { Asking } from './asking.ts'
import type { Constraint } from './constraint.ts'

/** One thing that a constraint has against an object. */
export interface Objection {
  readonly message: string
  /** What a Rego rule adds to its message, an empty object where it adds nothing: as Rego has it, for few ask for it. */
  readonly details: Value
  /** The rule in the template's code, where one can be named. */
  readonly rule: Span | undefined
  /** It could not be judged; to be safe that is an objection. */
  readonly undecided?: true
}

export const NO_DETAILS = new RegoObject()

/** The field that a rule names itself, as `details.field`. */
export function fieldIn(details: Value): string | undefined {
  const field = details instanceof RegoObject ? details.named('field') : undefined
  return typeof field === 'string' ? field : undefined
}

/** What an evaluation may take that begins now. */
export type LimitsNow = () => Partial<Limits>

/** The code of a template, compiled. */
export interface Engine {
  /**
   * An error of the code is an objection too, so that what cannot be judged is not let through.
   * Throws ThymusError REGO_LIMIT or CEL_LIMIT for code that does not come to an end.
   */
  judge(constraint: Constraint, asking: Asking, limits: Partial<Limits>): readonly Objection[]
}
