import { RE2JS } from 're2js'
import type { Builtin } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { text, texts } from './operands.ts'

/** Globs with delimiters: `*` and `?` stop at them, `**` does not; `[a-z]`, `[!a]`, `{one,other}`. */
export const GLOB: Readonly<Record<string, Builtin>> = {
  'glob.match': (_, a, b, c) => {
    // No delimiters where none are wanted (null); the point where none are named.
    const named = b === null ? [] : texts(b, 2)
    const delimiters = b === null ? [] : named.length === 0 ? ['.'] : named
    return RE2JS.compile(expression(text(a, 1), delimiters), RE2JS.DOTALL).matches(text(c, 3))
  },
  'glob.quote_meta': (_, a) => text(a, 1).replace(/[*?\\[\]{}]/g, '\\$&'),
}

function expression(glob: string, delimiters: readonly string[]): string {
  const one = delimiters.length === 0 ? '.' : `[^${delimiters.map(inClass).join('')}]`
  const runes = [...glob]
  let out = ''
  let depth = 0
  for (let at = 0; at < runes.length; at++) {
    const rune = runes[at]!
    if (rune === '*' && runes[at + 1] === '*') {
      out += '.*'
      while (runes[at + 1] === '*') at++
    } else if (rune === '*') out += `${one}*`
    else if (rune === '?') out += one
    else if (rune === '\\' && at + 1 < runes.length) out += RE2JS.quote(runes[++at]!)
    else if (rune === '[') {
      const end = runes.indexOf(']', at + 2)
      if (end < 0) throw new BuiltinError('a range of the glob does not end')
      const inner = runes.slice(at + 1, end)
      const not = inner[0] === '!'
      out += `[${not ? '^' : ''}${(not ? inner.slice(1) : inner).map((item) => (item === '-' ? '-' : inClass(item))).join('')}]`
      at = end
    } else if (rune === '{') {
      depth++
      out += '(?:'
    } else if (rune === '}' && depth > 0) {
      depth--
      out += ')'
    } else out += rune === ',' && depth > 0 ? '|' : RE2JS.quote(rune)
  }
  if (depth > 0) throw new BuiltinError('an alternative of the glob does not end')
  return out
}

const inClass = (text: string) => text.replace(/[\\\]^[-]/g, '\\$&')
