// What people ask of the agent: policies come and go, workloads start and stop. All of it ends in one place, the rule plane, and nothing
// is remembered before it is in force.
import { ThymusError } from '../core/errors.ts'
import type { Policy } from '../core/policy.ts'
import { meant, type Namespaces, type Workload } from '../core/workload.ts'
import type { RulePlane } from '../engine/rule-plane/plane.ts'
import type { SlotAllocator } from '../engine/rule-plane/slots.ts'
import type { PolicySet, Unconfirmed } from '../engine/store/store.ts'
import { readPolicies } from '../layers/network/read-policies.ts'
import type { ApplyRequest, ApplyResult, PolicySummary, StartRequest } from '../server/api.ts'
import { checkWorkload } from './workload-request.ts'

/** What a restart must find again. */
export interface Memory {
  savePolicies(now: PolicySet, unconfirmed: Unconfirmed | null): void
  saveWorkload(workload: Workload): void
  dropWorkload(workload: Workload): void
}

/** The privileged half of a workload's life (the guard), or nothing where there is no privilege. */
export interface Groups {
  start(slot: number, name: string, netns: boolean): Promise<Group>
  adopt(slot: number, path: string): Promise<Group>
  stop(workload: Workload): Promise<void>
  /** Destroys the connections that the generation in force denies; says how many. */
  sweep(): Promise<number>
}
export interface Group {
  readonly path: string
  readonly id: bigint
  readonly netns: string | null
  readonly addresses: readonly string[]
}

interface Parts {
  readonly plane: RulePlane
  readonly slots: SlotAllocator
  readonly groups: Groups
  readonly memory: Memory
}

/** A change that is undone unless it is confirmed, and what it is undone to. */
interface Waiting {
  readonly until: number
  former: PolicySet
  timer: NodeJS.Timeout
}

/** ms until a change that could not be undone is tried again. */
const UNDO_AGAIN = 5_000

export class Control {
  readonly #parts: Parts
  #set: PolicySet
  #unconfirmed: Waiting | undefined
  readonly #workloads = new Map<string, Workload>()
  /** Also those that have gone, until their slot is somebody else's: events come late. */
  readonly #bySlot = new Map<number, Workload>()
  /** Changes happen one after another: each sees what the former left. */
  #queue: Promise<unknown> = Promise.resolve()
  #withheld = false

  constructor(parts: Parts, set: PolicySet, workloads: readonly Workload[]) {
    this.#parts = parts
    this.#set = set
    for (const workload of workloads) this.#hold(workload)
  }

  get set(): PolicySet {
    return this.#set
  }

  get workloads(): readonly Workload[] {
    return [...this.#workloads.values()]
  }

  get unconfirmed(): number | null {
    return this.#unconfirmed?.until ?? null
  }

  workloadOf(slot: number): Workload | undefined {
    return this.#bySlot.get(slot)
  }

  /** Saves all again that a restart must find: the database was damaged in use, and a new one begun. */
  rememberAll(): void {
    this.#remember()
    for (const workload of this.workloads) this.#parts.memory.saveWorkload(workload)
  }

  /**
   * The policies were lost with the database while the kernel still has them in force. They stay there, and nothing else is put in their
   * place, until somebody says by `apply` what the policies are.
   */
  withhold(): void {
    this.#withheld = true
  }

  /** Puts in force what was remembered. An unconfirmed change goes on waiting, or is rolled back if its time has passed. */
  async restore(unconfirmed: Unconfirmed | null): Promise<void> {
    if (unconfirmed !== null && unconfirmed.until <= Date.now()) this.#set = unconfirmed.former
    else if (unconfirmed !== null) this.#await(unconfirmed.until, unconfirmed.former)
    await this.#enforce(this.#set)
    try {
      this.#remember()
    } catch (error) {
      console.error(error) // a full disk keeps nobody from starting: the next one finds what this one found, and does the same
    }
    await this.#sweep()
  }

  /** Takes all documents of a text, or none of them. */
  apply(request: ApplyRequest, by: number): Promise<ApplyResult> {
    return this.#inTurn(async () => {
      const started = performance.now()
      const taking = taken(request, by)
      const next = taking(this.#set)
      const names = [...next.held.keys()].filter((id) => next.held.get(id) !== this.#set.held.get(id))
      const warnings = names
        .map((id) => next.held.get(id)!.policy)
        .filter((policy) => policy.applies.node === undefined && this.#selected(policy, next.namespaces).length === 0)
        .map(({ id }) => `${id} selects no workload`)
      if (request.dryRun) return this.#result(names, warnings, 0, started, next)
      const within = request.confirmWithinSeconds
      if (within !== undefined && this.#withheld) {
        throw new ThymusError('STATE_CORRUPT', 'the policies were lost with the database: there is nothing to go back to')
      }
      if (within !== undefined && this.#unconfirmed) {
        throw new ThymusError('AGENT_REQUEST', 'another change waits to be confirmed: thymus apply --confirm or --rollback')
      }
      await this.#change(taking, within === undefined ? undefined : Date.now() + within * 1000)
      this.#withheld = false
      const swept = await this.#sweep()
      return this.#result(names, [...warnings, ...swept.warnings], swept.cut, started)
    })
  }

  /** Keeps the change that waits. */
  confirm(): Promise<ApplyResult> {
    return this.#inTurn(async () => {
      if (!this.#unconfirmed) throw new ThymusError('AGENT_REQUEST', 'no change waits to be confirmed')
      this.#remember(null)
      this.#decided()
      return this.#result([], [], 0, performance.now())
    })
  }

  /** Brings back what was in force before the change that waits. */
  rollback(): Promise<ApplyResult> {
    return this.#inTurn(async () => {
      if (!this.#unconfirmed) throw new ThymusError('AGENT_REQUEST', 'no change waits to be confirmed')
      return this.#undo(this.#unconfirmed)
    })
  }

