import { ThymusError } from '../../core/errors.ts'
import type { Policy } from '../../core/policy.ts'
import type { Mode, Namespaces, Workload } from '../../core/workload.ts'
import { weaker } from '../../core/workload.ts'
import type { Cidr } from './addresses.ts'
import type { Runs } from './blocks.ts'
import { Blocks } from './blocks.ts'
import { Collector, comma, tooMany } from './collector.ts'
import type { PathClaim, TrafficClaim } from './contest.ts'
import { PrefixTable, settlePaths, settleTraffic } from './contest.ts'
import type { Draft, DraftPeer, PathGate, TrafficGate } from './draft.ts'
import { draftPolicy } from './draft.ts'
import type { KnownIdentities } from './identities.ts'
import { Classes } from './identities.ts'
import { Places } from './places.ts'
import { isSlot } from './slots.ts'
import type { RuleValue, SubjectEntry, TableGate, Tables } from './tables.ts'
import { GATE_NUMBER, IDENTITY, NODE_SLOT, TABLE_LIMIT } from './tables.ts'

/** Rules are spread out over their peers and ports before what is covered is left out: bounds time and memory. See MAX_MATCHES. */
const MAX_CANDIDATES = 8 * TABLE_LIMIT.entries
const GATES = Object.keys(GATE_NUMBER) as TableGate[]

/** Tables, and what else is needed to take one more workload of a class that is known. */
export interface Compiled {
  readonly tables: Tables
  readonly known: KnownSubjects
  readonly places: Places
}

/**
 * One generation of tables from all policies and workloads. The same for the same input, in whatever order policies and workloads come.
 * @throws ThymusError POLICY_LIMIT with exact numbers where the tables would not hold it, POLICY_UNSUPPORTED or POLICY_FIELD for a policy that
 * no table can express (see `draftPolicy`); FORMAT for an address that is none
 */
export function compile(policies: readonly Policy[], namespaces: Namespaces, workloads: readonly Workload[]): Tables {
  return compileWhole(policies, namespaces, workloads).tables
}

export function compileWhole(policies: readonly Policy[], namespaces: Namespaces, workloads: readonly Workload[]): Compiled {
  const inOrder = workloadsInOrder(workloads)
  const drafts = draftAll(policies)
  const classes = new Classes(
    drafts.map(({ policy }) => policy),
    namespaces,
    inOrder,
  )
  const views = viewsOf(classes, drafts)
  const applied = new Set(views.flatMap(({ members }) => members.map(({ draft }) => draft)))
  const blocks = new Blocks(rangesOf([...applied].map((draft) => drafts[draft]!)))
  const compiler = new ViewCompiler(drafts, classes, blocks)
  compiler.weigh(views)
  const gates = new Map<number, Gates>()
  for (const view of views) {
    const found = compiler.compile(view)
    for (const identity of view.identities) gates.set(identity, found)
  }
  const node = compiler.compileNode()
  const { traffic, paths, reasons } = compiler.finish()
  const places = new Places(blocks, inOrder)
  if (places.size > TABLE_LIMIT.entries) throw tooManyPlaces(places.size, drafts)
  const known = new KnownSubjects(classes.known, gates)
  return {
    tables: { subjects: [...node, ...inOrder.map((workload) => known.entry(workload)!)], places: places.entries, traffic, paths, reasons },
    known,
    places,
  }
}

const PLAIN_GATES = (1 << GATE_NUMBER.connect) | (1 << GATE_NUMBER.accept)
type Gates = Pick<SubjectEntry, 'enforcedGates' | 'trialGates' | 'plainGates'>

class KnownSubjects {
  readonly #identities: KnownIdentities
  readonly #gates: ReadonlyMap<number, Gates>

  constructor(identities: KnownIdentities, gates: ReadonlyMap<number, Gates>) {
    this.#identities = identities
    this.#gates = gates
  }

