import { type Check, type CheckPod, holders, named, securityFields, setters, unlessUserNamespace } from '../check.ts'

/** A container that says nothing has what the pod says. */
const nonRoot: CheckPod = (pod) => {
  const reason = 'runAsNonRoot != true'
  const bad = holders(pod, ({ security }) => security.runAsNonRoot === false)
  if (bad.length > 0) {
    const detail = `${setters(pod, bad)} must not set securityContext.runAsNonRoot=false`
    return { reason, detail, fields: securityFields(bad, 'runAsNonRoot') }
  }
  if (pod.own.security.runAsNonRoot === true) return undefined
  const silent = pod.containers.filter(({ security }) => security.runAsNonRoot === undefined)
  if (silent.length === 0) return undefined
  const detail = `pod or ${named(silent)} must set securityContext.runAsNonRoot=true`
  return { reason, detail, fields: securityFields(silent, 'runAsNonRoot') }
}

const user: CheckPod = (pod) => {
  const bad = holders(pod, ({ security }) => security.runAsUser === 0)
  if (bad.length === 0) return undefined
  return { reason: 'runAsUser=0', detail: `${setters(pod, bad)} must not set runAsUser=0`, fields: securityFields(bad, 'runAsUser') }
}

export const RUN_AS: readonly Check[] = [
  {
    id: 'runAsNonRoot',
    level: 'restricted',
    versions: [
      { since: 0, run: nonRoot },
      { since: 35, run: unlessUserNamespace(nonRoot) },
    ],
  },
  {
    id: 'runAsUser',
    level: 'restricted',
    versions: [
      { since: 23, run: user },
      { since: 35, run: unlessUserNamespace(user) },
    ],
  },
]
