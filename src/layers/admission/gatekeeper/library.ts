// Gatekeeper without a cluster: templates, constraints and what is known of the cluster, and what all of them have against an object.
import { ThymusError } from '../../../core/errors.ts'
import type { Span } from '../../../core/policy.ts'
import { type KubernetesObject, kindOf, nameOf } from '../../../formats/kubernetes/object.ts'
import type { Limits, Surroundings } from '../../../lang/rego/codegen/runtime.ts'
import type { Value } from '../../../lang/rego/values/value.ts'
import { fieldPathText } from '../field-path.ts'
import type { Schema } from '../schema/schema.ts'
import { Asking } from './asking.ts'
import { compileCel } from './cel-engine.ts'
import { actionsAt, type Constraint, type EnforcementPoint, readConstraint } from './constraint.ts'
import { constraintSchema } from './constraint-schema.ts'
import { type Engine, fieldIn, type LimitsNow, NO_DETAILS, type Objection } from './engine.ts'
import { culprit } from './field.ts'
import { Inventory } from './inventory.ts'
import { type Matchable, MatchError, matches, mayMatchKind } from './match.ts'
import { matchables, type Question } from './question.ts'
import { compileRego } from './rego-engine.ts'
import { ENGINES, type EngineName, readTemplate, type Template } from './template.ts'

export interface LibraryOptions {
  /** Which engines are asked; of those that a template has code for, the first. All by default, as Gatekeeper has them. */
  readonly engines?: readonly EngineName[]
  /** The clock and chance, for each review anew. */
  readonly surroundings: () => Surroundings
}

export interface Violation {
  readonly constraint: Constraint
  readonly message: string
  /** As of an Objection. */
  readonly details: Value
  readonly rule: Span | undefined
  /** As of an Objection. */
  readonly undecided?: true
  /** What is to be done: `deny`, `warn`, `dryrun`, or words of one's own. */
  readonly actions: readonly string[]
  /** The ExpansionTemplate by which the object will make the one that is meant. */
  readonly impliedBy?: string
}

const UNLIMITED: LimitsNow = () => ({})

/** Takes why a constraint could not be judged, or throws it. */
export type Failed = (error: unknown) => void
const fail: Failed = (error) => {
  throw error
}

/** Of one attempt to find a field. */
const TRY_LIMITS: Partial<Limits> = { steps: 1_000_000, milliseconds: 20 }

const MAX_KINDS = 1_000

interface Candidate {
  readonly template: Template
  readonly engine: Engine
  readonly constraint: Constraint
}

interface Entry {
  readonly template: Template
  readonly engine: Engine
  readonly schema: Schema
  readonly constraints: Map<string, Constraint>
}

export class Library {
  readonly #options: LibraryOptions
  readonly #entries = new Map<string, Entry>()
  readonly #inventory = new Inventory()
  /** Which constraints may be about objects of a kind: most of ten thousand are about others. */
  readonly #byKind = new Map<string, readonly Candidate[]>()

  constructor(options: LibraryOptions) {
    this.#options = options
  }

  /** Replaces the one of the same name, whose constraints must fit it. Throws ThymusError TEMPLATE or CONSTRAINT; then nothing was changed. */
  addTemplate(object: KubernetesObject): Template {
    const template = readTemplate(object)
    const schema = constraintSchema(template.parameters, template.legacySchema)
    const engine = this.#compile(template)
    const before = this.#entries.get(template.name)?.constraints.values() ?? []
    const constraints = new Map([...before].map(({ object: one, name }) => [name, readConstraint(one, template, schema)]))
    this.#entries.set(template.name, { template, engine, schema, constraints })
    this.#byKind.clear()
    return template
  }

  /** Replaces the one of the same kind and name. Throws ThymusError CONSTRAINT. */
  addConstraint(object: KubernetesObject): Constraint {
    const { kind } = kindOf(object)
    const entry = this.#entries.get(kind.toLowerCase())
    if (entry === undefined) throw new ThymusError('CONSTRAINT', 'there is no template of this kind', { at: `${kind} ${nameOf(object)}` })
    const constraint = readConstraint(object, entry.template, entry.schema)
    entry.constraints.set(constraint.name, constraint)
    this.#byKind.clear()
    return constraint
  }

  /** What policies see as `data.inventory`. Throws ThymusError REVIEW for what is no object of Kubernetes. */
  addData(object: KubernetesObject): void {
    this.#inventory.add(object)
  }

  removeData(object: KubernetesObject): void {
    this.#inventory.remove(object)
  }

