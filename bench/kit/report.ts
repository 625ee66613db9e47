// What a benchmark says: a table for people, JSON lines for machines, and a file that is kept.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { whyNoKernel } from '../../test/kit/need-kernel.ts'
import type { Outcome } from './alternate.ts'
import type { Interval } from './statistics.ts'

export interface Measure {
  readonly what: string
  /** null where it could not be measured; `outcome` then says why. */
  readonly value: number | null
  readonly unit: string
  readonly interval?: Interval
  /** Below this is a pass. */
  readonly goal?: number
  readonly outcome?: Outcome
  readonly note?: string
}

export interface Benchmark {
  readonly name: string
  readonly about: string
  /** It loads programs of ours. */
  readonly kernel: boolean
  run(): Promise<readonly Measure[]>
}

/** What the machine did meanwhile. Shares are of all cores. */
export interface Surroundings {
  readonly seconds: number
  readonly load: number
  readonly stealShare: number
  readonly busyShare: number
  /** Of this process and the children that it waited for, in cores. */
  readonly ownCpu: number
}

const RESULTS = join(import.meta.dirname, '../results')

/** A value with a goal is judged by it unless the benchmark judged it itself. */
export function judged(measure: Measure): Measure {
  if (measure.outcome !== undefined || measure.goal === undefined || measure.value === null) return measure
  return { ...measure, outcome: { is: measure.value < measure.goal ? 'pass' : 'fail' } }
}

/** Runs it, prints it, and keeps it if asked to. */
export async function report(benchmark: Benchmark, save: boolean): Promise<void> {
  const before = moment()
  const why = benchmark.kernel ? whyNoKernel() : undefined
  const measures = why === undefined ? (await benchmark.run()).map(judged) : [unmeasured(benchmark.name, why)]
  const surroundings = between(before, moment())
  console.log(`${benchmark.name}: ${benchmark.about}`)
  for (const line of table(measures.map(row))) console.log(`  ${line}`)
  const { seconds, load, stealShare, busyShare, ownCpu } = surroundings
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`
  console.log(
    `  ${seconds.toFixed(1)} s; load ${load}, steal ${percent(stealShare)}, busy ${percent(busyShare)}, own CPU ${ownCpu.toFixed(2)} cores`,
  )
  for (const measure of measures) console.log(JSON.stringify({ benchmark: benchmark.name, ...measure }, rounded))
  if (!save) return
  mkdirSync(RESULTS, { recursive: true })
  const kept = { benchmark: benchmark.name, date: new Date().toISOString(), machine: machine(), surroundings, measures }
  writeFileSync(join(RESULTS, `${benchmark.name}.json`), `${JSON.stringify(kept, rounded, 2)}\n`)
}

/** A row that says why there is no figure. */
export function unmeasured(what: string, why: string): Measure {
  return { what, value: null, unit: '', outcome: { is: 'unknown', why } }
}

function row({ what, value, unit, interval, goal, outcome, note }: Measure): string[] {
  const said = outcome === undefined ? '' : outcome.is === 'unknown' ? `unknown: ${outcome.why}` : outcome.is
  return [
    what,
    value === null ? '–' : `${number(value)} ${unit}`,
    interval === undefined || !Number.isFinite(interval.low) ? '' : `[${number(interval.low)}, ${number(interval.high)}]`,
    goal === undefined ? '' : `goal < ${number(goal)}`,
    [said, note].filter(Boolean).join('; '),
  ]
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length))) ?? []
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}

function number(value: number): string {
  return Math.abs(value) >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value
}

/** Its class, without its name. */
function machine() {
  const all = cpus()
  return { kernel: release(), cpu: all[0]?.model.trim(), cores: all.length, memoryGiB: Math.round(totalmem() / 2 ** 30) }
}

function moment() {
  // proc(5): user, nice, system, idle, iowait, irq, softirq, steal, …
  const ticks = readFileSync('/proc/stat', 'latin1').split('\n')[0]!.split(/\s+/).slice(1, 9).map(Number)
  // proc(5): the times of this process and of the children that it waited for are fields 14 to 17.
  const own = readFileSync('/proc/self/stat', 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')
    .slice(11, 15)
    .map(Number)
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  return { at: performance.now(), all: sum(ticks), idle: ticks[3]! + ticks[4]!, steal: ticks[7]!, own: sum(own) }
}

const TICKS_PER_SECOND = 100

function between(before: ReturnType<typeof moment>, after: ReturnType<typeof moment>): Surroundings {
  const seconds = (after.at - before.at) / 1000
  const all = Math.max(1, after.all - before.all)
  return {
    seconds,
    load: Number(readFileSync('/proc/loadavg', 'latin1').split(' ')[0]),
    stealShare: (after.steal - before.steal) / all,
    busyShare: 1 - (after.idle - before.idle) / all,
    ownCpu: (after.own - before.own) / TICKS_PER_SECOND / seconds,
  }
}
