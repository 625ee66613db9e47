// A longest-prefix look-up returns the narrowest entry, and policy wants the best one: the highest rank, at equal rank a deny. So of all that
// compete in one look-up only those stay that are better than everything broader; then the narrowest *is* the best.
import type { Protocol } from '../../core/policy.ts'
import type { RuleValue } from './tables.ts'
import { PROTOCOL_NUMBER } from './tables.ts'

/** Protocol and port as one number of 24 bits, of which `bits` count: 0 (all), 8 (a protocol) or 8 + the bits of a port prefix. */
export interface Prefix {
  readonly value: number
  readonly bits: number
}

export interface TrafficClaim extends Prefix {
  readonly rule: RuleValue
}

export interface PathClaim {
  readonly path: string
  readonly rule: RuleValue
}

const KEY_BITS = 24
const PORT_BITS = 16

/**
 * The fewest prefixes that are exactly these ports: at most 30 for a protocol. Ports without a protocol are those of every protocol that has
 * ports; neither means everything, ICMP too.
 */
export function prefixesOf(protocol?: Protocol, ports?: readonly [first: number, last: number]): readonly Prefix[] {
  if (protocol === undefined && ports === undefined) return [{ value: 0, bits: 0 }]
  const protocols = protocol === undefined ? Object.values(PROTOCOL_NUMBER) : [PROTOCOL_NUMBER[protocol]]
  const pieces = ports === undefined ? [{ value: 0, bits: 0 }] : portPrefixes(...ports)
  return protocols.flatMap((number) => pieces.map(({ value, bits }) => ({ value: number * 2 ** PORT_BITS + value, bits: 8 + bits })))
}

/** Is nobody who has `one` in need of `other`? A total order; what is equal in rank and effect differs only in whom it is reported to. */
export function covers(one: RuleValue, other: RuleValue): boolean {
  if (one.rank !== other.rank) return one.rank > other.rank
  if (one.effect !== other.effect) return one.effect === 'deny'
  return one.report || !other.report
}

/** Traffic entries of one look-up, found by prefix as the kernel finds them. */
export class PrefixTable {
  readonly #rules = new Map<number, RuleValue>()
  readonly #lengths: readonly number[]

  constructor(claims: readonly TrafficClaim[]) {
    for (const claim of claims) this.#rules.set(keyOf(claim), claim.rule)
    this.#lengths = [...new Set(claims.map(({ bits }) => bits))].sort((one, other) => other - one)
  }

  /** The narrowest entry that holds all of the prefix. */
  narrowest({ value, bits }: Prefix): RuleValue | undefined {
    for (const length of this.#lengths) {
      if (length > bits) continue
      const rule = this.#rules.get(keyOf({ value: cut(value, length), bits: length }))
      if (rule !== undefined) return rule
    }
    return undefined
  }
}

/**
 * What stays of the claims of one look-up. `always` is a table that the same decision looks into as well (that of any peer): what is covered
 * there is not needed here.
 */
export function settleTraffic(claims: readonly TrafficClaim[], always?: PrefixTable): readonly TrafficClaim[] {
  const kept: TrafficClaim[] = []
  const open: { readonly claim: TrafficClaim; filled: number }[] = []
  const close = () => {
    const { claim, filled } = open.pop()!
    const size = sizeOf(claim)
    if (filled < size) kept.push(claim) // else narrower ones leave nothing of it
    const outer = open.at(-1)
    if (outer !== undefined) outer.filled += size
  }
  for (const claim of [...claims].sort(fromBroadToNarrow)) {
    while (open.length > 0 && !holds(open.at(-1)!.claim, claim)) close()
    const broader = open.at(-1)?.claim.rule // the best of all that are broader: it is better than those around it
    const anyway = always?.narrowest(claim)
    if ((broader === undefined || !covers(broader, claim.rule)) && (anyway === undefined || !covers(anyway, claim.rule))) {
      open.push({ claim, filled: 0 })
    }
  }
  while (open.length > 0) close()
  return kept
}

/** What stays of the path claims of one subject. A path that ends with `/`, and the empty one, hold all that begin with them. */
export function settlePaths(claims: readonly PathClaim[]): readonly PathClaim[] {
  const best = new Map<string, PathClaim>()
  for (const claim of claims) {
    const present = best.get(claim.path)
    if (present === undefined || preferred(claim.rule, present.rule) < 0) best.set(claim.path, claim)
  }
  return [...best.values()].filter(({ path, rule }) => {
    for (const folder of foldersOf(path)) {
      const broader = best.get(folder)
      if (broader !== undefined && covers(broader.rule, rule)) return false
    }
    return true
  })
}

/** All that hold a path, itself left out: `''`, `/`, `/usr/`, … */
export function* foldersOf(path: string): Generator<string> {
  if (path !== '') yield ''
  for (let at = path.indexOf('/'); at >= 0 && at + 1 < path.length; at = path.indexOf('/', at + 1)) yield path.slice(0, at + 1)
}

function portPrefixes(first: number, last: number): readonly Prefix[] {
  const pieces: Prefix[] = []
  for (let at = first; at <= last; ) {
    let free = at === 0 ? PORT_BITS : Math.min(PORT_BITS, 31 - Math.clz32(at & -at))
    while (at + 2 ** free - 1 > last) free--
    pieces.push({ value: at, bits: PORT_BITS - free })
    at += 2 ** free
  }
  return pieces
}

/** Which of two claims to the same place wins; the smaller cookie where nothing else tells them apart. */
function preferred(one: RuleValue, other: RuleValue): number {
  if (!covers(one, other)) return 1
  return covers(other, one) ? one.cookie - other.cookie : -1
}

function fromBroadToNarrow(one: TrafficClaim, other: TrafficClaim): number {
  return one.value - other.value || one.bits - other.bits || preferred(one.rule, other.rule)
}

function holds(one: Prefix, other: Prefix): boolean {
  return one.bits <= other.bits && cut(other.value, one.bits) === one.value
}

function cut(value: number, bits: number): number {
  return bits === 0 ? 0 : (value >>> (KEY_BITS - bits)) << (KEY_BITS - bits)
}

function sizeOf({ bits }: Prefix): number {
  return 2 ** (KEY_BITS - bits)
}

/** 24 bits of value and 5 of length. */
function keyOf({ value, bits }: Prefix): number {
  return value * 32 + bits
}
