import { quoteTerm } from '../../../../lang/rego/values/text.ts'
import { type Check, type CheckPod, holders, plural, quoted, securityFields, setters, sortedSet } from '../check.ts'

export const APP_ARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/'
const TYPES = new Set<string | undefined>([undefined, 'RuntimeDefault', 'Localhost'])

const allowedAnnotation = (profile: string) => profile === '' || profile === 'runtime/default' || profile.startsWith('localhost/')

/** Annotations of all names that begin so, whether or not there is such a container. */
const run: CheckPod = (pod) => {
  const bad = holders(pod, ({ security }) => !TYPES.has(security.appArmor))
  const annotations = [...pod.annotations].filter(([key, profile]) => key.startsWith(APP_ARMOR_ANNOTATION) && !allowedAnnotation(profile))
  if (bad.length === 0 && annotations.length === 0) return undefined
  const who = [
    ...(bad.length > 0 ? [setters(pod, bad)] : []),
    ...(annotations.length > 0 ? [plural('annotation', annotations.length)] : []),
  ]
  const values = [
    ...sortedSet(bad.map(({ security }) => security.appArmor!)),
    ...sortedSet(annotations.map(([key, profile]) => `${key}=${quoteTerm(profile)}`)),
  ]
  return {
    reason: plural('forbidden AppArmor profile', values.length),
    detail: `${who.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`,
    fields: [
      ...securityFields(bad, 'appArmorProfile.type'),
      ...annotations.map(([key]) => `${pod.metadataPath}.annotations[${quoteTerm(key)}]`),
    ],
  }
}

export const APP_ARMOR: Check = { id: 'appArmorProfile', level: 'baseline', versions: [{ since: 0, run }] }
