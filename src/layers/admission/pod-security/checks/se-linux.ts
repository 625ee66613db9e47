import { type Check, type CheckPod, holders, plural, quoted, setters, sortedSet } from '../check.ts'
import type { Security } from '../pod.ts'

const TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t']
const SINCE_31 = [...TYPES, 'container_engine_t']

/** Names of the fields that may not be as they are. */
function wrongFields({ seLinux }: Security, types: readonly string[]): readonly string[] {
  if (seLinux === undefined) return []
  return [
    ...(types.includes(seLinux.type) ? [] : ['type']),
    ...(seLinux.user === '' ? [] : ['user']),
    ...(seLinux.role === '' ? [] : ['role']),
  ]
}

const only =
  (types: readonly string[]): CheckPod =>
  (pod) => {
    const bad = holders(pod, ({ security }) => security.seLinux !== undefined && wrongFields(security, types).length > 0)
    if (bad.length === 0) return undefined
    const wrong = bad.map(({ path, security }) => ({ path, type: security.seLinux!.type, fields: wrongFields(security, types) }))
    const badTypes = sortedSet(wrong.filter(({ fields }) => fields.includes('type')).map(({ type }) => type))
    const data = badTypes.length > 0 ? [`${plural('type', badTypes.length)} ${quoted(badTypes)}`] : []
    for (const field of ['user', 'role']) if (wrong.some(({ fields }) => fields.includes(field))) data.push(`${field} may not be set`)
    return {
      reason: 'seLinuxOptions',
      detail: `${setters(pod, bad)} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}`,
      fields: wrong.flatMap(({ path, fields }) => fields.map((field) => `${path}.securityContext.seLinuxOptions.${field}`)),
    }
  }

export const SE_LINUX: Check = {
  id: 'seLinuxOptions',
  level: 'baseline',
  versions: [
    { since: 0, run: only(TYPES) },
    { since: 31, run: only(SINCE_31) },
  ],
}
