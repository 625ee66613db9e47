// The kernel's decision (kernel/rule.h, kernel/lib/decide.h) once more, over the same tables: what the kernel is held against, and what
// answers "why" without asking it.
import type { Effect } from '../../core/policy.ts'
import { addressOfBytes, cut, isLoopback, parseAddress } from './addresses.ts'
import type { TrafficClaim } from './contest.ts'
import { covers, foldersOf, PrefixTable } from './contest.ts'
import { oncePer } from './once-per.ts'
import type { PathEntry, PlaceEntry, RuleValue, SubjectEntry, Tables, TrafficEntry } from './tables.ts'
import { DIGEST_PATH, FILELESS_PATH, GATE_NUMBER, IDENTITY, type NODE_SLOT, TABLE_LIMIT } from './tables.ts'

/**
 * `slot` of the peer where it is known from its socket (0: no workload's); else the owner of the address is taken. `path` is empty for what has
 * no lasting name; `sha256`, in hexadecimal, is left out for a module that nobody knows.
 */
export type TableRequest =
  | {
      readonly gate: TrafficEntry['gate']
      readonly subject: number
      readonly peer: { readonly slot?: number; readonly address?: string }
      readonly protocol: number
      readonly port: number
    }
  | { readonly gate: 'exec'; readonly subject: number; readonly path: string; readonly fileless: boolean }
  | { readonly gate: 'module'; readonly subject: typeof NODE_SLOT; readonly sha256?: string }

/** `none`: no policy speaks of it. Cookie 0 goes with it. */
export interface TableDecision {
  readonly effect: Effect | 'none'
  readonly cookie: number
  readonly trialEffect: Effect | 'none'
  readonly trialCookie: number
  /** What denies it, in force or on trial, wants to be heard. */
  readonly reported: boolean
}

/**
 * What one generation says, by what is in force and by all policies together. Failsafe ports, which the agent gives to the kernel beside the tables,
 * are not seen here. The tables are indexed at the first call: they must not change.
 */
export function lookup(tables: Tables, request: TableRequest): TableDecision {
  const subject = subjectsOf(tables.subjects).get(request.subject)
  const peers = isOfFiles(request) || request.gate === 'bind' ? [] : peersOf(tables, request)
  if (subject === undefined || peers === 'free') return NOTHING
  const bit = 1 << GATE_NUMBER[request.gate]
  const say = (trial: boolean) =>
    isOfFiles(request) ? pathRule(tables, subject, request, trial) : trafficRule(tables, subject, request, peers, trial)
  const enforced = (subject.enforcedGates & bit) === 0 ? undefined : say(false)
  const trial = (subject.trialGates & bit) === 0 ? enforced : say(true)
  return {
    effect: enforced?.effect ?? 'none',
    cookie: enforced?.cookie ?? 0,
    trialEffect: trial?.effect ?? 'none',
    trialCookie: trial?.cookie ?? 0,
    reported: [enforced, trial].some((rule) => rule?.effect === 'deny' && rule.report),
  }
}

const NOTHING: TableDecision = { effect: 'none', cookie: 0, trialEffect: 'none', trialCookie: 0, reported: false }

type FileRequest = Extract<TableRequest, { gate: 'exec' | 'module' }>
type TrafficRequest = Exclude<TableRequest, FileRequest>

function isOfFiles(request: TableRequest): request is FileRequest {
  return request.gate === 'exec' || request.gate === 'module'
}

/** Identities to look under, beside "any". Free is traffic to oneself, and what no workload of ours sends to one over loopback. */
function peersOf(tables: Tables, { gate, subject, peer }: TrafficRequest): readonly number[] | 'free' {
  const address = peer.address === undefined ? undefined : parseAddress(peer.address)
  const place = address === undefined ? undefined : placeOf(tables.places, address)
  const slot = peer.slot ?? place?.slot ?? 0
  if (slot === 0 ? gate === 'accept' && address !== undefined && isLoopback(address) : slot === subject) return 'free'
  const identity = subjectsOf(tables.subjects).get(slot)?.identity || IDENTITY.host // a slot that is free again has 0
  return place === undefined || place.block === 0 ? [identity] : [place.block, identity]
}

