// From typing `thymus --help` to its end: a process of its own each time.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { alternate, estimate } from './kit/alternate.ts'
import type { Benchmark } from './kit/report.ts'
import { quantile } from './kit/statistics.ts'

const BIN = join(import.meta.dirname, '../bin')
const RUNS = 40
const ROUNDS = 12
const GOAL = 150

export const cliStart: Benchmark = {
  name: 'cli-start',
  about: '`thymus --help`, from its start to its end; Node with an empty program beside',
  kernel: false,
  async run() {
    if (!existsSync(join(BIN, '../src/cli/main.ts'))) {
      return [
        { what: 'thymus --help', value: null, unit: 'ms', goal: GOAL, outcome: { is: 'unknown', why: 'there is no command line yet' } },
      ]
    }
    const help = () => time(join(BIN, 'thymus'), '--help')
    const empty = () => time(join(BIN, 'node'), '-e', '')
    help() // what it reads is in the page cache from now on
    const times = Array.from({ length: RUNS }, help)
    const { median, interval } = estimate(times)
    const { ratio, same, base } = await alternate({ base: empty, other: help }, ROUNDS)
    const noise = `A/A [${same.interval.low.toFixed(2)}, ${same.interval.high.toFixed(2)}]`
    return [
      { what: 'thymus --help, median', value: median, unit: 'ms', interval, goal: GOAL, note: `${RUNS} runs, files in the page cache` },
      { what: 'thymus --help, p90', value: quantile(times, 0.9), unit: 'ms' },
      { what: 'Node with an empty program', value: base, unit: 'ms' },
      { what: 'thymus ÷ Node', value: ratio.median, unit: '×', interval: ratio.interval, note: noise },
    ]
  },
}

function time(command: string, ...words: string[]): number {
  const before = performance.now()
  const { status, stderr } = spawnSync(command, words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command}: ${stderr}`)
  return performance.now() - before
}
