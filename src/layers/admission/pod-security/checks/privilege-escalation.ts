import { type Check, type CheckPod, named, securityFields, unlessWindows } from '../check.ts'

const mustForbid: CheckPod = ({ containers }) => {
  const bad = containers.filter(({ security }) => security.allowPrivilegeEscalation !== false)
  if (bad.length === 0) return undefined
  const detail = `${named(bad)} must set securityContext.allowPrivilegeEscalation=false`
  return { reason: 'allowPrivilegeEscalation != false', detail, fields: securityFields(bad, 'allowPrivilegeEscalation') }
}

export const PRIVILEGE_ESCALATION: Check = {
  id: 'allowPrivilegeEscalation',
  level: 'restricted',
  versions: [
    { since: 8, run: mustForbid },
    { since: 25, run: unlessWindows(mustForbid) },
  ],
}
