import type { EnforcementPoint } from './constraint.ts'
import type { LimitsNow } from './engine.ts'
import { type Expander, implied } from './expansion.ts'
import type { Failed, Library, Violation } from './library.ts'
import { type Question, questionOf } from './question.ts'

/** What constraints have against an object, and against what will be made of it. Throws as `Library.review`, and MUTATOR. */
export function reviewExpanded(
  library: Library,
  expander: Expander,
  question: Question,
  point: EnforcementPoint,
  limits?: LimitsNow,
  failed?: Failed,
): readonly Violation[] {
  const own = library.review(question, point, limits, failed)
  const { object, namespace, operation } = question
  if (object === undefined) return own
  const resultants = point === 'gator.gatekeeper.sh' ? expander.expandInFile(object, namespace) : expander.expand(object, namespace)
  if (resultants.length === 0) return own
  const made = resultants.flatMap(({ object, template }) => {
    const found = library.review(questionOf(object, 'Generated', namespace, operation), point, limits, failed)
    return found.map((violation) => implied(template, violation))
  })
  return [...own, ...made]
}
