// Certificate policies (RFC 5280 §6.1 as RFC 9618 changes it), with every policy acceptable to the user.
import type { Certificate } from './certificate.ts'
import { ANY_POLICY } from './extensions.ts'

interface Node {
  readonly policy: string
  expected: readonly string[]
  readonly parents: Set<Node>
  readonly children: Set<Node>
}

type Level = Map<string, Node>

/** Nodes of one level; what needs more is refused as invalid. */
const MAX_NODES = 10_000

function node(policy: string, parents: readonly Node[], expected: readonly string[] = [policy]): Node {
  const made: Node = { policy, expected, parents: new Set(parents), children: new Set() }
  for (const parent of parents) parent.children.add(made)
  return made
}

/** Whether the path, from the leaf upwards, has a policy where one of its certificates asks for any. */
export function policiesValid(chain: readonly Certificate[]): boolean {
  const length = chain.length - 1
  if (length === 0) return true
  const left = { inhibitAny: length + 1, explicit: length + 1, mapping: length + 1 }
  let levels: Level[] | undefined = [new Map([[ANY_POLICY, node(ANY_POLICY, [])]])]
  for (let at = length - 1; at >= 0; at--) {
    const certificate = chain[at]!
    const { policies = [], policyMappings = [] } = certificate.extended
    const selfIssued = certificate.rawIssuer.equals(certificate.rawSubject)
    if (policies.length === 0) levels = undefined
    if (levels !== undefined) {
      if (!grow(levels, policies, left.inhibitAny > 0 || (at > 0 && selfIssued))) return false
      if (at > 0 && policyMappings.length > 0 && !map(levels, policyMappings, left.mapping > 0)) return false
    }
    if (at > 0) countDown(left, certificate, selfIssued)
  }
  if (left.explicit > 0) left.explicit--
  if (chain[0]!.extended.requireExplicitPolicy === 0n) left.explicit = 0
  return left.explicit > 0 || (levels !== undefined && hasValidPolicy(levels))
}

/** §6.1.3 (d). False where the graph would be too large. */
function grow(levels: Level[], policies: readonly string[], anyAllowed: boolean): boolean {
  const above = levels.at(-1)!
  const expecting = new Map<string, Node[]>()
  for (const parent of above.values()) {
    for (const expected of parent.expected) {
      const parents = expecting.get(expected)
      if (parents === undefined) expecting.set(expected, [parent])
      else parents.push(parent)
    }
  }
  const level: Level = new Map()
  const any = above.get(ANY_POLICY)
  for (const policy of policies) {
    if (policy === ANY_POLICY) continue
    const parents = expecting.get(policy) ?? (any === undefined ? [] : [any])
    if (parents.length > 0) level.set(policy, node(policy, parents))
  }
  if (policies.includes(ANY_POLICY) && anyAllowed) {
    for (const [expected, parents] of expecting) if (!level.has(expected)) level.set(expected, node(expected, parents))
  }
  levels.push(level)
  prune(levels)
  return level.size <= MAX_NODES
}

/** §6.1.4 (a), (b). False for a mapping that must not be. */
function map(levels: Level[], mappings: readonly { issuer: string; subject: string }[], allowed: boolean): boolean {
  const level = levels.at(-1)!
  const subjects = new Map<string, string[]>()
  for (const { issuer, subject } of mappings) {
    if (!allowed) {
      const leaf = level.get(issuer)
      for (const parent of leaf?.parents ?? []) parent.children.delete(leaf!)
      level.delete(issuer)
      continue
    }
    if (issuer === ANY_POLICY || subject === ANY_POLICY) return false
    const list = subjects.get(issuer) ?? []
    list.push(subject)
    subjects.set(issuer, list)
  }
  prune(levels)
  for (const [issuer, expected] of subjects) {
    const leaf = level.get(issuer)
    const any = level.get(ANY_POLICY)
    if (leaf !== undefined) leaf.expected = expected
    else if (any !== undefined) level.set(issuer, node(issuer, [any], expected))
  }
  return level.size <= MAX_NODES
}

/** Takes away what has nothing below it, down to the level under the root. */
function prune(levels: Level[]): void {
  for (let at = levels.length - 2; at > 0; at--) {
    for (const [policy, each] of levels[at]!) {
      if (each.children.size > 0) continue
      for (const parent of each.parents) parent.children.delete(each)
      levels[at]!.delete(policy)
    }
  }
}

/** §6.1.4 (h) to (j). */
function countDown(left: { inhibitAny: number; explicit: number; mapping: number }, { extended }: Certificate, selfIssued: boolean): void {
  if (!selfIssued) for (const name of ['inhibitAny', 'explicit', 'mapping'] as const) left[name] = Math.max(0, left[name] - 1)
  const lower = (name: keyof typeof left, value: bigint | undefined) => {
    if (value !== undefined && value >= 0n && value < BigInt(left[name])) left[name] = Number(value)
  }
  lower('explicit', extended.requireExplicitPolicy)
  lower('mapping', extended.inhibitPolicyMapping)
  lower('inhibitAny', extended.inhibitAnyPolicy)
}

/** §6.1.5 (g): a node whose one parent is the any-policy, or the any-policy at the leaf. */
function hasValidPolicy(levels: readonly Level[]): boolean {
  if (levels.at(-1)!.has(ANY_POLICY)) return true
  return levels.some((level) =>
    [...level.values()].some(
      ({ policy, parents }) => policy !== ANY_POLICY && parents.size === 1 && [...parents][0]!.policy === ANY_POLICY,
    ),
  )
}
