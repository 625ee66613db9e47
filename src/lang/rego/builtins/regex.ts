import { RE2JS } from 're2js'
import type { Builtin } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { int, text } from './operands.ts'

/** Patterns kept compiled; policies hold few, hostile ones must not fill the memory. */
const KEPT = 256
const compiled = new Map<string, RE2JS>()

const matches: Builtin = (_, a, b) => pattern(text(a, 1)).matcher(text(b, 2)).find()

/** Regular expressions of RE2, in time linear in the text. */
export const REGEX: Readonly<Record<string, Builtin>> = {
  'regex.match': matches,
  re_match: matches,
  'regex.is_valid': (_, a) => {
    if (typeof a !== 'string') return false
    try {
      pattern(a)
      return true
    } catch {
      return false
    }
  },
  'regex.split': (_, a, b) => {
    const from = text(b, 2)
    const matcher = pattern(text(a, 1)).matcher(from)
    const parts: string[] = []
    let begin = 0
    // As Go: an empty match at either end splits nothing.
    while (from !== '' && matcher.find()) {
      if (matcher.end() === 0 || (matcher.start() === matcher.end() && matcher.start() === from.length)) continue
      parts.push(from.slice(begin, matcher.start()))
      begin = matcher.end()
    }
    return [...parts, from.slice(begin)]
  },
  'regex.find_n': (_, a, b, c) => found(text(a, 1), text(b, 2), int(c, 3)).map(([whole]) => whole!),
  'regex.find_all_string_submatch_n': (_, a, b, c) => found(text(a, 1), text(b, 2), int(c, 3)),
}

function pattern(source: string): RE2JS {
  const known = compiled.get(source)
  if (known !== undefined) return known
  try {
    const fresh = RE2JS.compile(source)
    if (compiled.size >= KEPT) compiled.clear()
    compiled.set(source, fresh)
    return fresh
  } catch (error) {
    throw new BuiltinError(`error parsing regexp: ${(error as Error).message}`)
  }
}

/** Every match with its groups, at most `limit` where that is not negative. An empty match right after a match is none, as in Go. */
function found(source: string, from: string, limit: number): string[][] {
  const matcher = pattern(source).matcher(from)
  const all: string[][] = []
  let end = -1
  while ((limit < 0 || all.length < limit) && matcher.find()) {
    const empty = matcher.start() === matcher.end()
    if (!(empty && matcher.start() === end)) all.push(Array.from({ length: matcher.groupCount() + 1 }, (_, at) => matcher.group(at) ?? ''))
    end = matcher.end()
  }
  return all
}
