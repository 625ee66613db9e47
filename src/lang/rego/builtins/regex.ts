import { RE2JS } from 're2js'
import type { Builtin, Runtime } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { globsMatch } from './globs-match.ts'
import { kept } from './kept.ts'
import { int, text } from './operands.ts'

/** For each character of a pattern. */
export const STEPS_TO_COMPILE = 64
/** States of a pattern that are gone through in the time of a step. */
const STATES_OF_A_STEP = 2
/** At worst, in ms: a pattern that has a literal part which is not in the text takes a thousandth. */
const TIME_OF_A_STATE = 35e-6

/** Texts up to here are units, images, names: the same few again and again. */
const SHORT = 64

const matches: Builtin = (runtime, a, b) => {
  const [source, from] = [text(a, 1), text(b, 2)]
  const found = patternFor(runtime, source)
  chargeFor(runtime, found, from)
  return from.length > SHORT ? found.matcher(from).find() : verdictsOf(source)(from)
}

/** By the pattern's source, then by the text: whether it is found there. */
const verdictsOf = kept(256, (source) => kept(256, (from) => pattern(source).matcher(from).find()))

/** Takes the steps that a pattern may need for a text: both sizes count. Nothing interrupts a match, so there must be time for it. */
export function chargeFor(runtime: Runtime, found: RE2JS, from: string): void {
  const states = found.programSize() * from.length
  runtime.charge(Math.ceil(states / STATES_OF_A_STEP))
  runtime.foresee(states * TIME_OF_A_STATE)
}

function matcherOf(runtime: Runtime, source: string, from: string) {
  const found = patternFor(runtime, source)
  chargeFor(runtime, found, from)
  return found.matcher(from)
}

/** Throws BuiltinError for what is no pattern of RE2. */
export function patternFor(runtime: Runtime, source: string): RE2JS {
  if (!pattern.has(source)) runtime.charge(STEPS_TO_COMPILE * source.length)
  return pattern(source)
}

/** Regular expressions of RE2: to find one match takes time linear in the text, to find all of them as much for each. */
export const REGEX: Readonly<Record<string, Builtin>> = {
  'regex.match': matches,
  re_match: matches,
  'regex.is_valid': (runtime, a) => {
    if (typeof a !== 'string') return false
    try {
      patternFor(runtime, a)
      return true
    } catch (error) {
      if (!(error instanceof BuiltinError)) throw error
      return false
    }
  },
  'regex.split': (runtime, a, b) => {
    const from = text(b, 2)
    const parts: string[] = []
    let begin = 0
    // As Go: a match that ends where the text begins splits nothing, and nothing is in an empty text.
    for (const { start, end } of found(runtime, text(a, 1), from, -1)) {
      if (end === 0 || from === '') continue
      // One at the very end leaves nothing behind it, if it is empty.
      if (start === end && start === from.length) break
      parts.push(from.slice(begin, start))
      begin = end
    }
    return from === '' && text(a, 1) === '' ? [] : [...parts, from.slice(begin)]
  },
  'regex.find_n': (runtime, a, b, c) => found(runtime, text(a, 1), text(b, 2), int(c, 3)).map(({ groups }) => groups[0]!),
  'regex.find_all_string_submatch_n': (runtime, a, b, c) =>
    found(runtime, text(a, 1), text(b, 2), int(c, 3)).map(({ groups }) => groups.map((group) => group ?? '')),
  'regex.replace': (runtime, a, b, c) => {
    const from = text(a, 1)
    const template = text(c, 3)
    const names = patternFor(runtime, text(b, 2)).namedGroups()
    const parts: string[] = []
    let begin = 0
    for (const { start, end, groups } of found(runtime, text(b, 2), from, -1)) {
      const put = expand(template, groups, names)
      runtime.spend(2 * (start - begin + put.length))
      parts.push(from.slice(begin, start), put)
      begin = end
    }
    return parts.join('') + from.slice(begin)
  },
  'regex.template_match': (runtime, a, b, c, d) => {
    const [template, subject, open, close] = [text(a, 1), text(b, 2), text(c, 3), text(d, 4)]
    for (const [delimiter, name] of [
      [open, 'start'],
      [close, 'end'],
    ] as const) {
      if (Buffer.byteLength(delimiter) !== 1) throw new BuiltinError(`${name} delimiter has to be exactly one character long`)
    }
    return matcherOf(runtime, fromTemplate(template, open, close), subject).find()
  },
  'regex.globs_match': (runtime, a, b) => globsMatch(runtime, text(a, 1), text(b, 2)),
}

/** Throws BuiltinError for what is no pattern of RE2. */
export const pattern = kept(256, (source) => {
  try {
    return RE2JS.compile(source)
  } catch (error) {
    throw new BuiltinError(`error parsing regexp: ${(error as Error).message}`)
  }
})

interface Match {
  readonly start: number
  readonly end: number
  /** The whole match, then its groups. */
  readonly groups: readonly (string | null)[]
}

/** Every match, at most `limit` where that is not negative. An empty match right after a match is none, as in Go. */
function found(runtime: Runtime, source: string, from: string, limit: number): Match[] {
  const matcher = matcherOf(runtime, source, from)
  const count = matcher.groupCount() + 1
  const all: Match[] = []
  let before = -1
  for (let at = 0; at <= from.length && (limit < 0 || all.length < limit); ) {
    // A pattern such as `a.*b|a` goes through all of the rest for each match; most do not, so that steps would be unfair.
    runtime.look()
    if (!matcher.find(at)) break
    const [start, end] = [matcher.start(), matcher.end()]
    if (start !== end || start !== before) {
      runtime.charge(count)
      runtime.spend(64 * count)
      all.push({ start, end, groups: Array.from({ length: count }, (_, n) => matcher.group(n)) })
    }
    before = end
    at = end > at ? end : at + (from.codePointAt(at)! > 0xffff ? 2 : 1)
  }
  return all
}

/** `$1`, `${name}` and `$$`; a `$` that begins none of them stands for itself. */
function expand(template: string, groups: readonly (string | null)[], names: Readonly<Record<string, number>>): string {
  return template.replace(/\$(?:(\$)|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu, (_, dollar?: string, bare?: string, braced?: string) => {
    if (dollar !== undefined) return '$'
    const name = bare ?? braced!
    if (/^(?:0|[1-9]\d{0,8})$/.test(name)) return groups[Number(name)] ?? ''
    return (Object.hasOwn(names, name) ? groups[names[name]!] : undefined) ?? ''
  })
}

/** Text with patterns between delimiters, as one pattern for the whole. */
function fromTemplate(template: string, open: string, close: string): string {
  let [depth, begin, end, out] = [0, 0, 0, '^']
  for (let at = 0; at < template.length; at++) {
    // The same delimiter on both sides only ever opens.
    if (template[at] === open) {
      if (++depth === 1) begin = at
    } else if (template[at] === close) {
      if (--depth === 0) {
        const inner = template.slice(begin + 1, at)
        pattern(`^${inner}$`)
        out += `${RE2JS.quote(template.slice(end, begin))}(${inner})`
        end = at + 1
      } else if (depth < 0) break
    }
  }
  if (depth !== 0) throw new BuiltinError(`unbalanced braces in ${JSON.stringify(template)}`)
  return `${out}${RE2JS.quote(template.slice(end))}$`
}
