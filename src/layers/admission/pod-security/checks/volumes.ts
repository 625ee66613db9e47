import { type Check, type CheckPod, named, plural, quoted, sortedSet } from '../check.ts'

const hostPath: CheckPod = ({ volumes }) => {
  const bad = volumes.filter((volume) => volume.hostPath)
  if (bad.length === 0) return undefined
  return { reason: 'hostPath volumes', detail: named(bad, 'volume'), fields: bad.map(({ path }) => `${path}.hostPath`) }
}

const restricted: CheckPod = ({ volumes }) => {
  const bad = volumes.filter((volume) => volume.restricted !== undefined)
  if (bad.length === 0) return undefined
  const types = sortedSet(bad.map((volume) => volume.restricted!))
  const verb = bad.length === 1 ? 'uses' : 'use'
  return {
    reason: 'restricted volume types',
    detail: `${named(bad, 'volume')} ${verb} ${plural('restricted volume type', types.length)} ${quoted(types)}`,
    fields: bad.map((volume) => (volume.restricted === 'unknown' ? volume.path : `${volume.path}.${volume.restricted}`)),
  }
}

export const VOLUMES: readonly Check[] = [
  { id: 'hostPathVolumes', level: 'baseline', versions: [{ since: 0, run: hostPath }] },
  { id: 'restrictedVolumes', level: 'restricted', versions: [{ since: 0, run: restricted, overrides: ['hostPathVolumes'] }] },
]
