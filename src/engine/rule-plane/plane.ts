import type { Because, Decision, Request } from '../../core/decision.ts'
import { ThymusError } from '../../core/errors.ts'
import type { Effect, Policy } from '../../core/policy.ts'
import type { Namespaces, Workload } from '../../core/workload.ts'
import type { Compiled } from './compile.ts'
import { compileWhole } from './compile.ts'
import type { TableRequest } from './lookup.ts'
import { lookup } from './lookup.ts'
import { isSlot } from './slots.ts'
import type { PlaceEntry, SubjectEntry, Tables } from './tables.ts'
import { NODE_SLOT, PROTOCOL_NUMBER } from './tables.ts'

/** What somebody wants to be in force: always the whole. What has not changed since the last time should be the same objects. */
export interface Wanted {
  readonly policies: readonly Policy[]
  readonly namespaces: Namespaces
  readonly workloads: readonly Workload[]
}

export interface Generation {
  readonly number: number
  readonly tables: Tables
}

/** Workloads that came or went, with no socket yet or any more, while no rule changed. A subject with identity 0 and no gates is a slot that is free again. */
export interface Amendment {
  readonly subjects: readonly SubjectEntry[]
  readonly places: readonly PlaceEntry[]
  /** Places to be deleted. */
  readonly vacated: readonly PlaceEntry[]
}

/** The kernel's side. One call at a time. */
export interface KernelTables {
  /**
   * Builds the tables beside those in force and flips to them. It may throw only where the flip has not happened: the former generation is then
   * in force as before, and the same number may come again with other tables.
   */
  swap(generation: number, tables: Tables): Promise<void>
  /**
   * Writes into the tables in force: first the subjects, each in one piece, then the places, then deletes. If it throws, any part may have been
   * written; a swap follows.
   */
  amend(generation: number, amendment: Amendment): Promise<void>
}

/** Events are read within seconds, and a generation lasts at least as long as its swap; of older ones nobody asks. */
const REMEMBERED = 4

interface Present {
  readonly generation: Generation
  readonly wanted: Wanted
  readonly compiled: Compiled
  /** False once the kernel may hold anything else than the tables of `generation`. */
  readonly whole: boolean
}

interface Waiter {
  readonly wanted: Wanted
  readonly resolve: (generation: Generation) => void
  readonly reject: (error: unknown) => void
}

/** The one road into the kernel's policy tables. */
export class RulePlane {
  readonly #kernel: KernelTables
  readonly #reasons = new Map<number, ReadonlyMap<number, Because>>()
  #number: number
  #present: Present | undefined
  #waiting: Waiter[] = []
  #busy = false

  /** `former` is the number of the generation that the kernel has from an agent before this one, 0 if none. */
  constructor(kernel: KernelTables, former = 0) {
    this.#kernel = kernel
    this.#number = former
  }

  /** What this agent has put in force; undefined before the first time. */
  get generation(): Generation | undefined {
    return this.#present?.generation
  }

