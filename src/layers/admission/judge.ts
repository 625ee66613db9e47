// One question, every engine: Gatekeeper's constraints, Pod Security, Kubernetes' own policies, and the mutators before them.
import type { KubernetesObject } from '../../formats/kubernetes/object.ts'
import { reviewExpanded } from './gatekeeper/expanded-review.ts'
import type { Expander } from './gatekeeper/expansion.ts'
import type { Library, Violation as Objection } from './gatekeeper/library.ts'
import type { MutationSystem } from './gatekeeper/mutation/system.ts'
import { questionFrom } from './gatekeeper/question.ts'
import type { AdmissionJudge, Judgement, JudgementContext, Mutation, Violation } from './judgement.ts'
import { admit, type PodSecurityCluster } from './pod-security/admission.ts'
import type { PodSecurityConfiguration } from './pod-security/configuration.ts'
import { requestFields } from './request-fields.ts'
import type { AdmissionRequest } from './review.ts'

export interface JudgeParts {
  readonly library: Library
  readonly expander: Expander
  readonly mutations: MutationSystem
  /** Undefined: namespaces' labels for Pod Security are left to the API server itself. */
  readonly podSecurity: PodSecurityConfiguration | undefined
  /** What is known of the cluster. */
  readonly cluster: PodSecurityCluster
}

/** Objections of which the field is looked for, which takes longer than to find them: nobody mends more at a time. */
const LOCATED = 4

export class Judge implements AdmissionJudge {
  readonly #parts: JudgeParts

  constructor(parts: JudgeParts) {
    this.#parts = parts
  }

  /** Throws what an engine throws that does not come to an end: whoever asks has a mode for that. */
  validate(request: AdmissionRequest, { milliseconds }: JudgementContext): Judgement {
    const { library, expander, podSecurity, cluster } = this.#parts
    const question = questionFrom(requestFields(request), { source: 'Original', namespace: this.#namespaceOf(request) })
    const objections = reviewExpanded(library, expander, question, 'validation.gatekeeper.sh', { milliseconds })
    const found = objections.flatMap((objection, at) =>
      violationsOf(objection, at < LOCATED ? library.fieldOf(objection, question) : undefined),
    )
    const refusals = found.filter(({ action }) => action === 'deny').map(text)
    const warnings = found.filter(({ action }) => action === 'warn').map(text)
    const secured = podSecurity === undefined ? undefined : admit(request, podSecurity, cluster)
    const violations = [...found, ...(secured === undefined ? [] : securityViolations(secured))]
    const shared = { warnings: [...warnings, ...(secured?.warnings ?? [])], auditAnnotations: secured?.auditAnnotations ?? {}, violations }
    if (secured?.status !== undefined && refusals.length === 0) {
      return { allowed: false, message: secured.status.message, code: secured.status.code, ...shared }
    }
    const reasons = secured?.status === undefined ? refusals : [...refusals, secured.status.message]
    return reasons.length === 0 ? { allowed: true, ...shared } : { allowed: false, message: reasons.join('\n'), code: 403, ...shared }
  }

  /** Throws ThymusError MUTATOR where a mutator cannot be applied. */
  mutate(request: AdmissionRequest): Mutation {
    const { object, operation } = request
    const nothing = { allowed: true, warnings: [], auditAnnotations: {}, violations: [] } as const
    if (object === undefined || operation === 'DELETE') return { ...nothing, object: undefined }
    const mutated = this.#parts.mutations.mutate({ object, namespace: this.#namespaceOf(request), source: 'Original', operation })
    return mutated.applied.length === 0
      ? { ...nothing, object: undefined }
      : { ...nothing, auditAnnotations: { mutators: mutated.applied.join(', ') }, object: mutated.object }
  }

  #namespaceOf({ namespace, kind }: AdmissionRequest): KubernetesObject | undefined {
    const isNamespace = kind.group === '' && kind.kind === 'Namespace'
    return namespace === '' || isNamespace ? undefined : this.#parts.cluster.namespace(namespace)
  }
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
