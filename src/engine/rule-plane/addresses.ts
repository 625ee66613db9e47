// Addresses and ranges of them as numbers of 128 bits, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2): the form of the kernel's `places`.

/** A range of addresses in its one canonical form: the bits behind the prefix are zero. */
export interface Cidr {
  readonly address: bigint
  /** Length of the prefix in 128 bits; an IPv4 prefix is 96 longer than its text says. */
  readonly bits: number
}

/** 0.0.0.0/0. */
export const ALL_V4: Cidr = { address: 0xffff_0000_0000n, bits: 96 }
const V4_TOP = 0xffffn
const ADDRESS_BITS = 128

/** The number of an IPv4 or IPv6 address, or undefined: no zones, no leading zeros in IPv4 (which some read as octal). */
export function parseAddress(text: string): bigint | undefined {
  return text.includes(':') ? parseV6(text) : parseV4(text)
}

/** `address/length`. Bits behind the prefix are cleared, as Kubernetes does; undefined for what is no CIDR notation. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  if (slash < 0 || !/^(0|[1-9]\d{0,2})$/.test(text.slice(slash + 1))) return undefined
  const address = parseAddress(text.slice(0, slash))
  const bits = Number(text.slice(slash + 1)) + (text.includes(':') ? 0 : ALL_V4.bits)
  return address === undefined || bits > ADDRESS_BITS ? undefined : { address: cut(address, bits), bits }
}

/** An address alone, as a range. */
export function single(address: bigint): Cidr {
  return { address, bits: ADDRESS_BITS }
}

/** IPv4, also where it was written as ::ffff:a.b.c.d: sockets make no difference either. */
export function isV4({ address, bits }: Cidr): boolean {
  return bits >= ALL_V4.bits && address >> 32n === V4_TOP
}

/** 127.0.0.0/8 (RFC 1122, 3.2.1.3) and ::1 (RFC 4291, 2.5.3). */
export function isLoopback(address: bigint): boolean {
  return address >> 24n === 0xffff_7fn || address === 1n
}

/** Is the one range all of the other or more? A range of IPv6 holds no IPv4: `::/0` does not mean 10.0.0.1. */
export function contains(one: Cidr, other: Cidr): boolean {
  return isV4(one) === isV4(other) && spans(one, other)
}

/** As `contains`, but as a longest-prefix look-up on 128 bits sees it: there, `::/0` holds 10.0.0.1 too. */
export function spans(one: Cidr, other: Cidr): boolean {
  return one.bits <= other.bits && cut(other.address, one.bits) === one.address
}

/** The address without what stands behind `bits`. */
export function cut(address: bigint, bits: number): bigint {
  const rest = BigInt(ADDRESS_BITS - bits)
  return (address >> rest) << rest
}

/** Equal for equal ranges; sorts by family, then address, then from broad to narrow. */
export function keyOf(range: Cidr): bigint {
  return ((((isV4(range) ? 1n : 0n) << 128n) | range.address) << 8n) | BigInt(range.bits)
}

/** In network order, 16 bytes. */
export function addressBytes(address: bigint): Uint8Array {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, address >> 64n)
  view.setBigUint64(8, BigInt.asUintN(64, address))
  return bytes
}

export function addressOfBytes(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8)
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.', 5)
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), V4_TOP)
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split('::', 3).map((half) => (half === '' ? [] : half.split(':', 9)))
  const last = halves.at(-1)!
  const tail = last.at(-1)?.includes('.') ? parseV4(last.at(-1)!) : undefined
  if (tail !== undefined) last.splice(-1, 1, ((tail >> 16n) & V4_TOP).toString(16), (tail & V4_TOP).toString(16))
  const count = halves.reduce((sum, half) => sum + half.length, 0)
  // `::` stands for at least one group of zeros (RFC 4291, 2.2).
  if (halves.length > 2 || (halves.length === 1 ? count !== 8 : count > 7)) return undefined
  const written = halves.length === 1 ? halves[0]! : [...halves[0]!, ...Array<string>(8 - count).fill('0'), ...last]
  if (!written.every((group) => /^[\da-fA-F]{1,4}$/.test(group))) return undefined
  return written.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n)
}
