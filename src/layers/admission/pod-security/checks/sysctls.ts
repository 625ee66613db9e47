import type { Check, CheckPod } from '../check.ts'

const SINCE_0 = [
  ...['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.tcp_syncookies'],
  ...['net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start'],
]
const SINCE_27 = [...SINCE_0, 'net.ipv4.ip_local_reserved_ports']
const SINCE_29 = [
  ...SINCE_27,
  ...['net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes'],
]
const SINCE_32 = [...SINCE_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']

function only(names: readonly string[]): CheckPod {
  const allowed = new Set(names)
  return ({ own, sysctls }) => {
    const bad = sysctls.filter((name) => !allowed.has(name))
    if (bad.length === 0) return undefined
    const fields = sysctls.flatMap((name, at) => (allowed.has(name) ? [] : [`${own.path}.securityContext.sysctls[${at}].name`]))
    return { reason: 'forbidden sysctls', detail: bad.join(', '), fields }
  }
}

export const SYSCTLS: Check = {
  id: 'sysctls',
  level: 'baseline',
  versions: [
    { since: 0, run: only(SINCE_0) },
    { since: 27, run: only(SINCE_27) },
    { since: 29, run: only(SINCE_29) },
    { since: 32, run: only(SINCE_32) },
  ],
}
