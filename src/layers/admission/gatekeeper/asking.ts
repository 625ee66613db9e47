import type { Surroundings } from '../../../lang/rego/codegen/runtime.ts'
import { viewOfHost } from '../../../lang/rego/values/host.ts'
import type { Value } from '../../../lang/rego/values/value.ts'
import { type VisibleRequest, visibleRequest } from '../cel-variables.ts'
import type { Question } from './question.ts'

/** One question while it goes from template to template, with what all of them may look at. */
export class Asking {
  readonly question: Question
  /** `{"inventory": …}`: what is known of the cluster. */
  readonly data: Value
  readonly surroundings: Surroundings
  #review: Value | undefined
  #visible: VisibleRequest | undefined

  constructor(question: Question, data: Value, surroundings: Surroundings) {
    this.question = question
    this.data = data
    this.surroundings = surroundings
  }

  /** The question as Rego has it; made once. */
  get review(): Value {
    this.#review ??= viewOfHost(this.question.review)
    return this.#review
  }

  /** The request as expressions of CEL see it; made once. */
  get visible(): VisibleRequest {
    this.#visible ??= visibleRequest(this.question.review)
    return this.#visible
  }
}
