// The reader under a flood: what it loses, how long it stalls, what it costs.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeControl } from '../src/adapters/linux/bpf/control.ts'
import { ABI, PROGRAM, SIZE } from '../src/adapters/linux/bpf/layout.gen.ts'
import { Instance } from '../test/kit/instance.ts'
import type { Outcome } from './kit/alternate.ts'
import { Reader } from './kit/reader.ts'
import type { Benchmark, Measure } from './kit/report.ts'
import { median } from './kit/statistics.ts'

const RATES = [100_000, 500_000, 1_000_000]
const SECONDS = 2
const RUNS = 3
const STORM_SECONDS = 5
/** Percent of a core, at the highest rate. */
const GOAL = 30
/** A test event with the ring's own header. */
const RECORD_BYTES = SIZE.test_event + 8
const SOURCE = join(import.meta.dirname, 'kit/source-main.ts')
/** The processor of the source; the reader has what is left. */
const SOURCE_CPU = '1'
const STORM = 'end=$(($(date +%s) + $0)); while [ "$(date +%s)" -lt "$end" ]; do for i in 1 2 3 4 5 6 7 8; do /bin/true; done; done'

export const events: Benchmark = {
  name: 'events',
  about: 'ring reader and decoder under a synthetic source (BPF_PROG_TEST_RUN; no real events) and under a storm of real processes',
  kernel: true,
  async run() {
    const measures: Measure[] = []
    for (const rate of RATES) {
      const runs: Run[] = []
      for (let at = 0; at < RUNS; at++) runs.push(await synthetic(rate))
      measures.push(...summary(`synthetic ${rate / 1000}k/s`, runs, rate))
    }
    return [...measures, ...summary('real processes', [await storm()])]
  },
}

interface Run {
  readonly issued: number
  readonly dropped: number
  readonly received: number
  /** The longest time between two looks, ms. */
  readonly gap: number
  /** What fills the ring in so many ms. */
  readonly ringBytes: number
  /** Processor time of the reader's process, ms. */
  readonly cpu: number
  readonly seconds: number
}

async function synthetic(rate: number): Promise<Run> {
  using it = new Instance()
  const source = [process.execPath, SOURCE, it.objects, it.pins, String(rate), String(SECONDS)]
  return await measured(it, ['taskset', '-c', SOURCE_CPU, ...source], (program) => program === PROGRAM.PROGRAM_TEST)
}

async function storm(): Promise<Run> {
  using it = new Instance()
  return await measured(it, ['/bin/sh', '-c', STORM, String(STORM_SECONDS)], () => true)
}

/** Reads while a command runs, and on until the rings are empty and nothing more comes. */
async function measured(it: Instance, command: readonly string[], counts: (program: number) => boolean): Promise<Run> {
  const reader = new Reader(it)
  reader.start()
  const [usage, began] = [process.cpuUsage(), performance.now()]
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'ignore', 'inherit'] })
  const status = await new Promise<number | null>((done) => child.once('exit', done))
  if (status !== 0) throw new Error(`${command[0]} ended with ${status}`)
  const { user, system } = process.cpuUsage(usage)
  const elapsed = performance.now() - began
  silence(it)
  await sleep(50)
  const gap = reader.longestGap
  reader.end()
  const counters = it.kernel.counters().filter(({ program }) => counts(PROGRAM[`PROGRAM_${program.toUpperCase()}` as keyof typeof PROGRAM]))
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  return {
    issued: sum(counters.map(({ issued }) => issued)),
    dropped: sum(counters.map(({ dropped }) => dropped)),
    received: sum([...reader.received].filter(([program]) => counts(program)).map(([, count]) => count)),
    gap,
    ringBytes: it.kernel.rings().find(({ name }) => name === 'events')!.size,
    cpu: (user + system) / 1000,
    seconds: elapsed / 1000,
  }
}

/** Tracing programs of another epoch do nothing (kernel/rule.h): what others do on this machine is no longer counted. */
function silence(it: Instance): void {
  const { generation } = it.kernel.tables
  writeControl(it.kernel.map('control'), { generation, epoch: 0xffff_ffff, abi: ABI.ABI_VERSION, failsafe: [] })
}

function summary(what: string, runs: readonly Run[], rate?: number): Measure[] {
  const sum = (of: (run: Run) => number) => runs.reduce((total, run) => total + of(run), 0)
  const [issued, received, dropped] = [sum((run) => run.issued), sum((run) => run.received), sum((run) => run.dropped)]
  const seconds = sum((run) => run.seconds)
  const gap = Math.max(...runs.map((run) => run.gap))
  const room = rate === undefined ? undefined : (runs[0]!.ringBytes / RECORD_BYTES / rate) * 1000
  // The source takes a moment to start, and is late where it has no processor: the time that its events take at the full rate is what counts.
  const shares = runs.map((run) => run.cpu / 10 / (rate === undefined ? run.seconds : run.issued / rate))
  const unaccounted = issued - received - dropped
  const count = (value: number) => value.toLocaleString('en')
  return [
    {
      what: `${what}: unaccounted`,
      value: unaccounted,
      unit: 'events',
      outcome: { is: unaccounted === 0 ? 'pass' : 'fail' },
      note: `issued ${count(issued)} = received ${count(received)} + dropped ${count(dropped)}; ${count(Math.round(issued / seconds))}/s over all`,
    },
    { what: `${what}: dropped`, value: dropped, unit: 'events', outcome: lossOutcome(dropped, gap, room) },
    {
      what: `${what}: longest time between two looks`,
      value: gap,
      unit: 'ms',
      note: room === undefined ? '' : `the ring holds ${room.toFixed(0)} ms`,
    },
    {
      what: `${what}: reader`,
      value: median(shares),
      unit: '% of a core',
      note: shares.map((share) => share.toFixed(1)).join(', '),
      ...(rate === RATES.at(-1) ? { goal: GOAL } : {}),
    },
  ]
}

/** Where the reader had no processor for longer than the ring holds, a loss says nothing of the reader. */
function lossOutcome(dropped: number, gap: number, room: number | undefined): Outcome {
  if (dropped === 0) return { is: 'pass' }
  if (room !== undefined && gap > room)
    return { is: 'unknown', why: `the reader did not run for ${gap.toFixed(0)} ms, and the ring holds ${room.toFixed(0)}` }
  return { is: 'fail' }
}
