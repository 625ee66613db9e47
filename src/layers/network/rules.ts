import { ThymusError } from '../../core/errors.ts'
import type { Peer, Policy, Predicate, Rule, Span } from '../../core/policy.ts'
import type { Traffic } from './schema.ts'

/** Ranks of what people write: a deny beats an allow of any policy. Room is left on both sides for rules that are not written by people. */
export const RANK = { allow: 1000, deny: 2000 } as const

/**
 * A rule as it is written: about traffic, it stands for each of its peers with each of its ports. Those are many rules to a kernel,
 * so they are counted before they are made.
 */
export type Clause = Pick<Rule, 'gate' | 'effect' | 'rank'> &
  (
    | { readonly peers: readonly { readonly peer: Peer; readonly source: Span }[]; readonly traffic: readonly Traffic[] }
    | { readonly when: Predicate; readonly source: Span }
  )

/** A policy whose rules are not made yet. */
export interface Written {
  readonly policy: Omit<Policy, 'rules'>
  readonly clauses: readonly Clause[]
}

/** A file of 4 MiB can spell out 100,000 rules; products of peers and ports beyond that are no policy that anybody reads. */
const MAX_RULES = 1 << 17

/** @throws ThymusError POLICY_LIMIT if the clauses stand for too many rules. */
export function toPolicies(written: readonly Written[], file: string): readonly Policy[] {
  const rules = written.flatMap(({ clauses }) => clauses.map(countOf)).reduce((sum, count) => sum + count, 0)
  if (rules > MAX_RULES)
    throw new ThymusError('POLICY_LIMIT', `${rules} rules (each peer with each port), more than ${MAX_RULES}`, { at: `${file}:1:1` })
  return written.map(({ policy, clauses }) => ({
    ...policy,
    rules: clauses.flatMap(spellOut).map((rule, position) => ({ cookie: position + 1, ...rule })),
  }))
}

function countOf(clause: Clause): number {
  return 'peers' in clause ? clause.peers.length * clause.traffic.length : 1
}

function spellOut(clause: Clause): readonly Omit<Rule, 'cookie'>[] {
  if ('when' in clause) return [clause]
  const { peers, traffic, ...rule } = clause
  return peers.flatMap(({ peer, source }) => traffic.map((what) => ({ ...rule, source, when: { is: 'traffic', peer, ...what } as const })))
}