function trafficRule(
  tables: Tables,
  subject: SubjectEntry,
  request: TrafficRequest,
  peers: readonly number[],
  trial: boolean,
): RuleValue | undefined {
  const index = trafficIndex(tables.traffic)
  const prefix = { value: request.protocol * 2 ** 16 + request.port, bits: 24 }
  return [IDENTITY.any, ...peers]
    .map((peer) => index.get(groupOf(subject.identity, peer, GATE_NUMBER[request.gate], trial))?.narrowest(prefix))
    .reduce((best, rule) => better(rule, best), undefined) // in the kernel's order, so that ties have the same cookie
}

function pathRule(tables: Tables, { identity }: SubjectEntry, request: FileRequest, trial: boolean): RuleValue | undefined {
  const rules = pathIndex(tables.paths).get(groupOf(identity, 0, GATE_NUMBER[request.gate], trial))
  if (rules === undefined) return undefined
  if (request.gate === 'module') return rules.get(request.sha256 === undefined ? '' : `${DIGEST_PATH}${request.sha256}`) ?? rules.get('')
  return better(narrowestPath(rules, request.path), request.fileless ? narrowestPath(rules, FILELESS_PATH) : undefined)
}

function narrowestPath(rules: ReadonlyMap<string, RuleValue>, path: string): RuleValue | undefined {
  // A path that the kernel cannot hold is judged as if no rule named it (kernel/event.h, FORM_NO_PATH).
  if (Buffer.byteLength(path) >= TABLE_LIMIT.pathBytes) return rules.get('')
  if (!path.endsWith('/') && rules.has(path)) return rules.get(path)
  let found = rules.get('')
  for (const folder of foldersOf(path)) found = rules.get(folder) ?? found
  return found
}

/** kernel/lib/decide.h */
function better(one: RuleValue | undefined, other: RuleValue | undefined): RuleValue | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return covers(one, other) ? one : other
}

function placeOf(places: readonly PlaceEntry[], address: bigint): PlaceEntry | undefined {
  for (const [bits, entries] of placeIndex(places)) {
    const found = entries.get(cut(address, bits))
    if (found !== undefined) return found
  }
  return undefined
}

/** Subject, peer, gate and half as one number: 15 bits of subject and 25 of peer are the most that there are. */
function groupOf(subject: number, peer: number, gate: number, trial: boolean): number {
  return (subject * 2 ** 32 + peer) * 16 + gate * 2 + (trial ? 1 : 0)
}

// By table and not by generation: subjects and places may change while the large tables stay.

const subjectsOf = oncePer((subjects: readonly SubjectEntry[]) => new Map(subjects.map((subject) => [subject.slot, subject])))

const trafficIndex = oncePer((traffic: readonly TrafficEntry[]) => {
  const groups = new Map<number, TrafficClaim[]>()
  for (const entry of traffic) {
    const key = groupOf(entry.subject, entry.peer, GATE_NUMBER[entry.gate], entry.trial)
    const claim = { value: entry.protocol * 2 ** 16 + entry.port, bits: entry.bits, rule: entry }
    const present = groups.get(key)
    if (present === undefined) groups.set(key, [claim])
    else present.push(claim)
  }
  return new Map([...groups].map(([key, claims]) => [key, new PrefixTable(claims)]))
})

const pathIndex = oncePer((paths: readonly PathEntry[]) => {
  const groups = new Map<number, Map<string, RuleValue>>()
  for (const entry of paths) {
    const key = groupOf(entry.subject, 0, GATE_NUMBER[entry.gate ?? 'exec'], entry.trial)
    const present = groups.get(key) ?? new Map<string, RuleValue>()
    groups.set(key, present.set(entry.path, entry))
  }
  return groups
})

/** From the longest prefix to the shortest. */
const placeIndex = oncePer((places: readonly PlaceEntry[]) => {
  const lengths = new Map<number, Map<bigint, PlaceEntry>>()
  for (const entry of places) {
    const present = lengths.get(entry.bits) ?? new Map<bigint, PlaceEntry>()
    lengths.set(entry.bits, present.set(addressOfBytes(entry.address), entry))
  }
  return [...lengths].sort(([one], [other]) => other - one)
})
