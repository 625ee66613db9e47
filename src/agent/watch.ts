// From the rings to everything that is made of events: records for people, findings, decisions, flows, and the counts that show that
// nothing was lost unnoticed. A ring is given up only after its batch is stored: who dies in between is given it again, and skips by the
// position that stands in the same transaction.
import { decodeEvent } from '../adapters/linux/bpf/decode.ts'
import type { RingSource } from '../adapters/linux/bpf/ring.ts'
import type { Because } from '../core/decision.ts'
import type { Event, ExecEvent, Ruling, SocketEvent } from '../core/event.ts'
import { FINDING_CODES, type Finding, type Suspicion } from '../core/finding.ts'
import type { Workload } from '../core/workload.ts'
import { Processes } from '../engine/processes.ts'
import type { Batch, Store } from '../engine/store/store.ts'
import { fileless } from '../layers/runtime/detectors/fileless/detector.ts'
import type { EventRecord, FlowSummary } from '../server/api.ts'
import { key } from './control.ts'

/** At most this many records are read before others get a turn. */
const BATCH = 4_096
/** The reader polls: it looks again at once while there is something, and ever more rarely, up to this many ms, while there is not. */
const SLOWEST = 20
/** What `event tail` can look back to. */
const REMEMBERED = 4_096
const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' }

export interface Ring {
  /** Unique for as long as the positions in it mean anything: boot and map. */
  readonly name: string
  readonly source: RingSource & { readonly position: number }
}

/** What the watcher asks of others. */
export interface Knowledge {
  workloadOf(slot: number): Workload | undefined
  reason(generation: number, cookie: number): Because
}

export class Watch {
  readonly #rings: readonly Ring[]
  readonly #store: Store
  readonly #knowledge: Knowledge
  readonly #processes = new Processes()
  readonly #recent: EventRecord[] = []
  readonly #listeners = new Set<(record: EventRecord) => void>()
  readonly #flows = new Map<string, FlowSummary>()
  /** Per ring, `program:cpu` → events received. */
  readonly #received = new Map<string, Record<string, number>>()
  /** Wall clock minus the clock since boot, in ms. */
  readonly #bootTime: number
  #timer: NodeJS.Timeout | undefined
  #pause = 1
  #ended = false
  recorder: ((bytes: Buffer) => void) | undefined

  constructor(rings: readonly Ring[], store: Store, knowledge: Knowledge, uptimeMs: number) {
    this.#rings = rings
    this.#store = store
    this.#knowledge = knowledge
    this.#bootTime = Date.now() - uptimeMs
    for (const { name } of rings) this.#received.set(name, { ...(store.ring(name)?.received as Record<string, number> | undefined) })
    for (const flow of store.flows<FlowSummary>()) this.#flows.set(flowKey(flow), flow)
  }

