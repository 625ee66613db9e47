// What is said of an admission request, and the port through which whoever serves admission asks for it.
import type { KubernetesObject } from '../../formats/kubernetes/object.ts'
import type { AdmissionRequest } from './review.ts'

export interface Violation {
  /** What was broken: the kind and name of a constraint, a policy, a level of Pod Security. */
  readonly policy: string
  /** The rule in it. */
  readonly rule: string
  readonly message: string
  /** Only `deny` refuses; `warn` tells the client; `dryrun` is recorded and no more. */
  readonly action: 'deny' | 'warn' | 'dryrun'
  /** The field that is wrong, as `spec.containers[0].image`. */
  readonly field?: string
}

export interface Judgement {
  readonly allowed: boolean
  /** Why it is refused, in one text for the client. */
  readonly message?: string
  /** HTTP status of the refusal; 403 where it is left out. */
  readonly code?: number
  /** Shown to the client, whether or not the request is allowed. */
  readonly warnings: readonly string[]
  /** For the audit log of the cluster, under keys without a prefix. */
  readonly auditAnnotations: Readonly<Record<string, string>>
  /** All that was found, of every action. */
  readonly violations: readonly Violation[]
}

export interface Mutation extends Judgement {
  /** The object as it should be; undefined where nothing is changed. */
  readonly object: KubernetesObject | undefined
}

export interface JudgementContext {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Milliseconds in which the judgement must be there; a judge that can stop by itself throws when they are over. */
  readonly milliseconds: number
  /** Of the review as it was sent; left out where nobody sent one. */
  readonly bytes?: number
}

type Soon<T> = T | Promise<T>

/** Says what is to be done with requests. It may throw: whoever asks has a mode for that. It changes nothing, not even for a request that is no dry run. */
export interface AdmissionJudge {
  validate(request: AdmissionRequest, context: JudgementContext): Soon<Judgement>
  mutate(request: AdmissionRequest, context: JudgementContext): Soon<Mutation>
}
