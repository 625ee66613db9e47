// Match conditions, variables, validations and audit annotations written in CEL, asked about one request: what a ValidatingAdmissionPolicy and
// Gatekeeper's CEL engine share (k8s.io/apiserver/pkg/admission/plugin/policy/validating/validator.go and plugin/cel).
import { ThymusError } from '../../core/errors.ts'
import { BOOL, compileCel, DYN, type Expression, NULL, objectOf, STRING, type Type, trim, type Value } from '../../lang/cel/cel.ts'
import { type CelInput, type Composed, composed, Session, withinBudget } from './cel-session.ts'
import { declarations, wholeNamespace } from './cel-variables.ts'

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
    variables.set(name, composed(compiled, variables))
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

function matches(begin: () => Session, conditions: readonly Expression[]): { matched: boolean; errors: string[] } {
  if (conditions.length === 0) return { matched: true, errors: [] }
  const session = begin()
  const answers = withinBudget(() => conditions.map((condition) => session.ask(condition)))
  if (answers === undefined) return { matched: true, errors: [OUT_OF_BUDGET] }
  if (answers.some(({ value }) => value === false)) return { matched: false, errors: [] }
  return { matched: true, errors: answers.flatMap(({ error }) => error ?? []) }
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
