// What one decision of the kernel program costs, beside nftables' verdict map with as many elements.
import { Buffer } from 'node:buffer'
import { spawnSync } from 'node:child_process'
import { addressBytes, parseAddress } from '../src/engine/rule-plane/addresses.ts'
import { IDENTITY, PROTOCOL_NUMBER, type Tables } from '../src/engine/rule-plane/tables.ts'
import { Instance, subject, trafficRule } from '../test/kit/instance.ts'
import { ACCEPT } from '../test/kit/network.ts'
import { KernelVerdict } from '../test/kit/verdict.ts'
import { estimate } from './kit/alternate.ts'
import { addedByVerdictMap, type Element } from './kit/nftables.ts'
import { type Benchmark, type Measure, unmeasured } from './kit/report.ts'

const SIZES = [1, 100, 10_000, 100_000]
const SLOT = 1
const UNRULED = 2
/** Entries that are asked for, spread over the table, and how often each. */
const ASKED = 24
const REPEAT = 50_000

export const verdict: Benchmark = {
  name: 'verdict',
  about: 'time of one verdict by the kernel program, at N rules (address, port), beside an nftables verdict map of N elements',
  kernel: true,
  async run() {
    const measures: Measure[] = []
    for (const size of SIZES) {
      const elements = elementsOf(size)
      measures.push(...ours(elements), await theirs(elements))
    }
    return measures
  },
}

function ours(elements: readonly Element[]): Measure[] {
  using it = new Instance()
  it.swap(tablesOf(elements))
  const kernel = new KernelVerdict(it.objects, it.pins)
  try {
    const time = (slot: number, { address, port }: Element) =>
      kernel.time({ gate: 'accept', subject: slot, peer: { address }, protocol: PROTOCOL_NUMBER.UDP, port }, REPEAT)
    const asked = Array.from({ length: ASKED }, (_, index) => elements[Math.floor((index * elements.length) / ASKED)]!)
    const [first] = kernel.ask([
      { gate: 'accept', subject: SLOT, peer: { address: asked[0]!.address }, protocol: PROTOCOL_NUMBER.UDP, port: asked[0]!.port },
    ])
    if (first!.cookie !== 7) throw new Error('the rule that is measured does not decide')
    const ruled = estimate(asked.map((element) => time(SLOT, element)))
    const floor = estimate(asked.map((element) => time(UNRULED, element)))
    return [
      {
        what: `thymus, ${elements.length} rules`,
        value: ruled.median,
        unit: 'ns',
        interval: ruled.interval,
        note: `BPF_PROG_TEST_RUN, caches warm; ${floor.median} ns of a workload without rules`,
      },
    ]
  } finally {
    kernel.close()
  }
}

async function theirs(elements: readonly Element[]): Promise<Measure> {
  const what = `nftables, ${elements.length} elements`
  if (spawnSync('nft', ['--version']).status !== 0) return unmeasured(what, 'there is no nft (Debian: nftables)')
  const { added, interval, noise, packet } = await addedByVerdictMap(elements)
  const width = noise.high - noise.low
  const outcome =
    width > Math.abs(added) ? ({ is: 'unknown', why: `two equal arms differ by up to ${width.toFixed(0)} ns` } as const) : undefined
  const note = `added to ${packet.toFixed(0)} ns of a loopback datagram, as wall clock tells; A/A [${noise.low.toFixed(0)}, ${noise.high.toFixed(0)}]`
  return { what, value: added, unit: 'ns', interval, note, ...(outcome ? { outcome } : {}) }
}

/** Addresses with a port each. Not of 127.0.0.0/8: loopback is free of rules for us. */
function elementsOf(size: number): Element[] {
  return Array.from({ length: size }, (_, index) => ({
    address: `10.${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`,
    port: 1024 + (index % 50_000),
  }))
}

function tablesOf(elements: readonly Element[]): Partial<Tables> {
  return {
    subjects: [{ ...subject(SLOT, ACCEPT), plainGates: 0 }],
    places: elements.map(({ address }, index) => ({
      address: Buffer.from(addressBytes(parseAddress(address)!)),
      bits: 128,
      block: IDENTITY.block + index,
      slot: 0,
    })),
    traffic: elements.map(({ port }, index) =>
      trafficRule(SLOT, 'accept', 'allow', { peer: IDENTITY.block + index, protocol: PROTOCOL_NUMBER.UDP, port, bits: 24 }),
    ),
  }
}
