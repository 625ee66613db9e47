// cel-go's extension of strings at version 2, which Kubernetes enables since 1.29. Places are counted in code points.
import { Fault, type Run } from '../run.ts'
import { ItemList, type List, typeName, type Value } from '../values.ts'
import { format } from './format-string.ts'
import { untaken } from './go-names.ts'
import { characters, type Library } from './library.ts'

const outside = (at: bigint) => new Fault(`index out of range: ${at}`)

function substring(run: Run, text: string, from: bigint, to?: bigint): Value {
  if (to !== undefined && from > to) throw new Fault(`invalid substring range. start: ${from}, end: ${to}`)
  return text.slice(unitAt(run, text, from), to === undefined ? undefined : unitAt(run, text, to))
}

function charAt(run: Run, text: string, at: bigint): Value {
  const code = text.codePointAt(unitAt(run, text, at))
  return code === undefined ? '' : String.fromCodePoint(code)
}

/** In code points: where `part` begins, at `from` or behind it. */
function indexOf(run: Run, text: string, part: string, from = 0n): Value {
  if (from < 0n) throw outside(from)
  const size = BigInt(characters(run, text))
  if (part === '') return from > size ? size : from
  if (from >= size) return -1n
  run.spend(text.length)
  const begin = unitAt(run, text, from)
  const found = text.indexOf(part, begin)
  return found < 0 ? -1n : from + BigInt(characters(run, text.slice(begin, found)))
}

function lastIndexOf(run: Run, text: string, part: string, from?: bigint): Value {
  const size = BigInt(characters(run, text))
  if (from !== undefined && from < 0n) throw outside(from)
  if (part === '') return from === undefined || from > size ? size : from
  if (from !== undefined && from >= size) return -1n
  run.spend(text.length)
  const found = text.lastIndexOf(part, from === undefined ? undefined : unitAt(run, text, from))
  return found < 0 ? -1n : BigInt(characters(run, text.slice(0, found)))
}

/** Where in UTF-16 the code point of that number is, or the end of them all; a Fault beyond it. */
function unitAt(run: Run, text: string, point: bigint): number {
  if (point < 0n || point > BigInt(text.length)) throw outside(point)
  const points = Number(point)
  run.spend(points >> 2)
  let unit = 0
  for (let count = 0; count < points; count++) {
    if (unit >= text.length) throw outside(point)
    unit += text.codePointAt(unit)! > 0xffff ? 2 : 1
  }
  return unit
}

/** Go's Split: without a separator at each code point; a limit keeps the rest whole. */
function split(run: Run, text: string, separator: string, limit = -1n): Value {
  if (limit === 0n) return new ItemList([])
  const parts = separator === '' ? Array.from(text) : text.split(separator)
  run.spend(text.length + 4 * parts.length)
  if (limit < 0n || BigInt(parts.length) <= limit) return new ItemList(parts)
  const keep = Number(limit) - 1
  return new ItemList([...parts.slice(0, keep), parts.slice(keep).join(separator)])
}

function replace(run: Run, text: string, old: string, by: string, limit = -1n): Value {
  if (limit === 0n) return text
  if (old !== '' && limit < 0n) {
    const parts = text.split(old)
    run.spend(4 * parts.length + text.length + (parts.length - 1) * by.length)
    return parts.join(by)
  }
  // Go puts it before, between and behind the code points where there is nothing to look for.
  const parts = old === '' ? ['', ...Array.from(text), ''] : text.split(old)
  const count = limit < 0n || limit > BigInt(parts.length - 1) ? parts.length - 1 : Number(limit)
  run.spend(text.length + count * by.length)
  return parts.slice(0, count + 1).join(by) + (count + 1 < parts.length ? old + parts.slice(count + 1).join(old) : '')
}

/** Go's idea of white space. */
const SPACE = '[\\t\\n\\v\\f\\r \\x85\\xA0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const LEADING = new RegExp(`^${SPACE}+`)
const SPACES = new RegExp(SPACE)

export function trim(text: string): string {
  const start = LEADING.exec(text)?.[0].length ?? 0
  let end = text.length
  while (end > start && SPACES.test(text[end - 1]!)) end--
  return text.slice(start, end)
}

/** Letters of ASCII alone. */
function inAscii(run: Run, text: string, change: (text: string) => string): string {
  run.spend(text.length)
  return text.replace(/[\x00-\x7f]+/g, change)
}

function join(run: Run, list: List, ...given: readonly [string?]): Value {
  const [separator = ''] = given
  // cel-go looks at the first element to see what a list is of.
  if (list.size > 0 && typeof list.at(0) !== 'string') throw untaken('join', list, ...(given as readonly string[]))
  const parts: string[] = []
  let size = 0
  for (const item of list) {
    if (typeof item !== 'string') throw new Fault(`join: invalid input: ${typeof item === 'object' ? typeName(item) : item}`)
    parts.push(item)
    size += item.length + separator.length
    if (parts.length % 1_024 === 0 || size > 1e6) {
      run.charge(Math.ceil(size * 0.2))
      size = 0
    }
  }
  run.charge(Math.ceil(Math.max(0, size - (parts.length > 0 ? separator.length : 0)) * 0.2))
  return parts.join(separator)
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
}

export const quote = (text: string) => `"${text.replace(/[\x07\b\f\n\r\t\v\\"]/g, (one) => ESCAPES[one]!)}"`

export const STRINGS: Library = {
  '.charAt(string, int): string': charAt,
  '.indexOf(string, string): int': indexOf,
  '.indexOf(string, string, int): int': indexOf,
  '.lastIndexOf(string, string): int': lastIndexOf,
  '.lastIndexOf(string, string, int): int': lastIndexOf,
  '.lowerAscii(string): string': (run: Run, text: string) => inAscii(run, text, (some) => some.toLowerCase()),
  '.upperAscii(string): string': (run: Run, text: string) => inAscii(run, text, (some) => some.toUpperCase()),
  '.replace(string, string, string): string': replace,
  '.replace(string, string, string, int): string': replace,
  '.split(string, string): list(string)': split,
  '.split(string, string, int): list(string)': split,
  '.substring(string, int): string': substring,
  '.substring(string, int, int): string': substring,
  '.trim(string): string': (run: Run, text: string) => {
    run.spend(text.length)
    return trim(text)
  },
  '.join(list(string)): string': join,
  '.join(list(string), string): string': join,
  '.format(string, list(dyn)): string': format,
  'strings.quote(string): string': (run: Run, text: string) => {
    run.spend(4 * text.length)
    return quote(text)
  },
}
