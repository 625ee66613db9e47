// Annotations before 1.19, fields since.
import { quoteTerm } from '../../../../lang/rego/values/text.ts'
import {
  type Check,
  type CheckPod,
  type Failure,
  holders,
  named,
  plural,
  quoted,
  securityFields,
  setters,
  sortedSet,
  unlessWindows,
} from '../check.ts'
import type { Pod } from '../pod.ts'

const POD = 'seccomp.security.alpha.kubernetes.io/pod'
const CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/'
const reason = 'seccompProfile'

const allowedAnnotation = (profile: string) =>
  profile === 'runtime/default' || profile === 'docker/default' || profile.startsWith('localhost/')

const annotations: CheckPod = ({ metadataPath, annotations, containers }) => {
  const keys = [POD, ...containers.map(({ name }) => `${CONTAINER}${name}`)]
  const bad = sortedSet(
    keys.filter((key) => {
      const profile = annotations.get(key)
      return profile !== undefined && !allowedAnnotation(profile)
    }),
  )
  if (bad.length === 0) return undefined
  const told = sortedSet(bad.map((key) => `${key}=${quoteTerm(annotations.get(key)!)}`))
  return {
    reason,
    detail: `forbidden ${plural('annotation', bad.length)} ${told.join(', ')}`,
    fields: bad.map((key) => `${metadataPath}.annotations[${quoteTerm(key)}]`),
  }
}

const allowed = (type: string | undefined) => type === 'RuntimeDefault' || type === 'Localhost'

const baseline: CheckPod = (pod) => {
  const bad = holders(pod, ({ security: { seccomp } }) => seccomp !== undefined && !allowed(seccomp))
  if (bad.length === 0) return undefined
  const types = quoted(sortedSet(bad.map(({ security }) => security.seccomp!)))
  const detail = `${setters(pod, bad)} must not set securityContext.seccompProfile.type to ${types}`
  return { reason, detail, fields: securityFields(bad, 'seccompProfile.type') }
}

const restricted: CheckPod = (pod) => baseline(pod) ?? missing(pod)

function missing(pod: Pod): Failure | undefined {
  if (pod.own.security.seccomp !== undefined) return undefined
  const silent = pod.containers.filter(({ security }) => security.seccomp === undefined)
  if (silent.length === 0) return undefined
  const detail = `pod or ${named(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`
  return { reason, detail, fields: securityFields(silent, 'seccompProfile.type') }
}

const overrides = ['seccompProfile_baseline']

export const SECCOMP: readonly Check[] = [
  {
    id: 'seccompProfile_baseline',
    level: 'baseline',
    versions: [
      { since: 0, run: annotations },
      { since: 19, run: baseline },
    ],
  },
  {
    id: 'seccompProfile_restricted',
    level: 'restricted',
    versions: [
      { since: 19, run: restricted, overrides },
      { since: 25, run: unlessWindows(restricted), overrides },
    ],
  },
]
