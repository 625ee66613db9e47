// Pods that are there when a namespace gets another level (EvaluatePodsInNamespace): they run on, and are warned of.

import type { KubernetesObject } from '../../../formats/kubernetes/object.ts'
import { compareStrings } from '../../../lang/rego/values/order.ts'
import { quoteTerm } from '../../../lang/rego/values/text.ts'
import type { PodSecurityConfiguration } from './configuration.ts'
import { forbiddenReason, judgePod } from './evaluate.ts'
import { whole } from './fields.ts'
import { type LevelVersion, levelVersionText } from './level.ts'
import type { Pod } from './pod.ts'
import { readPod } from './read-pod.ts'

const MAX_PODS = 3000

interface NamedPod {
  readonly name: string
  /** UID of the controller that made it; undefined for a pod of nobody's. */
  readonly controller: string | undefined
  readonly pod: Pod
}

/** Warnings in Kubernetes' words. `late` is asked after each pod: the rest is then left, and that is told. */
export function existingPodWarnings(
  namespace: string,
  pods: readonly KubernetesObject[],
  enforce: LevelVersion,
  { exemptions, clusterMinor }: PodSecurityConfiguration,
  late: () => boolean,
): readonly string[] {
  const all = prioritised(pods.map(readNamed).filter(({ pod }) => !exemptions.runtimeClasses.has(pod.runtimeClassName)))
  const found = new Map<string, { name: string; count: number }>()
  let checked = 0
  for (const { name, pod } of all.slice(0, MAX_PODS)) {
    checked++
    const verdict = judgePod(enforce, pod, clusterMinor)
    if (!verdict.allowed) {
      const reason = forbiddenReason(verdict)
      const before = found.get(reason)
      if (before === undefined) found.set(reason, { name, count: 1 })
      else found.set(reason, { name: compareStrings(name, before.name) < 0 ? name : before.name, count: before.count + 1 })
    }
    if (late()) break
  }
  const warnings: string[] = []
  if (checked < all.length)
    warnings.push(`new PodSecurity enforce level only checked against the first ${checked} of ${all.length} existing pods`)
  if (found.size > 0) {
    const level = quoteTerm(levelVersionText(enforce))
    warnings.push(`existing pods in namespace ${quoteTerm(namespace)} violate the new PodSecurity enforce level ${level}`)
  }
  return [...warnings, ...[...found].map(([reason, { name, count }]) => `${name}${others(count - 1)}: ${reason}`).sort(compareStrings)]
}

const others = (count: number) => (count === 0 ? '' : ` (and ${count} other pod${count === 1 ? '' : 's'})`)

function readNamed(object: KubernetesObject): NamedPod {
  const pod = whole(object)
  const metadata = pod.object('metadata')
  const owners = metadata.objects('ownerReferences').map((owner) => (owner.boolean('controller') ? owner.text('uid') : undefined))
  return {
    name: metadata.text('name'),
    controller: owners.find((uid) => uid !== undefined),
    pod: readPod(metadata.fields, pod.value('spec')),
  }
}

/** One pod of each controller first: the others are most likely the same. */
function prioritised(pods: readonly NamedPod[]): readonly NamedPod[] {
  const seen = new Set<string>()
  const first: NamedPod[] = []
  const rest: NamedPod[] = []
  for (const pod of pods) {
    if (pod.controller !== undefined && seen.has(pod.controller)) rest.push(pod)
    else first.push(pod)
    if (pod.controller !== undefined) seen.add(pod.controller)
  }
  return [...first, ...rest]
}