  start(): void {
    const look = () => {
      if (this.#ended) return
      const drained = this.tick()
      this.#pause = drained > 0 ? 1 : Math.min(this.#pause * 2, SLOWEST)
      if (drained >= BATCH) setImmediate(look)
      else this.#timer = setTimeout(look, this.#pause)
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
    const batch: Mutable<Batch> = { findings: [], decisions: [], flows: [], rings: [] }
    const touched = new Set<string>()
    let drained = 0
    for (const { name, source } of this.#rings) {
      const stored = this.#store.ring(name)?.position ?? 0
      const received = this.#received.get(name)!
      const count = source.drain((view, bytes, at, length) => {
        if (source.position < stored) return // it was stored before the former reader died
        this.recorder?.(Buffer.from(bytes.subarray(at, at + length)))
        const event = decodeEvent(view, bytes, at)
        if (!event) return
        const program = `${event.program}:${event.cpu}`
        received[program] = (received[program] ?? 0) + 1
        this.#take(event, batch, touched)
      }, BATCH)
      if (count > 0) batch.rings.push({ ring: name, position: source.position, received })
      drained += count
    }
    if (drained === 0) return 0
    for (const each of touched) batch.flows.push({ key: each, flow: this.#flows.get(each) })
    this.#store.write(batch, Date.now())
    for (const { source } of this.#rings) source.commit()
    return drained
  }

  /** Events received, by number of the program. */
  received(): ReadonlyMap<number, number> {
    const sums = new Map<number, number>()
    for (const counts of this.#received.values()) {
      for (const [program, count] of Object.entries(counts)) {
        const number = Number(program.split(':')[0])
        sums.set(number, (sums.get(number) ?? 0) + count)
      }
    }
    return sums
  }

  flows(): readonly FlowSummary[] {
    return [...this.#flows.values()].sort((one, other) => other.last - one.last)
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

  #take(event: Event, batch: Mutable<Batch>, touched: Set<string>): void {
    this.#processes.observe(event)
    const workload = this.#knowledge.workloadOf(event.slot)
    const about = event.slot === 0 ? 'host' : workload ? key(workload) : `slot ${event.slot}`
    const time = Math.round(this.#bootTime + event.at / 1e6)
    const because = 'ruling' in event ? this.#because(event.ruling) : null
    const record = this.#record(event, about, time, because)
    this.#recent.push(record)
    if (this.#recent.length > REMEMBERED) this.#recent.shift()
    for (const listen of this.#listeners) listen(record)
    if (event.type === 'fork' || event.type === 'exit') return
    const denied = deniedBy(event.ruling)
    if (denied !== undefined) {
      const decision = { about, type: event.type, facts: record.facts, ruling: record.ruling, time }
      batch.decisions.push({ key: `${about}|${event.type}|${event.ruling.cookie || event.ruling.trialCookie}|${target(event)}`, decision })
    }
    for (const suspicion of suspicions(event)) batch.findings.push(this.#finding(suspicion, event, about, time, record, because))
    if (event.type !== 'exec' && event.type !== 'bind') {
      const flow = this.#flow(event, about, time, because)
      if (flow) touched.add(flow)
    }
  }

  #because(ruling: Ruling): Because | null {
    const cookie = ruling.effect === 'deny' || ruling.trialEffect !== 'deny' ? ruling.cookie : ruling.trialCookie
    return ruling.effect === null && ruling.trialEffect === null ? null : this.#knowledge.reason(ruling.generation, cookie)
  }

  #record(event: Event, about: string, time: number, because: Because | null): EventRecord {
    const task = event.task
    const ruling = 'ruling' in event && because ? { effect: effectOf(event.ruling), enforced: event.ruling.enforced, because } : null
    return {
      type: event.type,
      time,
      workload: about,
      process: task === null ? null : { pid: task.pid, comm: task.comm, ancestors: this.#processes.ancestors(task) },
      facts: factsOf(event, (slot) => this.#nameOf(slot)),
      ruling,
    }
  }

  #nameOf(slot: number): string {
    const workload = this.#knowledge.workloadOf(slot)
    return slot === 0 ? 'host' : workload ? key(workload) : `slot ${slot}`
  }

  #finding(
    { code, severity, title, remedy }: Suspicion,
    event: Event,
    about: string,
    time: number,
    record: EventRecord,
    because: Because | null,
  ): Finding {
    // Made of what makes the event unique, so that an event which is read twice is one finding.
    const id = `${code}-${Math.floor(event.at / 1e3).toString(36)}${event.cpu}${event.program.toString(36)}`
    const evidence = { ...record.facts, process: record.process }
    return { id, code, layer: FINDING_CODES[code].layer, severity, at: time, about, title, evidence, because, remedy }
  }

  #flow(event: SocketEvent, about: string, time: number, because: Because | null): string | undefined {
    if (event.slot === 0 && event.peerSlot === 0) return undefined
    const other = event.peerSlot === 0 ? event.remote.address : this.#nameOf(event.peerSlot)
    const [from, to] = event.active || event.type === 'connect' ? [about, other] : [other, about]
    const port = event.active || event.type === 'connect' ? event.remote.port : event.local.port
    const denied = deniedBy(event.ruling)
    const state = denied === 'enforced' ? 'denied' : denied === 'trial' ? 'would deny' : event.type === 'close' ? 'closed' : 'open'
    const fresh = { from, to, protocol: PROTOCOLS[event.protocol] ?? String(event.protocol), port, state } as const
    // A connection that closes is the one that was open.
    const id = flowKey({ ...fresh, state: state === 'closed' ? 'open' : state })
    const former = this.#flows.get(id)
    this.#flows.set(id, {
      ...fresh,
      count: (former?.count ?? 0) + (event.type === 'close' ? 0 : 1),
      bytesIn: (former?.bytesIn ?? 0) + event.bytesIn,
      bytesOut: (former?.bytesOut ?? 0) + event.bytesOut,
      last: time,
      because: because === null ? (former?.because ?? 'no policy') : summaryOf(because),
    })
    return id
  }
}

/** In words: the rule with its place, or the policies that isolate. */
export function summaryOf(because: Because): string {
  if ('rule' in because) return `${because.policy} (${because.rule.source.file}:${because.rule.source.line})`
  if ('implicit' in because) return `nothing allows it; isolated by ${because.implicit.join(', ')}`
  return 'free' in because ? 'no policy speaks of it' : `unknown: ${because.unknown.text}`
}

function matches(name: string, wanted: string): boolean {
  return name === wanted || name.endsWith(`/${wanted}`)
}

function effectOf(ruling: Ruling): string {
  return deniedBy(ruling) === undefined ? 'allow' : 'deny'
}

function deniedBy(ruling: Ruling): 'enforced' | 'trial' | undefined {
  if (ruling.effect === 'deny') return 'enforced'
  return ruling.trialEffect === 'deny' ? 'trial' : undefined
}

function suspicions(event: ExecEvent | SocketEvent): Suspicion[] {
  const denied = deniedBy(event.ruling)
  const would = denied === 'trial' ? 'Would be denied' : 'Denied'
  if (event.type === 'exec') {
    const found = fileless(event)
    if (found !== undefined) return event.slot === 0 ? [] : [found]
    if (denied === undefined) return []
    const title = `${would}: execution of ${event.path || event.name}`
    return [
      {
        code: 'RT_EXEC_DENIED',
        severity: 'medium',
        title,
        remedy: 'If it is wanted, allow it: `thymus explain` names the rule and the line.',
      },
    ]
  }
  if (denied === undefined || event.type === 'close') return []
  const title = `${would}: ${event.type} ${target(event)}`
  return [
    {
      code: 'NET_DENIED',
      severity: 'low',
      title,
      remedy: 'If it is wanted, allow it: `thymus policy why` says what would have to change.',
    },
  ]
}

function target(event: ExecEvent | SocketEvent): string {
  if (event.type === 'exec') return event.path || event.name
  const end = event.type === 'bind' || (event.type === 'drop' && !event.active) ? event.local : event.remote
  return `${PROTOCOLS[event.protocol] ?? event.protocol} ${end.address}:${end.port}`
}

function factsOf(event: Event, name: (slot: number) => string): Record<string, unknown> {
  switch (event.type) {
    case 'fork':
      return {}
    case 'exit':
      return { status: event.status >> 8, signal: event.status & 127 }
    case 'exec': {
      const { path, name: given, interpreter, cwd, argv, links, forms, task } = event
      return { path, name: given, interpreter, cwd, argv, inode: String(event.inode), links, forms, uid: task.uid, euid: task.euid }
    }
    default: {
      const { protocol, local, remote, active, bytesIn, bytesOut, peerSlot } = event
      const peer = peerSlot === 0 ? null : name(peerSlot)
      return {
        protocol: PROTOCOLS[protocol] ?? protocol,
        local: `${local.address}:${local.port}`,
        remote: `${remote.address}:${remote.port}`,
        peer,
        active,
        bytesIn,
        bytesOut,
      }
    }
  }
}

function flowKey({ from, to, protocol, port, state }: Pick<FlowSummary, 'from' | 'to' | 'protocol' | 'port' | 'state'>): string {
  return [from, to, protocol, port, state === 'closed' ? 'open' : state].join('|')
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] }
