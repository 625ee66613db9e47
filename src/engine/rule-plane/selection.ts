import { ThymusError } from '../../core/errors.ts'
import { canonical } from '../../core/labels.ts'
import type { Policy } from '../../core/policy.ts'
import type { Namespaces, Selector, Workload } from '../../core/workload.ts'
import { meant } from '../../core/workload.ts'
import { comma } from './collector.ts'
import { placeOf } from './draft.ts'
import { oncePer } from './once-per.ts'
import { TABLE_LIMIT } from './tables.ts'

/** Something that selectors choose; `sample` stands for all workloads that no selector tells from it. */
export interface Candidate {
  readonly sample: Workload
}

/** A selector, one for all places where an equal one is written. */
export interface Choice<Chosen> {
  readonly selector: Selector
  /** Positions of the policies that apply to what it selects. */
  readonly applies: number[]
  readonly chosen: Chosen[]
}

/**
 * Every match makes at least one table entry, before what is covered is left out. Eight times of what fits leaves room for policies that repeat
 * each other, and bounds time and memory for those that do not.
 */
const MAX_MATCHES = 8 * TABLE_LIMIT.entries

/** All selectors of the policies. */
export class Selection<Chosen extends Candidate> {
  readonly all: Choice<Chosen>[] = []
  readonly #policies: readonly Policy[]
  readonly #byText = new Map<string, Choice<Chosen>>()
  readonly #bySelector = new Map<Selector, Choice<Chosen>>()

  constructor(policies: readonly Policy[]) {
    this.#policies = policies
    for (const [position, policy] of policies.entries()) {
      this.of(policy.applies).applies.push(position)
      for (const selector of peersOf(policy)) this.of(selector)
    }
  }

  of(selector: Selector): Choice<Chosen> {
    let choice = this.#bySelector.get(selector)
    if (choice !== undefined) return choice
    const text = textOf(selector)
    choice = this.#byText.get(text)
    if (choice === undefined) {
      choice = { selector, applies: [], chosen: [] }
      this.all.push(choice)
      this.#byText.set(text, choice)
    }
    this.#bySelector.set(selector, choice)
    return choice
  }

  /**
   * Finds what each selector chooses. Peers of a policy that applies to nothing are passed over: most policies of a cluster are about other nodes.
   * @throws ThymusError POLICY_LIMIT over MAX_MATCHES
   */
  match(candidates: readonly Chosen[], namespaces: Namespaces): void {
    const index = new CandidateIndex(candidates)
    const seen = new Set<Choice<Chosen>>()
    let matches = 0
    const see = (choice: Choice<Chosen>, policy: Policy) => {
      if (seen.has(choice)) return
      seen.add(choice)
      for (const candidate of index.near(choice.selector)) {
        if (meant(choice.selector, candidate.sample, namespaces)) choice.chosen.push(candidate)
      }
      matches += choice.chosen.length
      if (matches > MAX_MATCHES) throw tooManyMatches(policy)
    }
    for (const policy of this.#policies) see(this.of(policy.applies), policy)
    for (const policy of this.#policies) {
      if (this.of(policy.applies).chosen.length > 0) for (const selector of peersOf(policy)) see(this.of(selector), policy)
    }
  }
}

/** The same for equal selectors. Remembered, since one more kind of workload means all policies once more. */
const textOf = oncePer(({ node, namespace, namespaces, workloads }: Selector) =>
  JSON.stringify([node, namespace, namespaces && canonical(namespaces), canonical(workloads)]),
)

function* peersOf({ rules }: Policy): Generator<Selector> {
  for (const { when } of rules) if (when.is === 'traffic' && when.peer.is === 'workloads') yield when.peer.selector
}

function tooManyMatches(policy: Policy): ThymusError {
  const message = `selectors of policies match kinds of workloads more than ${comma(MAX_MATCHES)} times, first exceeded in the policy ${policy.id}`
  return new ThymusError('POLICY_LIMIT', message, { at: placeOf(policy) })
}

/** Candidates by namespace and by label, so that a selector is held only against those that it may match. */
class CandidateIndex<Chosen extends Candidate> {
  readonly #all: readonly Chosen[]
  readonly #byNamespace: ReadonlyMap<string, readonly Chosen[]>
  readonly #byKey = new Map<string, Chosen[]>()
  readonly #byLabel = new Map<string, Chosen[]>()

  constructor(candidates: readonly Chosen[]) {
    this.#all = candidates
    this.#byNamespace = Map.groupBy(candidates, ({ sample }) => sample.namespace)
    for (const candidate of candidates) {
      for (const [key, value] of Object.entries(candidate.sample.labels)) {
        put(this.#byKey, key, candidate)
        put(this.#byLabel, `${key}=${value}`, candidate)
      }
    }
  }

  /** Few that are sure to hold all that the selector means. */
  near({ namespace, workloads }: Selector): readonly Chosen[] {
    let fewest = namespace === undefined ? this.#all : (this.#byNamespace.get(namespace) ?? [])
    for (const { key, operator, values } of workloads) {
      if (operator !== 'Exists' && operator !== 'In') continue
      const lists =
        operator === 'Exists'
          ? [this.#byKey.get(key) ?? []]
          : [...new Set(values)].map((value) => this.#byLabel.get(`${key}=${value}`) ?? [])
      if (lists.reduce((sum, list) => sum + list.length, 0) < fewest.length) fewest = lists.flat()
    }
    return fewest
  }
}

function put<Item>(lists: Map<string, Item[]>, key: string, item: Item): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [item])
  else list.push(item)
}
