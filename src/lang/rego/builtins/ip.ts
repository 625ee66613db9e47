// IP addresses and networks as Go reads and writes them. All are 128 bits; IPv4 stands below ::ffff:0:0.
import { readIp, showIp } from '../../../formats/ip.ts'

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
const ALL = (1n << 128n) - 1n

/** Whether it is an IPv4 address, however written. */
export const isFour = (value: bigint) => value >> 32n === 0xffffn

export function parseAddress(text: string): Address | undefined {
  const four = /^[^:%]*\./.test(text)
  const [, written, zone = ''] = four ? ['', text] : (/^([^%]*:[^%]*)(?:%(.+))?$/s.exec(text) ?? [])
  const bytes = written === undefined ? undefined : readIp(written)
  if (bytes === undefined) return undefined
  if (four) return { value: MAPPED | BigInt(bytes.readUInt32BE()), bits: 32, zone }
  return { value: (bytes.readBigUInt64BE(0) << 64n) | bytes.readBigUInt64BE(8), bits: 128, zone }
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
  const bytes = Buffer.alloc(16)
  bytes.writeBigUInt64BE(value >> 64n)
  bytes.writeBigUInt64BE(value & 0xffff_ffff_ffff_ffffn, 8)
  return showIp(bytes)
}
