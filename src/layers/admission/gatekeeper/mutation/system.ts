// All mutators, applied in order until nothing changes any more (Gatekeeper: pkg/mutation, System).
import { ThymusError } from '../../../../core/errors.ts'
import { printable } from '../../../../core/quote.ts'
import { isFields, type KubernetesObject, kindOf, nameOf, namespaceOf } from '../../../../formats/kubernetes/object.ts'
import { Matchable, MatchError, type ObjectSource } from '../match.ts'
import { conflictsOf } from './conflicts.ts'
import { NotApplicable } from './location.ts'
import { applyMutator, concerns, idText, type Mutator, mutatorText } from './mutator.ts'
import { Budget, copyOf, type Draft, draftOf, equal, settled } from './values.ts'

export interface Mutable {
  readonly object: KubernetesObject
  /** The Namespace that it is in, where it is known. */
  readonly namespace: KubernetesObject | undefined
  readonly source: ObjectSource
  /** Of the admission request; without one, only mutators of all operations apply. */
  readonly operation: string | undefined
  /** Switches on Gatekeeper's annotations: what names this mutation, a UUID there. */
  readonly annotate?: string
}

export interface Mutated {
  /** A new object; the one that was given where no mutator changed it. */
  readonly object: KubernetesObject
  /** `Assign//name:generation` of those that had a part in it. */
  readonly applied: readonly string[]
}

export class MutationSystem {
  readonly #mutators: readonly Mutator[]
  /** Mutators that contradict each other, by id (`Assign//name`), with those that they contradict: they are not applied. */
  readonly conflicts: ReadonlyMap<string, readonly string[]>

  private constructor(mutators: readonly Mutator[]) {
    this.conflicts = conflictsOf(mutators)
    this.#mutators = mutators.filter(({ id }) => !this.conflicts.has(idText(id)))
    this.#rounds = mutators.length + 1
  }

  readonly #rounds: number

  /** Of two mutators with one id the later counts. */
  static of(mutators: readonly Mutator[]): MutationSystem {
    const byId = new Map(mutators.map((mutator) => [idText(mutator.id), mutator]))
    return new MutationSystem([...byId.values()].sort(inOrder))
  }

  /** How many are applied. */
  get size(): number {
    return this.#mutators.length
  }

  /** @throws ThymusError MUTATOR: a mutator cannot be applied to this object, or they never come to an end. */
  mutate(mutable: Mutable): Mutated {
    // Nothing is copied for nothing.
    if (this.#mutators.length === 0) return { object: mutable.object, applied: [] }
    const budget = new Budget()
    const draft = draftOf(mutable.object, budget, true) as Draft
    const applied = new Set<string>()
    for (let round = 1; round <= this.#rounds; round++) {
      const before = copyOf(draft, budget)
      const touched = this.#mutators.filter((mutator) => attempt(mutator, draft, mutable, budget))
      if (touched.length === 0 || equal(before, draft, budget)) {
        if (round === 1) return { object: mutable.object, applied: [] }
        const object = settled(draft, budget) as KubernetesObject
        const names = [...applied].sort()
        return { object: mutable.annotate === undefined ? object : annotated(object, names, mutable.annotate), applied: names }
      }
      for (const mutator of touched) applied.add(mutatorText(mutator))
    }
    throw new ThymusError('MUTATOR', `the mutators do not come to an end: ${[...applied].sort().join(', ')}`, {
      at: described(mutable.object),
    })
  }
}

function attempt(mutator: Mutator, draft: Draft, { namespace, source, operation }: Mutable, budget: Budget): boolean {
  try {
    return concerns(mutator, new Matchable(draft, namespace, source), operation) && applyMutator(mutator, draft, budget)
  } catch (error) {
    if (!(error instanceof NotApplicable || error instanceof MatchError)) throw error
    throw new ThymusError('MUTATOR', `${idText(mutator.id)}: ${error.message}`, { at: described(draft), cause: error })
  }
}

const inOrder = ({ id: one }: Mutator, { id: other }: Mutator) =>
  compare(one.kind, other.kind) || compare(one.namespace, other.namespace) || compare(one.name, other.name)
const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)

function described(object: KubernetesObject): string {
  const namespace = namespaceOf(object)
  return printable(`${kindOf(object).kind} ${namespace === '' ? '' : `${namespace}/`}${nameOf(object)}`)
}

/** pkg/mutation/annotations.go. Annotations that are not all text give way. */
function annotated(object: KubernetesObject, applied: readonly string[], id: string): KubernetesObject {
  const metadata = Object.hasOwn(object, 'metadata') ? object.metadata : {}
  if (!isFields(metadata)) return object
  const old = Object.hasOwn(metadata, 'annotations') ? metadata.annotations : {}
  const kept = isFields(old) && Object.values(old).every((value) => typeof value === 'string') ? old : {}
  const annotations = { ...kept, 'gatekeeper.sh/mutations': applied.join(', '), 'gatekeeper.sh/mutation-id': id }
  return { ...object, metadata: { ...metadata, annotations } }
}
