import type { Policy, Rule } from '../../../core/policy.ts'
import type { PortRange } from '../confinement.ts'

const PORTS = 0x1_0000

/**
 * TCP ports that some peer may be allowed at, by all policies together: the strongest allow, whoever its peer is, beats a weaker deny of
 * everybody. Undefined where that is every port. Ports in `free` are always among them.
 */
export function tcpPorts(
  gate: 'connect' | 'bind',
  policies: readonly Policy[],
  free: readonly number[] = [],
): readonly PortRange[] | undefined {
  const isolated = policies.some(({ isolates }) => isolates.includes(gate))
  const strength = {
    allow: new Float64Array(PORTS).fill(isolated ? -1 : 0),
    deny: new Float64Array(PORTS).fill(isolated ? 0 : -1),
  }
  for (const { effect, ports, rank } of spansOf(policies.flatMap(({ rules }) => rules).filter((rule) => rule.gate === gate))) {
    for (let port = ports[0]; port <= ports[1]; port++) strength[effect][port] = Math.max(strength[effect][port]!, rank)
  }
  const allowed: [number, number][] = []
  for (let port = 0; port < PORTS; port++) {
    if (strength.allow[port]! <= strength.deny[port]! && !free.includes(port)) continue
    const before = allowed.at(-1)
    if (before?.[1] === port - 1) before[1] = port
    else allowed.push([port, port])
  }
  const [only] = allowed
  return only?.[0] === 0 && only[1] === PORTS - 1 ? undefined : allowed
}

interface Span {
  readonly effect: Rule['effect']
  readonly ports: PortRange
  readonly rank: number
}

/** The rules that may count here: of TCP, and of the denies just those of everybody. Of equal ones the strongest, so that many rules are soon done. */
function spansOf(rules: readonly Rule[]): Iterable<Span> {
  const spans = new Map<string, Span>()
  for (const { when, effect, rank } of rules) {
    if (when.is !== 'traffic' || (when.protocol ?? 'TCP') !== 'TCP') continue
    if (effect === 'deny' && when.peer.is !== 'anyone') continue
    const ports = when.ports ?? [0, PORTS - 1]
    const key = `${effect} ${ports}`
    if ((spans.get(key)?.rank ?? -1) < rank) spans.set(key, { effect, ports, rank })
  }
  return spans.values()
}
