// What a call costs: cel-go's runtime cost, and what k8s.io/apiserver/pkg/cel/library/cost.go makes of it. The cost is taken before the call,
// so that what is not granted is not done; only `join` is told by its result.
import { CelMap, HostMap, List, Opaque, Optional, type Value } from './values.ts'

/** Of the first two arguments. */
type Cost = (a: Value, b: Value) => number

const TRAVERSAL = 0.1
const REGEX = 0.25

export function sizeOf(value: Value | undefined): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length
  if (value instanceof List || value instanceof CelMap || value instanceof Opaque) return value.size
  return value instanceof Optional && value.value !== undefined ? sizeOf(value.value) : 1
}

const tenth = (size: number) => Math.ceil(size * TRAVERSAL)
const once: Cost = (a) => tenth(sizeOf(a))
const twice: Cost = (a) => tenth(2 * sizeOf(a))
const second: Cost = (_, b) => tenth(sizeOf(b))
const both: Cost = (a, b) => tenth(sizeOf(a) + sizeOf(b))
/** Keys of an object of JSON are not counted where it is compared with what is no map: that alone would take long. */
const least: Cost = (a, b) => {
  if (a instanceof Opaque) return 1
  const both = a instanceof CelMap === b instanceof CelMap
  const size = (value: Value | undefined) => (!both && value instanceof HostMap ? 1 : sizeOf(value))
  return tenth(Math.min(size(a), size(b)))
}
const ordered: Cost = (a, b) => (typeof a === 'string' || a instanceof Uint8Array ? tenth(Math.min(sizeOf(a), sizeOf(b))) : 1)
const regex: Cost = (a, b) => tenth(1 + sizeOf(a)) * Math.ceil(sizeOf(b) * REGEX)
/** All that is within, rounded down at each text. */
const through: Cost = (a) => {
  if (typeof a === 'string') return Math.floor(Buffer.byteLength(a) * TRAVERSAL)
  if (a instanceof Uint8Array) return Math.floor(a.length * TRAVERSAL)
  let cost = 0
  if (a instanceof List) for (const item of a) cost += through(item, null)
  else if (a instanceof CelMap) for (const key of a.keys()) cost += through(key, null) + through(a.get(key)!, null)
  else return 1
  return cost
}
const product: Cost = (a, b) => 1 + sizeOf(a) * sizeOf(b)
const ofText: Cost = (a, b) => (typeof a === 'string' || a instanceof Uint8Array ? once(a, b) : 1)

const COSTS: Readonly<Record<string, Cost>> = {
  '_==_': least,
  '_!=_': least,
  '_<_': ordered,
  '_<=_': ordered,
  '_>_': ordered,
  '_>=_': ordered,
  '@in': (_, b) => (b instanceof List ? b.size : 1),
  '_+_': (a, b) => (typeof a === 'string' || a instanceof Uint8Array ? both(a, b) : 1),
  startsWith: second,
  endsWith: second,
  contains: (a, b) => tenth(sizeOf(a)) * tenth(sizeOf(b)),
  matches: regex,
  find: regex,
  findAll: regex,
  string: (a, b) => (a instanceof Uint8Array ? once(a, b) : 1),
  bytes: ofText,
  'strings.quote': once,
  format: once,
  /** Told by the function. */
  join: () => 0,
  isSorted: through,
  sum: through,
  max: through,
  min: through,
  indexOf: through,
  lastIndexOf: through,
  url: once,
  lowerAscii: once,
  upperAscii: once,
  substring: once,
  trim: once,
  replace: twice,
  split: twice,
  cidr: once,
  isIP: once,
  isCIDR: once,
  ip: ofText,
  'ip.isCanonical': twice,
  quantity: once,
  isQuantity: once,
  semver: once,
  isSemver: once,
  containsIP: (a, b) => tenth(2 * sizeOf(a)) + (typeof b === 'string' ? tenth(b.length) : 0),
  containsCIDR: (a, b) => tenth(2 * sizeOf(a)) + once(a, b) + 1 + (typeof b === 'string' ? tenth(b.length) : 0),
  'sets.contains': product,
  'sets.intersects': product,
  'sets.equivalent': (a, b) => 1 + 2 * sizeOf(a) * sizeOf(b),
}

export const costOf = (name: string): Cost | undefined => (Object.hasOwn(COSTS, name) ? COSTS[name] : undefined)
