// What a process costs, as the kernel counts it.
import { readdirSync, readFileSync } from 'node:fs'

/** All threads together, in ns: on a processor, and ready to run while others had it. */
export function scheduled(pid: number): { readonly ran: number; readonly waited: number } {
  // sched-stats: time on the processor, time waited for it, slices.
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' '),
  )
  const sum = (field: number) => threads.reduce((total, fields) => total + Number(fields[field]), 0)
  return { ran: sum(0), waited: sum(1) }
}

const TICKS_PER_SECOND = 100

/** Processor time of the children that this process waited for, and of theirs, in ns; counted in ticks of 10 ms. */
export function childrenTime(): number {
  // proc(5): fields 16 and 17 of stat, the first after the name being the third.
  const fields = readFileSync('/proc/self/stat', 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')
  return ((Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND) * 1e9
}

/** Resident memory in MB (10^6 bytes): all of it, and with pages that are shared divided among those who share them. */
export function memory(pid: number): { readonly rss: number; readonly pss: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
  const field = (name: string) => (Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)![1]) * 1024) / 1e6
  return { rss: field('Rss'), pss: field('Pss') }
}
