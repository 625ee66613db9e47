import { ThymusError } from '../../core/errors.ts'
import type { Labels } from '../../core/labels.ts'
import { canonical } from '../../core/labels.ts'
import type { Policy } from '../../core/policy.ts'
import type { Mode, Namespaces, Selector, Workload } from '../../core/workload.ts'
import { meant } from '../../core/workload.ts'
import type { Runs } from './blocks.ts'
import { IDENTITY, TABLE_LIMIT } from './tables.ts'

/**
 * Every match between a selector and an outline makes at least one table entry, before what is covered is left out. Eight times of what fits
 * leaves room for policies that repeat each other, and bounds time and memory for those that do not.
 */
const MAX_MATCHES = 8 * TABLE_LIMIT.entries

/** Workloads that no policy tells apart. */
export interface WorkloadClass {
  readonly identity: number
  readonly mode: Mode
  /** Positions of the policies that apply. */
  readonly policies: readonly number[]
}

/** A selector of some policy, with what it matches; one for all places where an equal selector is written. */
interface Chosen {
  readonly selector: Selector
  readonly applies: number[]
  readonly outlines: Outline[]
  runs?: Runs
}

/** What the selectors see of a workload: all that have the same outline match the same selectors. */
interface Outline {
  readonly sample: Workload
  readonly chosen: number[]
  /** One class, or one for each mode if a policy applies. */
  classes: readonly WorkloadClass[]
}

/** The classes into which the policies divide the workloads, numbered by the smallest slot in each. */
export class Classes {
  readonly all: readonly WorkloadClass[]
  readonly #vocabulary: Vocabulary
  readonly #outlines: ReadonlyMap<string, Outline>
  readonly #choices: Choices

  constructor(policies: readonly Policy[], namespaces: Namespaces, workloads: readonly Workload[]) {
    this.#choices = new Choices(policies)
    this.#vocabulary = new Vocabulary(this.#choices.all)
    this.#outlines = outlinesOf(workloads, this.#vocabulary)
    match(this.#choices, policies, [...this.#outlines.values()], namespaces)
    this.all = this.#number(workloads)
  }

  /** The class of a workload, also of one that the constructor did not see; undefined if it would need a new one. */
  of(workload: Workload): WorkloadClass | undefined {
    const classes = this.#outlines.get(this.#vocabulary.outline(workload))?.classes
    return classes?.[0]?.policies.length === 0 ? classes[0] : classes?.find(({ mode }) => mode === workload.mode)
  }

  /** Identities of the classes that the selector means. It must be a selector of one of the policies, and that policy must apply to a class. */
  meant(selector: Selector): Runs {
    const chosen = this.#choices.of(selector)
    chosen.runs ??= runsOf(new Set(chosen.outlines.flatMap(({ classes }) => classes.map(({ identity }) => identity))))
    return chosen.runs
  }

  #number(workloads: readonly Workload[]): readonly WorkloadClass[] {
    const classes = new Map<string, WorkloadClass>()
    const signatures = new Map<Outline, { readonly text: string; readonly policies: readonly number[] }>()
    for (const workload of workloads) {
      const outline = this.#outlines.get(this.#vocabulary.outline(workload))!
      let signature = signatures.get(outline)
      if (signature === undefined) {
        const policies = outline.chosen.flatMap((position) => this.#choices.all[position]!.applies).sort((one, other) => one - other)
        signature = { text: outline.chosen.join(), policies }
        signatures.set(outline, signature)
      }
      const { text, policies } = signature
      const key = policies.length === 0 ? text : `${text} ${workload.mode}`
      const found = classes.get(key) ?? { identity: IDENTITY.first + classes.size, mode: workload.mode, policies }
      classes.set(key, found)
      if (!outline.classes.includes(found)) outline.classes = [...outline.classes, found]
    }
    return [...classes.values()]
  }
}

/** The selectors of all policies, equal ones once. */
class Choices {
  readonly all: Chosen[] = []
  readonly #byText = new Map<string, Chosen>()
  readonly #bySelector = new Map<Selector, Chosen>()

  constructor(policies: readonly Policy[]) {
    for (const [position, { applies, rules }] of policies.entries()) {
      this.of(applies).applies.push(position)
      for (const { when } of rules) if (when.is === 'traffic' && when.peer.is === 'workloads') this.of(when.peer.selector)
    }
  }

