// A template with its constraints, asked by itself: one that does not come to an end must not keep the others from being asked.
import { ThymusError } from '../../../core/errors.ts'
import { type FindingRule, SEVERITIES, type Severity } from '../../../core/finding.ts'
import { type KubernetesObject, kindOf, nameOf, textAt } from '../../../formats/kubernetes/object.ts'
import { toHost } from '../../../lang/rego/values/host.ts'
import { type FieldPath, parseFieldPath } from '../field-path.ts'
import type { Constraint } from '../gatekeeper/constraint.ts'
import { fieldIn, type LimitsNow } from '../gatekeeper/engine.ts'
import { Library, type LibraryOptions, type Violation } from '../gatekeeper/library.ts'
import type { Question } from '../gatekeeper/question.ts'

/** Of one question to one template. An ordinary one takes some thousand steps and a millisecond. */
const LIMITS: LimitsNow = () => ({ steps: 20_000_000, milliseconds: 2_000 })
/** A template that ran into its limits so often, or took so long altogether, is not asked any more. */
const MAX_EXHAUSTED = 3
const MAX_MS = 60_000

/** Violations of which the field is looked for, and for how long altogether: that takes some hundred reviews each. */
const MAX_LOCATED = 100
const MAX_LOCATING_MS = 3_000

const POINT = 'validation.gatekeeper.sh'

/** What a constraint says of itself, for people, beside its code: annotations `thymus.dev/…`. */
export interface ConstraintRule extends FindingRule {
  readonly remedy: string
  /** In place of what follows from its action. */
  readonly severity: Severity | undefined
  /** Checks of the Pod Security Standards that say the same. */
  readonly alsoPodSecurity: readonly string[]
}

/** A violation, and what its rule adds to the message, as JSON has it. */
export interface Told extends Violation {
  readonly added: unknown
}

export interface Answer {
  readonly violations: readonly Told[]
  /** Why there is no answer, or not the whole one. */
  readonly error: string | undefined
}

export class Policy {
  readonly kind: string
  readonly #library: Library
  readonly #clock: () => number
  readonly #template: KubernetesObject
  readonly #rules = new Map<string, ConstraintRule>()
  /** Nothing of the cluster is kept for code that cannot look at it. */
  readonly #looksAround: boolean
  #exhausted = 0
  #spent = 0
  #located = 0
  #locating = 0

  /** Throws ThymusError TEMPLATE. */
  constructor(template: KubernetesObject, options: LibraryOptions) {
    this.#library = new Library(options)
    const { kind, rego } = this.#library.addTemplate(template)
    this.kind = kind
    this.#clock = options.surroundings().clock
    this.#template = template
    // The word can be written with an escape.
    this.#looksAround = rego !== undefined && [rego.rego, ...rego.libs].some((text) => /inventory|\\u/.test(text))
  }

  /** Throws ThymusError CONSTRAINT. */
  add(constraint: KubernetesObject): void {
    const rule = ruleOf(constraint, this.#template)
    this.#library.addConstraint(constraint)
    this.#rules.set(nameOf(constraint), rule)
  }

  know(object: KubernetesObject): void {
    if (this.#looksAround) this.#library.addData(object)
  }

  ruleOf({ name }: Constraint): ConstraintRule {
    return this.#rules.get(name)!
  }

  /** What is said of the template as a whole, where it is not known which constraint it was. */
  get rule(): FindingRule {
    const [only, ...others] = this.#rules.values()
    return only !== undefined && others.length === 0 ? only : { name: this.kind, title: titleOf(this.#template), reason: '' }
  }

  /** The most severe that its constraints can be. */
  get severity(): Severity {
    const each = this.#library.constraints.map((constraint) => severityOf(this.ruleOf(constraint), [constraint.action]))
    return SEVERITIES.findLast((severity) => each.includes(severity)) ?? 'info'
  }

  /** The field that a violation is about: the one that its rule names, else, for the first of them, one that is found by trying. */
  fieldOf(violation: Violation, question: Question): { readonly path: FieldPath; readonly isFound: boolean } {
    const named = fieldIn(violation.details)
    if (named !== undefined) return { path: parseFieldPath(named) ?? [], isFound: false }
    if (this.#located++ >= MAX_LOCATED || this.#locating > MAX_LOCATING_MS) return { path: [], isFound: true }
    const began = this.#clock()
    const found = this.#library.fieldOf(violation, question)
    this.#locating += this.#clock() - began
    return { path: parseFieldPath(found ?? '') ?? [], isFound: true }
  }

  ask(question: Question): Answer {
    if (this.#exhausted >= MAX_EXHAUSTED || this.#spent > MAX_MS)
      return { violations: [], error: 'it took too long with other objects, and was not asked' }
    const began = this.#clock()
    try {
      const found = this.#library.review(question, POINT, LIMITS)
      return { violations: found.map((violation) => ({ ...violation, added: toHost(violation.details) })), error: undefined }
    } catch (error) {
      if (!(error instanceof ThymusError)) throw error
      if (error.code === 'REGO_LIMIT' || error.code === 'CEL_LIMIT') this.#exhausted++
      return { violations: [], error: `${error.code}: ${error.message}` }
    } finally {
      this.#spent += this.#clock() - began
    }
  }
}

/** The most severe of the actions, unless the constraint says otherwise. */
export function severityOf({ severity }: ConstraintRule, actions: readonly string[]): Severity {
  if (severity !== undefined) return severity
  return actions.includes('deny') || actions.includes('scoped') ? 'high' : actions.includes('warn') ? 'medium' : 'info'
}

function ruleOf(constraint: KubernetesObject, template: KubernetesObject): ConstraintRule {
  const name = `${kindOf(constraint).kind}/${nameOf(constraint)}`
  const said = (key: string) => textAt(constraint, 'metadata', 'annotations', `thymus.dev/${key}`)
  const word = said('severity')
  const severity = SEVERITIES.find((each) => each === word)
  if (word !== '' && severity === undefined)
    throw new ThymusError('CONSTRAINT', `thymus.dev/severity is not one of ${SEVERITIES.join(', ')}`, { at: name })
  return {
    name,
    title: said('title') || titleOf(template),
    reason: said('reason') || textAt(template, 'metadata', 'annotations', 'description'),
    remedy: said('remedy'),
    severity,
    alsoPodSecurity: said('pod-security').split(/[ ,]+/).filter(Boolean),
  }
}

/** Templates of Gatekeeper's own library have a title. */
function titleOf(template: KubernetesObject): string {
  return textAt(template, 'metadata', 'annotations', 'metadata.gatekeeper.sh/title') || nameOf(template)
}
