import type { Policy } from '../../core/policy.ts'
import type { Mode, Namespaces, Selector, Workload } from '../../core/workload.ts'
import { MODES } from '../../core/workload.ts'
import type { Runs } from './blocks.ts'
import type { Choice } from './selection.ts'
import { Selection } from './selection.ts'
import { IDENTITY } from './tables.ts'

/** Workloads that no policy tells apart: the same selectors match them, as subjects and as peers, and where a policy applies they have one mode. */
export interface WorkloadClass {
  readonly identity: number
  readonly mode: Mode
  /** Positions of the policies that apply. */
  readonly policies: readonly number[]
}

/** The classes into which the policies divide the workloads, numbered in the order in which the workloads first show them. */
export class Classes {
  readonly all: readonly WorkloadClass[]
  readonly known: KnownIdentities
  readonly #selection: Selection<Outline>
  readonly #runs = new Map<Choice<Outline>, Runs>()

  /** @throws ThymusError POLICY_LIMIT, see Selection */
  constructor(policies: readonly Policy[], namespaces: Namespaces, workloads: readonly Workload[]) {
    this.#selection = new Selection(policies)
    const vocabulary = new Vocabulary(this.#selection.all)
    const outlines = new Map<string, Outline>()
    for (const sample of workloads) {
      const text = vocabulary.outline(sample)
      if (!outlines.has(text)) outlines.set(text, { sample, identities: new Map() })
    }
    this.#selection.match([...outlines.values()], namespaces)
    const signatures = signaturesOf(this.#selection.all)
    const classes = new Map<string, WorkloadClass>()
    for (const workload of workloads) {
      const outline = outlines.get(vocabulary.outline(workload))!
      if (outline.identities.has(workload.mode)) continue
      const { text, policies } = signatures.get(outline) ?? { text: '', policies: [] }
      const key = policies.length === 0 ? text : `${text} ${workload.mode}`
      const found = classes.get(key) ?? { identity: IDENTITY.first + classes.size, mode: workload.mode, policies }
      classes.set(key, found)
      for (const mode of policies.length === 0 ? MODES : [workload.mode]) outline.identities.set(mode, found.identity)
    }
    this.all = [...classes.values()]
    this.known = new KnownIdentities(vocabulary, new Map([...outlines].map(([text, { identities }]) => [text, identities])))
  }

  /** Identities of the classes that the selector means. It must be a selector of one of the policies, and that policy must apply to a class. */
  meant(selector: Selector): Runs {
    const choice = this.#selection.of(selector)
    const known = this.#runs.get(choice)
    if (known !== undefined) return known
    const runs = runsOf(new Set(choice.chosen.flatMap(({ identities }) => [...identities.values()])))
    this.#runs.set(choice, runs)
    return runs
  }
}

/** What is left when the work is done: the identity of any workload that is of a known class. */
export class KnownIdentities {
  readonly #vocabulary: Vocabulary
  readonly #identities: ReadonlyMap<string, ReadonlyMap<Mode, number>>

  constructor(vocabulary: Vocabulary, identities: ReadonlyMap<string, ReadonlyMap<Mode, number>>) {
    this.#vocabulary = vocabulary
    this.#identities = identities
  }

  /** Undefined if the workload would need a new identity. */
  of(workload: Workload): number | undefined {
    return this.#identities.get(this.#vocabulary.outline(workload))?.get(workload.mode)
  }
}

/** What the selectors see of a workload: all that have the same outline match the same selectors. */
interface Outline {
  readonly sample: Workload
  readonly identities: Map<Mode, number>
}

/** The keys and values of labels that selectors mention. Any other value is as good as any other, and any other key as good as none. */
class Vocabulary {
  readonly #values = new Map<string, Set<string>>()

  constructor(choices: readonly Choice<Outline>[]) {
    for (const { selector } of choices) {
      for (const { key, values } of selector.workloads) {
        const known = this.#values.get(key) ?? new Set()
        for (const value of values) known.add(value)
        this.#values.set(key, known)
      }
    }
  }

  outline({ namespace, labels }: Workload): string {
    const keys = Object.keys(labels).filter((key) => this.#values.has(key))
    const seen = (key: string) => (this.#values.get(key)!.has(labels[key]!) ? labels[key]! : null)
    return JSON.stringify([namespace, ...keys.sort().flatMap((key) => [key, seen(key)])])
  }
}

interface Signature {
  readonly text: string
  readonly policies: readonly number[]
}

/** By outline: which selectors match, and which policies apply. */
function signaturesOf(choices: readonly Choice<Outline>[]): ReadonlyMap<Outline, Signature> {
  const matched = new Map<Outline, number[]>()
  for (const [position, { chosen }] of choices.entries()) {
    for (const outline of chosen) {
      const present = matched.get(outline)
      if (present === undefined) matched.set(outline, [position])
      else present.push(position)
    }
  }
  const signatures = new Map<Outline, Signature>()
  for (const [outline, positions] of matched) {
    const policies = positions.flatMap((position) => choices[position]!.applies).sort((one, other) => one - other)
    signatures.set(outline, { text: positions.join(), policies })
  }
  return signatures
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
