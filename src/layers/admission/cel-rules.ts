// Match conditions, variables, validations and audit annotations written in CEL, asked about one request: what a ValidatingAdmissionPolicy and
// Gatekeeper's CEL engine share (k8s.io/apiserver/pkg/admission/plugin/policy/validating/validator.go and plugin/cel).
import { ThymusError } from '../../core/errors.ts'
import { type Fields, isFields } from '../../formats/kubernetes/object.ts'
import {
  BOOL,
  CelMap,
  compileCel,
  DYN,
  type Expression,
  Fault,
  NULL,
  objectOf,
  PER_CALL,
  STRING,
  type Type,
  trim,
  type Value,
  type Work,
} from '../../lang/cel/cel.ts'
import { declarations, visibleNamespace, visibleRequest, wholeNamespace } from './cel-variables.ts'

export interface CelDefinition {
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[]
  /** Each may use those before it. */
  readonly variables?: readonly { readonly name: string; readonly expression: string }[]
  readonly validations: readonly Validation[]
  readonly auditAnnotations?: readonly { readonly key: string; readonly valueExpression: string }[]
  /** `Fail` where left out. */
  readonly failurePolicy?: 'Fail' | 'Ignore'
  /** Who may use `params`: all expressions, or variables alone, as in Gatekeeper; none where left out. */
  readonly params?: 'all' | 'variables'
  /** Match conditions may use variables in Gatekeeper, not in a ValidatingAdmissionPolicy. */
  readonly variablesInConditions?: boolean
}

export interface Validation {
  readonly expression: string
  readonly message?: string
  readonly messageExpression?: string
  /** A reason of the API's status; `Invalid` where left out. */
  readonly reason?: string
}

export interface CelInput {
  /** The `request` of an AdmissionReview. */
  readonly request: Fields
  /** Null on DELETE. */
  readonly object: Fields | null
  /** Null on CREATE. */
  readonly oldObject: Fields | null
  readonly params?: Fields | null
  /** Null for what has no namespace. */
  readonly namespaceObject?: Fields | null
  /** What all expressions that are asked about a request may do; no limit but each one's own where left out. */
  readonly work?: Work
}

export interface CelDecision {
  readonly action: 'admit' | 'deny'
  /** `error` is admitted or denied by the failure policy. */
  readonly evaluation: 'admit' | 'deny' | 'error'
  /** Empty where admitted without an error. */
  readonly message: string
  readonly reason: string
  /** Which of the validations; undefined for an error that is about all of them. */
  readonly index: number | undefined
}

export interface CelAnnotation {
  readonly key: string
  readonly action: 'publish' | 'exclude' | 'error'
  /** The value to publish, or the error. */
  readonly text: string
}

export interface CelResult {
  /** False: a match condition excludes the request, and there are no decisions. */
  readonly matched: boolean
  /** One for each validation in order, or one error about them all. */
  readonly decisions: readonly CelDecision[]
  readonly annotations: readonly CelAnnotation[]
}

export interface CelRules {
  /** What an expression cannot answer is a decision by the failure policy. Throws CEL_LIMIT where no work is left, which decides nothing. */
  evaluate(input: CelInput): CelResult
}

/** Of all validations on one request, and of all match conditions (k8s.io/apiserver/pkg/apis/cel). */
const BUDGET = 10_000_000
const CONDITIONS_BUDGET = 2_500_000
const MOST_MESSAGE = 5 * 1024
const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run'

