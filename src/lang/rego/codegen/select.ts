// An index over rules at run time: which of many bodies a value leaves over.

import type { Index } from '../plan/ir.ts'
import { keyOf } from '../values/key.ts'
import type { Value } from '../values/value.ts'

type Body = (...args: never[]) => unknown

/** An index whose leaves are the bodies themselves. */
export type Selector = readonly Body[] | Branch

interface Branch {
  /** Which of the sources is asked. */
  readonly source: number
  readonly cases: ReadonlyMap<unknown, Selector>
  /** The lengths of the prefixes that are its cases; undefined where whole values are. */
  readonly lengths: readonly number[] | undefined
  /** For a value that the test does not take: not a string where prefixes are asked. */
  readonly other: Selector
}

const NONE: readonly Body[] = []

/** Puts the bodies in the place of their numbers. */
export function selector(index: Index, bodies: readonly Body[]): Selector {
  if (!('source' in index)) return index.map((at) => bodies[at]!)
  const cases = new Map(index.cases.map(([value, below]) => [keyOf(value), selector(below, bodies)]))
  const lengths = index.test === 'prefix' ? [...new Set(index.cases.map(([value]) => (value as string).length))] : undefined
  return { source: index.source, cases, lengths, other: selector(index.other, bodies) }
}

/** The bodies that the values do not rule out. */
export function select(index: Selector, ...sources: readonly (Value | undefined)[]): readonly Body[] {
  let at = index
  while ('source' in at) {
    const value: Value | undefined = sources[at.source]
    if (value === undefined) return NONE
    if (at.lengths !== undefined) return byPrefix(at, at.lengths, value, sources)
    const below: Selector | undefined = at.cases.get(keyOf(value))
    if (below === undefined) return NONE
    at = below
  }
  return at
}

function byPrefix(branch: Branch, lengths: readonly number[], value: Value, sources: readonly (Value | undefined)[]): readonly Body[] {
  if (typeof value !== 'string') return select(branch.other, ...sources)
  let found = NONE
  for (const length of lengths) {
    if (length > value.length) continue
    const below = branch.cases.get(value.slice(0, length))
    if (below === undefined) continue
    const bodies = select(below, ...sources)
    found = found === NONE ? bodies : [...found, ...bodies]
  }
  return found
}
