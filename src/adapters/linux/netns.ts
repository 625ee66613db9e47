// Network namespaces of workloads: one each, joined by a bridge of ours. iproute2 does the work; its names are what an operator sees.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { ThymusError } from '../../core/errors.ts'

/** An instance has its own bridge and address ranges, so that two instances on one machine do not meet. */
export interface Network {
  readonly bridge: string
  /** The first two bytes of an IPv4 /16. */
  readonly v4: string
  /** The IPv6 /64 as its groups are written before `::`, without leading zeros (RFC 5952 §4.1), as `ip` and records write it. */
  readonly v6: string
}

/** The default instance is 10.213.0.0/16 and fd74:796d:7573::/64; another one is drawn by its name. */
export function networkOf(instance: string): Network {
  if (instance === 'thymus') return { bridge: 'thymus0', v4: '10.213', v6: 'fd74:796d:7573' }
  const hash = createHash('sha256').update(instance).digest()
  return {
    bridge: `thy${hash.toString('hex', 0, 4)}`,
    v4: `10.${128 + (hash[4]! % 80)}`,
    v6: `fd74:796d:7573:${(hash.readUInt16BE(5) | 1).toString(16)}`, // never 0: that is the default instance's
  }
}

/** The addresses of a slot, one of each family. */
export function addressesOf(network: Network, slot: number): [v4: string, v6: string] {
  return [`${network.v4}.${slot >> 8}.${slot & 255}`, `${network.v6}::${slot.toString(16)}`]
}

export interface Namespace {
  readonly name: string
  readonly path: string
  readonly addresses: readonly string[]
}

/** Makes the namespace of a slot: loopback up, one link to the bridge, an address of each family, the bridge as its way out. */
export function makeNamespace(network: Network, slot: number): Namespace {
  const namespace = namespaceOf(network, slot)
  const [host, inside] = [`${network.bridge}h${slot}`.slice(-15), `${network.bridge}i${slot}`.slice(-15)]
  const [v4, v6] = namespace.addresses as [string, string]
  makeBridge(network)
  ip('netns', 'add', namespace.name)
  try {
    ip('link', 'add', host, 'type', 'veth', 'peer', 'name', inside, 'netns', namespace.name)
    ip('link', 'set', host, 'master', network.bridge, 'up')
    ip('-n', namespace.name, 'link', 'set', 'lo', 'up')
    ip('-n', namespace.name, 'link', 'set', inside, 'name', 'eth0', 'up')
    ip('-n', namespace.name, 'address', 'add', `${v4}/16`, 'dev', 'eth0')
    ip('-n', namespace.name, 'address', 'add', `${v6}/64`, 'dev', 'eth0', 'nodad')
    ip('-n', namespace.name, 'route', 'add', 'default', 'via', `${network.v4}.255.254`)
    return namespace
  } catch (error) {
    removeNamespace(namespace.name)
    throw error
  }
}

export function removeNamespace(name: string): void {
  if (existsSync(`/run/netns/${name}`)) ip('netns', 'delete', name) // its end of the link goes, and with it the other
}

export function removeBridge(network: Network): void {
  if (existsSync(`/sys/class/net/${network.bridge}`)) ip('link', 'delete', network.bridge)
}

/** Files of the namespaces that were made for this network. */
export function namespacesOf(network: Network): string[] {
  if (!existsSync('/run/netns')) return []
  return readdirSync('/run/netns')
    .filter((name) => name.startsWith(`${network.bridge}-`))
    .map((name) => `/run/netns/${name}`)
}

function namespaceOf(network: Network, slot: number): Namespace {
  const name = `${network.bridge}-${slot}`
  return { name, path: `/run/netns/${name}`, addresses: addressesOf(network, slot) }
}

function makeBridge(network: Network): void {
  if (existsSync(`/sys/class/net/${network.bridge}`)) return
  ip('link', 'add', network.bridge, 'type', 'bridge')
  ip('address', 'add', `${network.v4}.255.254/16`, 'dev', network.bridge)
  ip('address', 'add', `${network.v6}::ffff/64`, 'dev', network.bridge, 'nodad')
  ip('link', 'set', network.bridge, 'up')
}

function ip(...words: string[]): void {
  try {
    execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
    throw new ThymusError('KERNEL_REFUSED', `ip ${words.join(' ')}: ${said}`, { cause: error })
  }
}
