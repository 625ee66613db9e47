import type { Builtin, Runtime } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { isArray, RegoObject, RegoSet, type Value } from '../values/value.ts'
import { contains, first, isFour, last, type Network, parseAddress, parseNetwork, showAddress, showNetwork, size } from './ip.ts'
import { kept } from './kept.ts'
import { text } from './operands.ts'

const cidrContains: Builtin = (_, a, b) => holds(text(a, 1), text(b, 1))

/** Networks. Names are looked up only where the host has given a way to do so. */
export const NET: Readonly<Record<string, Builtin>> = {
  'net.cidr_contains': cidrContains,
  'net.cidr_overlap': cidrContains,
  'net.cidr_intersects': (_, a, b) => {
    const [one, other] = [network(text(a, 1)), network(text(b, 1))]
    return contains(one, other.value) || contains(other, one.value)
  },
  'net.cidr_contains_matches': (runtime, a, b) => {
    const found = new RegoSet()
    for (const [cidr, at] of indexed(a, 1)) {
      for (const [other, otherAt] of indexed(b, 2)) {
        runtime.charge(1)
        if (holds(text(cidr, 1), text(other, 1))) found.add([at, otherAt])
      }
    }
    return found
  },
  'net.cidr_expand': (runtime, a) => expand(runtime, network(text(a, 1))),
  'net.cidr_is_valid': (_, a) => typeof a === 'string' && parseNetwork(a) !== undefined,
  'net.cidr_merge': (_, a) => {
    if (!isArray(a) && !(a instanceof RegoSet)) throw new BuiltinError('operand must be an array')
    return RegoSet.of(merged((isArray(a) ? a : a.members()).map(member)).map(showNetwork))
  },
  'net.lookup_ip_addr': (runtime, a) => {
    const name = text(a, 1)
    const literal = parseAddress(name)
    if (literal !== undefined) return RegoSet.of([showAddress(literal.value) + (literal.zone === '' ? '' : `%${literal.zone}`)])
    // RFC 6761, clause 6.3: the same everywhere, so that nobody need be asked.
    if (name === 'localhost') return RegoSet.of(['127.0.0.1', '::1'])
    if (runtime.surroundings.addresses === undefined) throw runtime.denied('net.lookup_ip_addr', 'asks the host for names')
    const found = runtime.surroundings.addresses(name)
    if (found === undefined) throw new BuiltinError(`lookup ${name}: no such host`)
    return RegoSet.of(found)
  },
}

const network = kept(512, (written): Network => {
  const read = parseNetwork(written)
  if (read === undefined) throw new BuiltinError(`invalid CIDR address: ${written}`)
  return read
})

/** Whether a network holds an address or all of another network. */
function holds(cidr: string, other: string): boolean {
  const outer = network(cidr)
  const address = parseAddress(other)
  if (address !== undefined && address.zone === '') return contains(outer, address.value)
  const inner = parseNetwork(other)
  if (inner === undefined) throw new BuiltinError(`not a valid textual representation of an IP address or CIDR: ${other}`)
  if (!isFour(outer.value) && !isFour(inner.value)) {
    return outer.prefix <= inner.prefix && outer.value === first({ ...inner, prefix: outer.prefix })
  }
  return contains(outer, inner.value) && contains(outer, last(inner))
}

/** Networks with what names them in a collection. */
function indexed(value: Value, at: number): readonly (readonly [Value, Value])[] {
  const cidr = (item: Value): Value => {
    if (typeof item === 'string') return item
    if (isArray(item) && item.length > 0) return item[0]!
    throw new BuiltinError(`operand ${at}: element must be string or non-empty array`)
  }
  if (typeof value === 'string') return [[value, value]]
  if (isArray(value)) return value.map((item, index) => [cidr(item), index])
  if (value instanceof RegoSet) return value.members().map((item) => [cidr(item), item])
  return value instanceof RegoObject ? value.entries().map(([key, item]) => [cidr(item), key]) : []
}

function expand(runtime: Runtime, cidr: Network): RegoSet {
  const found = new RegoSet()
  const count = size(cidr)
  runtime.charge(Number(count))
  runtime.spend(Number(count) * 100)
  for (let value = cidr.value; value < cidr.value + count; value++) found.add(showAddress(value))
  return found
}

/** An address alone stands for the network of its old class, as OPA has it. */
function member(value: Value): Network {
  if (typeof value !== 'string') throw new BuiltinError('element must be string')
  const address = parseAddress(value)
  if (address === undefined || address.zone !== '') return network(value)
  if (!isFour(address.value)) throw new BuiltinError('IPv6 invalid: needs prefix length')
  const head = Number((address.value >> 24n) & 0xffn)
  return { value: address.value, bits: 32, prefix: head < 128 ? 8 : head < 192 ? 16 : 24 }
}

interface Range {
  first: bigint
  readonly last: bigint
  /** Where nothing was merged, it is written as it was. */
  network: Network | undefined
}

function merged(networks: readonly Network[]): Network[] {
  const order = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0)
  const lesser = (a: bigint, b: bigint) => (order(a, b) < 0 ? a : b)
  const ranges: Range[] = networks.map((each) => ({ first: first(each), last: last(each), network: each }))
  ranges.sort((a, b) => order(a.last, b.last) || order(a.first, b.first))
  const kept: Range[] = []
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    const before = ranges.at(-1)
    const lowest = range.first === 0n || range.first === 0xffff_0000_0000n
    if (before !== undefined && range.first - (lowest ? 0n : 1n) <= before.last) {
      ranges[ranges.length - 1] = { first: lesser(range.first, before.first), last: range.last, network: undefined }
    } else kept.push(range)
  }
  return kept.flatMap((range) => range.network ?? networksOf(range))
}

/** The fewest networks that make up a range. */
function networksOf({ first: from, last: to }: Range): Network[] {
  const found: Network[] = []
  const bits = isFour(from) ? 32 : 128
  for (let at = from; at <= to; ) {
    let wide = 0
    while (wide < bits && (at & ((1n << BigInt(wide + 1)) - 1n)) === 0n && at + (1n << BigInt(wide + 1)) - 1n <= to) wide++
    found.push({ value: at, bits, prefix: bits - wide })
    at += 1n << BigInt(wide)
  }
  return found
}
