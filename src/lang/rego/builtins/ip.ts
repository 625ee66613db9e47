// IP addresses and networks as Go reads and writes them. All are 128 bits; IPv4 stands below ::ffff:0:0.

export interface Address {
  readonly value: bigint
  /** As it was written: 32 or 128. */
  readonly bits: 32 | 128
  readonly zone: string
}

/** `value` is the first address. */
export interface Network {
  readonly value: bigint
  readonly bits: 32 | 128
  readonly prefix: number
}

const MAPPED = 0xffff_0000_0000n
/** The point, counted from the digit 0. */
const POINT = -2
const ALL = (1n << 128n) - 1n

/** Whether it is an IPv4 address, however written. */
export const isFour = (value: bigint) => value >> 32n === 0xffffn

export function parseAddress(text: string): Address | undefined {
  if (/^[^:%]*\./.test(text)) {
    const value = parseFour(text)
    return value === undefined ? undefined : { value: MAPPED | value, bits: 32, zone: '' }
  }
  const [, written, zone] = /^([^%]*)(?:%(.+))?$/s.exec(text) ?? []
  const value = written === undefined ? undefined : parseSix(written)
  return value === undefined ? undefined : { value, bits: 128, zone: zone ?? '' }
}

function parseFour(text: string): bigint | undefined {
  let [total, part, digits, points] = [0, 0, 0, 0]
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit === POINT && digits > 0 && points < 3) {
      total = total * 256 + part
      part = 0
      digits = 0
      points++
    } else if (digit >= 0 && digit <= 9 && (digits === 0 || part > 0)) {
      part = part * 10 + digit
      digits++
      if (part > 255) return undefined
    } else return undefined
  }
  return points === 3 && digits > 0 ? BigInt(total * 256 + part) : undefined
}

function parseSix(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const groups = halves.map((half, at) => groupsOf(half, at === halves.length - 1))
  const [left, right] = groups
  if (left === undefined || (halves.length === 2 && right === undefined)) return undefined
  const missing = 8 - left.length - (right?.length ?? 0)
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  return [...left, ...Array<number>(missing).fill(0), ...(right ?? [])].reduce((total, group) => (total << 16n) | BigInt(group), 0n)
}

/** Groups between colons; the last two may be written as IPv4. */
function groupsOf(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  for (const [at, part] of text.split(':').entries()) {
    if (part.includes('.')) {
      const four = last && at === text.split(':').length - 1 ? parseFour(part) : undefined
      if (four === undefined) return undefined
      groups.push(Number(four >> 16n), Number(four & 0xffffn))
    } else if (/^[\da-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/')
  const address = slash < 0 ? undefined : parseAddress(text.slice(0, slash))
  const prefix = text.slice(slash + 1)
  if (address === undefined || address.zone !== '' || !/^\d+$/.test(prefix) || Number(prefix) > address.bits) return undefined
  const network = { value: address.value, bits: address.bits, prefix: Number(prefix) }
  return { ...network, value: first(network) }
}

/** The bits of an address beyond the network's prefix. */
const hosts = ({ bits, prefix }: Network) => (1n << BigInt(bits - prefix)) - 1n
export const size = (network: Network) => hosts(network) + 1n
export const first = (network: Network) => network.value & (ALL ^ hosts(network))
export const last = (network: Network) => network.value | hosts(network)

/** A network that begins as IPv4 holds IPv4 alone, and one that does not holds none. */
export function contains(network: Network, value: bigint): boolean {
  if (isFour(network.value) !== isFour(value)) return false
  const prefix = prefixOf(network)
  const shift = BigInt((isFour(value) ? 32 : 128) - prefix)
  const part = isFour(value) ? 0xffff_ffffn : ALL
  return (network.value & part) >> shift === (value & part) >> shift
}

/** As it counts for IPv4 where the network is one. */
const prefixOf = ({ value, bits, prefix }: Network) => (bits === 128 && isFour(value) ? Math.max(0, prefix - 96) : prefix)

export const showNetwork = (network: Network) => `${showAddress(network.value)}/${prefixOf(network)}`

/** RFC 5952; IPv4 in points. */
export function showAddress(value: bigint): string {
  if (isFour(value)) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.')
  const groups = Array.from({ length: 8 }, (_, at) => Number((value >> BigInt(112 - 16 * at)) & 0xffffn))
  let [start, length] = [0, 0]
  for (let at = 0; at < 8; at++) {
    let end = at
    while (end < 8 && groups[end] === 0) end++
    if (end - at > length && end - at > 1) [start, length] = [at, end - at]
  }
  const shown = groups.map((group) => group.toString(16))
  if (length === 0) return shown.join(':')
  return `${shown.slice(0, start).join(':')}::${shown.slice(start + length).join(':')}`
}
