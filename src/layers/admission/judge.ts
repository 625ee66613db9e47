// One question, every engine: Gatekeeper's constraints, Pod Security, Kubernetes' own policies, and the mutators before them.
import { ThymusError } from '../../core/errors.ts'
import type { Fields, KubernetesObject } from '../../formats/kubernetes/object.ts'
import { Work } from '../../lang/cel/cel.ts'
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
import { judgePolicies, NO_POLICIES, type PolicySet, type PolicyVerdict } from './validating-policy/judge.ts'
import type { ParamSource } from './validating-policy/params.ts'

export interface KnownCluster extends PodSecurityCluster {
  /** Of a kind that policies take their parameters from; undefined: there is no such kind. */
  params(kind: { readonly apiVersion: string; readonly kind: string }): ParamSource | undefined
}

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
    const { podSecurity, cluster, validating, clock } = this.#parts
    const end = clock() + milliseconds * SHARE
    const left = () => Math.max(0, end - clock())
    const fields = requestFields(request)
    let failure: unknown
    // Each is asked, as a cluster asks them: an object that takes all the time of one must not get past another.
    const failed = (error: unknown) => {
      if (!(error instanceof ThymusError || error instanceof RangeError)) throw error
      failure ??= error
    }
    const asked = <T>(engine: () => T, nothing: T): T => {
      try {
        return engine()
      } catch (error) {
        failed(error)
        return nothing
      }
    }
    const found = asked(() => this.#objections(request, fields, { point, left, failed }), [])
    const judgedBy = (policies: PolicySet) =>
      judgePolicies(policies, {
        request: fields,
        namespace: this.#namespaceOf(request),
        params: (kind) => cluster.params(kind),
        work: new Work(left()),
      })
    const policies = validating.policies.length === 0 ? NO_POLICIES : asked(() => judgedBy(validating), NO_POLICIES)
    const secured = podSecurity === undefined ? undefined : asked(() => admit(request, podSecurity, cluster), undefined)
    const warnings = found.filter(({ action }) => action === 'warn').map(text)
    const refusals = found.filter(({ action }) => action === 'deny').map(text)
    const statuses = [policies.denied, secured?.status].filter((status) => status !== undefined)
    const shared = {
      warnings: [...warnings, ...policies.warnings, ...(secured?.warnings ?? [])],
      auditAnnotations: { ...keyed(policies.auditAnnotations), ...secured?.auditAnnotations },
      violations: [...found, ...policyViolations(policies), ...(secured === undefined ? [] : securityViolations(secured))],
    }
    const reasons = [...refusals, ...statuses.map(({ message }) => message)]
    // Whom nobody waits for wants to know of all that is wrong, and so of what could not be judged.
    if (failure !== undefined && (reasons.length === 0 || point === 'audit.gatekeeper.sh')) throw failure
    if (reasons.length === 0) return { allowed: true, ...shared }
    // Whoever refuses alone does so with its own status.
    const code = refusals.length === 0 && statuses.length === 1 ? statuses[0]!.code : 403
    return { allowed: false, message: reasons.join('\n'), code, ...shared }
  }

  #objections(
    given: AdmissionRequest,
    fields: Fields,
    { point, left, failed }: { readonly point: EnforcementPoint; readonly left: () => number; readonly failed: Failed },
  ): readonly Violation[] {
    const { library, expander, config, locates } = this.#parts
    const request = asGatekeeperHasIt(given)
    const asked = request.operation === 'DELETE' ? request.oldObject : request.object
    const process = point === 'audit.gatekeeper.sh' ? 'audit' : 'webhook'
    if (asked !== undefined && isExcluded(config, process, asked, request.namespace)) return []
    const namespace = this.#namespaceOf(request)
    // As Gatekeeper has it, an audit asks about an object, and not about an operation.
    const question =
      process === 'audit' && asked !== undefined
        ? questionOf(asked, 'Original', namespace)
        : questionFrom(request === given ? fields : requestFields(request), { source: 'Original', namespace })
    const limits = () => ({ milliseconds: left() * SHARE_OF_ONE })
    const objections = reviewExpanded(library, expander, question, point, limits, failed)
    const isLocated = (at: number) => locates && at < LOCATED && left() > LOCATING_MS
    return objections.flatMap((objection, at) => violationsOf(objection, isLocated(at) ? library.fieldOf(objection, question) : undefined))
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

/** Gatekeeper's words. */
const text = ({ policy, message }: Violation) => `[${policy.slice(policy.indexOf('/') + 1)}] ${message}`

/** One for each thing that is to be done. Actions of one's own are recorded, as `dryrun` is. */
function violationsOf({ constraint, message, rule, actions }: Objection, field: string | undefined): readonly Violation[] {
  const located = field === undefined ? {} : { field }
  const policy = `${constraint.kind}/${constraint.name}`
  const named = rule === undefined ? constraint.kind : `${rule.file}:${rule.line}`
  return actions.map((action) => ({
    policy,
    rule: named,
    message,
    action: action === 'deny' || action === 'warn' ? action : 'dryrun',
    ...located,
  }))
}

const POLICY_ACTIONS = { Deny: 'deny', Warn: 'warn', Audit: 'dryrun' } as const

function policyViolations({ violations }: PolicyVerdict): readonly Violation[] {
  return violations.flatMap(({ policy, message, actions, index }) =>
    actions.map((action) => ({
      policy: `ValidatingAdmissionPolicy/${policy}`,
      rule: index === undefined ? 'match' : `validations[${index}]`,
      message,
      action: POLICY_ACTIONS[action],
    })),
  )
}

/** A key has one slash, and the API server puts the name of the webhook before it. */
const keyed = (annotations: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key.replaceAll('/', '.'), value]))

const ACTIONS = { enforce: 'deny', warn: 'warn', audit: 'dryrun' } as const

function securityViolations({ violations }: ReturnType<typeof admit>): readonly Violation[] {
  return violations.flatMap(({ mode, policy, failures }) =>
    failures.map(({ check, reason, detail, fields: [field] }) => ({
      policy: `PodSecurity/${policy.level}`,
      rule: check,
      message: detail === '' ? reason : `${reason} (${detail})`,
      action: ACTIONS[mode],
      ...(field === undefined ? {} : { field }),
    })),
  )
}
