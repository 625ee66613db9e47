// Policies for one workload → what it can forbid itself. Landlock knows no peers, no UDP and no mere observing, so this rung denies just what the
// policies deny whoever the peer is. All the rest passes, and each rule of which that is true is named: it is unknown, not pass.
import type { Gate, Policy, Predicate, Rule } from '../../../core/policy.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import type { Mode } from '../../../core/workload.ts'
import { foldersOf, type PathClaim, settlePaths } from '../../../engine/rule-plane/contest.ts'
import { placeOf } from '../../../engine/rule-plane/draft.ts'
import { type CallSet, type Confinement, type PortRange, UNCONFINED } from '../confinement.ts'
import { tcpPorts } from './tcp-ports.ts'

export interface FromPolicies {
  readonly confinement: Confinement
  /** What the policies ask for and this rung cannot do; `clause` is the place of the rule. */
  readonly cannot: readonly Check[]
}

const SHM = '/dev/shm/'
const GATES: readonly Gate[] = ['exec', 'connect', 'accept', 'bind']

/** What the policies that apply to a workload come to, by its own mode. It may always connect to the ports in `failsafe`. */
export function fromPolicies(policies: readonly Policy[], mode: Mode, failsafe: readonly number[] = []): FromPolicies {
  const inForce = policies.filter((policy) => mode === 'enforce' && policy.mode === 'enforce')
  const exec = execOf(inForce)
  const tcpConnect = tcpPorts('connect', inForce, failsafe)
  const tcpBind = tcpPorts('bind', inForce)
  const network: readonly CallSet[] = tcpConnect === undefined && tcpBind === undefined ? [] : ['network']
  return {
    confinement: {
      ...UNCONFINED,
      ...exec.paths,
      ...ranges('tcpConnect', tcpConnect),
      ...ranges('tcpBind', tcpBind),
      systemCalls: [...exec.systemCalls, ...network],
    },
    cannot: [
      ...policies.filter((policy) => !inForce.includes(policy)).map((policy) => notSeen(policy, mode)),
      ...exec.cannot,
      ...inForce.flatMap((policy) => trafficCannot(policy, tcpConnect !== undefined)),
    ],
  }
}

interface ExecPart {
  readonly paths: Pick<Confinement, 'executable' | 'notExecutable'>
  readonly systemCalls: readonly CallSet[]
  readonly cannot: readonly Check[]
}

function execOf(policies: readonly Policy[]): ExecPart {
  const rules = policies.flatMap((policy) => policy.rules.filter(({ gate }) => gate === 'exec'))
  const isolating = policies.filter(({ isolates }) => isolates.includes('exec'))
  const denies: readonly (Policy | Rule)[] = [...isolating, ...rules.filter(({ effect }) => effect === 'deny')]
  const by = denies[0]
  if (by === undefined) return { paths: {}, systemCalls: [], cannot: [] }
  const otherwise = isolating.length > 0 ? 'deny' : 'allow'
  const settled = settlePaths([claim('/', otherwise, 0), ...rules.flatMap(claimsOf)])
  const effects = new Map(settled.map(({ path, rule }) => [path, rule.effect]))
  const executable = [...effects.keys()].filter((path) => effects.get(path) === 'allow')
  const isInside = (path: string) => effects.get([...foldersOf(path)].findLast((folder) => effects.has(folder)) ?? '') === 'allow'
  const exceptions = [...effects.keys()].filter((path) => effects.get(path) === 'deny' && isInside(path))
  const fileless = strongest(rules.filter(({ when }) => when.is === 'fileless'))
  const isFilelessDenied = (fileless?.effect ?? otherwise) === 'deny'
  const deleted = 'an image that was deleted, or a memfd that came from outside, can still be run through /proc/self/fd'
  const byDescriptor = 'no image can be started by its descriptor alone (fexecve), not even one that has a name'
  return {
    paths: { executable, ...(exceptions.length === 0 ? {} : { notExecutable: exceptions }) },
    systemCalls: isFilelessDenied ? ['fileless'] : [],
    cannot: [
      cannot('EXEC_LOADER', by, 'the dynamic loader, called as a program, runs any file that can be read'),
      ...(isFilelessDenied ? [cannot('EXEC_DELETED', fileless ?? by, deleted), cannot('EXEC_BY_FD', fileless ?? by, byDescriptor)] : []),
      ...rules
        .filter((rule) => claimsOf(rule).some(({ path }) => exceptions.includes(path)))
        .map((rule) =>
          cannot('EXEC_LATER', rule, 'what is added later to a folder around it cannot be executed, though no rule denies it'),
        ),
    ],
  }
}

