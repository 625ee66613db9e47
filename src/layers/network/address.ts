// IPv4 and IPv6 addresses and blocks (RFC 4291, RFC 4632). The two families are apart: no IPv6 block holds an IPv4 address, not even ::/0.

import { showIp } from '../../formats/ip.ts'

export interface Address {
  readonly family: 4 | 6
  readonly value: bigint
}

/** Addresses whose first `prefix` bits are those of `address`. */
export interface Block {
  readonly address: Address
  readonly prefix: number
}

const BITS = { 4: 32, 6: 128 } as const
const MAPPED = 0xffffn // ::ffff:0:0/96 (RFC 4291, 2.5.5.2)

/** Undefined if it is no address: zones are not, nor leading zeros in IPv4 (10.0.0.010 is 8 to some and 10 to others). ::ffff:a.b.c.d is IPv4. */
export function parseAddress(text: string): Address | undefined {
  const address = text.includes(':') ? parseV6(text) : parseV4(text)
  return address?.family === 6 && address.value >> 32n === MAPPED ? { family: 4, value: address.value & 0xffff_ffffn } : address
}

/** Undefined if it is no block. Bits behind the prefix do not matter, as in Kubernetes. */
export function parseBlock(text: string): Block | undefined {
  const [, written, length] = /^([^/]*)\/(0|[1-9]\d{0,2})$/.exec(text) ?? []
  const address = written === undefined ? undefined : parseAddress(written)
  if (address === undefined) return undefined
  const prefix = Number(length) - (written!.includes(':') && address.family === 4 ? 96 : 0)
  return prefix >= 0 && prefix <= BITS[address.family] ? { address, prefix } : undefined
}

export function inBlock({ address, prefix }: Block, other: Address): boolean {
  const rest = BigInt(BITS[address.family] - prefix)
  return address.family === other.family && address.value >> rest === other.value >> rest
}

/** The first address of a block and the last, which may be the same. */
export function endsOf({ address: { family, value }, prefix }: Block): readonly Address[] {
  const rest = BigInt(BITS[family] - prefix)
  const first = (value >> rest) << rest
  return rest === 0n ? [{ family, value }] : [first, first | ((1n << rest) - 1n)].map((each) => ({ family, value: each }))
}

/** As RFC 5952 spells it. */
export function addressText({ family, value }: Address): string {
  return showIp(Buffer.from(value.toString(16).padStart(BITS[family] / 4, '0'), 'hex'))
}

/** Does the block hold all of the other and more? */
export function isWider(block: Block, other: Block): boolean {
  return block.prefix < other.prefix && inBlock(block, other.address)
}

/** 127.0.0.0/8 (RFC 1122) and ::1 (RFC 4291). */
export function isLoopback({ family, value }: Address): boolean {
  return family === 4 ? value >> 24n === 127n : value === 1n
}

function parseV4(text: string): Address | undefined {
  const bytes = text.split('.', 5)
  if (bytes.length !== 4 || !bytes.every((byte) => /^(0|[1-9]\d{0,2})$/.test(byte) && Number(byte) < 256)) return undefined
  return { family: 4, value: bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n) }
}

function parseV6(text: string): Address | undefined {
  const dotted = /^(.*:)([^:]*\.[^:]*)$/.exec(text)
  const last = dotted === null ? undefined : parseV4(dotted[2]!)
  if (dotted !== null && last === undefined) return undefined
  const plain = last === undefined ? text : `${dotted![1]}${(last.value >> 16n).toString(16)}:${(last.value & 0xffffn).toString(16)}`
  const sides = plain.split('::', 3).map((side) => (side === '' ? [] : side.split(':', 9)))
  const zeros = 8 - sides.flat().length
  if (sides.length > 2 || (sides.length === 1 ? zeros !== 0 : zeros < 1)) return undefined
  const groups = [...sides[0]!, ...Array<string>(zeros).fill('0'), ...(sides[1] ?? [])]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return { family: 6, value: groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n) }
}
