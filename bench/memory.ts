// How much memory guard and mind hold, idle and after many events, with a whole agent of our own.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Loss, Status } from '../src/server/api.ts'
import { Agent } from '../test/kit/agent.ts'
import { memory } from './kit/processes.ts'
import type { Benchmark, Measure } from './kit/report.ts'
import { Source } from './kit/source.ts'

const EVENTS = 1_000_000
/** A fraction of what the smaller ring holds, so that the mind loses nothing however slow it is. */
const RUNS_AT_ONCE = 20_000
const PATIENCE_MS = 45_000
const GOAL = 150

export const memoryHeld: Benchmark = {
  name: 'memory',
  about: 'what guard and mind hold, idle and after a million events of made-up processes (a synthetic source)',
  kernel: true,
  async run() {
    const agent = new Agent()
    process.env.NODE_COMPILE_CACHE = join(agent.home, 'cache') // as bin/thymus has it
    try {
      const { agent: running } = await agent.up()
      const pids = { guard: running.guard!, mind: running.pid }
      await sleep(1_000)
      const idle = held('idle', pids)
      using source = new Source(agent.at.objects, agent.at.pins!)
      const began = performance.now()
      let test = { issued: 0, received: 0, dropped: 0 }
      let largest = 0
      while (test.issued < EVENTS && performance.now() - began < PATIENCE_MS) {
        source.run('emit_process', RUNS_AT_ONCE)
        do {
          await sleep(5)
          test = (await agent.get<Status>('/v1/status')).loss.find(({ program }) => program === 'test') as Loss
        } while (test.issued > test.received + test.dropped && performance.now() - began < PATIENCE_MS)
        largest = Math.max(largest, memory(pids.mind).pss)
      }
      const rate = test.received / (performance.now() - began)
      const after = held(`after ${test.received.toLocaleString('en')} events`, pids)
      return [
        ...idle,
        ...after,
        { what: 'mind, most at any time', value: largest, unit: 'MB', note: 'PSS' },
        {
          what: 'read, judged and stored',
          value: rate * 1000,
          unit: 'events/s',
          note: 'the source waits for the mind, so this is no limit',
        },
        { what: 'lost', value: test.issued - test.received, unit: 'events', note: `of them counted as dropped: ${test.dropped}` },
      ]
    } finally {
      await agent.down()
    }
  },
}

function held(when: string, pids: Readonly<Record<string, number>>): Measure[] {
  const each = Object.entries(pids).map(([name, pid]) => ({ name, ...memory(pid) }))
  const sum = (field: 'pss' | 'rss') => each.reduce((total, one) => total + one[field], 0)
  const parts = each.map(({ name, pss, rss }) => `${name} ${pss.toFixed(0)} (RSS ${rss.toFixed(0)})`).join(', ')
  return [{ what: `guard and mind, ${when}`, value: sum('pss'), unit: 'MB', goal: GOAL, note: `PSS: ${parts}` }]
}
