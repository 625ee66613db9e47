import type { Builtin, Runtime } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { runeCount, runeSlice } from '../values/runes.ts'
import type { RegoObject, Value } from '../values/value.ts'
import { fromBytes, toBytes } from './bytes.ts'
import { lower, upper } from './case.ts'
import { int, mustBe, object, text, texts } from './operands.ts'

/** What Go calls white space. */
const SPACE = '[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const LEADING = new RegExp(`^${SPACE}+`)

/** Characters of a needle that V8's search makes use of: with longer ones it takes time in proportion to both sizes, at worst. */
const NEEDLE = 250

/** Strings, by code points where they are counted. */
export const STRINGS: Readonly<Record<string, Builtin>> = {
  concat: (runtime, a, b) => {
    const [by, parts] = [text(a, 1), texts(b, 2)]
    runtime.spend(2 * parts.reduce((total, part) => total + part.length + by.length, 0))
    return parts.join(by)
  },
  contains: (runtime, a, b) => find(runtime, text(a, 1), text(b, 2)) >= 0,
  startswith: (_, a, b) => text(a, 1).startsWith(text(b, 2)),
  endswith: (_, a, b) => text(a, 1).endsWith(text(b, 2)),
  lower: (_, a) => lower(text(a, 1)),
  upper: (_, a) => upper(text(a, 1)),
  split: (runtime, a, b) => split(runtime, text(a, 1), text(b, 2)),
  'strings.split_n': (runtime, a, b, c) => {
    const [parts, count] = [split(runtime, text(a, 1), text(b, 2)), int(c, 3)]
    return count >= 0 ? parts.slice(0, count) : parts.slice(Math.max(0, parts.length + count))
  },
  replace: (runtime, a, b, c) => {
    const [from, old, fresh] = [text(a, 1), text(b, 2), text(c, 3)]
    return old === '' ? replaceAny(runtime, [[old, fresh]], from) : replacedOne(runtime, old, fresh, from)
  },
  indexof: (runtime, a, b) => {
    if (text(b, 2) === '') throw new BuiltinError('empty search character')
    const at = find(runtime, text(a, 1), text(b, 2))
    return at < 0 ? -1 : runeCount(text(a, 1).slice(0, at))
  },
  indexof_n: (runtime, a, b) => {
    const [from, wanted] = [text(a, 1), text(b, 2)]
    if (wanted === '') throw new BuiltinError('empty search character')
    const places: number[] = []
    let [runes, counted] = [0, 0]
    for (let at = find(runtime, from, wanted); at >= 0; at = find(runtime, from, wanted, at + 1)) {
      runtime.charge(1 + (wanted.length >> 4))
      runes += runeCount(from.slice(counted, at))
      counted = at
      places.push(runes)
    }
    return places
  },
  substring: (_, a, b, c) => {
    const [from, length] = [int(b, 2), int(c, 3)]
    if (from < 0) throw new BuiltinError('negative offset')
    return runeSlice(text(a, 1), from, length < 0 ? undefined : from + length)
  },
  trim: (_, a, b) => trimRight(trimLeft(text(a, 1), text(b, 2)), text(b, 2)),
  trim_left: (_, a, b) => trimLeft(text(a, 1), text(b, 2)),
  trim_right: (_, a, b) => trimRight(text(a, 1), text(b, 2)),
  trim_prefix: (_, a, b) => (text(a, 1).startsWith(text(b, 2)) ? text(a, 1).slice(text(b, 2).length) : a),
  trim_suffix: (_, a, b) => (text(b, 2) !== '' && text(a, 1).endsWith(text(b, 2)) ? text(a, 1).slice(0, -text(b, 2).length) : a),
  trim_space: (_, a) => trimSpace(text(a, 1)),
  'strings.reverse': (_, a) => [...text(a, 1)].reverse().join(''),
  'strings.count': (runtime, a, b) => (text(b, 2) === '' ? runeCount(text(a, 1)) + 1 : partsOf(runtime, text(a, 1), text(b, 2)).length - 1),
  'strings.any_prefix_match': (runtime, a, b) => anyOf(runtime, a, b, (one, other) => one.startsWith(other)),
  'strings.any_suffix_match': (runtime, a, b) => anyOf(runtime, a, b, (one, other) => one.endsWith(other)),
  'strings.replace_n': (runtime, a, b) => replaceAny(runtime, pairs(object(a, 1)), text(b, 2)),
}

function trimLeft(value: string, cut: string): string {
  const runes = [...value]
  const gone = new Set(cut)
  let from = 0
  while (from < runes.length && gone.has(runes[from]!)) from++
  return runes.slice(from).join('')
}

function trimRight(value: string, cut: string): string {
  return [...trimLeft([...value].reverse().join(''), cut)].reverse().join('')
}

/** From the end by hand: a regular expression would try at every space. */
function trimSpace(value: string): string {
  const left = value.replace(LEADING, '')
  const space = new RegExp(SPACE)
  let end = left.length
  while (end > 0 && space.test(left[end - 1]!)) end--
  return left.slice(0, end)
}

