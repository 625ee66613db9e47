import { ThymusError } from '../../core/errors.ts'
import type { AddressBlock, Gate, Peer, Policy, Predicate, Rule } from '../../core/policy.ts'
import type { Selector } from '../../core/workload.ts'
import type { Cidr } from './addresses.ts'
import { parseCidr } from './addresses.ts'
import type { Prefix } from './contest.ts'
import { prefixesOf } from './contest.ts'
import type { RuleValue, TableGate, TrafficEntry } from './tables.ts'
import { DIGEST_PATH, FILELESS_PATH, GATE_NUMBER, TABLE_LIMIT } from './tables.ts'

export type TrafficGate = TrafficEntry['gate']
/** Gates whose rules speak of files. */
export type PathGate = Exclude<TableGate, TrafficGate>

/** What a rule says wherever it wins; who is to hear of it depends on modes. */
export type Saying = Omit<RuleValue, 'report'>

export type DraftPeer =
  | { readonly is: 'anyone' }
  | { readonly is: 'workloads'; readonly selector: Selector }
  | { readonly is: 'addresses'; readonly range: Cidr; readonly except: readonly Cidr[] }

export interface TrafficDraft {
  readonly saying: Saying
  readonly gate: TrafficGate
  readonly peer: DraftPeer
  readonly prefixes: readonly Prefix[]
}

export interface PathDraft {
  readonly gate: PathGate
  readonly saying: Saying
  readonly path: string
}

/** A policy that was checked, in the terms of the tables. */
export interface Draft {
  readonly policy: Policy
  readonly isolates: ReadonlySet<TableGate>
  /** Gates of which the policy says anything. */
  readonly gates: ReadonlySet<TableGate>
  readonly traffic: readonly TrafficDraft[]
  readonly paths: readonly PathDraft[]
}

const MAX_RANK = 0xffff_ffff
const MAX_PORT = 0xffff

/**
 * Checks a policy and puts its rules into numbers. `firstCookie` is that of its first rule; the others follow.
 * @throws ThymusError POLICY_UNSUPPORTED for what no table can hold, POLICY_FIELD for values that mean nothing, both at the rule's place
 */
export function draftPolicy(policy: Policy, firstCookie: number): Draft {
  const isolates = new Set(policy.isolates.map((gate) => tableGate(gate, placeOf(policy))))
  const traffic: TrafficDraft[] = []
  const paths: PathDraft[] = []
  for (const [position, rule] of policy.rules.entries()) {
    const at = placeOf(rule)
    const saying = { cookie: firstCookie + position, rank: rankOf(rule, at), effect: rule.effect }
    const gate = tableGate(rule.gate, at)
    if (gate === 'exec') paths.push({ saying, gate, path: pathOf(rule.when, at) })
    else if (gate === 'module') paths.push({ saying, gate, path: digestOf(rule.when, at) })
    else traffic.push({ saying, gate, ...draftTraffic(gate, rule.when, at) })
  }
  const gates = new Set<TableGate>([...isolates, ...traffic.map(({ gate }) => gate), ...paths.map(({ gate }) => gate)])
  for (const gate of gates) {
    if ((gate === 'module') !== (policy.applies.node === true))
      throw new ThymusError(
        'POLICY_UNSUPPORTED',
        `the gate "${gate}" is ${gate === 'module' ? 'the node’s, and no workload’s' : 'no gate of the node'}`,
        { at: placeOf(policy) },
      )
  }
  return { policy, isolates, gates, traffic, paths }
}

export function placeOf({ source: { file, line, column } }: Pick<Rule, 'source'>): string {
  return `${file}:${line}:${column}`
}

function tableGate(gate: Gate, at: string): TableGate {
  if (Object.hasOwn(GATE_NUMBER, gate)) return gate as TableGate
  throw new ThymusError('POLICY_UNSUPPORTED', `the gate "${gate}" has no table in the kernel`, { at })
}

/** Rank 0 is the implicit deny's alone. */
function rankOf({ rank }: Rule, at: string): number {
  if (Number.isInteger(rank) && rank > 0 && rank <= MAX_RANK) return rank
  throw new ThymusError('POLICY_FIELD', `rank ${rank} is not between 1 and ${MAX_RANK}`, { at })
}

function draftTraffic(gate: TrafficGate, when: Predicate, at: string): Pick<TrafficDraft, 'peer' | 'prefixes'> {
  if (when.is !== 'traffic') throw new ThymusError('POLICY_UNSUPPORTED', `a rule for "${gate}" cannot speak of files`, { at })
  const { peer, protocol, ports } = when
  if (gate === 'bind' && peer.is !== 'anyone') throw new ThymusError('POLICY_UNSUPPORTED', 'a rule for "bind" has no peer', { at })
  if (ports !== undefined && !(isPort(ports[0]) && isPort(ports[1]) && ports[0] <= ports[1])) {
    throw new ThymusError('POLICY_FIELD', `${ports[0]}–${ports[1]} is no range of ports`, { at })
  }
  return { peer: draftPeer(peer, at), prefixes: prefixesOf(protocol, ports) }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= MAX_PORT
}

function draftPeer(peer: Peer, at: string): DraftPeer {
  return peer.is === 'addresses' ? { is: 'addresses', ...draftBlock(peer.block, at) } : peer
}

function draftBlock({ cidr, except }: AddressBlock, at: string): { readonly range: Cidr; readonly except: readonly Cidr[] } {
  const range = (text: string) => {
    const parsed = parseCidr(text)
    if (parsed === undefined) throw new ThymusError('POLICY_FIELD', `${JSON.stringify(text.slice(0, 64))} is no range of addresses`, { at })
    return parsed
  }
  return { range: range(cidr), except: except.map(range) }
}

/** The kernel's paths are absolute, with single slashes and no dots; any other would never match, and a rule that never matches is a mistake. */
function pathOf(when: Predicate, at: string): string {
  if (when.is === 'fileless') return FILELESS_PATH
  if (when.is !== 'path') throw new ThymusError('POLICY_UNSUPPORTED', 'a rule for "exec" cannot speak of traffic', { at })
  const path = when.below && !when.path.endsWith('/') ? `${when.path}/` : when.path
  const steps = path.split('/').slice(1, when.below ? -1 : undefined)
  const strange = steps.some((step) => step === '' || step === '.' || step === '..') || path.includes('\0') || !path.isWellFormed()
  if (!when.path.startsWith('/') || strange) {
    throw new ThymusError('POLICY_FIELD', `${JSON.stringify(when.path.slice(0, 64))} is no absolute path in its plain form`, { at })
  }
  const bytes = Buffer.byteLength(path) + (when.below ? 0 : 1) // the NUL is part of what is compared
  if (bytes <= TABLE_LIMIT.pathBytes) return path
  throw new ThymusError('POLICY_LIMIT', `the path has ${bytes} bytes, and the kernel compares ${TABLE_LIMIT.pathBytes}`, { at })
}

/** The digest stands where a path would: the table of paths compares it whole. */
function digestOf(when: Predicate, at: string): string {
  if (when.is !== 'content') throw new ThymusError('POLICY_UNSUPPORTED', 'a rule for "module" speaks of the content of a file', { at })
  if (/^[0-9a-f]{64}$/.test(when.sha256)) return `${DIGEST_PATH}${when.sha256}`
  throw new ThymusError('POLICY_FIELD', `${JSON.stringify(when.sha256.slice(0, 70))} is no SHA-256 in hexadecimal`, { at })
}
