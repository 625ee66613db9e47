// Where an object of Kubernetes has a pod, or the template of its pods.
import type { FieldReader } from '../../../formats/kubernetes/field-reader.ts'
import { type KubernetesObject, kindOf } from '../../../formats/kubernetes/object.ts'
import { whole } from './fields.ts'
import type { Pod } from './pod.ts'
import { readPod } from './read-pod.ts'
import { storedPod } from './stored-pod.ts'

interface Kind {
  readonly group: string
  readonly kind: string
  readonly resource: string
  /** Fields that lead to the object with `metadata` and `spec` of the pod; none for the pod itself. */
  readonly path: readonly string[]
  /** Nothing is judged where it is left out; elsewhere that is an empty pod. */
  readonly optional?: true
}

const TEMPLATE = ['spec', 'template']

const KINDS: readonly Kind[] = [
  { group: '', kind: 'Pod', resource: 'pods', path: [] },
  { group: '', kind: 'PodTemplate', resource: 'podtemplates', path: ['template'] },
  { group: '', kind: 'ReplicationController', resource: 'replicationcontrollers', path: TEMPLATE, optional: true },
  { group: 'apps', kind: 'ReplicaSet', resource: 'replicasets', path: TEMPLATE },
  { group: 'apps', kind: 'Deployment', resource: 'deployments', path: TEMPLATE },
  { group: 'apps', kind: 'StatefulSet', resource: 'statefulsets', path: TEMPLATE },
  { group: 'apps', kind: 'DaemonSet', resource: 'daemonsets', path: TEMPLATE },
  { group: 'batch', kind: 'Job', resource: 'jobs', path: TEMPLATE },
  { group: 'batch', kind: 'CronJob', resource: 'cronjobs', path: ['spec', 'jobTemplate', ...TEMPLATE] },
]

/** The pod of a manifest, as the API server would have it; undefined where there is none in objects of this kind. */
export function podIn(object: KubernetesObject): Pod | undefined {
  const { group, kind } = kindOf(object)
  const found = KINDS.find((each) => each.group === group && each.kind === kind)
  const pod = found && podAt(object, found)
  return pod && storedPod(pod, kind !== 'Pod')
}

/** Whether objects of a resource have pods. */
export const hasPod = (group: string, resource: string) => kindOfResource(group, resource) !== undefined

/** The pod in the object of a request, which has its defaults. */
export function podOfResource(group: string, resource: string, object: unknown): Pod | undefined {
  const found = kindOfResource(group, resource)
  return found && podAt(object, found)
}

const kindOfResource = (group: string, resource: string) => KINDS.find((each) => each.group === group && each.resource === resource)

function podAt(object: unknown, { path, optional }: Kind): Pod | undefined {
  const holder = path.reduce((here: FieldReader, step) => here.object(step), whole(object))
  if (!holder.isThere && optional) return undefined
  return readPod(holder.value('metadata'), holder.value('spec'), holder.at(''))
}