function anyOf(runtime: Runtime, a: Value, b: Value, test: (one: string, other: string) => boolean): boolean {
  const list = (value: Value, at: number) => {
    mustBe(value, at, 'string', 'set', 'array')
    return typeof value === 'string' ? [value] : texts(value, at)
  }
  const others = list(b, 2)
  const length = others.reduce((total, other) => total + other.length, 0)
  return list(a, 1).some((one) => {
    runtime.charge(others.length + (Math.min(length, others.length * one.length) >> 6))
    return others.some((other) => test(one, other))
  })
}

/** Where a text stands in another. Of one too long for V8 the beginning is looked for, and each place where that stands takes steps. */
function find(runtime: Runtime, from: string, wanted: string, after = 0): number {
  if (wanted.length <= NEEDLE) return from.indexOf(wanted, after)
  const begin = wanted.slice(0, NEEDLE)
  let at = from.indexOf(begin, after)
  while (at >= 0 && !from.startsWith(wanted, at)) {
    runtime.charge(wanted.length >> 4)
    at = from.indexOf(begin, at + 1)
  }
  return at
}

/** What stands between the places of a text in another. */
function partsOf(runtime: Runtime, from: string, by: string): string[] {
  if (by.length <= NEEDLE) return from.split(by)
  const parts: string[] = []
  let begin = 0
  for (let at = find(runtime, from, by); at >= 0; at = find(runtime, from, by, begin)) {
    parts.push(from.slice(begin, at))
    begin = at + by.length
  }
  parts.push(from.slice(begin))
  return parts
}

function split(runtime: Runtime, from: string, by: string): string[] {
  runtime.spend(16 * (by === '' ? from.length : from.length / by.length))
  return by === '' ? [...from] : partsOf(runtime, from, by)
}

function pairs(object: RegoObject): (readonly [string, string])[] {
  return object.entries().map(([old, fresh]): readonly [string, string] => {
    if (typeof old === 'string' && typeof fresh === 'string') return [old, fresh]
    throw new BuiltinError(`operand 1 non-string ${typeof old === 'string' ? 'value' : 'key'} found in pattern object`, 'eval_type_error')
  })
}

function replaceAny(runtime: Runtime, olds: readonly (readonly [string, string])[], from: string): string {
  const [only] = olds
  if (only !== undefined && olds.length === 1 && only[0] !== '') return replacedOne(runtime, only[0], only[1], from)
  if (!olds.some(([old]) => old === '') || /^[\0-\x7f]*$/.test(from)) return replaced(runtime, olds, from)
  // The empty string stands between bytes, not characters.
  const latin = (value: string) => toBytes(value).toString('latin1')
  const bytes = replaced(
    runtime,
    olds.map(([old, fresh]): readonly [string, string] => [latin(old), latin(fresh)]),
    latin(from),
  )
  return fromBytes(Buffer.from(bytes, 'latin1'))
}

/** Where texts stand in another, from left to right and not over each other; of those that fit at a place the first. */
function* occurrences(runtime: Runtime, olds: readonly string[], from: string): Iterable<{ readonly index: number; readonly 0: string }> {
  const [only, ...more] = olds
  if (only === undefined) return
  if (more.length === 0) {
    for (let at = find(runtime, from, only); at >= 0; at = find(runtime, from, only, at + only.length)) yield { index: at, 0: only }
    return
  }
  runtime.charge(olds.length)
  const byFirst = Map.groupBy(olds, (old) => old[0]!)
  for (let at = 0; at < from.length; at++) {
    const candidates = byFirst.get(from[at]!)
    if (candidates === undefined) continue
    runtime.charge(2 * candidates.length)
    const old = candidates.find((each) => from.startsWith(each, at))
    if (old === undefined) continue
    yield { index: at, 0: old }
    at += old.length - 1
  }
}

function replacedOne(runtime: Runtime, old: string, fresh: string, from: string): string {
  const at = find(runtime, from, old)
  if (at < 0) return from
  const end = at + old.length
  if (find(runtime, from, old, end) < 0) {
    runtime.spend(2 * (from.length + fresh.length - old.length))
    return from.slice(0, at) + fresh + from.slice(end)
  }
  const between = partsOf(runtime, from, old)
  runtime.spend(2 * (from.length + (between.length - 1) * (fresh.length - old.length)))
  return between.join(fresh)
}

/** At each place the first of the old strings that fits; the replacement is not looked at again. */
function replaced(runtime: Runtime, olds: readonly (readonly [string, string])[], from: string): string {
  const empty = olds.find(([old]) => old === '')
  const parts: string[] = []
  const add = (part: string) => {
    runtime.spend(2 * part.length)
    parts.push(part)
  }
  const fresh = new Map(olds)
  let at = 0
  for (const match of occurrences(
    runtime,
    olds.flatMap(([old]) => (old === '' ? [] : [old])),
    from,
  )) {
    add(empty === undefined ? from.slice(at, match.index) : spaced(from.slice(at, match.index), empty[1]))
    if (empty !== undefined) add(empty[1])
    add(fresh.get(match[0])!)
    at = match.index + match[0].length
  }
  if (empty === undefined) add(from.slice(at))
  else add(spaced(from.slice(at), empty[1]) + empty[1])
  return parts.join('')
}

/** Something before each character. */
const spaced = (value: string, before: string) => value.replace(/./gs, (c) => before + c)