/** Throws CEL_REJECTED; `at` begins with the field of the definition: `validations[0].expression:1:7`. */
export function compileCelRules(definition: CelDefinition): CelRules {
  const { failurePolicy = 'Fail', params } = definition
  const forVariables = params !== undefined
  const forAll = params === 'all'
  /** A policy without variables does not know the name; in Gatekeeper's template it is there. */
  const composes = definition.variablesInConditions === true || (definition.variables ?? []).length > 0
  const types: Record<string, Type> = {}
  const variables = new Map<string, Composed>()
  for (const [at, { name, expression }] of (definition.variables ?? []).entries()) {
    const known = declarations(forVariables, objectOf('kubernetes.variables', types))
    const compiled = compile(expression, known, undefined, `variables[${at}].expression`)
    Object.defineProperty(types, name, { value: declaredType(compiled.type), enumerable: true, configurable: true })
    variables.set(name, { expression: compiled, kept: isOfParams(compiled, variables) ? new WeakMap() : undefined })
  }
  const known = declarations(forAll, composes ? objectOf('kubernetes.variables', types) : undefined)
  const inConditions = definition.variablesInConditions === true ? known : declarations(forAll)
  const conditions = (definition.matchConditions ?? []).map(({ expression }, at) =>
    compile(expression, inConditions, [BOOL], `matchConditions[${at}].expression`),
  )
  const validations = definition.validations.map((validation, at) => ({
    validation,
    expression: compile(validation.expression, known, [BOOL], `validations[${at}].expression`),
    message:
      validation.messageExpression === undefined || validation.messageExpression === ''
        ? undefined
        : compile(validation.messageExpression, known, [STRING], `validations[${at}].messageExpression`),
  }))
  const annotations = (definition.auditAnnotations ?? []).map(({ key, valueExpression }, at) => ({
    key,
    expression: compile(valueExpression, known, [STRING, NULL], `auditAnnotations[${at}].valueExpression`),
  }))

  const failed = (message: string, index?: number): CelDecision => ({
    action: failurePolicy === 'Ignore' ? 'admit' : 'deny',
    evaluation: 'error',
    message,
    reason: '',
    index,
  })

  return {
    evaluate(input) {
      // Kubernetes knows no namespace yet while it asks the match conditions.
      const match = matches(() => new Session(variables, { ...input, namespaceObject: null }, CONDITIONS_BUDGET), conditions)
      if (match.errors.length > 0 && failurePolicy === 'Fail') {
        return { matched: true, decisions: [failed(aggregate(match.errors))], annotations: [] }
      }
      if (!match.matched || match.errors.length > 0) return { matched: false, decisions: [], annotations: [] }
      const session = new Session(variables, input, BUDGET)
      const exhausted = { matched: true, decisions: [failed(OUT_OF_BUDGET)], annotations: [] }
      const answers = withinBudget(() => validations.map(({ expression }) => session.ask(expression)))
      if (answers === undefined) return exhausted
      const messages = messagesOf(session, () => new Session(variables, input, session.left), validations)
      const decisions = answers.map((answer, index): CelDecision => {
        if (answer.error !== undefined) return failed(answer.error, index)
        if (messages === undefined) return failed(`failed messageExpression: ${OUT_OF_BUDGET}`, index)
        if (answer.value === true) return { action: 'admit', evaluation: 'admit', message: '', reason: '', index }
        const { validation } = validations[index]!
        return {
          action: 'deny',
          evaluation: 'deny',
          message: messageOf(validation, messages(index)),
          reason: validation.reason ?? 'Invalid',
          index,
        }
      })
      if (annotations.length === 0) return { matched: true, decisions, annotations: [] }
      const own = new Session(variables, input, BUDGET, wholeNamespace)
      const told = withinBudget(() => annotations.map(({ key, expression }) => annotate(own, key, expression, failurePolicy)))
      return told === undefined ? exhausted : { matched: true, decisions, annotations: told }
    },
  }
}

function compile(text: string, variables: Readonly<Record<string, Type>>, results: readonly Type[] | undefined, at: string): Expression {
  try {
    return compileCel(text, { variables, ...(results === undefined ? {} : { results }) })
  } catch (error) {
    if (!(error instanceof ThymusError)) throw error
    throw new ThymusError(error.code, error.message, { at: error.at === undefined ? at : `${at}:${error.at}`, cause: error })
  }
}

/** A variable is of its expression's type as far as Kubernetes declares one again: what is opaque, optional or an object becomes dyn. */
const KEPT = new Set([
  'bool',
  'bytes',
  'double',
  'google.protobuf.Duration',
  'int',
  'null_type',
  'string',
  'google.protobuf.Timestamp',
  'uint',
])
function declaredType(type: Type): Type {
  if (KEPT.has(type.kind)) return type
  return type.kind === 'list' || type.kind === 'map' ? { kind: type.kind, params: type.params.map(declaredType) } : DYN
}

