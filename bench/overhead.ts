// What the programs add to what processes do: time in BPF for one operation over its cost without them, and wall clock beside it.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { writeControl } from '../src/adapters/linux/bpf/control.ts'
import { ABI } from '../src/adapters/linux/bpf/layout.gen.ts'
import { dissolveGroup, makeGroup, unifiedMount } from '../src/adapters/linux/groups.ts'
import { Instance, identityOf, subject } from '../test/kit/instance.ts'
import { ACCEPT, CONNECT, isolated, rule } from '../test/kit/network.ts'
import { type Alternation, alternate, ratioVerdict } from './kit/alternate.ts'
import { Pair } from './kit/pair.ts'
import { childrenTime } from './kit/processes.ts'
import { Reader } from './kit/reader.ts'
import type { Benchmark, Measure } from './kit/report.ts'
import { type Spent, spentDuring } from './kit/run-time.ts'
import { Source } from './kit/source.ts'
import { median } from './kit/statistics.ts'

const [A, B] = [1, 2]
const ROUNDS = 16
const GOAL = { exec: 0.03, connect: 0.05, request: 0.03 }
const COUNT = { exec: 25, connect: 300, request: 1_000 }
/** So many that a tick of the processor's clock is 2 % or less of them. */
const EXECS_FOR_COST = 1_000
const COSTS = 9
/** What runs once for each process that is made, on the whole machine. */
const ONCE_A_PROCESS = ['on_fork', 'on_exec', 'on_exit']
const SILENT = 0xffff_ffff
/** Who may connect to whom is asked at both ends, and allowed. */
const POLICY = {
  subjects: [subject(A, CONNECT), subject(B, ACCEPT)],
  traffic: [
    isolated(A, 'connect'),
    isolated(B, 'accept'),
    rule(A, 'connect', 'allow', identityOf(B)),
    rule(B, 'accept', 'allow', identityOf(A)),
  ],
}
const LOOP = 'echo 0 >"$0/cgroup.procs"; i=0; while [ $i -lt "$1" ]; do /bin/true; i=$((i+1)); done'

export const overhead: Benchmark = {
  name: 'overhead',
  about: 'time in BPF for one operation over its unhooked cost: fork and exec, connect, loopback request and response; wall clock beside',
  kernel: true,
  async run() {
    const plain = join(unifiedMount()!, `thymus-bench-${process.pid}`)
    using it = new Instance()
    using source = new Source(it.objects, it.pins)
    const counting = source.countingCost()
    const groups = [it.group('a', A), it.group('b', B)] as const
    it.swap(POLICY)
    const pairs: Pair[] = []
    makeGroup(plain)
    try {
      const exec = await execs(it, counting, groups[0])
      pairs.push(await Pair.start(plain, plain), await Pair.start(groups[0], groups[1]))
      const [base, other] = pairs as [Pair, Pair]
      const connect = await traffic(it, counting, base, other, 'connect')
      const request = await traffic(it, counting, base, other, 'request')
      it.swap({})
      const cost = median(await costsOf(base, 'connect'))
      const free = bpfTime('the same, where no policy speaks of either end', await timesOf(it, counting, other, 'connect'), cost)
      const counted = { what: 'counting, in none of these', value: counting, unit: 'ns a run' }
      return [...exec, ...connect, free, ...request, counted]
    } finally {
      for (const pair of pairs) await pair.stop()
      dissolveGroup(plain, unifiedMount()!)
    }
  },
}