  deletePolicy(id: string): Promise<ApplyResult> {
    return this.#inTurn(async () => {
      this.#notWithheld()
      const started = performance.now()
      if (!this.#set.held.has(id)) throw new ThymusError('POLICY_UNKNOWN', `no policy ${id}`)
      await this.#change(({ held, namespaces }) => ({ held: new Map([...held].filter(([each]) => each !== id)), namespaces }))
      const { cut, warnings } = await this.#sweep()
      return this.#result([], warnings, cut, started)
    })
  }

  /** What the policies would be with this text in. @throws ThymusError POLICY_… naming file, line and field. */
  merged(request: ApplyRequest, by: number): PolicySet {
    return taken(request, by)(this.#set)
  }

  /** Makes or adopts a group; when this returns, identity and policy are in place and nothing runs in it yet. */
  start(request: StartRequest): Promise<Workload> {
    return this.#inTurn(async () => {
      checkWorkload(request)
      this.#notWithheld()
      if (this.#workloads.has(key(request))) throw new ThymusError('WORKLOAD_NAME', `there is a workload ${key(request)} already`)
      this.#notTaken(request.cgroup)
      const { groups, slots, memory } = this.#parts
      const slot = slots.take()
      let workload: Workload | undefined
      try {
        const group =
          request.cgroup === undefined
            ? await groups.start(slot, `${request.namespace}.${request.name}`, request.netns === true)
            : await groups.adopt(slot, request.cgroup)
        workload = {
          name: request.name,
          namespace: request.namespace,
          labels: request.labels,
          slot,
          mode: request.mode ?? 'enforce',
          anchor: {
            is: 'cgroup',
            path: group.path,
            id: group.id,
            owned: request.cgroup === undefined,
            ...(group.netns === null ? {} : { netns: group.netns }),
          },
          addresses: group.addresses,
        }
        this.#hold(workload)
        await this.#enforce(this.#set)
        memory.saveWorkload(workload)
        await this.#sweep()
        return workload
      } catch (error) {
        if (workload) {
          this.#workloads.delete(key(workload))
          await groups.stop(workload).catch(() => {})
        }
        slots.free(slot)
        throw error
      }
    })
  }

  remove(namespace: string, name: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#notWithheld()
      const workload = this.#workloads.get(`${namespace}/${name}`)
      if (!workload) throw new ThymusError('WORKLOAD_UNKNOWN', `no workload ${namespace}/${name}`)
      this.#notAround(workload)
      await this.#parts.groups.stop(workload)
      this.#workloads.delete(key(workload))
      await this.#enforce(this.#set)
      this.#parts.slots.free(workload.slot)
      await this.#sweep()
      this.#parts.memory.dropWorkload(workload) // last: what is gone is gone, whatever the disk says
    })
  }

  policies(): readonly PolicySummary[] {
    return this.#summaries([...this.#set.held.keys()], this.#set)
  }

  end(): void {
    clearTimeout(this.#unconfirmed?.timer)
  }

  /** Whatever would put a generation in force that is made without the lost policies. */
  #notWithheld(): void {
    if (!this.#withheld) return
    throw new ThymusError(
      'STATE_CORRUPT',
      'the policies were lost with the database; what was in force still is, until you say: thymus apply -f FILE',
    )
  }

  /** The kernel knows one workload for a group. */
  #notTaken(cgroup: string | undefined): void {
    const path = cgroup?.replace(/\/+$/, '')
    const holder = this.workloads.find(({ anchor }) => anchor.is === 'cgroup' && anchor.path === path)
    if (holder) throw new ThymusError('GROUP_TAKEN', `the control group is that of workload ${key(holder)}`, { at: path! })
  }

  /** A group that we made ends with all that is in it. */
  #notAround({ anchor }: Workload): void {
    if (anchor.is !== 'cgroup' || !anchor.owned) return
    const inside = this.workloads.find((other) => other.anchor.is === 'cgroup' && other.anchor.path.startsWith(`${anchor.path}/`))
    if (inside) throw new ThymusError('GROUP_TAKEN', `the workload ${key(inside)} is in it: remove that one first`, { at: anchor.path })
  }

  #hold(workload: Workload): void {
    this.#workloads.set(key(workload), workload)
    this.#bySlot.set(workload.slot, workload)
  }

  /** The one way into the kernel. If it fails, what was in force still is, and so is what we hold. */
  async #enforce(next: PolicySet): Promise<void> {
    const policies = [...next.held.values()].map(({ policy }) => policy)
    await this.#parts.plane.apply({ policies, namespaces: next.namespaces, workloads: this.workloads })
    this.#set = next
  }

  /**
   * Puts policies in force and remembers them, or neither. With `until`, they wait until then to be confirmed. What is changed while others
   * wait stays when those are undone.
   */
  async #change(change: (set: PolicySet) => PolicySet, until?: number): Promise<void> {
    const former = this.#set
    const waiting = this.#unconfirmed
    const undone = waiting?.former
    await this.#enforce(change(former))
    if (until !== undefined) this.#await(until, former)
    else if (waiting !== undefined) waiting.former = change(waiting.former)
    try {
      this.#remember()
    } catch (error) {
      if (!this.#withheld) await this.#enforce(former) // the lost ones cannot come back, and a restart leaves these in force
      if (until !== undefined) this.#decided()
      else if (waiting !== undefined) waiting.former = undone!
      throw error
    }
  }

  /** Ends the connections that are denied now. The change is in force with or without: where this fails, their next packet ends them. */
  async #sweep(): Promise<{ readonly cut: number; readonly warnings: readonly string[] }> {
    try {
      return { cut: await this.#parts.groups.sweep(), warnings: [] }
    } catch (error) {
      console.error(error)
      return { cut: 0, warnings: [`connections that are denied now end at their next packet, not at once: ${(error as Error).message}`] }
    }
  }

  /** When its turn comes, the change may be decided and another one wait: a timer undoes its own alone. What fails is tried again. */
  #await(until: number, former: PolicySet): void {
    const undo = async () => {
      if (this.#unconfirmed !== waiting) return
      try {
        await this.#undo(waiting)
      } catch (error) {
        console.error(error)
        waiting.timer = setTimeout(late, UNDO_AGAIN)
      }
    }
    const late = () => void this.#inTurn(undo)
    const waiting: Waiting = { until, former, timer: setTimeout(late, Math.max(0, until - Date.now())) }
    this.#unconfirmed = waiting
  }

  async #undo({ former }: Unconfirmed): Promise<ApplyResult> {
    const started = performance.now()
    await this.#enforce(former)
    this.#remember(null)
    this.#decided()
    const { cut, warnings } = await this.#sweep()
    return this.#result([...former.held.keys()], warnings, cut, started)
  }

  #decided(): void {
    clearTimeout(this.#unconfirmed?.timer)
    this.#unconfirmed = undefined
  }

  #remember(waiting: Unconfirmed | null = this.#unconfirmed ?? null): void {
    this.#parts.memory.savePolicies(this.#set, waiting && { until: waiting.until, former: waiting.former })
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(change)
    this.#queue = turn.catch(() => {})
    return turn
  }

  #result(ids: readonly string[], warnings: readonly string[], cut: number, started: number, set = this.#set): ApplyResult {
    return {
      generation: this.#parts.plane.generation?.number ?? 0,
      policies: this.#summaries(ids, set),
      warnings,
      unconfirmed: this.unconfirmed,
      cut,
      took: performance.now() - started,
    }
  }

  #summaries(ids: readonly string[], set: PolicySet): PolicySummary[] {
    return ids
      .filter((id) => set.held.has(id))
      .map((id) => set.held.get(id)!.policy)
      .map((policy) => ({
        id: policy.id,
        kind: policy.kind,
        namespace: policy.namespace,
        mode: policy.mode,
        source: policy.source,
        rules: policy.rules.length,
        isolates: policy.isolates,
        workloads: this.#selected(policy, set.namespaces).map(key),
      }))
  }

  #selected(policy: Policy, namespaces: Namespaces): Workload[] {
    return this.workloads.filter((workload) => meant(policy.applies, workload, namespaces))
  }
}

/** What a text makes of policies. @throws ThymusError POLICY_… naming file, line and field. */
function taken({ text, file, mode }: ApplyRequest, by: number): (set: PolicySet) => PolicySet {
  const read = readPolicies(text, file, mode === undefined ? {} : { mode })
  const at = Date.now()
  const taken = read.policies.map((policy) => [policy.id, { policy, text, mode: mode ?? null, by, at }] as const)
  return ({ held, namespaces }) => ({ held: new Map([...held, ...taken]), namespaces: new Map([...namespaces, ...read.namespaces]) })
}

export function key({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`
}
