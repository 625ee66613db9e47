// A mutator that has been read, and what it does to a document.
import { nameOf, namespaceOf } from '../../../../formats/kubernetes/object.ts'
import { type Match, type Matchable, matches } from '../match.ts'
import { type ImageParts, mutateImage } from './image.ts'
import { mutateAt, NotApplicable, type Setter } from './location.ts'
import type { Path } from './path.ts'
import type { PathTests } from './path-tests.ts'
import { type ApplyTo, appliesTo } from './schema.ts'
import { type Budget, copyOf, type Draft, equal, type Value } from './values.ts'

/** The operations of an admission request in which Gatekeeper mutates. */
export const OPERATIONS = ['CREATE', 'UPDATE'] as const
export type MutatedOperation = (typeof OPERATIONS)[number]

export interface MutatorId {
  readonly kind: 'Assign' | 'AssignImage' | 'AssignMetadata' | 'ModifySet'
  /** Mutators belong to the cluster: empty, but where somebody wrote one. */
  readonly namespace: string
  readonly name: string
}

export interface MutationApplyTo extends ApplyTo {
  readonly operations: readonly MutatedOperation[]
}

/** Values are those of the mutator; they are copied before they are put anywhere. */
export type Effect =
  | { readonly type: 'value'; readonly value: Value }
  | { readonly type: 'metadata'; readonly field: 'name' | 'namespace' }
  | { readonly type: 'merge' | 'prune'; readonly values: Value[] }
  | { readonly type: 'image'; readonly parts: ImageParts }

export interface Mutator {
  readonly id: MutatorId
  readonly generation: string
  /** Undefined for AssignMetadata, which is about every kind. */
  readonly applyTo: readonly MutationApplyTo[] | undefined
  readonly match: Match
  readonly path: Path
  readonly tests: PathTests
  readonly effect: Effect
}

/** `Assign//name:3`, as Gatekeeper writes it in its annotation. */
export function mutatorText({ id, generation }: Mutator): string {
  return `${idText(id)}:${generation}`
}

export function idText({ kind, namespace, name }: MutatorId): string {
  return `${kind}/${namespace}/${name}`
}

/**
 * Is the mutator about the object, in this operation? An operation that nobody says stands for each of OPERATIONS.
 * @throws MatchError
 */
export function concerns({ applyTo, match }: Mutator, target: Matchable, operation: string | undefined): boolean {
  const inOperation = ({ operations }: MutationApplyTo) =>
    operation === undefined ? OPERATIONS.every((each) => operations.includes(each)) : (operations as readonly string[]).includes(operation)
  return (applyTo === undefined || applyTo.some((each) => appliesTo(each, target) && inOperation(each))) && matches(match, target)
}

/** @throws NotApplicable. Does it in place; the answer is whether the tests let it through. */
export function applyMutator({ path, tests, effect }: Mutator, document: Draft, budget: Budget): boolean {
  return mutateAt(document, path, tests, setterOf(effect, document, budget), budget)
}

function setterOf(effect: Effect, document: Draft, budget: Budget): Setter {
  switch (effect.type) {
    case 'value':
      return assigning(copyOf(effect.value, budget))
    case 'metadata':
      return assigning(effect.field === 'name' ? nameOf(document) : namespaceOf(document))
    case 'image':
      return { field: (object, field) => assignImage(object, field, effect.parts), element: undefined }
    case 'merge': {
      const values = copyOf(effect.values, budget)
      return { field: (object, field) => merge(object, field, values, budget), element: undefined }
    }
    case 'prune':
      return { field: (object, field) => prune(object, field, effect.values, budget), element: undefined }
  }
}

/** All places that one location leads to hold one and the same value, as in Gatekeeper: what another mutator then changes in one is changed in all. */
function assigning(value: Value): Setter {
  return {
    field: (object, field) => {
      object[field] = value
    },
    element: () => value as Draft,
  }
}

function assignImage(object: Draft, field: string, parts: ImageParts): void {
  const old = object[field] ?? (field in object ? null : '')
  if (typeof old !== 'string') throw new NotApplicable('what is there is no text that could be an image')
  object[field] = mutateImage(old, parts)
}

function merge(object: Draft, field: string, values: Value[], budget: Budget): void {
  if (!(field in object)) {
    object[field] = copyOf(values, budget)
    return
  }
  const merged = [...listAt(object, field)]
  const before = merged.length
  for (const value of values) if (!merged.some((one) => equal(value, one, budget))) merged.push(value)
  if (merged.length > before) object[field] = merged
}

function prune(object: Draft, field: string, values: readonly Value[], budget: Budget): void {
  if (!(field in object)) return
  object[field] = listAt(object, field).filter((one) => !values.some((value) => equal(value, one, budget)))
}

function listAt(object: Draft, field: string): readonly Value[] {
  const list = object[field]!
  if (!Array.isArray(list)) throw new NotApplicable('what is there is no list, and cannot be taken for a set')
  return list
}
