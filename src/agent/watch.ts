// From the rings to everything that is made of events, and the counts that show that nothing was lost unnoticed. A ring is given up only
// after its batch is stored: who dies in between is given it again, and skips by the position that stands in the same transaction.
import { decodeEvent } from '../adapters/linux/bpf/decode.ts'
import type { RingSource } from '../adapters/linux/bpf/ring.ts'
import { type Because, NODE } from '../core/decision.ts'
import type { Event, Ruling } from '../core/event.ts'
import { FINDING_CODES, type Finding, type Suspicion } from '../core/finding.ts'
import type { Workload } from '../core/workload.ts'
import { ancestorName, Processes } from '../engine/processes.ts'
import type { FlowChange, SeenDecision } from '../engine/store/batch.ts'
import type { Segments } from '../engine/store/segments.ts'
import type { Store } from '../engine/store/store.ts'
import type { EventRecord, FlowSummary } from '../server/api.ts'
import { key } from './control.ts'
import { Pace } from './pace.ts'
import { decisionOf, deniedBy, effectOf, factsOf, flowOf, matches, suspicions } from './records.ts'

/** At most this many records are read before others get a turn. */
const BATCH = 4_096
/** A ring of 8 MiB holds at most this many batches of its smallest records (72 bytes and their header of 8). */
const BATCHES_IN_RING = 26
/** What `event tail` can look back to. */
const REMEMBERED = 4_096

export interface Ring {
  /** Unique for as long as the positions in it mean anything. */
  readonly name: string
  readonly source: RingSource & { readonly position: number }
}

/** What the watcher asks of others. */
export interface Knowledge {
  workloadOf(slot: number): Workload | undefined
  reason(generation: number, cookie: number): Because
}

interface Harvest {
  readonly findings: Finding[]
  readonly decisions: SeenDecision[]
  readonly flows: FlowChange[]
  readonly raw: Buffer[]
  /** Each of `raw` as it was read. */
  readonly events: (Event | undefined)[]
  /** `program:cpu` → events of this batch. */
  readonly received: Map<string, number>
}

export class Watch {
  readonly #rings: readonly Ring[]
  readonly #store: Store
  readonly #segments: Segments
  readonly #knowledge: Knowledge
  readonly #processes = new Processes()
  readonly #recent: EventRecord[] = []
  readonly #listeners = new Set<(record: EventRecord) => void>()
  /** `program:cpu` → events received since boot. */
  readonly #received = new Map<string, number>()
  /** Up to where each ring was stored when this reader began. */
  readonly #stored: ReadonlyMap<string, number>
  /** When the clock of the events was zero, in ms since 1970. */
  readonly #bootTime: number
  #timer: NodeJS.Timeout | undefined
  #ended = false
  recorder: ((bytes: Buffer, event: Event | undefined) => void) | undefined

  constructor(rings: readonly Ring[], store: Store, segments: Segments, knowledge: Knowledge, bootTime: number) {
    this.#rings = rings
    this.#store = store
    this.#segments = segments
    this.#knowledge = knowledge
    this.#bootTime = bootTime
    this.#stored = new Map(rings.map(({ name }) => [name, store.position(name)]))
    for (const { program, cpu, count } of store.received()) this.#received.set(`${program}:${cpu}`, count)
  }