  of(selector: Selector): Chosen {
    let chosen = this.#bySelector.get(selector)
    if (chosen !== undefined) return chosen
    const { namespace, namespaces, workloads } = selector
    const text = JSON.stringify([namespace, namespaces && canonical(namespaces), canonical(workloads)])
    chosen = this.#byText.get(text)
    if (chosen === undefined) {
      chosen = { selector, applies: [], outlines: [] }
      this.all.push(chosen)
      this.#byText.set(text, chosen)
    }
    this.#bySelector.set(selector, chosen)
    return chosen
  }
}

/** The keys and values of labels that selectors mention. Any other value is as good as any other, and any other key as good as none. */
class Vocabulary {
  readonly #values = new Map<string, Set<string>>()

  constructor(choices: readonly Chosen[]) {
    for (const { selector } of choices) {
      for (const { key, values } of selector.workloads) {
        const known = this.#values.get(key) ?? new Set()
        for (const value of values) known.add(value)
        this.#values.set(key, known)
      }
    }
  }

  outline({ namespace, labels }: { readonly namespace: string; readonly labels: Labels }): string {
    const keys = Object.keys(labels).filter((key) => this.#values.has(key))
    return JSON.stringify([
      namespace,
      ...keys.sort().flatMap((key) => [key, this.#values.get(key)!.has(labels[key]!) ? labels[key]! : null]),
    ])
  }
}

function outlinesOf(workloads: readonly Workload[], vocabulary: Vocabulary): ReadonlyMap<string, Outline> {
  const outlines = new Map<string, Outline>()
  for (const sample of workloads) {
    const text = vocabulary.outline(sample)
    if (!outlines.has(text)) outlines.set(text, { sample, chosen: [], classes: [] })
  }
  return outlines
}

/** Fills in who matches whom. Peers of a policy that applies to nobody are passed over: most policies of a cluster are about other nodes. */
function match(choices: Choices, policies: readonly Policy[], outlines: readonly Outline[], namespaces: Namespaces): void {
  const candidates = new Candidates(outlines)
  const seen = new Set<Chosen>()
  let matches = 0
  const see = (chosen: Chosen) => {
    if (seen.has(chosen)) return
    seen.add(chosen)
    for (const outline of candidates.of(chosen.selector))
      if (meant(chosen.selector, outline.sample, namespaces)) chosen.outlines.push(outline)
    matches += chosen.outlines.length
    if (matches > MAX_MATCHES)
      throw new ThymusError('POLICY_LIMIT', `the selectors of the policies match workloads more than ${MAX_MATCHES} times`)
  }
  for (const { applies } of policies) see(choices.of(applies))
  for (const { applies, rules } of policies) {
    if (choices.of(applies).outlines.length === 0) continue
    for (const { when } of rules) if (when.is === 'traffic' && when.peer.is === 'workloads') see(choices.of(when.peer.selector))
  }
  for (const [position, { outlines }] of choices.all.entries()) for (const outline of outlines) outline.chosen.push(position)
}

/** Outlines by namespace and by label, so that a selector is held only against those that it may match. */
class Candidates {
  readonly #all: readonly Outline[]
  readonly #byNamespace = new Map<string, Outline[]>()
  readonly #byKey = new Map<string, Outline[]>()
  readonly #byLabel = new Map<string, Outline[]>()

  constructor(outlines: readonly Outline[]) {
    this.#all = outlines
    for (const outline of outlines) {
      file(this.#byNamespace, outline.sample.namespace, outline)
      for (const [key, value] of Object.entries(outline.sample.labels)) {
        file(this.#byKey, key, outline)
        file(this.#byLabel, `${key}=${value}`, outline)
      }
    }
  }

  of({ namespace, workloads }: Selector): readonly Outline[] {
    let fewest = namespace === undefined ? this.#all : (this.#byNamespace.get(namespace) ?? [])
    for (const { key, operator, values } of workloads) {
      const lists =
        operator === 'Exists'
          ? [this.#byKey.get(key) ?? []]
          : operator === 'In'
            ? [...new Set(values)].map((value) => this.#byLabel.get(`${key}=${value}`) ?? [])
            : [this.#all]
      if (lists.reduce((sum, list) => sum + list.length, 0) < fewest.length) fewest = lists.flat()
    }
    return fewest
  }
}

function file(lists: Map<string, Outline[]>, key: string, outline: Outline): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [outline])
  else list.push(outline)
}

function runsOf(identities: ReadonlySet<number>): Runs {
  const runs: [number, number][] = []
  for (const identity of [...identities].sort((one, other) => one - other)) {
    const last = runs.at(-1)
    if (last?.[1] === identity) last[1]++
    else runs.push([identity, identity + 1])
  }
  return runs
}
