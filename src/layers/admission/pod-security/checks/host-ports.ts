import { type Check, type CheckPod, named, plural, sortedSet } from '../check.ts'

const run: CheckPod = ({ containers }) => {
  const bad = containers.filter(({ ports }) => ports.some(({ host }) => host !== 0))
  if (bad.length === 0) return undefined
  const hosts = sortedSet(bad.flatMap(({ ports }) => ports.filter(({ host }) => host !== 0).map(({ host }) => String(host))))
  return {
    reason: 'hostPort',
    detail: `${named(bad)} ${bad.length === 1 ? 'uses' : 'use'} ${plural('hostPort', hosts.length)} ${hosts.join(', ')}`,
    fields: bad.flatMap(({ path, ports }) => ports.flatMap(({ host }, at) => (host === 0 ? [] : [`${path}.ports[${at}].hostPort`]))),
  }
}

export const HOST_PORTS: Check = { id: 'hostPorts', level: 'baseline', versions: [{ since: 0, run }] }