  /** Undefined if the tables do not hold the workload's class. */
  entry(workload: Workload): SubjectEntry | undefined {
    const identity = this.#identities.of(workload)
    return identity === undefined ? undefined : { slot: workload.slot, identity, ...this.#gates.get(identity)! }
  }
}

/** A policy that applies to some workloads, and how strongly it holds for them. */
interface Member {
  readonly draft: number
  readonly mode: Mode
}

/** Identities that are alike as subjects. They may differ as peers, so each has entries of its own, but these are worked out once. */
interface View {
  readonly members: readonly Member[]
  readonly identities: number[]
}

/** What one gate of one half is made from. */
interface Half {
  readonly gate: TableGate
  readonly trial: boolean
  readonly members: readonly Member[]
}

function workloadsInOrder(workloads: readonly Workload[]): readonly Workload[] {
  const inOrder = [...workloads].sort((one, other) => one.slot - other.slot)
  for (const [at, { slot, namespace, name }] of inOrder.entries()) {
    if (!isSlot(slot) || slot === inOrder[at - 1]?.slot) {
      throw new ThymusError('INTERNAL', `slot ${slot} is taken twice, or is no slot`, { at: `${namespace}/${name}` })
    }
  }
  return inOrder
}

function draftAll(policies: readonly Policy[]): readonly Draft[] {
  const inOrder = [...policies].sort((one, other) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0))
  let cookie = 1
  return inOrder.map((policy, at) => {
    if (policy.id === inOrder[at - 1]?.id) throw new ThymusError('INTERNAL', `two policies have the id ${policy.id}`)
    const draft = draftPolicy(policy, cookie)
    cookie += policy.rules.length
    return draft
  })
}

function viewsOf(classes: Classes, drafts: readonly Draft[]): readonly View[] {
  const views = new Map<string, View>()
  for (const { identity, mode, policies } of classes.all) {
    const key = `${mode} ${policies.join()}`
    const found = views.get(key) ?? {
      members: policies.map((draft) => ({ draft, mode: weaker(mode, drafts[draft]!.policy.mode) })),
      identities: [],
    }
    found.identities.push(identity)
    views.set(key, found)
  }
  return [...views.values()]
}

function* rangesOf(drafts: readonly Draft[]): Generator<Cidr> {
  for (const { traffic } of drafts) {
    for (const { peer } of traffic) {
      if (peer.is !== 'addresses') continue
      yield peer.range
      yield* peer.except
    }
  }
}

function tooManyPlaces(size: number, drafts: readonly Draft[]): ThymusError {
  const shares = new Map(drafts.map((draft, at) => [at, [...rangesOf([draft])].length]))
  return tooMany(
    `addresses and the ranges that policies name need ${comma(size)} places, and ${comma(TABLE_LIMIT.entries)} fit`,
    drafts,
    shares,
  )
}

class ViewCompiler {
  readonly #drafts: readonly Draft[]
  readonly #classes: Classes
  readonly #blocks: Blocks
  readonly #collector: Collector
  readonly #weights = new Map<string, number>()

  constructor(drafts: readonly Draft[], classes: Classes, blocks: Blocks) {
    this.#drafts = drafts
    this.#classes = classes
    this.#blocks = blocks
    this.#collector = new Collector(drafts)
  }

  /** Refuses what would take too long to work out. */
  weigh(views: readonly View[]): void {
    const shares = new Map<number, number>()
    let candidates = 0
    for (const { members } of views) {
      for (const half of this.#halves(members)) {
        for (const { draft } of half.members) {
          const weight = this.#weightOf(draft, half.gate)
          candidates += weight
          shares.set(draft, (shares.get(draft) ?? 0) + weight)
        }
      }
    }
    if (candidates <= MAX_CANDIDATES) return
    throw tooMany(
      `spread out over peers and ports, the policies come to ${comma(candidates)} entries, and ${comma(MAX_CANDIDATES)} are looked at to find the ${comma(TABLE_LIMIT.entries)} that fit`,
      this.#drafts,
      shares,
    )
  }