  get constraints(): readonly Constraint[] {
    return [...this.#entries.values()].flatMap((entry) => [...entry.constraints.values()])
  }

  /**
   * What the constraints that match have against the object, by kind and name of the constraints.
   * Throws ThymusError REGO_LIMIT or CEL_LIMIT for code that does not come to an end, REGO_EVAL for a violation without a text, unless
   * `failed` takes it, and the other constraints are asked all the same; REVIEW if there is no object.
   */
  review(question: Question, point: EnforcementPoint, limitsNow: LimitsNow = UNLIMITED, failed: Failed = fail): readonly Violation[] {
    const targets = matchables(this.#withNamespace(question))
    if (targets.length === 0) throw new ThymusError('REVIEW', 'neither object nor oldObject is there')
    const asking = new Asking(question, this.#inventory.data, this.#options.surroundings())
    const found: Violation[] = []
    for (const { template, engine, constraint } of this.#candidates(targets)) {
      if (point === 'validation.gatekeeper.sh' && !isAskedAt(template, question.operation)) continue
      const actions = actionsAt(constraint, point)
      if (actions.length === 0) continue
      const limits = limitsNow()
      if (limits.milliseconds === 0) {
        failed(new ThymusError('REGO_LIMIT', 'the time is over before all constraints were asked'))
        break
      }
      let objections: readonly Objection[]
      try {
        objections = judge(engine, constraint, asking, targets, limits)
      } catch (error) {
        failed(error)
        continue
      }
      for (const objection of objections) {
        const { message, details, rule } = objection
        found.push(
          objection.undecided
            ? { constraint, message, details, rule, undecided: true, actions }
            : { constraint, message, details, rule, actions },
        )
      }
    }
    if (found.length < 2) return found
    return found.sort(
      (one, other) => compare(one.constraint.kind, other.constraint.kind) || compare(one.constraint.name, other.constraint.name),
    )
  }

  /**
   * The field that a violation is about: the one that the rule names as `details.field`, else found by trying (field.ts), which takes as
   * long as some hundred reviews by one constraint. Undefined where it is the object as a whole, or one that is yet to be made.
   */
  fieldOf({ constraint, message, rule, details, impliedBy }: Violation, question: Question): string | undefined {
    const named = fieldIn(details)
    if (named !== undefined) return named
    const entry = this.#entries.get(constraint.kind.toLowerCase())
    if (entry === undefined || question.object === undefined || impliedBy !== undefined) return undefined
    const surroundings = this.#options.surroundings()
    const objectionsTo = (object: KubernetesObject) => {
      const other = { ...question, object, review: { ...question.review, object } }
      const asking = new Asking(other, this.#inventory.data, surroundings)
      return entry.engine.judge(constraint, asking, TRY_LIMITS).filter((each) => each.rule?.line === rule?.line)
    }
    try {
      const before = objectionsTo(question.object).length
      // Words change with what they name; that there are as many of them says that this one is still among them.
      const path = culprit(question.object, (object) => {
        const now = objectionsTo(object)
        return now.length >= before || now.some((each) => each.message === message)
      })
      return path.length === 0 ? undefined : fieldPathText(path)
    } catch (error) {
      if (error instanceof ThymusError) return undefined
      throw error
    }
  }

  #candidates(targets: readonly Matchable[]): readonly Candidate[] {
    const { kind } = targets[0]!
    // An update that changes the kind is not worth to be remembered.
    const isOne = targets.every((target) => target.kind === kind)
    const known = isOne ? this.#byKind.get(kind) : undefined
    if (known !== undefined) return known
    const candidates = [...this.#entries.values()].flatMap(({ template, engine, constraints }) =>
      [...constraints.values()]
        .filter(({ match }) => targets.some((target) => mayMatchKind(match, target.kind)))
        .map((constraint) => ({ template, engine, constraint })),
    )
    if (!isOne) return candidates
    // Whoever may send objects may make up kinds.
    if (this.#byKind.size >= MAX_KINDS) this.#byKind.clear()
    this.#byKind.set(kind, candidates)
    return candidates
  }

  /** Matches look for a Namespace in the inventory too; the code of templates sees none but the one that the question came with. */
  #withNamespace(question: Question): Question {
    if (question.namespace !== undefined) return question
    const name = typeof question.review.namespace === 'string' ? question.review.namespace : ''
    const namespace = name === '' ? undefined : this.#inventory.namespace(name)
    return namespace === undefined ? question : { ...question, namespace }
  }

  #compile(template: Template): Engine {
    const { engines = ENGINES } = this.#options
    for (const name of engines) {
      if (name === 'K8sNativeValidation' && template.cel !== undefined) return compileCel(template, template.cel)
      if (name === 'Rego' && template.rego !== undefined) return compileRego(template, template.rego)
    }
    throw new ThymusError('TEMPLATE', `has no code for ${engines.join(' or ')}`, { at: `ConstraintTemplate ${template.name}` })
  }
}

const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)

function isAskedAt({ operations }: Template, operation: string): boolean {
  return operations.length === 0 || operations.includes('*') || operations.includes(operation)
}

/** A match that cannot be decided is an objection: Gatekeeper rejects such an object too. */
function judge(
  engine: Engine,
  constraint: Constraint,
  asking: Asking,
  targets: readonly Matchable[],
  limits: Partial<Limits>,
): readonly Objection[] {
  try {
    if (!targets.some((target) => matches(constraint.match, target))) return []
  } catch (error) {
    if (!(error instanceof MatchError)) throw error
    return [{ message: `unable to match constraints: ${error.message}`, details: NO_DETAILS, rule: undefined, undecided: true }]
  }
  return engine.judge(constraint, asking, limits)
}
