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

/** Resident memory in MB (10^6 bytes): all of it, and with pages that are shared divided among those who share them. */
export function memory(pid: number): { readonly rss: number; readonly pss: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
  const field = (name: string) => (Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)![1]) * 1024) / 1e6
  return { rss: field('Rss'), pss: field('Pss') }
}
