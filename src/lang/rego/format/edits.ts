// How one text becomes another, character by character (Myers 1986, "An O(ND) Difference Algorithm and Its Variations", its linear-space
// variant), with the shortcuts and in the order of the library that `opa fmt --diff` shows its differences with.
import { commonPrefix, commonSuffix, mergeEdits } from './merge-edits.ts'

export interface Edit {
  readonly kind: 'same' | 'removed' | 'added'
  readonly text: string
}

/** Code points. */
type Chars = readonly number[]

/** Steps of the search; beyond them what is left is one removal and one addition. OPA gives up after a second. */
const STEPS = 50_000_000

export function editsBetween(before: string, after: string, steps = STEPS): readonly Edit[] {
  return new Search(steps).edits(charsOf(before), charsOf(after))
}

const charsOf = (text: string): Chars => Array.from(text, (char) => char.codePointAt(0)!)
const edit = (kind: Edit['kind'], chars: Chars): Edit => ({ kind, text: textOf(chars) })
const replacement = (before: Chars, after: Chars): readonly Edit[] => [edit('removed', before), edit('added', after)]

class Search {
  #steps: number

  constructor(steps: number) {
    this.#steps = steps
  }

  edits(before: Chars, after: Chars): readonly Edit[] {
    const prefix = commonPrefix(before, after)
    if (prefix === before.length && prefix === after.length) return prefix === 0 ? [] : [edit('same', before)]
    const suffix = commonSuffix(before.slice(prefix), after.slice(prefix))
    const middle = this.#different(before.slice(prefix, before.length - suffix), after.slice(prefix, after.length - suffix))
    return mergeEdits([
      ...(prefix > 0 ? [edit('same', before.slice(0, prefix))] : []),
      ...middle,
      ...(suffix > 0 ? [edit('same', before.slice(before.length - suffix))] : []),
    ])
  }

  /** Of texts that neither begin nor end alike. */
  #different(before: Chars, after: Chars): readonly Edit[] {
    if (before.length === 0) return [edit('added', after)]
    if (after.length === 0) return [edit('removed', before)]
    const shrinks = before.length > after.length
    const [long, short] = shrinks ? [before, after] : [after, before]
    const at = indexOf(long, short, 0)
    if (at !== -1) {
      const kind = shrinks ? 'removed' : 'added'
      return [edit(kind, long.slice(0, at)), edit('same', short), edit(kind, long.slice(at + short.length))]
    }
    if (short.length === 1) return replacement(before, after)
    const half = halfMatch(long, short)
    if (half === undefined) return this.#bisect(before, after)
    const [ofBefore, ofAfter] = shrinks ? [half.long, half.short] : [half.short, half.long]
    return [
      ...this.edits(before.slice(0, ofBefore), after.slice(0, ofAfter)),
      edit('same', before.slice(ofBefore, ofBefore + half.length)),
      ...this.edits(before.slice(ofBefore + half.length), after.slice(ofAfter + half.length)),
    ]
  }

  /** Splits both where the shortest paths from the beginning and from the end meet. */
  #bisect(before: Chars, after: Chars): readonly Edit[] {
    const furthest = Math.floor((before.length + after.length + 1) / 2)
    const delta = before.length - after.length
    const forth = new Path(before, after, furthest, 1)
    const back = new Path(before, after, furthest, -1)
    for (let d = 0; d < furthest; d++) {
      this.#steps -= d + 1
      if (this.#steps < 0) break
      // Paths of an odd difference in length meet in a step forth, others in one back.
      const met = forth.step(d, delta % 2 === 0 ? undefined : back) ?? back.step(d, delta % 2 === 0 ? forth : undefined)
      if (met === undefined) continue
      const [x, y] = met
      return [...this.edits(before.slice(0, x), after.slice(0, y)), ...this.edits(before.slice(x), after.slice(y))]
    }
    return replacement(before, after)
  }
}

/** The furthest points that a number of edits reaches, one on each diagonal. */
class Path {
  readonly #before: Chars
  readonly #after: Chars
  readonly #offset: number
  readonly #direction: 1 | -1
  readonly #reached: Int32Array
  #skippedLow = 0
  #skippedHigh = 0

  /** From the beginning (1), or from the end, as if the texts were reversed (-1). */
  constructor(before: Chars, after: Chars, furthest: number, direction: 1 | -1) {
    this.#before = direction === 1 ? before : before.toReversed()
    this.#after = direction === 1 ? after : after.toReversed()
    this.#offset = furthest
    this.#direction = direction
    this.#reached = new Int32Array(2 * furthest).fill(-1)
    this.#reached[furthest + 1] = 0
  }

  /** One edit further. The point, from the beginning, where this path meets the other. */
  step(d: number, other: Path | undefined): readonly [number, number] | undefined {
    // This loop is where the time goes.
    const [before, after, reached, offset] = [this.#before, this.#after, this.#reached, this.#offset]
    const [width, height] = [before.length, after.length]
    const facing = other === undefined ? undefined : other.#reached
    const last = reached.length - 1
    for (let k = -d + this.#skippedLow; k <= d - this.#skippedHigh; k += 2) {
      const at = offset + k
      const below = at > 0 ? reached[at - 1]! : -1
      const above = at < last ? reached[at + 1]! : -1
      let x = k === -d || (k !== d && below < above) ? above : below + 1
      let y = x - k
      while (x < width && y < height && before[x] === after[y]) {
        x++
        y++
      }
      reached[at] = x
      if (x > width) this.#skippedHigh += 2
      else if (y > height) this.#skippedLow += 2
      else if (facing !== undefined) {
        const mirrored = offset + width - height - k
        const met = mirrored >= 0 && mirrored <= last ? facing[mirrored]! : -1
        if (met === -1 || x < width - met) continue
        return this.#direction === 1 ? [x, y] : [met, met - (width - height - k)]
      }
    }
    return undefined
  }
}

interface Half {
  readonly long: number
  readonly short: number
  readonly length: number
}

/** A stretch in both that is at least half of the longer: what it leaves out is compared apart, though that may miss a shorter way. */
function halfMatch(long: Chars, short: Chars): Half | undefined {
  if (long.length < 4 || short.length * 2 < long.length) return undefined
  const second = halfFrom(long, short, Math.floor((long.length + 3) / 4))
  const third = halfFrom(long, short, Math.floor((long.length + 1) / 2))
  if (second === undefined || third === undefined) return second ?? third
  return second.length > third.length ? second : third
}

function halfFrom(long: Chars, short: Chars, at: number): Half | undefined {
  const seed = long.slice(at, at + Math.floor(long.length / 4))
  let best: Half = { long: 0, short: 0, length: 0 }
  for (let found = indexOf(short, seed, 0); found !== -1; found = indexOf(short, seed, found + 1)) {
    const prefix = commonPrefix(long.slice(at), short.slice(found))
    const suffix = commonSuffix(long.slice(0, at), short.slice(0, found))
    if (best.length < prefix + suffix) best = { long: at - suffix, short: found - suffix, length: prefix + suffix }
  }
  return best.length * 2 < long.length ? undefined : best
}

function textOf(chars: Chars): string {
  let text = ''
  for (const char of chars) text += String.fromCodePoint(char)
  return text
}

function indexOf(text: Chars, part: Chars, from: number): number {
  for (let at = from; at <= text.length - part.length; at++) if (part.every((char, offset) => text[at + offset] === char)) return at
  return -1
}