interface Composed {
  readonly expression: Expression
  /** By the parameters, where these alone decide what it is. */
  readonly kept: WeakMap<Fields, Kept> | undefined
}

function isOfParams({ reads }: Expression, variables: ReadonlyMap<string, Composed>): boolean {
  return [...reads].every((read) => {
    const [root, field = ''] = read.split('.', 2)
    return root === 'params' || (root === 'variables' && variables.get(field)?.kept !== undefined)
  })
}

class OutOfBudget {}

/** Undefined where the budget does not suffice. */
function withinBudget<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof OutOfBudget) return undefined
    throw error
  }
}

interface Answer {
  readonly value?: Value
  readonly error?: string
}

/** `spend` takes the cost; an error is told as `failed` says it. */
function answerOf(
  expression: Expression,
  bindings: Readonly<Record<string, unknown>>,
  work: Work | undefined,
  spend: (cost: number) => void,
  failed: (message: string) => string,
): Answer {
  try {
    const { value, cost } = expression.evaluate(bindings, work === undefined ? {} : { work })
    spend(cost)
    return { value }
  } catch (error) {
    if (!(error instanceof ThymusError)) throw error
    if (work !== undefined && work.left <= 0) throw error
    if (error.code === 'CEL_LIMIT') spend(PER_CALL)
    return { error: failed(error.message) }
  }
}

/** The expressions of one request: what they see, what they may still cost, and the variables that were asked for. */
class Session {
  /** Of the budget. */
  left: number
  readonly #bindings: Record<string, unknown>
  readonly #variables: Variables
  readonly #work: Work | undefined
  readonly #spend: (cost: number) => void

  constructor(variables: ReadonlyMap<string, Composed>, input: CelInput, budget: number, namespaceOf = visibleNamespace) {
    this.left = budget
    this.#spend = (cost) => {
      this.left -= cost
      if (this.left < 0) throw new OutOfBudget()
    }
    const { object, oldObject, params = null, namespaceObject: namespace, work } = input
    this.#work = work
    const namespaceObject = namespace == null ? null : namespaceOf(namespace)
    this.#bindings = { object, oldObject, params, namespaceObject, request: visibleRequest(input.request), variables: undefined }
    this.#variables = new Variables(variables, this.#bindings, work, this.#spend)
    this.#bindings.variables = this.#variables
  }

  /** What so many more expressions may cost at most, and all variables anew. */
  most(expressions: number): number {
    return expressions * PER_CALL + this.#variables.most()
  }

  /** Throws OutOfBudget. */
  ask(expression: Expression): Answer {
    return answerOf(
      expression,
      this.#bindings,
      this.#work,
      this.#spend,
      (message) => `expression '${expression.text}' resulted in error: ${message}`,
    )
  }
}

/** What became of a variable that the parameters alone decide: the same, at the same cost, for every request. */
interface Kept {
  readonly answer: Answer
  readonly cost: number
  /** The variables that it asked for, whose cost comes before its own. */
  readonly asked: readonly string[]
}

/** Composed variables: each is evaluated when it is first asked for, and kept, its error too. */
class Variables extends CelMap {
  readonly #expressions: ReadonlyMap<string, Composed>
  readonly #bindings: Readonly<Record<string, unknown>>
  readonly #spend: (cost: number) => void
  readonly #work: Work | undefined
  readonly #known = new Map<string, Answer>()
  #cost = 0
  /** Asked for by the variable that is evaluated now, if it is one to keep. */
  #asked: string[] | undefined