/** The base has the programs attached and silent: tracing sees the whole machine and is not attached and detached in turn. */
async function execs(it: Instance, counting: number, group: string): Promise<Measure[]> {
  const time = (count = COUNT.exec) => {
    const before = performance.now()
    const { status } = spawnSync('/bin/sh', ['-c', LOOP, group, String(count)])
    if (status !== 0) throw new Error('the loop failed')
    return ((performance.now() - before) * 1e6) / count
  }
  const withEpoch = (epoch: number) => () => {
    setEpoch(it, epoch)
    return time()
  }
  time()
  const active = withEpoch(it.kernel.epoch)
  const compared = await alternate({ base: withEpoch(SILENT), other: active }, ROUNDS)
  setEpoch(it, SILENT)
  const before = childrenTime()
  time(EXECS_FOR_COST)
  const cost = (childrenTime() - before) / EXECS_FOR_COST
  const spent = await spentDuring(it.pins, counting, async () => active())
  // Others make processes too: the mean of a run, not the sum.
  const each = ONCE_A_PROCESS.map((name): [string, number] => [name, meanOf(name, spent.get(name))])
  return measures('fork, exec, exit of /bin/true', each, cost, compared, GOAL.exec)
}

async function traffic(it: Instance, counting: number, base: Pair, other: Pair, what: 'connect' | 'request'): Promise<Measure[]> {
  const count = COUNT[what]
  for (const pair of [base, other]) await pair.time(what, count)
  const compared = await alternate({ base: () => base.time(what, count), other: () => other.time(what, count) }, ROUNDS)
  const ours = await timesOf(it, counting, other, what)
  const label = what === 'connect' ? 'socket, connect, accept, close' : 'loopback request and response'
  return measures(label, ours, median(await costsOf(base, what)), compared, GOAL[what])
}

/** ns that each program spends on one operation. */
async function timesOf(it: Instance, counting: number, pair: Pair, what: 'connect' | 'request'): Promise<[string, number][]> {
  const count = COSTS * COUNT[what]
  new Reader(it).end() // an event that finds no room would cost less
  const spent = await spentDuring(it.pins, counting, () => pair.time(what, count))
  return [...spent].filter(([name]) => !ONCE_A_PROCESS.includes(name)).map(([name, { ns }]) => [name, ns / count])
}

/** ns of processor time for one, some times over. */
async function costsOf(pair: Pair, what: 'connect' | 'request'): Promise<number[]> {
  const costs: number[] = []
  for (let at = 0; at < COSTS; at++) costs.push(await pair.cost(what, COUNT[what]))
  return costs
}

function setEpoch(it: Instance, epoch: number): void {
  const { generation } = it.kernel.tables
  writeControl(it.kernel.map('control'), { generation, epoch, abi: ABI.ABI_VERSION, failsafe: [] })
}

/** ns of one run. @throws if there was none */
function meanOf(name: string, spent: Spent | undefined): number {
  if (spent === undefined || spent.runs === 0) throw new Error(`${name} did not run`)
  return spent.ns / spent.runs
}

/** `cost` is processor time of one operation without us, in ns; `programs` what each program adds to it. */
function measures(what: string, programs: readonly [string, number][], cost: number, compared: Alternation, goal: number): Measure[] {
  const { ratio, same } = compared
  const percent = ({ low, high }: { low: number; high: number }) => ({ low: (low - 1) * 100, high: (high - 1) * 100 })
  const noise = percent(same.interval)
  return [
    { ...bpfTime(what, programs, cost), goal: goal * 100 },
    {
      what: `${what}: wall clock`,
      value: (ratio.median - 1) * 100,
      unit: '%',
      interval: percent(ratio.interval),
      goal: goal * 100,
      outcome: ratioVerdict(compared, goal),
      note: `A/A [${noise.low.toFixed(1)}, ${noise.high.toFixed(1)}] %`,
    },
  ]
}

function bpfTime(what: string, programs: readonly [string, number][], cost: number): Measure {
  const bpf = programs.reduce((sum, [, ns]) => sum + ns, 0)
  const most = programs.filter(([, ns]) => ns >= bpf / 20).sort(([, one], [, other]) => other - one)
  const parts = most.map(([name, ns]) => `${name} ${ns.toFixed(0)}`).join(', ')
  return {
    what: `${what}: BPF`,
    value: (bpf / cost) * 100,
    unit: '%',
    note: `${bpf.toFixed(0)} ns (${parts}) of ${(cost / 1000).toFixed(1)} µs`,
  }
}
