// One question, every engine: Gatekeeper's constraints, Pod Security, Kubernetes' own policies, and the mutators before them.
import { ThymusError } from '../../core/errors.ts'
import type { Fields, KubernetesObject } from '../../formats/kubernetes/object.ts'
import { Work } from '../../lang/cel/cel.ts'
import type { Limits } from '../../lang/rego/codegen/runtime.ts'
import { type GatekeeperConfig, isExcluded } from './gatekeeper/config.ts'
import type { EnforcementPoint } from './gatekeeper/constraint.ts'
import { reviewExpanded } from './gatekeeper/expanded-review.ts'
import type { Expander } from './gatekeeper/expansion.ts'
import type { Failed, Library, Violation as Objection } from './gatekeeper/library.ts'
import type { MutationSystem } from './gatekeeper/mutation/system.ts'
import { questionFrom, questionOf } from './gatekeeper/question.ts'
import type { AdmissionJudge, Judgement, JudgementContext, Mutation, Violation } from './judgement.ts'
import { admit, type PodSecurityCluster } from './pod-security/admission.ts'
import type { PodSecurityConfiguration } from './pod-security/configuration.ts'
import { requestFields } from './request-fields.ts'
import type { AdmissionRequest } from './review.ts'
import { judgePolicies, type PolicyQuestion, type PolicySet, type PolicyVerdict } from './validating-policy/judge.ts'
import type { ParamSource } from './validating-policy/params.ts'

export interface KnownCluster extends PodSecurityCluster {
  /** Of a kind that policies take their parameters from; undefined: there is no such kind. */
  params(kind: { readonly apiVersion: string; readonly kind: string }): ParamSource | undefined
}

/** What it may take, beside time: it must not take the memory of who asks. */
export type Attempt = Pick<Limits, 'memory'>

export interface JudgeParts {
  readonly library: Library
  readonly expander: Expander
  readonly mutations: MutationSystem
  /** Namespaces that Gatekeeper's rules leave alone. */
  readonly config: Pick<GatekeeperConfig, 'excluded'>
  readonly validating: PolicySet
  /** Undefined: namespaces' labels for Pod Security are left to the API server itself. */
  readonly podSecurity: PodSecurityConfiguration | undefined
  /** What is known of the cluster. */
  readonly cluster: KnownCluster
  /** Whether the field of a violation of a constraint is looked for, which takes longer than to find the violation. No answer has it, so it is for whoever reads `violations`. */
  readonly locates: boolean
  /** Where somebody else is asked what this judge cannot finish: then it throws whatever an engine throws, also beside a refusal. */
  readonly attempt?: Attempt
  /** Milliseconds that only grow. */
  readonly clock: () => number
}

/** Objections of which the field is looked for: nobody mends more at a time. */
const LOCATED = 2
/** Of the time that must be left for it. */
const LOCATING_MS = 500
/** Of the time for a judgement that engines have: what they found must be told in the rest. */
const SHARE = 0.95
/** Of the time that is left then, for one constraint: what it leaves is for the others, who may have something to say. */
const SHARE_OF_ONE = 0.5

export class Judge implements AdmissionJudge {
  readonly #parts: JudgeParts

  constructor(parts: JudgeParts) {
    this.#parts = parts
  }

  /** Throws what an engine throws that does not come to an end, if no other refuses: whoever asks has a mode for that. */
  validate(request: AdmissionRequest, { milliseconds }: JudgementContext): Judgement {
    return this.judge(request, 'validation.gatekeeper.sh', milliseconds)
  }

  /** The same at another point: an audit asks about what is there already, and is thrown whatever an engine throws. */
  judge(request: AdmissionRequest, point: EnforcementPoint, milliseconds: number): Judgement {
    const { podSecurity, cluster, validating, attempt, clock } = this.#parts
    const end = clock() + milliseconds * SHARE
    const left = () => Math.max(0, end - clock())
    const fields = requestFields(request)
    let failure: unknown
    // Each is asked, as a cluster asks them: an object that takes all the time of one must not get past another.
    const failed = (error: unknown) => {
      if (!(error instanceof ThymusError || error instanceof RangeError)) throw error
      failure ??= error
    }
    const ask = (engine: () => void) => {
      try {
        engine()
      } catch (error) {
        failed(error)
      }
    }
    const said: Said = { warnings: [], refusals: [], codes: [], auditAnnotations: {}, violations: [] }
    ask(() => this.#askLibrary(said, request, fields, { point, left, failed }))
    if (validating.policies.length > 0) {
      const namespace = this.#namespaceOf(request)
      ask(() => {
        const work = new Work(left())
        // What is over stays so: it tells too of a denial after which the others were not asked.
        const look = () => {
          if (work.left <= 0 || left() === 0) throw new ThymusError('CEL_LIMIT', 'the time is over before all policies were asked')
        }
        const question: PolicyQuestion = { request: fields, namespace, params: (kind) => cluster.params(kind), work }
        addPolicies(said, judgePolicies(validating, attempt === undefined ? question : { ...question, look }))
        if (attempt !== undefined) look()
      })
    }
    if (podSecurity !== undefined) ask(() => addSecurity(said, admit(request, podSecurity, cluster)))
    const { warnings, refusals, codes, auditAnnotations, violations } = said
    // Whom nobody waits for wants to know of all that is wrong, and so of what could not be judged.
    if (failure !== undefined && (refusals.length === 0 || point === 'audit.gatekeeper.sh' || attempt !== undefined)) throw failure
    if (refusals.length === 0) return { allowed: true, warnings, auditAnnotations, violations }
    // Whoever refuses alone does so with its own status.
    const code = refusals.length === 1 && codes.length === 1 ? codes[0]! : 403
    return { allowed: false, message: refusals.join('\n'), code, warnings, auditAnnotations, violations }
  }

  #askLibrary(
    said: Said,
    given: AdmissionRequest,
    fields: Fields,
    { point, left, failed }: { readonly point: EnforcementPoint; readonly left: () => number; readonly failed: Failed },
  ): void {
    const { library, expander, config, locates, attempt } = this.#parts
    const request = asGatekeeperHasIt(given)
    const asked = request.operation === 'DELETE' ? request.oldObject : request.object
    const process = point === 'audit.gatekeeper.sh' ? 'audit' : 'webhook'
    if (asked !== undefined && isExcluded(config, process, asked, request.namespace)) return
    const namespace = this.#namespaceOf(request)
    // As Gatekeeper has it, an audit asks about an object, and not about an operation.
    const question =
      process === 'audit' && asked !== undefined
        ? questionOf(asked, 'Original', namespace)
        : questionFrom(request === given ? fields : requestFields(request), { source: 'Original', namespace })
    const limits = () => ({ milliseconds: left() * SHARE_OF_ONE, ...attempt })
    const objections = reviewExpanded(library, expander, question, point, limits, failed)
    let located = 0
    for (const objection of objections) {
      const isLocated = locates && located++ < LOCATED && left() > LOCATING_MS
      addObjection(said, objection, isLocated ? library.fieldOf(objection, question) : undefined)
    }
  }