  constructor(
    expressions: ReadonlyMap<string, Composed>,
    bindings: Readonly<Record<string, unknown>>,
    work: Work | undefined,
    spend: (cost: number) => void,
  ) {
    super()
    this.#work = work
    this.#expressions = expressions
    this.#bindings = bindings
    this.#spend = (cost) => {
      this.#cost += cost
      spend(cost)
    }
  }

  /** What they all may cost: those that have been asked for cost the same again. */
  most(): number {
    return this.#cost + (this.#expressions.size - this.#known.size) * PER_CALL
  }

  get size() {
    return this.#expressions.size
  }

  keys() {
    return this.#expressions.keys()
  }

  get(key: Value): Value | undefined {
    const composed = typeof key === 'string' ? this.#expressions.get(key) : undefined
    if (composed === undefined) return undefined
    const { value, error } = this.#answer(key as string, composed)
    if (error !== undefined) throw new Fault(error)
    return value
  }

  #answer(name: string, { expression, kept }: Composed): Answer {
    this.#asked?.push(name)
    let answer = this.#known.get(name)
    if (answer !== undefined) return answer
    const { params } = this.#bindings
    if (kept === undefined || !isFields(params)) answer = this.#evaluate(name, expression, this.#spend)
    else {
      const before = kept.get(params)
      answer = before === undefined ? this.#keep(name, expression, kept, params) : this.#repeat(before)
    }
    this.#known.set(name, answer)
    return answer
  }

  #evaluate(name: string, expression: Expression, spend: (cost: number) => void): Answer {
    return answerOf(
      expression,
      this.#bindings,
      this.#work,
      spend,
      (message) => `composited variable ${JSON.stringify(name)} fails to evaluate: ${message}`,
    )
  }

  #keep(name: string, expression: Expression, kept: WeakMap<Fields, Kept>, params: Fields): Answer {
    const around = this.#asked
    const asked: string[] = []
    this.#asked = asked
    let cost = 0
    const answer = this.#evaluate(name, expression, (own) => {
      cost += own
      this.#spend(own)
    })
    this.#asked = around
    kept.set(params, { answer, cost, asked })
    return answer
  }

  /** Spends what it cost. */
  #repeat({ answer, cost, asked }: Kept): Answer {
    const around = this.#asked
    this.#asked = undefined
    for (const name of asked) this.#answer(name, this.#expressions.get(name)!)
    this.#asked = around
    this.#spend(cost)
    return answer
  }
}

function matches(begin: () => Session, conditions: readonly Expression[]): { matched: boolean; errors: string[] } {
  const errors: string[] = []
  if (conditions.length === 0) return { matched: true, errors }
  const session = begin()
  try {
    const answers = conditions.map((condition) => session.ask(condition))
    if (answers.some(({ value }) => value === false)) return { matched: false, errors: [] }
    for (const { error } of answers) if (error !== undefined) errors.push(error)
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error
    errors.push(OUT_OF_BUDGET)
  }
  return { matched: true, errors }
}

/** As apimachinery's aggregate of errors shows itself: each once, brackets around more than one. */
function aggregate(errors: readonly string[]): string {
  const unique = [...new Set(errors)]
  return unique.length === 1 ? unique[0]! : `[${unique.join(', ')}]`
}

/**
 * What the message expressions come to, by their number; undefined where the budget does not suffice for them all. Kubernetes evaluates each,
 * whether its validation fails or not: only where that could spend what is left is it done here too.
 */
function messagesOf(
  session: Session,
  begin: () => Session,
  all: readonly { readonly message: Expression | undefined }[],
): ((index: number) => Value | undefined) | undefined {
  const ask = (among: Session, message: Expression | undefined) => (message === undefined ? undefined : among.ask(message).value)
  const count = all.filter(({ message }) => message !== undefined).length
  if (session.most(count) <= session.left) return (index) => ask(session, all[index]!.message)
  const own = begin()
  const texts = withinBudget(() => all.map(({ message }) => ask(own, message)))
  return texts && ((index) => texts[index])
}

/** The message expression's text if it is one line, not empty and not too long; else the message; else the expression. */
function messageOf({ expression, message }: Validation, computed: Value | undefined): string {
  if (typeof computed === 'string') {
    const text = trim(computed)
    if (text !== '' && Buffer.byteLength(text) <= MOST_MESSAGE && !text.includes('\n')) return text
  }
  return trim(message ?? '') || `failed expression: ${trim(expression)}`
}

function annotate(session: Session, key: string, expression: Expression, failurePolicy: 'Fail' | 'Ignore'): CelAnnotation {
  const { value, error } = session.ask(expression)
  if (error !== undefined) return { key, action: failurePolicy === 'Ignore' ? 'exclude' : 'error', text: error }
  const text = typeof value === 'string' ? trim(value) : ''
  return { key, action: text === '' ? 'exclude' : 'publish', text }
}