/** A fileless rule speaks of the memory file system too; the rest of it is for seccomp. */
function claimsOf({ when, effect, rank, cookie }: Rule): PathClaim[] {
  if (when.is === 'fileless') return [claim(SHM, effect, rank, cookie)]
  if (when.is !== 'path') return []
  return [claim(when.below && !when.path.endsWith('/') ? `${when.path}/` : when.path, effect, rank, cookie)]
}

function claim(path: string, effect: Rule['effect'], rank: number, cookie = 0): PathClaim {
  return { path, rule: { cookie, rank, effect, report: false } }
}

/** The rule that wins: the highest rank, at equal rank a deny. */
function strongest(rules: readonly Rule[]): Rule | undefined {
  return [...rules].sort((one, other) => other.rank - one.rank || (one.effect === 'deny' ? -1 : 1))[0]
}

function ranges(field: 'tcpConnect' | 'tcpBind', found: readonly PortRange[] | undefined): Partial<Confinement> {
  return found === undefined ? {} : { [field]: found }
}

function notSeen(policy: Policy, mode: Mode): Check {
  const [whose, weaker] = policy.mode === 'enforce' ? ['workload', mode] : ['policy', policy.mode]
  return cannot('MODE', policy, `the ${whose} is in mode ${weaker}, and this rung cannot see what would be denied`)
}

function trafficCannot(policy: Policy, restrictsConnect: boolean): Check[] {
  const isolates = policy.isolates.flatMap((gate) => {
    if (gate === 'exec') return []
    if (gate === 'connect' || gate === 'bind')
      return [cannot('PROTOCOL', policy, `${gate}: only TCP is restricted; UDP, SCTP and ICMP pass`)]
    return [noGate(gate, policy)]
  })
  const rules = policy.rules.flatMap((rule) => ruleCannot(rule, rule.when))
  const isStrict = restrictsConnect && (policy.isolates.includes('connect') || policy.rules.some(isConnectDeny))
  const self = 'connections to itself and over loopback are restricted by port like all others'
  return [...isolates, ...(isStrict ? [cannot('LOOPBACK', policy, self)] : []), ...rules]
}

function ruleCannot(rule: Rule, when: Predicate): Check[] {
  const { gate, effect } = rule
  if (!GATES.includes(gate)) return [noGate(gate, rule)]
  if (when.is !== 'traffic') return []
  if (gate === 'accept') return effect === 'deny' ? [noGate(gate, rule)] : []
  const isTcp = when.protocol === undefined || when.protocol === 'TCP'
  if (when.peer.is !== 'anyone' && effect === 'deny') return [cannot('PEER', rule, 'it denies nothing: peers cannot be told apart')]
  if (when.peer.is !== 'anyone' && isTcp) return [cannot('PEER', rule, 'it allows every peer: they cannot be told apart')]
  if (effect === 'deny' && when.protocol !== 'TCP') return [cannot('PROTOCOL', rule, 'UDP, SCTP and ICMP pass: only TCP can be restricted')]
  return []
}

function isConnectDeny({ gate, effect }: Rule): boolean {
  return gate === 'connect' && effect === 'deny'
}

function noGate(gate: Gate, at: Rule | Policy): Check {
  return cannot('GATE', at, `nothing is decided at the gate "${gate}" on this rung`)
}

function cannot(code: string, at: Rule | Policy, text: string): Check {
  const title = 'gate' in at ? at.gate : at.id
  return { code: `SELF_${code}`, title, verdict: unknown(`SELF_${code}`, text), clause: placeOf(at) }
}
