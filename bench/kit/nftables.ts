// nftables' verdict map under a flood over loopback, in network namespaces of our own: one with the map, one with an empty chain, one
// more with an empty chain for the A/A arm.
import { execFileSync } from 'node:child_process'
import { Flood } from './flood.ts'
import { type Interval, median, medianInterval } from './statistics.ts'

export interface Element {
  readonly address: string
  readonly port: number
}

export interface Added {
  /** ns for a packet, with the map over without it. */
  readonly added: number
  readonly interval: Interval
  /** ns that two namespaces without it differ by. */
  readonly noise: Interval
  /** ns of a packet without it. */
  readonly packet: number
}

const ROUNDS = 96
const CHAIN = 'type filter hook input priority 0; policy accept;'

/** @throws where nft or ip refuse */
export async function addedByVerdictMap(elements: readonly Element[]): Promise<Added> {
  const names = ['with', 'without', 'same'].map((what) => `thymus-bench-${process.pid}-${what}`)
  const floods: Flood[] = []
  try {
    for (const [index, name] of names.entries()) {
      execFileSync('ip', ['netns', 'add', name])
      execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
      execFileSync('ip', ['-n', name, 'address', 'add', `${elements[0]!.address}/32`, 'dev', 'lo'])
      const input = index === 0 ? withMap(elements) : `table ip t { chain c { ${CHAIN} }; }\n`
      execFileSync('ip', ['netns', 'exec', name, 'nft', '-f', '-'], { input })
      floods.push(new Flood(name, elements[0]!))
    }
    const [mapped, plain, same] = floods as [Flood, Flood, Flood]
    for (const flood of floods) await flood.packetTime()
    const added: number[] = []
    const noise: number[] = []
    const packets: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const order = round % 2 === 0 ? [plain, mapped, same, same, mapped, plain] : [mapped, same, plain, plain, same, mapped]
      const sum = new Map<Flood, number>()
      for (const flood of order) sum.set(flood, (sum.get(flood) ?? 0) + (await flood.packetTime()) / 2)
      added.push(sum.get(mapped)! - sum.get(plain)!)
      noise.push(sum.get(same)! - sum.get(plain)!)
      packets.push(sum.get(plain)!)
    }
    return { added: median(added), interval: medianInterval(added), noise: medianInterval(noise), packet: median(packets) }
  } finally {
    for (const flood of floods) await flood.stop()
    for (const name of names) {
      try {
        execFileSync('ip', ['netns', 'delete', name], { stdio: 'ignore' })
      } catch {} // it was never made
    }
  }
}

function withMap(elements: readonly Element[]): string {
  const listed = elements.map(({ address, port }) => `${address} . ${port} : accept`).join(', ')
  const map = `map m { type ipv4_addr . inet_service : verdict; elements = { ${listed} } }`
  return `table ip t {\n${map}\nchain c { ${CHAIN} ip saddr . udp dport vmap @m; }\n}\n`
}
