// Mutators that cannot both be right about the shape of one kind (Gatekeeper: pkg/mutation/schema).
import { idText, type Mutator } from './mutator.ts'
import type { Step } from './path.ts'
import { kindsOf } from './schema.ts'

/** What a step leads to, as its mutator has it; `Unknown` goes with everything. */
type Shape = 'Object' | 'List' | 'Set' | 'String' | 'Unknown'

/** All that mutators say of one place of a kind. */
interface Place {
  readonly mutators: Set<string>
  /** By name of field or key of list, then by shape. */
  readonly children: Map<string, Map<Shape, Place>>
}

/** More than a person reads of those that one mutator contradicts. */
const MAX_TOLD = 20

/** By the id of each mutator that contradicts others: the ids of some of those others. Such mutators must not be applied. */
export function conflictsOf(mutators: readonly Mutator[]): ReadonlyMap<string, readonly string[]> {
  const roots = new Map<string, Place>()
  for (const mutator of mutators) for (const scope of scopesOf(mutator)) add(entry(roots, scope, emptyPlace), mutator)
  const told = new Map<Map<Shape, Place>, ReadonlySet<string>>()
  const found = new Map<string, readonly string[]>()
  for (const mutator of mutators) {
    const id = idText(mutator.id)
    const sets = [...scopesOf(mutator)]
      .flatMap((scope) => [...placesOf(roots.get(scope)!, mutator)])
      .map((place) => entry(told, place, () => contradicting(place)))
    if (sets.some((set) => set.has(id))) found.set(id, firstOthers(sets, id))
  }
  return found
}

function firstOthers(sets: readonly ReadonlySet<string>[], id: string): readonly string[] {
  const others = new Set<string>()
  for (const set of sets)
    for (const other of set) {
      if (other !== id) others.add(other)
      if (others.size === MAX_TOLD) return [...others].sort()
    }
  return [...others].sort()
}

/** Each kind and operation in which it mutates. */
function scopesOf({ applyTo }: Mutator): ReadonlySet<string> {
  return new Set(
    (applyTo ?? []).flatMap((entry) => kindsOf(entry).flatMap((kind) => entry.operations.map((operation) => `${operation} ${kind}`))),
  )
}

const emptyPlace = (): Place => ({ mutators: new Set(), children: new Map() })
const nameOf = (step: Step) => (step.type === 'Object' ? step.name : step.key)

function shapeOf({ path, effect }: Mutator, depth: number): Shape {
  const next = path[depth + 1]
  if (next !== undefined) return next.type
  if (effect.type === 'image') return 'String'
  return effect.type === 'merge' || effect.type === 'prune' ? 'Set' : 'Unknown'
}

function add(root: Place, mutator: Mutator): void {
  const id = idText(mutator.id)
  let place = root
  for (const [depth, step] of mutator.path.entries()) {
    const shapes = entry(place.children, nameOf(step), () => new Map<Shape, Place>())
    place = entry(shapes, shapeOf(mutator, depth), emptyPlace)
    place.mutators.add(id)
  }
}

/** What is said of each step on the mutator's way, by all. */
function* placesOf(root: Place, mutator: Mutator): Generator<Map<Shape, Place>> {
  let place = root
  for (const [depth, step] of mutator.path.entries()) {
    const shapes = place.children.get(nameOf(step))!
    yield shapes
    place = shapes.get(shapeOf(mutator, depth))!
  }
}

/** Those that say of one child that it has several shapes, or that its list has several keys. What nothing may follow, an image, has a shape of its own. */
function contradicting(shapes: ReadonlyMap<Shape, Place>): ReadonlySet<string> {
  const found = new Set<string>()
  const known = [...shapes].filter(([shape]) => shape !== 'Unknown')
  for (const [shape, { mutators, children }] of known)
    if (known.length > 1 || (shape === 'List' && children.size > 1)) for (const id of mutators) found.add(id)
  return found
}

function entry<Key, Item>(map: Map<Key, Item>, key: Key, make: () => Item): Item {
  const there = map.get(key)
  if (there !== undefined) return there
  const made = make()
  map.set(key, made)
  return made
}