  start(): void {
    const pace = new Pace()
    const look = () => {
      if (this.#ended) return
      const drained = this.tick()
      const pause = pace.after(drained, performance.now())
      if (drained >= BATCH) setImmediate(look)
      else this.#timer = setTimeout(look, pause)
    }
    look()
  }

  end(): void {
    this.#ended = true
    clearTimeout(this.#timer)
    this.tick()
    for (const { source } of this.#rings) source.close()
  }

  /** Reads what there is, at most a batch a ring, and says how much it was. */
  tick(): number {
    const harvest: Harvest = { findings: [], decisions: [], flows: [], raw: [], events: [], received: new Map() }
    const rings: { ring: string; position: number }[] = []
    let drained = 0
    for (const { name, source } of this.#rings) {
      const stored = this.#stored.get(name)!
      const count = source.drain((view, bytes, at, length) => {
        if (source.position < stored) return // it was stored before the former reader died
        harvest.raw.push(bytes.subarray(at, at + length))
        const event = decodeEvent(view, bytes, at)
        harvest.events.push(event)
        if (event) this.#take(event, harvest)
      }, BATCH)
      if (count > 0) rings.push({ ring: name, position: source.position })
      drained += count
    }
    if (drained === 0) return 0
    for (const [at, bytes] of harvest.raw.entries()) this.recorder?.(bytes, harvest.events[at])
    this.#segments.append(harvest.raw)
    const received = [...harvest.received].map(([id, count]) => ({
      program: Number(id.split(':')[0]),
      cpu: Number(id.split(':')[1]),
      count,
    }))
    this.#store.write({ ...harvest, rings, received, rawEnd: this.#segments.end })
    for (const { source } of this.#rings) source.commit()
    return drained
  }

  /** Reads all that stands in the rings now. What is added meanwhile may be read too, but is not waited for: a flood has no end. */
  catchUp(): void {
    for (let batches = 0; batches < BATCHES_IN_RING && this.tick() > 0; batches++);
  }

  /** Events received since boot, by number of the program. */
  received(): ReadonlyMap<number, number> {
    const sums = new Map<number, number>()
    for (const [id, count] of this.#received) {
      const program = Number(id.split(':')[0])
      sums.set(program, (sums.get(program) ?? 0) + count)
    }
    return sums
  }

  flows(): readonly FlowSummary[] {
    return this.#store.flows(1_000).map(({ open, closed, denied, wouldDeny, first: _, ...flow }) => {
      const state = denied > 0 ? 'denied' : wouldDeny > 0 ? 'would deny' : open > 0 ? 'open' : 'closed'
      return { ...flow, state, count: open + closed + denied + wouldDeny }
    })
  }

  /** What is remembered and, if followed, what comes. */
  async *records(
    filter: { readonly type?: string; readonly workload?: string; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<EventRecord> {
    const wanted = (record: EventRecord) =>
      (filter.type === undefined || record.type === filter.type) &&
      (filter.workload === undefined || matches(record.workload, filter.workload))
    if (!filter.follow) {
      yield* this.#recent.filter(wanted)
      return
    }
    const queue: EventRecord[] = []
    let wake: () => void = () => {}
    const listen = (record: EventRecord) => {
      if (wanted(record) && queue.length < REMEMBERED) queue.push(record)
      wake()
    }
    this.#listeners.add(listen)
    signal.addEventListener('abort', () => wake(), { once: true })
    try {
      while (!signal.aborted) {
        while (queue.length > 0) yield queue.shift()!
        await new Promise<void>((resolve) => {
          wake = resolve
          if (queue.length > 0 || signal.aborted) resolve()
        })
      }
    } finally {
      this.#listeners.delete(listen)
    }
  }

  #take(event: Event, harvest: Harvest): void {
    const id = `${event.program}:${event.cpu}`
    this.#received.set(id, (this.#received.get(id) ?? 0) + 1)
    harvest.received.set(id, (harvest.received.get(id) ?? 0) + 1)
    this.#processes.observe(event)
    const time = Math.round(this.#bootTime + event.at / 1e6)
    const because = 'ruling' in event ? this.#because(event.ruling) : null
    const record = this.#record(event, time, because)
    this.#recent.push(record)
    if (this.#recent.length > REMEMBERED) this.#recent.shift()
    for (const listen of this.#listeners) listen(record)
    if (event.type === 'fork' || event.type === 'exit') return
    if (because !== null && deniedBy(event.ruling) !== undefined) {
      harvest.decisions.push({ at: time, decision: decisionOf(event, because, this.#names), process: record.process })
    }
    for (const suspicion of suspicions(event)) harvest.findings.push(this.#finding(suspicion, event, record, because))
    const flow = event.type === 'exec' || event.type === 'module' ? undefined : flowOf(event, time, because, this.#names)
    if (flow) harvest.flows.push(flow)
  }

  #because(ruling: Ruling): Because | null {
    const cookie = ruling.effect === 'deny' || ruling.trialEffect !== 'deny' ? ruling.cookie : ruling.trialCookie
    return ruling.effect === null && ruling.trialEffect === null ? null : this.#knowledge.reason(ruling.generation, cookie)
  }

  #record(event: Event, time: number, because: Because | null): EventRecord {
    const task = event.task
    const ruling = 'ruling' in event && because ? { effect: effectOf(event.ruling), enforced: event.ruling.enforced, because } : null
    return {
      type: event.type,
      time,
      workload: this.#names(event.slot),
      process: task === null ? null : { pid: task.pid, comm: task.comm, ancestors: this.#processes.ancestors(task).map(ancestorName) },
      facts: factsOf(event, this.#names),
      ruling,
    }
  }

  readonly #names = (slot: number): string => {
    const workload = this.#knowledge.workloadOf(slot)
    return slot === 0 ? NODE : workload ? key(workload) : `slot ${slot}`
  }

  #finding({ code, severity, title, remedy }: Suspicion, event: Event, record: EventRecord, because: Because | null): Finding {
    // Made of what makes the event unique, so that an event which is read twice is one finding.
    const id = `${code}-${Math.floor(event.at / 1e3).toString(36)}${event.cpu}${event.program.toString(36)}`
    const { time: at, workload: about, facts, process } = record
    return { id, code, layer: FINDING_CODES[code].layer, severity, at, about, title, evidence: { ...facts, process }, because, remedy }
  }
}
