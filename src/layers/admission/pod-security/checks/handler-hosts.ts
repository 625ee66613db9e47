// Probes and lifecycle handlers that speak to another host: the kubelet would, from the node.
import { type Check, type CheckPod, plural, quoted, sortedSet } from '../check.ts'

const run: CheckPod = ({ containers }) => {
  const bad = containers.filter(({ handlerHosts }) => handlerHosts.length > 0)
  if (bad.length === 0) return undefined
  // Unlike in all other checks, containers of one name are one.
  const names = sortedSet(bad.map(({ name }) => name))
  const hosts = sortedSet(bad.flatMap(({ handlerHosts }) => handlerHosts.map(({ host }) => host)))
  const verb = names.length === 1 ? 'uses' : 'use'
  return {
    reason: 'probe or lifecycle host',
    detail: `${plural('container', names.length)} ${quoted(names)} ${verb} ${plural('probe or lifecycle host', hosts.length)} ${quoted(hosts)}`,
    fields: bad.flatMap(({ path, handlerHosts }) => handlerHosts.map(({ field }) => `${path}.${field}`)),
  }
}

export const HANDLER_HOSTS: Check = { id: 'hostProbesAndHostLifecycle', level: 'baseline', versions: [{ since: 34, run }] }