  /** Makes the entries of a view and says at which gates there are any. A trial half is left out where it would repeat the enforced one. */
  compile({ members, identities }: View): Gates {
    const gates = { enforcedGates: 0, trialGates: 0, plainGates: PLAIN_GATES }
    for (const half of this.#halves(members)) {
      const { gate } = half
      const any = gate === 'exec' || gate === 'module' ? this.#paths(identities, gate, half) : this.#traffic(identities, gate, half)
      if (any) gates[half.trial ? 'trialGates' : 'enforcedGates'] |= 1 << GATE_NUMBER[half.gate]
      if (this.#namesBlocks(half)) gates.plainGates &= ~(1 << GATE_NUMBER[half.gate])
    }
    return gates
  }

  /** The node as a subject of its own, if anything is said of it. */
  compileNode(): readonly SubjectEntry[] {
    const members = this.#drafts.flatMap(({ policy }, draft) => (policy.applies.node === true ? [{ draft, mode: policy.mode }] : []))
    if (members.length === 0) return []
    return [{ slot: NODE_SLOT, identity: IDENTITY.host, ...this.compile({ members, identities: [IDENTITY.host] }) }]
  }

  /** @throws ThymusError POLICY_LIMIT */
  finish(): Collector {
    this.#collector.finish()
    return this.#collector
  }

  *#halves(members: readonly Member[]): Generator<Half> {
    for (const gate of GATES) {
      const speaking = members.filter(({ draft }) => this.#drafts[draft]!.gates.has(gate))
      const inForce = speaking.filter(({ mode }) => mode === 'enforce')
      if (inForce.length > 0) yield { gate, trial: false, members: inForce }
      if (speaking.length > inForce.length) yield { gate, trial: true, members: speaking }
    }
  }

  #weightOf(position: number, gate: TableGate): number {
    const key = `${position} ${gate}`
    let weight = this.#weights.get(key)
    if (weight === undefined) {
      const { traffic, paths } = this.#drafts[position]!
      const rules = traffic.filter((rule) => rule.gate === gate)
      weight =
        gate === 'exec' || gate === 'module'
          ? paths.length
          : rules.reduce((sum, { peer, prefixes }) => sum + sizeOf(this.#peersOf(peer)) * prefixes.length, 0)
      this.#weights.set(key, weight)
    }
    return weight
  }

  #traffic(subjects: readonly number[], gate: TrafficGate, half: Half): boolean {
    const byPeer = new Map<number, TrafficClaim[]>([[IDENTITY.any, []]])
    for (const { draft, mode } of half.members) {
      for (const { saying, gate: at, peer, prefixes } of this.#drafts[draft]!.traffic) {
        if (at !== gate) continue
        const rule = { ...saying, report: isHeard(half, mode) }
        const claims = prefixes.map((prefix) => ({ ...prefix, rule }))
        for (const [from, end] of this.#peersOf(peer)) {
          for (let identity = from; identity < end; identity++) {
            const present = byPeer.get(identity)
            if (present === undefined) byPeer.set(identity, [...claims])
            else for (const claim of claims) present.push(claim)
          }
        }
      }
    }
    const implicit = this.#implicitDeny(half)
    if (implicit !== undefined) byPeer.get(IDENTITY.any)!.push({ value: 0, bits: 0, rule: implicit })
    const forAny = settleTraffic(byPeer.get(IDENTITY.any)!)
    const always = new PrefixTable(forAny)
    let any = forAny.length > 0
    this.#collector.addTraffic(subjects, gate, half.trial, IDENTITY.any, forAny)
    for (const [peer, claims] of byPeer) {
      if (peer === IDENTITY.any) continue
      const settled = settleTraffic(claims, always)
      any ||= settled.length > 0
      this.#collector.addTraffic(subjects, gate, half.trial, peer, settled)
    }
    return any
  }

  #namesBlocks({ gate, members }: Half): boolean {
    return members.some(({ draft }) => this.#drafts[draft]!.traffic.some((rule) => rule.gate === gate && rule.peer.is === 'addresses'))
  }

  #paths(subjects: readonly number[], gate: PathGate, half: Half): boolean {
    const claims: PathClaim[] = []
    for (const { draft, mode } of half.members) {
      for (const { saying, path } of this.#drafts[draft]!.paths.filter((rule) => rule.gate === gate))
        claims.push({ path, rule: { ...saying, report: isHeard(half, mode) } })
    }
    const implicit = this.#implicitDeny(half)
    if (implicit !== undefined) claims.push({ path: '', rule: implicit })
    const settled = settlePaths(claims)
    this.#collector.addPaths(subjects, gate, half.trial, settled)
    return settled.length > 0
  }

  #implicitDeny(half: Half): RuleValue | undefined {
    const isolating = half.members.filter(({ draft }) => this.#drafts[draft]!.isolates.has(half.gate))
    if (isolating.length === 0) return undefined
    return {
      ...this.#collector.implicitDeny(isolating.map(({ draft }) => draft)),
      report: isolating.some(({ mode }) => isHeard(half, mode)),
    }
  }

  #peersOf(peer: DraftPeer): Runs {
    switch (peer.is) {
      case 'anyone':
        return [[IDENTITY.any, IDENTITY.any + 1]]
      case 'workloads':
        return this.#classes.meant(peer.selector)
      case 'addresses':
        return this.#blocks.within(peer.range, peer.except)
    }
  }
}

/** What only an observing policy says in a trial is counted, not reported. */
function isHeard({ trial }: Half, mode: Mode): boolean {
  return !trial || mode !== 'observe'
}

function sizeOf(runs: Runs): number {
  return runs.reduce((sum, [from, end]) => sum + end - from, 0)
}
