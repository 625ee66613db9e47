import { RegoObject, type Value } from '../values/value.ts'

/** Two documents as one; undefined where both have something at one place and not both an object. */
export function mergeData(a: Value, b: Value): Value | undefined {
  if (!(a instanceof RegoObject) || !(b instanceof RegoObject)) return undefined
  const entries = new Map(a.entries())
  for (const [key, value] of b.entries()) {
    const known = entries.get(key)
    const merged = known === undefined ? value : mergeData(known, value)
    if (merged === undefined) return undefined
    entries.set(key, merged)
  }
  return RegoObject.of(entries)
}
