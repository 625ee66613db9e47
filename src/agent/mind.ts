// The mind: everything but the privileges. It reads what the kernel saw, judges, remembers, answers people, and asks the guard for what
// needs privilege. Without a guard (an ordinary user) it holds policies and explains them, and enforces nothing.
import { mkdirSync, readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { machine, release, type, uptime } from 'node:os'
import { dirname, join } from 'node:path'
import { PROGRAM } from '../adapters/linux/bpf/layout.gen.ts'
import { MappedRing } from '../adapters/linux/bpf/ring.ts'
import { type MachineRoots, seeRoots } from '../adapters/linux/roots.ts'
import { lock, peerOf } from '../adapters/linux/system.ts'
import { exitStatus, ThymusError } from '../core/errors.ts'
import { SEVERITIES } from '../core/finding.ts'
import { unknown, type Verdict } from '../core/verdict.ts'
import type { Workload } from '../core/workload.ts'
import { RulePlane } from '../engine/rule-plane/plane.ts'
import { SlotAllocator } from '../engine/rule-plane/slots.ts'
import { type Position, Segments } from '../engine/store/segments.ts'
import { Store } from '../engine/store/store.ts'
import { recognise } from '../formats/cgroup-path.ts'
import type { AgentPort } from '../server/agent-port.ts'
import type { ApplyRequest, FindingList, Loss, StartRequest, Status, WorkloadSummary } from '../server/api.ts'
import { serve } from '../server/http.ts'
import { tryAdmission } from './admission.ts'
import { Answers } from './answers.ts'
import { type Config, DEFAULTS } from './config.ts'
import { Control, key } from './control.ts'
import { GuardGroups, NO_GROUPS } from './guarded-groups.ts'
import { GuardedTables, NO_TABLES } from './kernel-tables.ts'
import { LAYOUT } from './layout.ts'
import { type Places, places } from './places.ts'
import { posture } from './posture.ts'
import { type Counted, GuardClient, type Hello } from './protocol.ts'
import { Recorder } from './recording.ts'
import { startWarm } from './warm.ts'
import { type Knowledge, Watch } from './watch.ts'

const VERSION = '0.1.0'
const GUARD_FD = 3
/** When the kernel's clock was zero, in ms since 1970; a later step of the wall clock is not followed. */
const BOOT = Date.now() - uptime() * 1000
/** Setting: the database was lost while policies were in force, and nobody has said yet what they are. */
const POLICIES_LOST = 'policiesLost'

class Mind implements AgentPort {
  readonly #started = Date.now()
  readonly #guard: GuardClient | undefined
  readonly #hello: Hello | null
  readonly #store: Store
  readonly #segments: Segments
  readonly #plane: RulePlane
  readonly #control: Control
  readonly #knowledge: Knowledge
  readonly #watch: Watch
  readonly #answers: Answers
  #recording: Recorder | undefined
  /** The guard sees more than this user may. */
  readonly #roots: MachineRoots
  #admission: Promise<Verdict> = Promise.resolve(unknown('NOT_TRIED', 'the engine is yet to be tried'))

  private constructor(
    guard: GuardClient | undefined,
    hello: Hello | null,
    store: Store,
    segments: Segments,
    workloads: readonly Workload[],
  ) {
    this.#guard = guard
    this.#hello = hello
    this.#roots = hello?.roots ?? seeRoots()
    this.#store = store
    this.#segments = segments
    this.#plane = new RulePlane(guard ? new GuardedTables(guard, at.failsafe ?? DEFAULTS.failsafe) : NO_TABLES, hello?.generation ?? 0)
    const parts = {
      plane: this.#plane,
      slots: new SlotAllocator([...workloads.map(({ slot }) => slot), ...(hello?.slots ?? [])]),
      groups: guard ? new GuardGroups(guard) : NO_GROUPS,
      memory: store,
    }
    this.#control = new Control(parts, store.policies().now, workloads)
    this.#answers = new Answers(this.#control, this.#plane, store)
    const rings = (hello?.rings ?? []).map(({ name, fd, size, id }) => ({
      name: `${name}/${id}`,
      source: new MappedRing(fd, size),
    }))
    this.#knowledge = {
      workloadOf: (slot) => this.#control.workloadOf(slot),
      reason: (generation, cookie) => this.#plane.reason(generation, cookie),
    }
    this.#watch = new Watch(rings, store, segments, this.#knowledge, BOOT)
  }

  static async start(guard: GuardClient | undefined, store: Store, segments: Segments): Promise<Mind> {
    const hello = guard ? await guard.ask<Hello>({ do: 'hello' }) : null
    const workloads = await found(guard, store)
    const mind = new Mind(guard, hello, store, segments, workloads)
    const damaged = store.notices.some(({ code }) => code === 'STATE_CORRUPT') && (hello?.generation ?? 0) > 0
    if (damaged) store.saveSetting(POLICIES_LOST, true) // also for a mind that comes after this one
    if (store.setting<boolean>(POLICIES_LOST)) mind.#control.withhold()
    else await mind.#control.restore(store.policies().unconfirmed)
    mind.#watch.start()
    mind.#admission = tryAdmission()
    return mind
  }

  /** The database was damaged in use and set aside: what is still known is saved again. */
  saveAgain(): void {
    this.#control.rememberAll()
  }

  async status(): Promise<Status> {
    const policies = [...this.#control.set.held.values()].map(({ policy }) => policy)
    const enforced = policies.filter(({ mode }) => mode === 'enforce')
    const speaksOf = (gates: readonly string[]) =>
      enforced.filter(
        ({ isolates, rules }) => isolates.some((gate) => gates.includes(gate)) || rules.some(({ gate }) => gates.includes(gate)),
      ).length
    return {
      agent: { version: VERSION, pid: process.pid, guard: this.#hello?.pid ?? null, since: this.#started, user: process.getuid!() },
      layers: posture({
        hello: this.#hello,
        enforcing: { network: speaksOf(['connect', 'accept', 'bind']), exec: speaksOf(['exec']), modules: speaksOf(['module']) },
        policies: policies.length,
        workloads: this.#control.workloads.length,
        roots: this.#roots,
        admission: await this.#admission,
      }),
      generation: this.#plane.generation?.number ?? 0,
      workloads: this.#control.workloads.length,
      policies: policies.length,
      unconfirmed: this.#control.unconfirmed,
      loss: await this.#loss(),
      notices: this.#store.notices.map(({ code, text }) => `${code}: ${text}`),
    }
  }

  async apply(request: ApplyRequest, by: number) {
    const result = await this.#control.apply(request, by)
    if (!request.dryRun && this.#store.setting<boolean>(POLICIES_LOST)) this.#store.saveSetting(POLICIES_LOST, false)
    return result
  }
  confirm() {
    return this.#control.confirm()
  }
  rollback() {
    return this.#control.rollback()
  }
  policies() {
    return this.#control.policies()
  }
  deletePolicy(id: string) {
    return this.#control.deletePolicy(id)
  }
  why(request: Parameters<AgentPort['why']>[0]) {
    return this.#answers.why(request)
  }
  diff(request: ApplyRequest) {
    return this.#answers.diff(this.#control.merged(request, 0))
  }
  explain(id: string) {
    return this.#answers.explain(id)
  }
  flows() {
    return this.#watch.flows()
  }
  decisions() {
    return this.#store.decisions(1_000)
  }
  events(filter: Parameters<AgentPort['events']>[0], signal: AbortSignal) {
    return this.#watch.records(filter, signal)
  }
  findings(severity: string | undefined): FindingList {
    const least = SEVERITIES.find((each) => each === severity)
    return { items: this.#store.findings({ limit: 1_000, ...(least === undefined ? {} : { severity: least }) }) }
  }

  async workloads(): Promise<readonly WorkloadSummary[]> {
    return Promise.all(this.#control.workloads.map((workload) => this.#summary(workload)))
  }

  async startWorkload(request: StartRequest): Promise<WorkloadSummary> {
    return this.#summary(await this.#control.start(request))
  }

  removeWorkload(namespace: string, name: string) {
    return this.#control.remove(namespace, name)
  }

  /** Everything that the kernel says from now on, into a new file of the state folder; null ends the recording, with all that was said until then. */
  async record(file: string | null): Promise<void> {
    this.#watch.catchUp()
    const former = this.#recording
    this.#recording = file === null ? undefined : await this.#recorder(file)
    const recording = this.#recording
    this.#watch.recorder = recording && ((bytes, event) => recording.add(bytes, event))
    await former?.end()
  }

  async down(purge: boolean): Promise<void> {
    if (this.#guard) await this.#guard.ask({ do: 'down', purge })
    else setTimeout(() => this.end(0), 50)
  }

  end(status: number): void {
    this.#control.end()
    this.#watch.end()
    this.#segments.close()
    this.#store.close()
    process.exit(status)
  }

  #recorder(file: string): Promise<Recorder> {
    if (!/^[\w.-]+$/.test(file))
      throw new ThymusError('AGENT_REQUEST', 'a recording has a plain name; it is made in the state folder', { at: 'file' })
    const on = `${type()} ${release()} ${machine()}, Thymus ${VERSION}`
    const origin = { layout: LAYOUT.toString('hex'), boot: BOOT, at: Date.now(), on }
    return Recorder.begin(join(at.state, file), origin, this.#knowledge)
  }

  async #summary(workload: Workload): Promise<WorkloadSummary> {
    const { name, namespace, labels, slot, mode, anchor, addresses } = workload
    const cgroup = anchor.is === 'cgroup' ? anchor.path : ''
    const processes = this.#guard && cgroup ? (await this.#guard.ask<number[]>({ do: 'processes', path: cgroup })).length : 0
    const madeBy = this.#hello === null ? undefined : recognise(cgroup.slice(dirname(this.#hello.groupRoot).length))
    const subject = this.#plane.generation?.tables.subjects.find((entry) => entry.slot === slot)
    return {
      name,
      namespace,
      labels,
      slot,
      identity: subject?.identity ?? 0,
      mode,
      cgroup,
      ...(madeBy === undefined ? {} : { madeBy }),
      owned: anchor.is === 'cgroup' && anchor.owned,
      netns: anchor.is === 'cgroup' ? (anchor.netns ?? null) : null,
      addresses,
      processes,
      policies: this.#control
        .policies()
        .filter(({ workloads }) => workloads.includes(key(workload)))
        .map(({ id }) => id),
    }
  }

  async #loss(): Promise<Loss[]> {
    if (!this.#guard) return []
    const { counters, missed } = await this.#guard.ask<Counted>({ do: 'counters' })
    const received = this.#watch.received()
    const names = [...new Set(counters.map(({ program }) => program))]
    return names
      .map((program) => {
        const mine = counters.filter((counter) => counter.program === program)
        const sum = (of: 'issued' | 'dropped') => mine.reduce((total, counter) => total + counter[of], 0)
        const got = received.get(PROGRAM[`PROGRAM_${program.toUpperCase()}` as keyof typeof PROGRAM]) ?? 0
        return {
          program,
          issued: sum('issued'),
          received: got,
          dropped: sum('dropped'),
          unread: sum('issued') - sum('dropped') - got,
          missed: missed[program] ?? 0,
        }
      })
      .filter(({ issued }) => issued > 0)
  }
}

/** Workloads whose groups are still there; the others have ended while nobody watched. */
async function found(guard: GuardClient | undefined, store: Store): Promise<Workload[]> {
  const groups = guard ? new GuardGroups(guard) : NO_GROUPS
  const kept: Workload[] = []
  for (const workload of store.workloads()) {
    if (workload.anchor.is !== 'cgroup') continue
    const { slot, anchor } = workload
    const there = await guard?.ask({ do: 'adopt', slot, path: anchor.path, known: String(anchor.id) }).then(
      () => true,
      (error: unknown) => {
        if (error instanceof ThymusError && error.code === 'GROUP_UNKNOWN') return false
        throw error
      },
    )
    if (there) {
      kept.push(workload)
      continue
    }
    await groups.stop(workload).catch((error) => console.error(error)) // what it leaves behind is in nobody's way
    try {
      store.dropWorkload(workload)
    } catch (error) {
      console.error(error) // a full disk keeps nobody from starting: the next one finds it again
    }
  }
  return kept
}

/** Up to where the raw events of this boot are accounted for. */
function endOf(store: Store): { readonly end?: Position } {
  const end = store.setting<Position>('rawEnd')
  return end === undefined ? {} : { end }
}

/** The guard says where things are: to this user they would be elsewhere. */
const given = process.argv[2]
const at: Places & { readonly failsafe?: Config['failsafe']; readonly descriptors?: readonly number[] } =
  given === undefined ? places() : JSON.parse(given)
try {
  startWarm(at.descriptors)
  const guarded = given !== undefined
  mkdirSync(at.state, { recursive: true })
  mkdirSync(at.door, { recursive: true })
  if (!guarded && !lock(at.lock)) throw new ThymusError('AGENT_SECOND', 'another agent has this instance', { at: at.run })
  const stream = guarded ? new Socket({ fd: GUARD_FD }) : undefined
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  let mind: Mind | undefined
  const store = new Store(join(at.state, 'thymus.db'), { now: Date.now, boot, onReplaced: () => mind?.saveAgain() })
  const segments = new Segments(join(at.state, 'segments'), {
    layout: LAYOUT,
    now: Date.now,
    ...endOf(store),
  })
  mind = await Mind.start(stream && new GuardClient(stream), store, segments)
  stream?.on('close', () => mind.end(0)) // the guard is gone, and with it the way to the kernel; verdicts stay in force
  process.on('SIGTERM', () => mind.end(0))
  const allowed = [0, guarded ? 0 : process.getuid!()]
  await serve(mind, at.socket, allowed, (request) => peerOf((request.socket as unknown as { _handle: { fd: number } })._handle.fd).uid)
  console.error(`mind ${process.pid} of ${at.instance} answers on ${at.socket}`)
} catch (error) {
  const known = error instanceof ThymusError ? error : new ThymusError('INTERNAL', String(error))
  console.error(`thymus: ${known.code}: ${known.message}${known.at === undefined ? '' : ` (at ${known.at})`}`)
  if (known.code === 'INTERNAL') console.error(error)
  process.exit(exitStatus(known.code))
}
