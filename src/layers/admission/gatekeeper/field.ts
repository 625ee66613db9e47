// Which field of an object a rule is about. Templates do not say it, so it is tried: what has to go, or to be another, for the objection to
// go? The deepest such place is the field. What is missing has no place of its own; then it is the place where it should be.
import { isFields, type KubernetesObject } from '../../../formats/kubernetes/object.ts'
import type { FieldPath } from '../field-path.ts'

/** Attempts for one objection: an object has some hundred places, and most are left out with those around them. */
const MAX_TRIES = 200
/** Messages name things: that a thing with another name is not objected to by the same words says nothing. */
const NAMES: readonly (string | number)[] = ['name', 'namespace', 'apiVersion', 'kind']

/**
 * The path of the field; empty where it is the object as a whole.
 * @param objects whether the objection is still there about another object
 */
export function culprit(object: KubernetesObject, objects: (other: KubernetesObject) => boolean): FieldPath {
  let tries = MAX_TRIES
  const stillThere = (path: FieldPath, change: Change): boolean =>
    tries-- <= 0 || objects(changed(object, path, change) as KubernetesObject)
  let path: FieldPath = []
  for (let here: unknown = object; tries > 0; ) {
    const inner = keysOf(here).map((key) => [...path, key])
    const needed = inner.filter((each) => !stillThere(each, 'gone'))
    // Among several it is the one whose value decides, not one that is merely spoken of.
    const decisive = needed.length > 1 ? needed.filter((each) => !stillThere(each, 'other')) : needed
    const unnamed = needed.filter((each) => !NAMES.includes(each.at(-1)!))
    const [found, ...more] = decisive.length === 1 ? decisive : unnamed
    if (found === undefined || more.length > 0) return path
    path = found
    here = at(object, path)
  }
  return path
}

type Change = 'gone' | 'other'

function keysOf(value: unknown): readonly (string | number)[] {
  if (Array.isArray(value)) return value.map((_, at) => at)
  return isFields(value) ? Object.keys(value) : []
}

function at(value: unknown, path: FieldPath): unknown {
  return path.reduce((here, step) => (here as Record<string | number, unknown>)[step], value)
}

/** A copy in which the value at a path is gone, or another of its type. */
function changed(value: unknown, [step, ...rest]: FieldPath, change: Change): unknown {
  if (step === undefined) return another(value)
  if (Array.isArray(value)) {
    const index = Number(step)
    return rest.length === 0 && change === 'gone' ? value.toSpliced(index, 1) : value.with(index, changed(value[index], rest, change))
  }
  const fields = { ...(value as Record<string, unknown>) }
  if (rest.length === 0 && change === 'gone') delete fields[step]
  else fields[step] = changed(fields[step], rest, change)
  return fields
}

function another(value: unknown): unknown {
  if (typeof value === 'boolean') return !value
  if (typeof value === 'number') return value === 0 ? 1 : 0
  return typeof value === 'string' ? `${value}~` : null
}
