// Whether two patterns of regex.globs_match can match the same text. The way in which OPA's library seeks, which does not find every overlap
// (`a*c` and `b*c` have none for it), is part of the builtin's meaning, so it is followed step by step.
import type { Runtime } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'

type Flag = '' | '+' | '*'

/** A character, any character, or one of a set, perhaps repeated. */
interface Token {
  /** Ranges of code points, in order and apart; undefined for any character. */
  readonly ranges: readonly (readonly [number, number])[] | undefined
  readonly kind: 'character' | 'dot' | 'set'
  flag: Flag
}

type Tokens = readonly Token[]

export function globsMatch(runtime: Runtime, one: string, other: string): boolean {
  runtime.charge(8 * (one.length + other.length))
  const trimmed = trim(simplify(tokenize(one)), simplify(tokenize(other)))
  return trimmed !== undefined && new Search(runtime, ...trimmed).normal(0, 0, 0)
}

class Search {
  readonly #runtime: Runtime
  readonly #sides: readonly [Tokens, Tokens]
  /** What was found for a place in both; without it the search would be exponential. */
  readonly #known = new Map<string, boolean>()

  constructor(runtime: Runtime, left: Tokens, right: Tokens) {
    this.#runtime = runtime
    this.#sides = [left, right]
  }

  /** Both from these places on; token by token, until one is repeated. `side` is asked first, which decides where both are. */
  normal(side: 0 | 1, at: number, from: number): boolean {
    const [a, b] = side === 0 ? this.#sides : [this.#sides[1], this.#sides[0]]
    let [i, j] = [at, from]
    for (; i < a.length && j < b.length; i++, j++) {
      if (a[i]!.flag !== '') return this.#repeated(side, i, j)
      if (b[j]!.flag !== '') return this.#repeated(side === 0 ? 1 : 0, j, i)
      if (!overlap(a[i]!, b[j]!)) return false
    }
    return i === a.length && j === b.length
  }

  /** The token at `at` of this side is repeated; the other side stands at `from`. */
  #repeated(side: 0 | 1, at: number, from: number): boolean {
    const key = `${side} ${at} ${from}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    this.#runtime.enter()
    const found = this.#sides[side][at]!.flag === '*' ? this.#star(side, at, from) : this.#plus(side, at, from)
    this.#runtime.depth--
    this.#known.set(key, found)
    return found
  }

  /** One must be met by the other; then it is as a star, or the other swallows it whole. */
  #plus(side: 0 | 1, at: number, from: number): boolean {
    const met = this.#sides[side === 0 ? 1 : 0][from]!
    if (!overlap(this.#sides[side][at]!, met)) return false
    return this.#star(side, at, from + 1) || (met.flag !== '' && this.normal(side, at + 1, from))
  }

  /** Swallows what it can, and tries to go on wherever the token behind it fits. */
  #star(side: 0 | 1, at: number, from: number): boolean {
    const [star, next] = [this.#sides[side][at]!, this.#sides[side][at + 1]]
    const other = this.#sides[side === 0 ? 1 : 0]
    this.#runtime.charge(other.length)
    for (let place = from; place < other.length; place++) {
      if (next !== undefined && overlap(other[place]!, next) && this.normal(side, at + 1, place)) return true
      if (!overlap(other[place]!, star)) return false
    }
    return next === undefined
  }
}

function overlap(a: Token, b: Token): boolean {
  if (a.ranges === undefined || b.ranges === undefined) return true
  return a.ranges.some(([low, high]) => b.ranges!.some(([from, to]) => from <= high && low <= to))
}

/** Cuts off what both begin and end with; undefined where this differs. One token stays at either end. */
function trim(a: Tokens, b: Tokens): [Tokens, Tokens] | undefined {
  const plain = (token: Token | undefined) => token !== undefined && token.flag === ''
  let left = 0
  for (; plain(a[left]) && plain(b[left]); left++) if (!overlap(a[left]!, b[left]!)) return undefined
  left = Math.max(0, left - 1)
  let right = 0
  for (; ; right++) {
    const [i, j] = [a.length - 1 - right, b.length - 1 - right]
    if (i < left || j < left || !plain(a[i]) || !plain(b[j])) break
    if (!overlap(a[i]!, b[j]!)) return undefined
  }
  right = Math.max(0, right - 1)
  return [a.slice(left, a.length - right), b.slice(left, b.length - right)]
}

/** Repetitions of the same token side by side become one. */
function simplify(tokens: Tokens): Tokens {
  const kept: Token[] = []
  for (const token of tokens) {
    const before = kept.at(-1)
    if (before !== undefined && before.flag !== '' && token.flag !== '' && same(before, token)) {
      before.flag = before.flag === '+' || token.flag === '+' ? '+' : '*'
    } else kept.push(token)
  }
  return kept
}

const same = (a: Token, b: Token) => a.kind === b.kind && JSON.stringify(a.ranges) === JSON.stringify(b.ranges)

interface Rune {
  readonly code: number
  readonly plain: string | undefined
}

function tokenize(pattern: string): Token[] {
  const fail = (why: string) => new BuiltinError(`input:${pattern}, ${why}: the input provided is invalid`)
  const runes: Rune[] = []
  const all = [...pattern]
  for (let at = 0; at < all.length; at++) {
    const escaped = all[at] === '\\'
    if (escaped && ++at === all.length) throw fail('input ends with a \\ (escape) character')
    runes.push({ code: all[at]!.codePointAt(0)!, plain: escaped ? undefined : all[at] })
  }
  const tokens: Token[] = []
  for (let at = 0; at < runes.length; ) {
    const { code, plain } = runes[at++]!
    let token: Token
    if (plain === '.') token = { kind: 'dot', ranges: undefined, flag: '' }
    else if (plain === '[') {
      const ranges: [number, number][] = []
      at = readSet(runes, at, ranges, fail)
      token = { kind: 'set', ranges: union(ranges), flag: '' }
    } else if (plain === ']') throw fail("set-close ']' with no preceding '['")
    else if (plain === '+' || plain === '*') throw fail(`flag '${plain}' must be preceded by a non-flag`)
    else token = { kind: 'character', ranges: [[code, code]], flag: '' }
    const flag = runes[at]?.plain
    if (flag === '+' || flag === '*') {
      token.flag = flag
      at++
    }
    tokens.push(token)
  }
  return tokens
}

/** Reads behind a `[`, and answers the place behind its `]`. */
function readSet(runes: readonly Rune[], from: number, ranges: [number, number][], fail: (why: string) => BuiltinError): number {
  let before: number | undefined
  for (let at = from; at < runes.length; at++) {
    const { code, plain } = runes[at]!
    if (plain === ']') return at + 1
    if (plain !== '-') {
      ranges.push([code, code])
      before = code
      continue
    }
    const end = runes[++at]
    if (before === undefined) throw fail("range character '-' must be preceded by a Unicode character")
    if (end === undefined) throw fail("range character '-' must be followed by a Unicode character")
    if (end.plain === ']' || end.plain === '-') throw fail("range character '-' cannot be followed by a special symbol")
    if (end.code < before) throw fail('range is out of order')
    ranges.push([before, end.code])
    before = undefined
  }
  throw fail('found [ without matching ]')
}

function union(ranges: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const merged: [number, number][] = []
  for (const [low, high] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const before = merged.at(-1)
    if (before !== undefined && low <= before[1] + 1) before[1] = Math.max(before[1], high)
    else merged.push([low, high])
  }
  return merged
}
