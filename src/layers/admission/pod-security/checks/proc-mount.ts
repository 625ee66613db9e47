import { type Check, type CheckPod, named, quoted, securityFields, sortedSet, unlessUserNamespace } from '../check.ts'

const mustBeDefault: CheckPod = ({ containers }) => {
  const bad = containers.filter(({ security: { procMount } }) => procMount !== undefined && procMount !== 'Default')
  if (bad.length === 0) return undefined
  const types = quoted(sortedSet(bad.map(({ security }) => security.procMount!)))
  const detail = `${named(bad)} must not set securityContext.procMount to ${types}`
  return { reason: 'procMount', detail, fields: securityFields(bad, 'procMount') }
}

export const PROC_MOUNT: readonly Check[] = [
  {
    id: 'procMount',
    level: 'baseline',
    versions: [
      { since: 0, run: mustBeDefault },
      { since: 35, run: unlessUserNamespace(mustBeDefault) },
    ],
  },
  { id: 'procMount_restricted', level: 'restricted', versions: [{ since: 35, run: mustBeDefault, overrides: ['procMount'] }] },
]