  /** Throws ThymusError MUTATOR where a mutator cannot be applied. */
  mutate(request: AdmissionRequest): Mutation {
    const { object, operation } = request
    const nothing = { allowed: true, warnings: [], auditAnnotations: {}, violations: [] } as const
    if (object === undefined || operation === 'DELETE' || isExcluded(this.#parts.config, 'mutation-webhook', object, request.namespace))
      return { ...nothing, object: undefined }
    const namespace = this.#namespaceOf(asGatekeeperHasIt(request))
    const mutated = this.#parts.mutations.mutate({ object, namespace, source: 'Original', operation })
    return mutated.applied.length === 0
      ? { ...nothing, object: undefined }
      : { ...nothing, auditAnnotations: { mutators: mutated.applied.join(', ') }, object: mutated.object }
  }

  #namespaceOf({ namespace }: AdmissionRequest): KubernetesObject | undefined {
    return namespace === '' ? undefined : this.#parts.cluster.namespace(namespace)
  }
}

/** An API server says of a Namespace that it is in itself; Gatekeeper takes that back (pkg/webhook/policy.go, createReviewForRequest). */
function asGatekeeperHasIt(request: AdmissionRequest): AdmissionRequest {
  const { group, kind } = request.kind
  return group === '' && kind === 'Namespace' ? { ...request, namespace: '' } : request
}

/** What the engines have said until now. All of them add to the same lists: whoever has nothing to say costs nothing. */
interface Said {
  readonly warnings: string[]
  readonly refusals: string[]
  /** HTTP statuses of those refusals that have one of their own. */
  readonly codes: number[]
  auditAnnotations: Readonly<Record<string, string>>
  readonly violations: Violation[]
}

/** One violation for each thing that is to be done, in Gatekeeper's words. Actions of one's own are recorded, as `dryrun` is. */
function addObjection(said: Said, { constraint, message, rule, actions }: Objection, field: string | undefined): void {
  const named = rule === undefined ? constraint.kind : `${rule.file}:${rule.line}`
  const told = `[${constraint.name}] ${message}`
  for (const each of actions) {
    const action = each === 'deny' || each === 'warn' ? each : 'dryrun'
    const violation = { policy: `${constraint.kind}/${constraint.name}`, rule: named, message, action } as const
    said.violations.push(field === undefined ? violation : { ...violation, field })
    if (action === 'deny') said.refusals.push(told)
    if (action === 'warn') said.warnings.push(told)
  }
}

/** A status of an API server, as an engine of its own refuses. */
function addRefusal(said: Said, status: { readonly message: string; readonly code: number } | undefined): void {
  if (status === undefined) return
  said.refusals.push(status.message)
  said.codes.push(status.code)
}

const POLICY_ACTIONS = { Deny: 'deny', Warn: 'warn', Audit: 'dryrun' } as const

function addPolicies(said: Said, { denied, warnings, auditAnnotations, violations }: PolicyVerdict): void {
  addRefusal(said, denied)
  for (const warning of warnings) said.warnings.push(warning)
  said.auditAnnotations = { ...said.auditAnnotations, ...keyed(auditAnnotations) }
  for (const { policy, message, actions, index } of violations) {
    const rule = index === undefined ? 'match' : `validations[${index}]`
    for (const action of actions)
      said.violations.push({ policy: `ValidatingAdmissionPolicy/${policy}`, rule, message, action: POLICY_ACTIONS[action] })
  }
}

/** A key has one slash, and the API server puts the name of the webhook before it. */
const keyed = (annotations: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key.replaceAll('/', '.'), value]))

const ACTIONS = { enforce: 'deny', warn: 'warn', audit: 'dryrun' } as const

function addSecurity(said: Said, { status, warnings, auditAnnotations, violations }: ReturnType<typeof admit>): void {
  addRefusal(said, status)
  for (const warning of warnings) said.warnings.push(warning)
  said.auditAnnotations = { ...said.auditAnnotations, ...auditAnnotations }
  for (const { mode, policy, failures } of violations) {
    for (const { check, reason, detail, fields } of failures) {
      const message = detail === '' ? reason : `${reason} (${detail})`
      const violation = { policy: `PodSecurity/${policy.level}`, rule: check, message, action: ACTIONS[mode] }
      said.violations.push(fields[0] === undefined ? violation : { ...violation, field: fields[0] })
    }
  }
}