  /**
   * Puts in force what is wanted. One change at a time; of several that wait only the latest is made, and all get its generation. If it is
   * refused, that one alone hears why, and the next latest is tried.
   * @throws ThymusError as `compile` does, or whatever the kernel's side throws; the former generation stays in force
   */
  apply(wanted: Wanted): Promise<Generation> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ wanted, resolve, reject })
      if (!this.#busy) void this.#work()
    })
  }

  /**
   * What would be decided, and why; unknown, which is shown as a deny, where it depends on what is not said. Failsafe ports are not seen here.
   * @throws ThymusError WORKLOAD_UNKNOWN for a workload that is not in the generation
   */
  why(request: Request): Decision {
    const number = this.#present?.generation.number ?? this.#number
    const answer = (effect: Effect, enforced: boolean, because: Because) => ({ request, effect, enforced, because, generation: number })
    const unsure = (code: string, text: string) => answer('deny', false, { unknown: { code, text } })
    if (this.#present === undefined) return unsure('NO_GENERATION', 'this agent has put no policy in force yet')
    const { generation, wanted } = this.#present
    const [first, ...others] = tableRequests(request, wanted.workloads).map((asked) => lookup(generation.tables, asked))
    if (first === undefined) return unsure('PEER_UNSTATED', 'neither the workload nor the address of the other end is known')
    if (others.some(({ effect, trialEffect }) => effect !== first.effect || trialEffect !== first.trialEffect)) {
      return unsure('ADDRESS_NEEDED', 'the peer has several addresses, and policy treats them differently: name one')
    }
    const onTrial = first.effect !== 'deny' && first.trialEffect === 'deny'
    const effect = first.effect === 'deny' || onTrial ? 'deny' : 'allow'
    return answer(effect, !onTrial, this.reason(number, onTrial ? first.trialCookie : first.cookie))
  }

  /** What a cookie in an event stands for. Cookie 0: no policy spoke. */
  reason(generation: number, cookie: number): Because {
    if (cookie === 0) return { free: true }
    const reasons = this.#reasons.get(generation)
    if (reasons === undefined) {
      return {
        unknown: { code: 'GENERATION_FORGOTTEN', text: `generation ${generation} is not among the last ${REMEMBERED} of this agent` },
      }
    }
    return (
      reasons.get(cookie) ?? { unknown: { code: 'COOKIE_UNKNOWN', text: `generation ${generation} has no rule with cookie ${cookie}` } }
    )
  }

  async #work(): Promise<void> {
    this.#busy = true
    await null // requests made in one go are one change
    while (this.#waiting.length > 0) {
      const waiters = this.#waiting
      this.#waiting = []
      await this.#serve(waiters)
    }
    this.#busy = false
  }

  async #serve(waiters: Waiter[]): Promise<void> {
    for (let latest = waiters.pop(); latest !== undefined; latest = waiters.pop()) {
      try {
        const generation = await this.#install(latest.wanted)
        for (const waiter of [...waiters.splice(0), latest]) waiter.resolve(generation)
      } catch (error) {
        latest.reject(error)
      }
    }
  }

  async #install(wanted: Wanted): Promise<Generation> {
    const amended = await this.#amend(wanted)
    if (amended !== undefined) return amended
    const compiled = compileWhole(wanted.policies, wanted.namespaces, wanted.workloads)
    const number = this.#number + 1
    await this.#kernel.swap(number, compiled.tables)
    this.#number = number
    this.#reasons.set(number, compiled.tables.reasons)
    this.#reasons.delete(number - REMEMBERED)
    this.#present = { generation: { number, tables: compiled.tables }, wanted, compiled, whole: true }
    return this.#present.generation
  }

  /**
   * The short way for a workload that comes or goes: undefined where it is not open. It is, because
   * - policies and namespaces are the same, so classes, rules, blocks and reasons are;
   * - the workload is of a class that this generation has, so every rule for it and about it is in the tables already (a class that has lost its
   *   last workload keeps its entries until the next swap);
   * - rules name identities, never slots: nobody else's decision changes, but about this workload;
   * - the workload has a group that the agent made, so it has no socket when it comes and none when it went. What sockets were told holds for a
   *   generation: one that is adopted with its sockets, let go with them, or changes, needs the next one;
   * - a subject is eight bytes, written at once: a decision sees the former or the new one.
   */
  async #amend(wanted: Wanted): Promise<Generation | undefined> {
    const present = this.#present
    if (present === undefined || !present.whole || !sameRules(present.wanted, wanted)) return undefined
    const { gone, come } = difference(present.wanted.workloads, wanted.workloads)
    if (![...gone, ...come].every(isOwned)) return undefined
    const subjects = new Map(present.generation.tables.subjects.map((subject) => [subject.slot, subject]))
    for (const workload of come) {
      const subject = present.compiled.known.entry(workload)
      if (subject === undefined || !isSlot(workload.slot) || subjects.has(workload.slot)) return undefined
      subjects.set(workload.slot, subject)
    }
    for (const { slot } of gone) subjects.delete(slot)
    this.#present = { ...present, whole: false }
    const { put, vacated } = present.compiled.places.move(gone, come)
    try {
      const freed = gone.map(({ slot }) => ({ slot, identity: 0, enforcedGates: 0, trialGates: 0, plainGates: 0 }))
      const changed = [...freed, ...come.map(({ slot }) => subjects.get(slot)!)]
      await this.#kernel.amend(present.generation.number, { subjects: changed, places: put, vacated })
    } catch {
      return undefined // the swap that follows makes it whole, or says what is wrong
    }
    const { number, tables } = present.generation
    const generation = { number, tables: { ...tables, subjects: [...subjects.values()], places: present.compiled.places.entries } }
    this.#present = { ...present, generation, wanted }
    return generation
  }
}

function isOwned({ anchor }: Workload): boolean {
  return anchor.is === 'cgroup' && anchor.owned
}

function sameRules(one: Wanted, other: Wanted): boolean {
  return (
    one.policies.length === other.policies.length &&
    one.policies.every((policy, at) => policy === other.policies[at]) &&
    (one.namespaces === other.namespaces ||
      (one.namespaces.size === other.namespaces.size &&
        [...one.namespaces].every(([name, labels]) => other.namespaces.get(name) === labels)))
  )
}

function difference(
  former: readonly Workload[],
  wanted: readonly Workload[],
): { readonly gone: readonly Workload[]; readonly come: readonly Workload[] } {
  const had = new Set(former)
  const has = new Set(wanted)
  return { gone: former.filter((workload) => !has.has(workload)), come: wanted.filter((workload) => !had.has(workload)) }
}

/** The same question in the terms of the tables, once for each address by which the peer may be meant; none if nothing is said of it. */
function tableRequests(request: Request, workloads: readonly Workload[]): readonly TableRequest[] {
  if (request.gate === 'module') return [{ ...request, subject: NODE_SLOT }]
  const subject = named(request.subject, workloads).slot
  if (request.gate === 'exec') return [{ ...request, subject }]
  const { gate, port } = request
  const protocol = typeof request.protocol === 'number' ? request.protocol : PROTOCOL_NUMBER[request.protocol]
  if (gate === 'bind') return [{ gate, subject, peer: {}, protocol, port }]
  const { workload, address } = request.peer
  if (workload === undefined) return address === undefined ? [] : [{ gate, subject, peer: { address }, protocol, port }]
  const { slot, addresses } = named(workload, workloads)
  const ends = address !== undefined ? [address] : addresses
  const peers = ends.length === 0 ? [{ slot }] : ends.map((address) => ({ slot, address }))
  return peers.map((peer) => ({ gate, subject, peer, protocol, port }))
}

function named(name: string, workloads: readonly Workload[]): Workload {
  const found = workloads.find((workload) => `${workload.namespace}/${workload.name}` === name)
  if (found === undefined) throw new ThymusError('WORKLOAD_UNKNOWN', `there is no workload ${name}`)
  return found
}
