// Time that the kernel counts of programs while somebody asks for it (BPF_ENABLE_STATS, sysctl kernel.bpf_stats_enabled).
import { closeSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { errnoName, libbpf } from '../../src/adapters/linux/bpf/libbpf.ts'

const BPF_STATS_RUN_TIME = 0
/** uapi/linux/bpf.h struct bpf_prog_info: its size up to recursion_misses, and where the counts are. */
const INFO_BYTES = 216
const RUN_TIME_AT = 192
const RUNS_AT = 200

export interface Spent {
  readonly ns: number
  readonly runs: number
}

/** What each pinned program spends while `work` is done, without what counting costs (ns a run; Source.countingCost). */
export async function spentDuring(pins: string, counting: number, work: () => Promise<unknown>): Promise<ReadonlyMap<string, Spent>> {
  const stats = enableRunTime()
  const folder = join(pins, 'programs')
  const programs = readdirSync(folder).map((name) => ({ name, fd: libbpf().objGet(join(folder, name)) }))
  try {
    const before = programs.map(({ fd }) => counts(fd))
    await work()
    return new Map(
      programs.map(({ name, fd }, index) => {
        const { ns, runs } = counts(fd)
        const ran = runs - before[index]!.runs
        return [name, { ns: ns - before[index]!.ns - ran * counting, runs: ran }]
      }),
    )
  } finally {
    for (const { fd } of programs) closeSync(fd)
    closeSync(stats)
  }
}

/** Counts for as long as the descriptor is open. */
export function enableRunTime(): number {
  const stats = libbpf().enableStats(BPF_STATS_RUN_TIME)
  if (stats < 0) throw new Error(`run time is not counted: ${errnoName(stats)}`)
  return stats
}

export function counts(fd: number): Spent {
  const info = Buffer.alloc(INFO_BYTES)
  const result = libbpf().objInfo(fd, info, [INFO_BYTES])
  if (result !== 0) throw new Error(`no program's counts: ${errnoName(result)}`)
  return { ns: Number(info.readBigUInt64LE(RUN_TIME_AT)), runs: Number(info.readBigUInt64LE(RUNS_AT)) }
}
