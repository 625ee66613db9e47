// All policies with their bindings, asked about one request: what an API server would answer, warn of and record
// (k8s.io/apiserver/pkg/admission/plugin/policy/validating/dispatcher.go).
import { ThymusError } from '../../../core/errors.ts'
import { type Fields, isFields, type KubernetesObject, textAt } from '../../../formats/kubernetes/object.ts'
import type { Work } from '../../../lang/cel/cel.ts'
import type { CelDecision, CelResult } from '../cel-rules.ts'
import { type VisibleRequest, visibleRequest } from '../cel-variables.ts'
import { MatchError, matchesResources } from './match.ts'
import { collectParams, type ParamSource } from './params.ts'
import type { PolicyBinding, ValidatingPolicy } from './read.ts'
import type { Action } from './schema.ts'

export interface PolicySet {
  readonly policies: readonly ValidatingPolicy[]
  readonly bindings: readonly PolicyBinding[]
}

export interface PolicyQuestion {
  /** The `request` of an AdmissionReview, with its objects. */
  readonly request: Fields
  /** The Namespace that it is in; undefined where it is in none, or it is not known. */
  readonly namespace: KubernetesObject | undefined
  /** Undefined: there is no such kind. */
  readonly params: (kind: { readonly apiVersion: string; readonly kind: string }) => ParamSource | undefined
  /** What all expressions together may do; no limit but each one's own where left out. */
  readonly work?: Work
  /** Told before each policy and each of its parameters, of which there may be many; it throws CEL_LIMIT where no more may be asked. */
  readonly look?: () => void
}

export interface PolicyViolation {
  readonly policy: string
  /** Undefined: the policy itself could not be matched. */
  readonly binding: string | undefined
  readonly message: string
  readonly reason: string
  /** What its binding does about it; an error of configuration is always denied. */
  readonly actions: readonly Action[]
  /** Which of the policy's validations. */
  readonly index: number | undefined
}

export interface PolicyVerdict {
  /** The first denial in the API server's words, with its reason and HTTP status. */
  readonly denied: { readonly message: string; readonly reason: string; readonly code: number } | undefined
  readonly violations: readonly PolicyViolation[]
  readonly warnings: readonly string[]
  readonly auditAnnotations: Readonly<Record<string, string>>
}

/** Nobody has said anything. */
const NO_POLICIES: PolicyVerdict = { denied: undefined, violations: [], warnings: [], auditAnnotations: {} }

const FAILURE_KEY = 'validation.policy.admission.k8s.io/validation_failure'
const MOST_ANNOTATION = 10 * 1024
const CODES: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413, Invalid: 422 }

/** Configuration of admission is never judged by it, so that a mistake can be undone. */
const EXEMPT = /^(?:Validating|Mutating)(?:WebhookConfiguration|AdmissionPolicy|AdmissionPolicyBinding)$/

/**
 * What cannot be decided is denied or let pass by the policy's own failure policy. Throws CEL_LIMIT where no work is left and nobody has denied: an
 * object that takes one policy's time must not get past another.
 */
export function judgePolicies({ policies, bindings }: PolicySet, question: PolicyQuestion): PolicyVerdict {
  const kind = isFields(question.request.requestKind) ? 'requestKind' : 'kind'
  const isExempt =
    textAt(question.request, kind, 'group') === 'admissionregistration.k8s.io' && EXEMPT.test(textAt(question.request, kind, 'kind'))
  if (isExempt || policies.length === 0) return NO_POLICIES
  const record = new Recorded(question.request)
  const asked = { ...question, visible: visibleRequest(question.request) }
  const bound = byPolicy(bindings)
  try {
    for (const policy of policies) {
      question.look?.()
      judgePolicy(policy, bound.get(policy.name) ?? [], asked, record)
    }
  } catch (error) {
    if (!(error instanceof ThymusError) || record.verdict().denied === undefined) throw error
  }
  return record.verdict()
}

/** Those that one load has, which are many. */
const grouped = new WeakMap<readonly PolicyBinding[], ReadonlyMap<string, readonly PolicyBinding[]>>()

function byPolicy(bindings: readonly PolicyBinding[]): ReadonlyMap<string, readonly PolicyBinding[]> {
  let known = grouped.get(bindings)
  if (known === undefined) {
    known = Map.groupBy(bindings, ({ policyName }) => policyName)
    grouped.set(bindings, known)
  }
  return known
}

/** With the request as expressions see it. */
type Visible = PolicyQuestion & { readonly visible: VisibleRequest }

function judgePolicy(policy: ValidatingPolicy, bindings: readonly PolicyBinding[], question: Visible, record: Recorded): void {
  const { request, namespace } = question
  // A policy without a binding is not in force.
  if (bindings.length === 0) return
  const source = policy.paramKind === undefined ? undefined : question.params(policy.paramKind)
  const begin = () => {
    if (!matchesResources(policy.matchConstraints, request, namespace)) return false
    if (policy.paramKind !== undefined && source === undefined) {
      throw new MatchError(
        `failed to find resource referenced by paramKind: '${policy.paramKind.apiVersion}, Kind=${policy.paramKind.kind}'`,
      )
    }
    return true
  }
  if (!attempt(policy, undefined, record, begin)) return
  for (const binding of bindings) {
    const results = attempt(policy, binding, record, () => {
      if (binding.matchResources !== undefined && !matchesResources(binding.matchResources, request, namespace)) return []
      return collectParams(policy, binding, source, request).map((params) => {
        question.look?.()
        return evaluate(policy, question, params)
      })
    })
    for (const result of results ?? []) record.add(policy, binding, result)
  }
  record.endPolicy(policy)
}

