import { type Check, type CheckPod, named, quoted, securityFields, sortedSet, unlessWindows } from '../check.ts'
import type { Container } from '../pod.ts'

const DEFAULT = new Set([
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP'],
  ...['SETUID', 'SYS_CHROOT'],
])
const BIND_ONLY = new Set(['NET_BIND_SERVICE'])

/** Containers that add others than these, and how that is told. */
function adding(containers: readonly Container[], allowed: ReadonlySet<string>) {
  const bad = containers.filter(({ security }) => security.added.some((name) => !allowed.has(name)))
  if (bad.length === 0) return undefined
  const names = sortedSet(bad.flatMap(({ security }) => security.added.filter((name) => !allowed.has(name))))
  const fields = bad.flatMap(({ path, security }) =>
    security.added.flatMap((name, at) => (allowed.has(name) ? [] : [`${path}.securityContext.capabilities.add[${at}]`])),
  )
  return { detail: `${named(bad)} must not include ${quoted(names)} in securityContext.capabilities.add`, fields }
}

const baseline: CheckPod = ({ containers }) => {
  const found = adding(containers, DEFAULT)
  return found && { reason: 'non-default capabilities', ...found }
}

const restricted: CheckPod = ({ containers }) => {
  const keeping = containers.filter(({ security }) => !security.dropped.includes('ALL'))
  const found = adding(containers, BIND_ONLY)
  if (keeping.length === 0 && found === undefined) return undefined
  const details = keeping.length > 0 ? [`${named(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []
  return {
    reason: 'unrestricted capabilities',
    detail: [...details, ...(found ? [found.detail] : [])].join('; '),
    fields: [...securityFields(keeping, 'capabilities.drop'), ...(found?.fields ?? [])],
  }
}

const overrides = ['capabilities_baseline']

export const CAPABILITIES: readonly Check[] = [
  { id: 'capabilities_baseline', level: 'baseline', versions: [{ since: 0, run: baseline }] },
  {
    id: 'capabilities_restricted',
    level: 'restricted',
    versions: [
      { since: 22, run: restricted, overrides },
      { since: 25, run: unlessWindows(restricted), overrides },
    ],
  },
]
