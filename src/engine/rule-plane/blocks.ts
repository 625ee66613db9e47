import type { Cidr } from './addresses.ts'
import { ALL_V4, contains, isV4, keyOf, single, spans } from './addresses.ts'
import { IDENTITY } from './tables.ts'

/** Identities as runs, `end` not included: a rule for all addresses may speak of a hundred thousand blocks. */
export type Runs = readonly (readonly [from: number, end: number])[]

/**
 * The ranges that policies name, `cidr` and `except` alike, each with an identity. A place has the identity of the narrowest range that
 * holds it, so an identity stands for a range *without* what is named inside it, and a rule speaks of several identities.
 */
export class Blocks {
  /** A range stands directly before all that is inside it, so what is inside is one run of positions. */
  readonly #ranges: readonly Cidr[]
  readonly #position = new Map<bigint, number>()
  readonly #parent: number[] = []
  readonly #end: number[] = []

  constructor(named: Iterable<Cidr>) {
    const distinct = new Map<bigint, Cidr>()
    for (const range of named) distinct.set(keyOf(range), range)
    const keys = [...distinct.keys()].sort((one, other) => (one < other ? -1 : 1))
    this.#ranges = keys.map((key) => distinct.get(key)!)
    this.#nest(keys)
  }

  /** The places inside `range` and outside all of `except`, as runs of identities; all of these ranges were given to the constructor. */
  within(range: Cidr, except: readonly Cidr[]): Runs {
    const from = this.#position.get(keyOf(range))!
    const end = this.#end[from]!
    const holes = except.map((hole) => this.#position.get(keyOf(hole))!).sort((one, other) => one - other)
    if (holes.some((hole) => hole <= from && this.#end[hole]! >= end)) return []
    const runs: (readonly [number, number])[] = []
    let at = from
    for (const hole of holes) {
      if (hole < at || hole >= end) continue // inside another hole, or beside the range
      if (hole > at) runs.push([IDENTITY.block + at, IDENTITY.block + hole])
      at = this.#end[hole]!
    }
    return at < end ? [...runs, [IDENTITY.block + at, IDENTITY.block + end]] : runs
  }

  /** Identity of the narrowest range that holds the address, or 0. */
  narrowest(address: bigint): number {
    const place = single(address)
    let low = 0
    for (let high = this.#ranges.length; low < high; ) {
      const middle = (low + high) >>> 1
      if (keyOf(this.#ranges[middle]!) <= keyOf(place)) low = middle + 1
      else high = middle
    }
    let at = low - 1
    while (at >= 0 && !contains(this.#ranges[at]!, place)) at = this.#parent[at]!
    return at < 0 ? 0 : IDENTITY.block + at
  }

  /** Each range with its identity. */
  *entries(): Generator<readonly [Cidr, number]> {
    for (const [at, range] of this.#ranges.entries()) yield [range, IDENTITY.block + at]
    // A table of 128 bits holds both families, and in it ::/0 is around all of IPv4: a fence without a block keeps them apart.
    const fence = !this.#position.has(keyOf(ALL_V4)) && this.#ranges.some((range) => !isV4(range) && spans(range, ALL_V4))
    if (fence) yield [ALL_V4, 0]
  }

  #nest(keys: readonly bigint[]): void {
    const open: number[] = []
    for (const [at, range] of this.#ranges.entries()) {
      while (open.length > 0 && !contains(this.#ranges[open.at(-1)!]!, range)) this.#end[open.pop()!] = at
      this.#position.set(keys[at]!, at)
      this.#parent.push(open.at(-1) ?? -1)
      open.push(at)
    }
    for (const at of open) this.#end[at] = this.#ranges.length
  }
}
