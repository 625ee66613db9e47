// Hostile bytes for parsers: what a parser reads, damaged as transmission, truncation and malice damage it.
import type { Random } from '../kit/random.ts'
import type { Target } from './worker.ts'

export interface ByteTarget {
  /** Whole, valid input to begin from; made once. */
  readonly seeds: () => readonly Buffer[]
  /** What must return, or throw a ThymusError. */
  readonly read: (bytes: Buffer) => void
}

/** Values at which lengths and counts go wrong. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]
const MOST_DAMAGE = 8
/** A piece that is put in or taken out is at most so long. */
const PIECE = 64

/** The parser as a target of the fuzzer. */
export function byteTarget({ seeds, read }: ByteTarget): Target {
  let made: readonly Buffer[] | undefined
  return (random) => {
    made ??= seeds()
    let bytes: Buffer = Buffer.from(random.of(made))
    for (let left = random.below(MOST_DAMAGE); left >= 0; left--) bytes = random.of(DAMAGES)(bytes, random, made)
    read(bytes)
    return 'read'
  }
}

type Damage = (bytes: Buffer, random: Random, seeds: readonly Buffer[]) => Buffer

const within = (bytes: Buffer, random: Random) => random.below(bytes.length + 1)

const DAMAGES: readonly Damage[] = [
  function bit(bytes, random) {
    const at = within(bytes, random)
    if (at < bytes.length) bytes[at]! ^= 1 << random.below(8)
    return bytes
  },
  function byte(bytes, random) {
    const at = within(bytes, random)
    if (at < bytes.length) bytes[at] = random.below(256)
    return bytes
  },
  function edge(bytes, random) {
    const size = random.of([1, 2, 4] as const)
    const at = within(bytes, random)
    if (at + size > bytes.length) return bytes
    const value = random.of(EDGES) % 2 ** (8 * size)
    if (random.below(2) === 0) bytes.writeUIntLE(value, at, size)
    else bytes.writeUIntBE(value, at, size)
    return bytes
  },
  function cut(bytes, random) {
    return bytes.subarray(0, within(bytes, random))
  },
  function takeOut(bytes, random) {
    const at = within(bytes, random)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.below(PIECE))])
  },
  function putIn(bytes, random, seeds) {
    const other = random.of(seeds)
    const from = within(other, random)
    const at = within(bytes, random)
    return Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + random.below(PIECE)), bytes.subarray(at)])
  },
  function splice(bytes, random, seeds) {
    const other = random.of(seeds)
    return Buffer.concat([bytes.subarray(0, within(bytes, random)), other.subarray(within(other, random))])
  },
]
