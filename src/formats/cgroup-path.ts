// Who made a control group, told by its path: the naming conventions of systemd, Docker, containerd, CRI-O, Podman and the kubelet,
// under both of their drivers (cgroupfs and systemd). A path is a claim by whoever could make the group, which is root.

export type Manager = 'systemd' | 'docker' | 'containerd' | 'cri-o' | 'podman' | 'lxc'

export interface GroupName {
  readonly manager: Manager
  /** 64 hexadecimal digits. */
  readonly container?: string
  /** UID of the Kubernetes pod, with dashes. */
  readonly pod?: string
  readonly qos?: 'guaranteed' | 'burstable' | 'besteffort'
  /** systemd unit. */
  readonly unit?: string
  /** Name of an LXC container. */
  readonly name?: string
}

const ID = '([0-9a-f]{64})'
/** In this order: the innermost name decides, and a scope with a runtime's prefix says more than the scope itself. */
const CONTAINERS: readonly (readonly [RegExp, Manager])[] = [
  [new RegExp(`^docker-${ID}\\.scope$`), 'docker'],
  [new RegExp(`^(?:cri-containerd|nerdctl)-${ID}\\.scope$`), 'containerd'],
  [new RegExp(`^crio-${ID}(?:\\.scope)?$`), 'cri-o'],
  [new RegExp(`^libpod-${ID}(?:\\.scope)?$`), 'podman'],
]
const POD = /^(?:kubepods-(?:besteffort-|burstable-)?)?pod([0-9a-f]{8}[-_](?:[0-9a-f]{4}[-_]){3}[0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?$/
const BARE = new RegExp(`^${ID}$`)
const UNIT = /^.+\.(service|scope)$/

/** What a path within the hierarchy (`/…`) tells; undefined where no convention fits. */
export function recognise(path: string): GroupName | undefined {
  const parts = path.split('/').filter(Boolean)
  const pod = podOf(parts)
  for (const part of [...parts].reverse()) {
    for (const [pattern, manager] of CONTAINERS) {
      const id = pattern.exec(part)?.[1]
      if (id !== undefined) return { manager, container: id, ...pod }
    }
    const bare = BARE.exec(part)?.[1]
    if (bare !== undefined) return { manager: parts.includes('docker') ? 'docker' : 'containerd', container: bare, ...pod }
    const lxc = /^lxc\.payload\.(.+)$/.exec(part)?.[1] ?? (parts[0] === 'lxc' ? parts[1] : undefined)
    if (lxc !== undefined) return { manager: 'lxc', name: lxc }
  }
  if (pod !== undefined) return { manager: 'containerd', ...pod }
  const unit = parts.findLast((part) => UNIT.test(part))
  return unit === undefined ? undefined : { manager: 'systemd', unit }
}

/** The pod that encloses it; the quality-of-service class is in the names of the groups above (guaranteed pods have none). */
function podOf(parts: readonly string[]): Pick<GroupName, 'pod' | 'qos'> | undefined {
  for (const part of parts) {
    const uid = POD.exec(part)?.[1]
    if (uid === undefined) continue
    const above = parts.join('/')
    return {
      pod: uid.replaceAll('_', '-'),
      qos: above.includes('besteffort') ? 'besteffort' : above.includes('burstable') ? 'burstable' : 'guaranteed',
    }
  }
  return undefined
}
