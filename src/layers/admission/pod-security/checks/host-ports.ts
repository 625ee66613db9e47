import { type Check, type CheckPod, named, plural, sortedSet } from '../check.ts'

const run: CheckPod = ({ containers }) => {
  const bad = containers.filter(({ hostPorts }) => hostPorts.some((port) => port !== 0))
  if (bad.length === 0) return undefined
  const ports = sortedSet(bad.flatMap(({ hostPorts }) => hostPorts.filter((port) => port !== 0).map(String)))
  return {
    reason: 'hostPort',
    detail: `${named(bad)} ${bad.length === 1 ? 'uses' : 'use'} ${plural('hostPort', ports.length)} ${ports.join(', ')}`,
    fields: bad.flatMap(({ path, hostPorts }) => hostPorts.flatMap((port, at) => (port === 0 ? [] : [`${path}.ports[${at}].hostPort`]))),
  }
}

export const HOST_PORTS: Check = { id: 'hostPorts', level: 'baseline', versions: [{ since: 0, run }] }
