// One change at a location of a document (Gatekeeper: pkg/mutation/mutators/core).
import type { Path } from './path.ts'
import { mayBeMissing, mayExist, type PathTests } from './path-tests.ts'
import { type Budget, type Draft, emptyDraft, isDraft, type Value } from './values.ts'

/** What is done at the end of a location. */
export interface Setter {
  /** Sets the field of an object. @throws NotApplicable */
  readonly field: (object: Draft, field: string) => void
  /** The element of a list with the key of the location; undefined where a setter knows no such lists. @throws NotApplicable */
  readonly element: (() => Draft) | undefined
}

/** The document is not one to which the mutator could be applied. */
export class NotApplicable extends Error {}

/**
 * Does it in place. The answer is whether the tests let it through, though nothing may be other than before; a list is replaced, never changed.
 * @throws NotApplicable, after which the document is of no use.
 */
export function mutateAt(document: Draft, path: Path, tests: PathTests, setter: Setter, budget: Budget): boolean {
  if (path.length === 0) throw new NotApplicable('the location is empty')
  return step(document, 0) !== undefined

  /** The value that takes the place of `current`; undefined where the tests stopped it. */
  function step(current: Value, depth: number): Value | undefined {
    budget.spend(depth)
    const { type } = path[depth]!
    if (type === 'Object') {
      if (!isDraft(current)) throw new NotApplicable(`${at(depth)} needs an object and finds ${kindOf(current)}`)
      return stepField(current, depth)
    }
    if (!Array.isArray(current)) throw new NotApplicable(`${at(depth)} needs a list and finds ${kindOf(current)}`)
    return depth === path.length - 1 ? setElement(current, depth) : stepElements(current, depth)
  }

  function stepField(object: Draft, depth: number): Draft | undefined {
    const { name } = path[depth] as { name: string }
    const exists = name in object
    if (!(exists ? mayExist : mayBeMissing)(tests, depth)) return undefined
    if (depth === path.length - 1) {
      setter.field(object, name)
      return object
    }
    const next = step(exists ? object[name]! : missing(depth), depth + 1)
    if (next === undefined) return undefined
    object[name] = next
    return object
  }

  function stepElements(list: readonly Value[], depth: number): Value[] | undefined {
    const { key, value } = path[depth] as { key: string; value: string | bigint | undefined }
    const found = list.filter((element) => {
      budget.spend(depth)
      return value === undefined || (isDraft(element) && element[key] === value)
    })
    if (found.length > 0 && !mayExist(tests, depth)) return undefined
    let mutated = false
    for (const element of found) mutated = step(element, depth + 1) !== undefined || mutated
    if (value === undefined || found.length > 0) return mutated ? [...list] : undefined
    if (!mayBeMissing(tests, depth)) return undefined
    const added = missing(depth)
    return step(added, depth + 1) === undefined ? undefined : [...list, added]
  }

  function setElement(list: readonly Value[], depth: number): Value[] | undefined {
    const { key, value } = path[depth] as { key: string; value: string | bigint | undefined }
    if (setter.element === undefined) throw new NotApplicable(`${at(depth)} is a list, which this mutator cannot set`)
    const element = setter.element()
    for (const [index, old] of list.entries()) {
      budget.spend(depth)
      if (!isDraft(old)) throw new NotApplicable(`${at(depth)} needs a list of objects and finds ${kindOf(old)}`)
      if (old[key] === value) return mayExist(tests, depth) ? list.with(index, element) : undefined
    }
    return mayBeMissing(tests, depth) ? [...list, element] : undefined
  }

  /** What is put where the location says that there is something. */
  function missing(depth: number): Value {
    if (path[depth + 1]!.type === 'List') return []
    const object = emptyDraft()
    const here = path[depth]!
    if (here.type === 'List' && here.value !== undefined) object[here.key] = here.value
    return object
  }

  function at(depth: number): string {
    return `step ${depth + 1} of the location`
  }
}

function kindOf(value: Value): string {
  if (value === null) return 'null'
  return Array.isArray(value)
    ? 'a list'
    : typeof value === 'object'
      ? 'an object'
      : `a ${typeof value === 'bigint' ? 'number' : typeof value}`
}
