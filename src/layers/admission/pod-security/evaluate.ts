// A pod against the Pod Security Standards.
import type { Failure } from './check.ts'
import { type LevelVersion, minorOf } from './level.ts'
import type { Pod } from './pod.ts'
import { checksOf, NEWEST_MINOR } from './registry.ts'

export interface PodVerdict {
  readonly allowed: boolean
  readonly failures: readonly CheckFailure[]
}

export interface CheckFailure extends Failure {
  /** Name of the check in Kubernetes: `privileged`, `seccompProfile_restricted`. */
  readonly check: string
}

const ALLOWED: PodVerdict = { allowed: true, failures: [] }

/**
 * What a cluster says of a pod that it holds. A manifest is judged as it stands, without what the API server makes of it before it judges
 * (`storedPod` does); nothing here knows what mutating webhooks would make of it.
 * @param clusterMinor that of the cluster's own version, after whose standards it knows no others
 */
export function judgePod({ level, version }: LevelVersion, pod: Pod, clusterMinor = NEWEST_MINOR): PodVerdict {
  let failures: CheckFailure[] | undefined
  for (const { id, run } of checksOf(level, Math.min(minorOf(version), clusterMinor, NEWEST_MINOR))) {
    const failure = run(pod)
    if (failure === undefined) continue
    failures ??= []
    failures.push({ check: id, ...failure })
  }
  return failures === undefined ? ALLOWED : { allowed: false, failures }
}

/** `host namespaces, privileged`: AggregateCheckResult.ForbiddenReason. */
export const forbiddenReason = ({ failures }: PodVerdict) => failures.map(({ reason }) => reason).join(', ')

/** `host namespaces (hostPID=true), privileged (container "a" must not …)`: AggregateCheckResult.ForbiddenDetail. */
export const forbiddenDetail = ({ failures }: PodVerdict) =>
  failures.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ')
