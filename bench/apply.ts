// How long a change of policy takes: the kernel's part alone, and all of it from a request with YAML to the answer that it is in force.
import { encodeTables } from '../src/adapters/linux/bpf/tables.ts'
import { GATE_NUMBER, IDENTITY, PROTOCOL_NUMBER, type Tables } from '../src/engine/rule-plane/tables.ts'
import type { ApplyResult, WorkloadSummary } from '../src/server/api.ts'
import { Agent } from '../test/kit/agent.ts'
import { Instance, subject, trafficRule } from '../test/kit/instance.ts'
import type { Benchmark, Measure } from './kit/report.ts'
import { median, medianInterval, quantile } from './kit/statistics.ts'

const SIZES = [10, 1_000, 10_000]
const KERNEL_ROUNDS = 100
const ROUNDS = 30
/** Fewer rounds rather than more time: of each size, of each part. */
const BUDGET_MS = 4_000
const KERNEL_BUDGET_MS = 7_000
const SLOT = 1

export const apply: Benchmark = {
  name: 'apply',
  about: 'time of a change of all rules (an address block and a port each): the swap in the kernel, and the whole from YAML to in force',
  kernel: true,
  async run() {
    const measures: Measure[] = []
    for (const size of SIZES) measures.push(...swaps(size))
    const agent = new Agent()
    try {
      await agent.up()
      await agent.post<WorkloadSummary>('/v1/workloads', { name: 'web', namespace: 'default', labels: { app: 'web' } })
      for (const size of SIZES) measures.push(...(await applications(agent, size)))
    } finally {
      await agent.down()
    }
    return measures
  },
}

function swaps(size: number): Measure[] {
  using it = new Instance()
  const times: number[] = []
  const waits: number[] = []
  for (
    const began = performance.now(), generation = counter();
    times.length < KERNEL_ROUNDS && performance.now() - began < KERNEL_BUDGET_MS;
  ) {
    const number = generation()
    const tables = encodeTables(tablesOf(size, number))
    const before = performance.now()
    it.kernel.tables.swap(number, tables, [])
    const swapped = performance.now()
    it.kernel.tables.settle() // as the guard does after it has answered
    times.push(swapped - before)
    waits.push(performance.now() - swapped)
  }
  return [
    ...spread(`swap, ${size} rules`, times),
    { what: `  wait for readers after it`, value: median(waits), unit: 'ms', note: 'not paid by the change' },
  ]
}

async function applications(agent: Agent, size: number): Promise<Measure[]> {
  const times: number[] = []
  for (const began = performance.now(), round = counter(); times.length < ROUNDS && performance.now() - began < BUDGET_MS; ) {
    const text = policyOf(size, round())
    const before = performance.now()
    try {
      await agent.post<ApplyResult>('/v1/policies', { text, file: 'bench.yaml' })
    } catch (error) {
      return [{ what: `whole, ${size} rules`, value: null, unit: 'ms', outcome: { is: 'unknown', why: (error as Error).message } }]
    }
    times.push(performance.now() - before)
  }
  return spread(`whole, ${size} rules`, times)
}

function spread(what: string, times: readonly number[]): Measure[] {
  return [
    { what: `${what}, median`, value: median(times), unit: 'ms', interval: medianInterval(times), note: `${times.length} changes` },
    times.length < 100
      ? { what: `${what}, longest`, value: Math.max(...times), unit: 'ms', note: 'too few for a p99' }
      : { what: `${what}, p99`, value: quantile(times, 0.99), unit: 'ms' },
  ]
}

function counter(): () => number {
  let last = 0
  return () => ++last
}

/** Other cookies and other addresses each time, since what did not change is not written again. */
function tablesOf(size: number, round: number): Tables {
  const gates = 1 << GATE_NUMBER.connect
  const each = Array.from({ length: size }, (_, index) => index)
  return {
    subjects: [{ ...subject(SLOT, gates), plainGates: 0 }],
    places: each.map((index) => ({ address: addressOf(index, round), bits: 128, block: IDENTITY.block + index, slot: 0 })),
    traffic: each.map((index) =>
      trafficRule(SLOT, 'connect', 'allow', {
        peer: IDENTITY.block + index,
        protocol: PROTOCOL_NUMBER.TCP,
        port: 443,
        bits: 24,
        cookie: round,
      }),
    ),
    paths: [],
    reasons: new Map(),
  }
}

/** ::ffff:10.x.y.z */
function addressOf(index: number, round: number): Uint8Array {
  return Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...bytesOf(index, round)])
}

function bytesOf(index: number, round: number): number[] {
  return [10, round & 255, index >> 8, index & 255]
}

function policyOf(size: number, round: number): string {
  const rules = Array.from(
    { length: size },
    (_, index) => `  - {to: [{ipBlock: {cidr: ${bytesOf(index, round).join('.')}/32}}], ports: [{protocol: TCP, port: 443}]}`,
  )
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: bench}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
${rules.join('\n')}
`
}