/** What `work` finds; an error of configuration is recorded by the failure policy, and undefined. */
function attempt<T>(policy: ValidatingPolicy, binding: PolicyBinding | undefined, record: Recorded, work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof MatchError)) throw error
    if (policy.failurePolicy === 'Fail') {
      record.deny(policy, binding, `failed to configure ${binding === undefined ? 'policy' : 'binding'}: ${error.message}`)
    }
    return undefined
  }
}

function evaluate(
  policy: ValidatingPolicy,
  { request, visible, namespace, work }: Visible,
  params: KubernetesObject | undefined,
): CelResult {
  const isNamespace = textAt(request, 'kind', 'kind') === 'Namespace' && textAt(request, 'kind', 'group') === ''
  const inNamespace = textAt(request, 'namespace') !== '' && !isNamespace
  if (inNamespace && namespace === undefined) throw new MatchError(`namespaces ${JSON.stringify(textAt(request, 'namespace'))} not found`)
  const object = (value: unknown) => (isFields(value) ? value : null)
  return policy.rules.evaluate({
    request: visible,
    ...(work === undefined ? {} : { work }),
    object: textAt(request, 'operation') === 'DELETE' ? null : object(request.object),
    oldObject: object(request.oldObject),
    params: params ?? null,
    namespaceObject: inNamespace ? (namespace ?? null) : null,
  })
}

/** What one request comes to. */
class Recorded {
  readonly #request: Fields
  readonly #violations: PolicyViolation[] = []
  /** Each once, as an API server sends them. */
  readonly #warnings = new Set<string>()
  readonly #annotations = new Map<string, string>()
  /** Of the policy at hand: what its bindings gave for each key. */
  readonly #published = new Map<string, string[]>()
  #denied: { message: string; reason: string } | undefined

  constructor(request: Fields) {
    this.#request = request
  }

  deny(policy: ValidatingPolicy, binding: PolicyBinding | undefined, message: string, reason = '', decision?: CelDecision): void {
    const by = `ValidatingAdmissionPolicy '${policy.name}'${binding === undefined ? '' : ` with binding '${binding.name}'`}`
    this.#denied ??= { message: `${by} denied request: ${message}`, reason: reason || 'Invalid' }
    if (decision === undefined) this.#violate(policy, binding, message, reason, ['Deny'], undefined)
  }

  add(policy: ValidatingPolicy, binding: PolicyBinding, { decisions, annotations }: CelResult): void {
    for (const [at, decision] of decisions.entries()) {
      const { action, message, reason, index } = decision
      if (action === 'admit') continue
      this.#violate(policy, binding, message, reason, binding.validationActions, index)
      for (const each of binding.validationActions) {
        if (each === 'Deny') this.deny(policy, binding, message, reason, decision)
        else if (each === 'Audit') this.#audit(policy, binding, message, at)
        else
          this.#warnings.add(`Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}': ${message}`)
      }
    }
    for (const { key, action, text } of annotations) {
      if (action === 'error') this.deny(policy, binding, text)
      if (action !== 'publish') continue
      const values = this.#published.get(key) ?? []
      const value = cut(text)
      if (!values.includes(value)) this.#published.set(key, [...values, value])
    }
  }

  endPolicy(policy: ValidatingPolicy): void {
    for (const [key, values] of this.#published) this.#annotations.set(`${policy.name}/${key}`, values.join(', '))
    this.#published.clear()
  }

  verdict(): PolicyVerdict {
    const { message, reason } = this.#denied ?? { message: '', reason: '' }
    const denied = this.#denied && { message: forbidden(this.#request, message), reason, code: CODES[reason] ?? 422 }
    return { denied, violations: this.#violations, warnings: [...this.#warnings], auditAnnotations: Object.fromEntries(this.#annotations) }
  }

  #violate(
    policy: ValidatingPolicy,
    binding: PolicyBinding | undefined,
    message: string,
    reason: string,
    actions: readonly Action[],
    index: number | undefined,
  ): void {
    this.#violations.push({ policy: policy.name, binding: binding?.name, message, reason, actions, index })
  }

  /** An annotation is written once: the first failure is told. */
  #audit(policy: ValidatingPolicy, binding: PolicyBinding, message: string, expressionIndex: number): void {
    if (this.#annotations.has(FAILURE_KEY)) return
    const { name, validationActions } = binding
    const failure = [{ message, policy: policy.name, binding: name, expressionIndex, validationActions }]
    const escaped = JSON.stringify(failure).replace(/[<>&\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
    this.#annotations.set(FAILURE_KEY, escaped)
  }
}

/** To so many bytes, whole characters. */
function cut(text: string): string {
  const bytes = Buffer.from(text)
  return bytes.length <= MOST_ANNOTATION ? text : new TextDecoder().decode(bytes.subarray(0, MOST_ANNOTATION)).replace(/\ufffd+$/, '')
}

/** As the API server forbids something: the resource, and the name if it has one. */
function forbidden(request: Fields, message: string): string {
  const field = isFields(request.requestResource) ? 'requestResource' : 'resource'
  const [resource, group] = [textAt(request, field, 'resource'), textAt(request, field, 'group')]
  const { object } = request
  const name = textAt(request, 'name') || textAt(object, 'metadata', 'name') || textAt(object, 'metadata', 'generateName') || 'Unknown'
  return `${group === '' ? resource : `${resource}.${group}`} ${JSON.stringify(name)} is forbidden: ${message}`
}
