// What a check is, and the words in which Kubernetes tells its result.
import { compareStrings } from '../../../lang/rego/values/order.ts'
import type { Holder, Pod } from './pod.ts'

export interface Check {
  /** As Kubernetes names it; the order of results is that of these names. */
  readonly id: string
  /** A check of `baseline` belongs to `restricted` too, unless one of there takes its place. */
  readonly level: 'baseline' | 'restricted'
  /** Rising; each holds until the next. */
  readonly versions: readonly CheckVersion[]
}

export interface CheckVersion {
  /** Minor of the first version 1.x of the standard that has it. */
  readonly since: number
  readonly run: CheckPod
  /** Checks of `baseline` that this one takes the place of. */
  readonly overrides?: readonly string[]
}

/** Undefined: nothing is wrong. */
export type CheckPod = (pod: Pod) => Failure | undefined

/** Both texts word by word as Kubernetes has them. */
export interface Failure {
  /** `privileged` */
  readonly reason: string
  /** `container "a" must not set securityContext.privileged=true` */
  readonly detail: string
  /** Paths of the fields to change: those that are there and may not be, or that are not there and must be. */
  readonly fields: readonly string[]
}

/** A check that Windows pods pass: they may not have the fields that it wants. */
export const unlessWindows =
  (run: CheckPod): CheckPod =>
  (pod) =>
    pod.windows ? undefined : run(pod)

/** A check that pods with users of their own pass. */
export const unlessUserNamespace =
  (run: CheckPod): CheckPod =>
  (pod) =>
    pod.userNamespace ? undefined : run(pod)

export const plural = (word: string, count: number) => (count === 1 ? word : `${word}s`)

/** `"a", "b"`, nothing escaped. */
export const quoted = (items: readonly string[]) => `"${items.join('", "')}"`

/** Each once, in the order of Go's sorted sets. */
export const sortedSet = (items: Iterable<string>): readonly string[] => [...new Set(items)].sort(compareStrings)

/** `containers "a", "b"` */
export const named = (things: readonly { readonly name: string }[], word = 'container') =>
  `${plural(word, things.length)} ${quoted(things.map(({ name }) => name))}`

/** The pod itself and its containers, those for which `wrong` holds. */
export function holders(pod: Pod, wrong: (holder: Holder) => boolean): readonly Holder[] {
  const containers: readonly Holder[] = pod.containers.filter(wrong)
  return wrong(pod.own) ? [pod.own, ...containers] : containers
}

/** `pod`, `container "a"`, `pod and containers "a", "b"`, for at least one holder. */
export function setters(pod: Pod, bad: readonly Holder[]): string {
  if (bad[0] !== pod.own) return named(bad)
  return bad.length === 1 ? 'pod' : `pod and ${named(bad.slice(1))}`
}

/** The path of one field of the security context of each. */
export const securityFields = (things: readonly Holder[], field: string) => things.map(({ path }) => `${path}.securityContext.${field}`)
