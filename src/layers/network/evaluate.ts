// The reference evaluator: what policies mean, said as directly as possible and as slowly as need be. `policy why` prints its answers; the
// compiled tables and the kernel are tested against them. It knows policies and workloads, never tables.
import type { Because, Decision, End, Request } from '../../core/decision.ts'
import { ThymusError } from '../../core/errors.ts'
import type { Effect, Peer, Policy, Predicate, Protocol, Rule } from '../../core/policy.ts'
import { quote } from '../../core/quote.ts'
import type { Mode, Namespaces, Workload } from '../../core/workload.ts'
import { MODES, meant, weaker } from '../../core/workload.ts'
import type { Address } from './address.ts'
import { inBlock, isLoopback, parseAddress, parseBlock } from './address.ts'

export interface Answer {
  readonly effect: Effect
  readonly because: Because
}

export interface Ruling {
  readonly request: Request
  /** What happens: the answer of the policies that are in force on the subject. */
  readonly inForce: Answer
  /** What would happen if all policies that apply to it were in force. */
  readonly trial: Answer
  /** The strongest mode among those who decided the trial: a deny is reported from `shadow` on, and only counted at `observe`. */
  readonly trialMode: Mode
}

/** How requests and `why` name a workload. */
export function workloadName({ namespace, name }: Pick<Workload, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`
}

/**
 * What one gate says to one request. Peers are known by their name, by an address (also one that a workload owns), or both; where only a
 * workload is named, it may be reached by any of its addresses, and if they are treated differently the answer is unknown, which denies.
 * @throws ThymusError WORKLOAD_UNKNOWN for names of no workload, AGENT_REQUEST for what is no address
 */
export function decide(policies: readonly Policy[], namespaces: Namespaces, workloads: readonly Workload[], request: Request): Ruling {
  const subject = request.gate === 'module' ? THE_NODE : named(workloads, request.subject)
  const applying = policies.filter(({ applies }) => ('labels' in subject ? meant(applies, subject, namespaces) : applies.node === true))
  const inForce = applying.filter((policy) => modeOn(subject, policy) === 'enforce')
  const asked = askedFor(request, workloads)
  const trial = together(asked.map((one) => judge(applying, subject, one, namespaces)))
  return {
    request,
    inForce: together(asked.map((one) => judge(inForce, subject, one, namespaces))).answer,
    trial: trial.answer,
    trialMode: trial.mode,
  }
}

/** Both gates of a connection: `connect` where it begins at a workload, `accept` where it ends at one. It is allowed if all of them allow it. */
export function decideConnection(
  policies: readonly Policy[],
  namespaces: Namespaces,
  workloads: readonly Workload[],
  connection: { readonly from: End; readonly to: End; readonly protocol: Protocol | number; readonly port: number },
): { readonly rulings: readonly Ruling[]; readonly inForce: Effect; readonly trial: Effect } {
  const { from, to, protocol, port } = connection
  const requests: Request[] = []
  if (from.workload !== undefined) requests.push({ gate: 'connect', subject: from.workload, peer: to, protocol, port })
  if (to.workload !== undefined) requests.push({ gate: 'accept', subject: to.workload, peer: from, protocol, port })
  const rulings = requests.map((request) => decide(policies, namespaces, workloads, request))
  const both = (half: 'inForce' | 'trial') => (rulings.every((ruling) => ruling[half].effect === 'allow') ? 'allow' : 'deny')
  return { rulings, inForce: both('inForce'), trial: both('trial') }
}

/** A ruling as a decision: what is in force where that denies, else the trial deny that is not enforced, else the allow. */
export function toDecision({ request, inForce, trial }: Ruling, generation: number): Decision {
  const shown = inForce.effect === 'deny' || trial.effect === 'allow' ? inForce : trial
  return { request, effect: shown.effect, enforced: shown === inForce, because: shown.because, generation }
}

/** Whose the gates are that are no workload's. It has no mode of its own, so that the policy's alone holds. */
const THE_NODE = { mode: 'enforce' } as const
type Subject = Workload | typeof THE_NODE

/** A request with its ends found. */
type Asked =
  | { readonly gate: 'module'; readonly sha256?: string }
  | { readonly gate: 'exec'; readonly path: string; readonly fileless: boolean }
  | { readonly gate: 'bind'; readonly protocol: number; readonly port: number }
  | {
      readonly gate: 'connect' | 'accept'
      readonly protocol: number
      readonly port: number
      readonly peer: Workload | undefined
      readonly address: Address | undefined
    }

interface Judgement {
  readonly answer: Answer
  readonly mode: Mode
}

/** The request once for each address by which the peer may be meant. */
function askedFor(request: Request, workloads: readonly Workload[]): readonly Asked[] {
  if (request.gate === 'exec' || request.gate === 'module') return [request]
  const { gate, port, protocol: written, peer } = request
  const protocol = typeof written === 'number' ? written : PROTOCOLS[written]
  if (gate === 'bind') return [{ gate, protocol, port }]
  if (peer.address !== undefined) {
    const address = toAddress(peer.address)
    const owner = peer.workload === undefined ? workloads.find((one) => ownsAddress(one, address)) : named(workloads, peer.workload)
    return [{ gate, protocol, port, peer: owner, address }]
  }
  const workload = peer.workload === undefined ? undefined : named(workloads, peer.workload)
  const addresses = workload === undefined || workload.addresses.length === 0 ? [undefined] : workload.addresses.map(toAddress)
  return addresses.map((address) => ({ gate, protocol, port, peer: workload, address }))
}

/** One answer where all agree. */
function together(judgements: readonly Judgement[]): Judgement {
  const [first] = judgements
  if (judgements.every(({ answer }) => answer.effect === first!.answer.effect)) return first!
  const why = { code: 'ADDRESS_NEEDED', text: 'the peer has several addresses, and policy treats them differently: name one' }
  return { answer: { effect: 'deny', because: { unknown: why } }, mode: strongest(judgements.map(({ mode }) => mode)) }
}

/** What these policies, all of which apply to the subject, say: the best rule that matches, else isolation, else nothing, which allows. */
function judge(policies: readonly Policy[], subject: Subject, asked: Asked, namespaces: Namespaces): Judgement {
  if (isFree(subject, asked)) return { answer: { effect: 'allow', because: { free: true } }, mode: 'enforce' }
  const matching = policies.flatMap((policy) =>
    policy.rules
      .filter((rule) => rule.gate === asked.gate && matches(rule.when, asked, namespaces))
      .map((rule) => ({ rule, policy: policy.id, mode: modeOn(subject, policy) })),
  )
  const [best] = matching.sort(byPrecedence)
  if (best !== undefined)
    return { answer: { effect: best.rule.effect, because: { rule: best.rule, policy: best.policy } }, mode: best.mode }
  const isolating = policies.filter(({ isolates }) => isolates.includes(asked.gate))
  if (isolating.length === 0) return { answer: { effect: 'allow', because: { free: true } }, mode: 'enforce' }
  const implicit = isolating.map(({ id }) => id).sort()
  return { answer: { effect: 'deny', because: { implicit } }, mode: strongest(isolating.map((policy) => modeOn(subject, policy))) }
}

/** Traffic to oneself; and what is no workload of ours may talk to one over loopback, so that people and probes on the machine can. */
function isFree(subject: Subject, asked: Asked): boolean {
  if (asked.gate !== 'connect' && asked.gate !== 'accept') return false
  if (asked.peer === subject) return true
  return asked.gate === 'accept' && asked.peer === undefined && asked.address !== undefined && isLoopback(asked.address)
}

function matches(when: Predicate, asked: Asked, namespaces: Namespaces): boolean {
  if (asked.gate === 'module') return when.is === 'content' && when.sha256 === asked.sha256
  if (asked.gate === 'exec') {
    // What has no lasting name has no path here; what lies in /dev/shm is fileless and has one.
    if (when.is !== 'path') return asked.fileless && when.is === 'fileless'
    return when.below ? asked.path.startsWith(when.path.endsWith('/') ? when.path : `${when.path}/`) : asked.path === when.path
  }
  if (when.is !== 'traffic') return false
  const { peer, protocol, ports } = when
  if (protocol !== undefined && PROTOCOLS[protocol] !== asked.protocol) return false
  if (ports !== undefined && !(HAS_PORTS.has(asked.protocol) && ports[0] <= asked.port && asked.port <= ports[1])) return false
  return asked.gate === 'bind' ? peer.is === 'anyone' : isPeer(peer, asked.peer, asked.address, namespaces)
}

function isPeer(peer: Peer, workload: Workload | undefined, address: Address | undefined, namespaces: Namespaces): boolean {
  switch (peer.is) {
    case 'anyone':
      return true
    case 'workloads':
      return workload !== undefined && meant(peer.selector, workload, namespaces)
    case 'addresses': {
      const { cidr, except } = peer.block
      return address !== undefined && isIn(cidr, address) && !except.some((hole) => isIn(hole, address))
    }
  }
}

/** The higher rank first; at equal rank a deny. The rest decides nothing but whose name is shown, whatever the order of policies. */
function byPrecedence(one: Matching, other: Matching): number {
  return (
    other.rule.rank - one.rule.rank ||
    Number(other.rule.effect === 'deny') - Number(one.rule.effect === 'deny') ||
    MODES.indexOf(other.mode) - MODES.indexOf(one.mode) ||
    (one.policy === other.policy ? one.rule.cookie - other.rule.cookie : one.policy < other.policy ? -1 : 1)
  )
}

interface Matching {
  readonly rule: Rule
  readonly policy: string
  readonly mode: Mode
}

/** IP protocol numbers. */
const PROTOCOLS: Readonly<Record<Protocol, number>> = { TCP: 6, UDP: 17, SCTP: 132 }
const HAS_PORTS: ReadonlySet<number> = new Set(Object.values(PROTOCOLS))

function modeOn(subject: Subject, policy: Policy): Mode {
  return weaker(policy.mode, subject.mode)
}

function strongest(modes: readonly Mode[]): Mode {
  return MODES.findLast((mode) => modes.includes(mode))!
}

function named(workloads: readonly Workload[], name: string): Workload {
  const found = workloads.find((workload) => workloadName(workload) === name)
  if (found === undefined) throw new ThymusError('WORKLOAD_UNKNOWN', `no workload ${quote(name)}`)
  return found
}

function ownsAddress(workload: Workload, { family, value }: Address): boolean {
  return workload.addresses.map(toAddress).some((own) => own.family === family && own.value === value)
}

function toAddress(text: string): Address {
  const address = parseAddress(text)
  if (address === undefined) throw new ThymusError('AGENT_REQUEST', `${quote(text)} is no address`)
  return address
}

function isIn(cidr: string, address: Address): boolean {
  const block = parseBlock(cidr)
  if (block === undefined) throw new ThymusError('POLICY_FIELD', `${quote(cidr)} is no address block`)
  return inBlock(block, address)
}
