// From the kernel's timestamp of an exec to the finding in the agent's database, with a whole agent of our own.
import { spawn } from 'node:child_process'
import { copyFileSync, rmSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EventRecord, FindingList, Status, WorkloadSummary } from '../src/server/api.ts'
import { Agent } from '../test/kit/agent.ts'
import { bootClock } from './kit/boot-clock.ts'
import { scheduled } from './kit/processes.ts'
import type { Benchmark, Measure } from './kit/report.ts'
import { median, medianInterval, quantile } from './kit/statistics.ts'

const EXECS = 400
/** Long enough for the reader to have slowed down between two of them, most of the time. */
const PAUSE_SECONDS = 0.03
const IDLE_MS = 5_000
const PATIENCE_MS = 35_000
const IN_GROUP = 'echo 0 >"$0/cgroup.procs" && for i in $(seq "$2"); do "$1"; sleep "$3"; done'

export const execLatency: Benchmark = {
  name: 'exec-latency',
  about: 'from the kernel timestamp of a fileless exec to its finding in the database; guard and mind when idle',
  kernel: true,
  async run() {
    const agent = new Agent()
    const image = `/dev/shm/thymus-bench-${process.pid}`
    try {
      const { agent: running } = await agent.up()
      const workload = await agent.post<WorkloadSummary>('/v1/workloads', { name: 'bench', namespace: 'default', labels: {} })
      await sleep(1_000)
      const idle = await idleCpu([running.guard!, running.pid])
      copyFileSync('/bin/true', image)
      const [before, began] = [scheduled(running.pid), performance.now()]
      const took = await latencies(agent, workload.cgroup, image)
      const { waited } = scheduled(running.pid)
      const waitedShare = (waited - before.waited) / ((performance.now() - began) * 1e4)
      const crowd = { what: 'mind, waited for a processor', value: waitedShare, unit: '% of the time', note: 'others had it' }
      return [...latencyMeasures(took), crowd, ...idle, ...(await unread(agent))]
    } finally {
      rmSync(image, { force: true })
      await agent.down()
    }
  },
}

/** ms, one for each finding. The stream of events tells of an exec only after the batch that holds its finding is stored. */
async function latencies(agent: Agent, group: string, image: string): Promise<number[]> {
  const heard = new Map<number, number>()
  const stream = await follow(agent)
  createInterface({ input: stream }).on('line', (line) => {
    const { process: by } = JSON.parse(line) as EventRecord
    if (by) heard.set(by.pid, bootClock())
  })
  const child = spawn('/bin/sh', ['-c', IN_GROUP, group, image, String(EXECS), String(PAUSE_SECONDS)], { stdio: 'ignore' })
  const ended = new Promise((done) => child.once('exit', done))
  await Promise.race([ended, sleep(PATIENCE_MS, undefined, { ref: false })])
  child.kill()
  await sleep(500)
  stream.destroy()
  const { items } = await agent.get<FindingList>('/v1/findings')
  return items.flatMap(({ id, evidence }) => {
    const at = heard.get((evidence.process as EventRecord['process'])!.pid)
    return at === undefined ? [] : [at / 1e6 - timeOf(id) / 1e3]
  })
}

/** The workload's execs as they are told. */
function follow(agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const path = '/v1/events?type=exec&workload=bench&follow=1'
    request({ socketPath: agent.at.socket, path, agent: false }, resolve).on('error', reject).end()
    setTimeout(() => reject(new Error('no stream of events')), 5_000).unref()
  })
}

/** µs since boot of the exec: a finding's id holds it, before one digit each for CPU and program (src/agent/watch.ts). */
function timeOf(id: string): number {
  const time = Number.parseInt(id.slice(id.indexOf('-') + 1, -2), 36)
  if (!(Math.abs(bootClock() / 1e3 - time) < 60e6)) throw new Error(`${id} does not hold a time of this minute`)
  return time
}

function latencyMeasures(took: readonly number[]): Measure[] {
  const note = `${took.length} of ${EXECS} execs, one every ${PAUSE_SECONDS * 1000} ms; the way from the agent to whoever listens is in it`
  if (took.length < EXECS) {
    const outcome = { is: 'unknown', why: `only ${took.length} of ${EXECS} findings came` } as const
    return [{ what: 'exec → finding', value: null, unit: 'ms', outcome }]
  }
  return [
    { what: 'exec → finding, p50', value: median(took), unit: 'ms', interval: medianInterval(took), goal: 2, note },
    { what: 'exec → finding, p99', value: quantile(took, 0.99), unit: 'ms', goal: 10 },
    { what: 'exec → finding, longest', value: Math.max(...took), unit: 'ms' },
  ]
}

async function idleCpu([guard, mind]: readonly number[]): Promise<Measure[]> {
  const pids = { guard: guard!, mind: mind! }
  const before = Object.values(pids).map((pid) => scheduled(pid).ran)
  const began = performance.now()
  await sleep(IDLE_MS)
  const ns = (performance.now() - began) * 1e6
  return Object.entries(pids).map(([name, pid], index) => ({
    what: `${name}, idle`,
    value: ((scheduled(pid).ran - before[index]!) / ns) * 100,
    unit: '% of a core',
    note: 'nothing runs in a workload; what else happens on the machine is seen too',
  }))
}

async function unread(agent: Agent): Promise<Measure[]> {
  const { loss } = await agent.get<Status>('/v1/status')
  return [{ what: 'events dropped', value: loss.reduce((sum, { dropped }) => sum + dropped, 0), unit: '' }]
}
