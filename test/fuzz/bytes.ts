// Hostile bytes for parsers: what a parser reads, damaged as transmission, truncation and malice damage it.
import { ThymusError } from '../../src/core/errors.ts'
import type { Check } from '../../src/core/verdict.ts'
import type { Random } from '../kit/random.ts'

/** A parser to be fuzzed. */
export interface ByteTarget {
  /** Whole, valid input to begin from; made once. */
  readonly seeds: () => readonly Buffer[]
  /** What must return, or throw a ThymusError. A text that it returns says how it ended, as words of an error do; see `notPassing`. */
  readonly read: (bytes: Buffer) => unknown
}

/** What a verifier says against its input. */
export const notPassing = (checks: readonly Check[]): string =>
  checks.flatMap(({ code, verdict }) => (verdict.is === 'pass' ? [] : `${verdict.is} ${code}`)).join(' ')

/** @throws ThymusError FORMAT */
export const json = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new ThymusError('FORMAT', 'no JSON')
  }
}

/** Values at which lengths and counts go wrong. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]
const MOST_DAMAGE = 8
/** A piece that is put in or taken out is at most so long. */
const PIECE = 64
/** More inputs and bytes than these are not kept for one target, nor is one longer. */
export const MAX_KEPT = 4_096
const MAX_BYTES = 1 << 24
export const MAX_LENGTH = 1 << 18

/**
 * The inputs of one target. One that the parser answers as it answered none before (another code, other words) is kept, and
 * damaged further: so what is behind a check is reached, without knowing what the parser's code is.
 */
export class Corpus {
  readonly #inputs: Buffer[]
  readonly #before: Buffer[]
  readonly #keep: (bytes: Buffer) => void
  readonly #answers = new Set<string>()
  #bytes = 0

  /** @param before what was kept in an earlier run: it is tried first, as it is. @param keep is told of what is kept now */
  constructor(target: ByteTarget, before: readonly Buffer[] = [], keep: (bytes: Buffer) => void = () => {}) {
    this.#inputs = [...target.seeds()]
    this.#before = [...before]
    this.#keep = keep
  }

  get size(): number {
    return this.#inputs.length
  }

  /** An input that was damaged, of at most 256 KiB. */
  next(random: Random): Buffer {
    const before = this.#before.pop()
    if (before !== undefined) return before
    let bytes: Buffer = Buffer.from(random.of(this.#inputs))
    for (let left = random.below(MOST_DAMAGE); left >= 0; left--) bytes = random.of(DAMAGES)(bytes, random, this.#inputs)
    return bytes.subarray(0, MAX_LENGTH)
  }

  /** Keeps the input if it ended in a way that none did. @param how what was returned or thrown */
  ended(bytes: Buffer, how: unknown): void {
    const answer =
      how instanceof ThymusError ? [how.code, how.at ?? '', how.message].map(words).join(' ') : typeof how === 'string' ? how : ''
    if (this.#answers.has(answer) || this.#inputs.length >= MAX_KEPT || this.#bytes + bytes.length > MAX_BYTES) return
    this.#answers.add(answer)
    this.#bytes += bytes.length
    this.#inputs.push(Buffer.from(bytes))
    this.#keep(bytes)
  }
}

/** The beginning of a message without what comes from the input: numbers, digests, what is quoted. */
const words = (message: string) =>
  message
    .split(':', 1)[0]!
    .replaceAll(/"[^"]*"|`[^`]*`|\b(?:0x)?[0-9a-f]*\d[0-9a-f]*\b/gi, '·')
    .slice(0, 80)

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
