// Which checks belong to which level and version (k8s.io/pod-security-admission/policy, as of 1.36).
import type { Check, CheckPod } from './check.ts'
import { APP_ARMOR } from './checks/app-armor.ts'
import { CAPABILITIES } from './checks/capabilities.ts'
import { HANDLER_HOSTS } from './checks/handler-hosts.ts'
import { HOST_NAMESPACES } from './checks/host-namespaces.ts'
import { HOST_PORTS } from './checks/host-ports.ts'
import { PRIVILEGE_ESCALATION } from './checks/privilege-escalation.ts'
import { PRIVILEGED } from './checks/privileged.ts'
import { PROC_MOUNT } from './checks/proc-mount.ts'
import { RUN_AS } from './checks/run-as.ts'
import { SE_LINUX } from './checks/se-linux.ts'
import { SECCOMP } from './checks/seccomp.ts'
import { SYSCTLS } from './checks/sysctls.ts'
import { VOLUMES } from './checks/volumes.ts'
import { WINDOWS_HOST_PROCESS } from './checks/windows-host-process.ts'
import type { Level } from './level.ts'

export const CHECKS: readonly Check[] = [
  ...[APP_ARMOR, HANDLER_HOSTS, HOST_NAMESPACES, HOST_PORTS, PRIVILEGED, SE_LINUX, SYSCTLS, WINDOWS_HOST_PROCESS, PRIVILEGE_ESCALATION],
  ...[...CAPABILITIES, ...PROC_MOUNT, ...RUN_AS, ...SECCOMP, ...VOLUMES],
].sort((a, b) => (a.level === b.level ? (a.id < b.id ? -1 : 1) : a.level === 'baseline' ? -1 : 1))

/** The last minor that changed a check: `latest`, and every version after it, are this one. */
export const NEWEST_MINOR = Math.max(...CHECKS.flatMap(({ versions }) => versions.map(({ since }) => since)))

export interface Applicable {
  readonly id: string
  readonly run: CheckPod
}

const BY_LEVEL = {
  privileged: byMinor(() => false),
  baseline: byMinor(({ level }) => level === 'baseline'),
  restricted: byMinor(() => true),
}

/** In the order in which Kubernetes tells their results. `minor`: 0 to NEWEST_MINOR. */
export function checksOf(level: Level, minor: number): readonly Applicable[] {
  return BY_LEVEL[level][minor]!
}

function byMinor(belongs: (check: Check) => boolean): readonly (readonly Applicable[])[] {
  return Array.from({ length: NEWEST_MINOR + 1 }, (_, minor) => {
    const found = CHECKS.filter(belongs).flatMap(({ id, versions }) => {
      const version = versions.findLast(({ since }) => since <= minor)
      return version === undefined ? [] : [{ id, ...version }]
    })
    const overridden = new Set(found.flatMap(({ overrides = [] }) => overrides))
    return found.filter(({ id }) => !overridden.has(id)).map(({ id, run }) => ({ id, run }))
  })
}
