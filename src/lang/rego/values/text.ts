// Values from text and to text: JSON without loss, and Rego's own notation for ground terms.
import { ThymusError } from '../../../core/errors.ts'
import { stringEnd } from '../../../formats/json-string.ts'
import { numberText, partsOf, readNumber } from './decimal.ts'
import { bounded, copying, made, walk } from './meter.ts'
import { NameTree } from './name-tree.ts'
import { compareStrings } from './order.ts'
import { type Collection, isArray, isCollection, isNumber, RegoObject, RegoSet, type Value } from './value.ts'

/** What is as deep is read, evaluated and written by code that was never compiled, whose frames are the largest; Go's JSON reader stops at 10,000. */
export const MAX_DEPTH = 1_000

/** OPA reads no number with an exponent that is beyond 2^100000, or as small. */
const MAX_READ = 30_103

/** Reads strict JSON. Throws ThymusError FORMAT with the offset. */
export const readJson = (text: string): Value => new Reader(text, false).whole()
/** Reads a ground Rego term: JSON, sets, keys of any kind, trailing commas. */
export const readTerm = (text: string): Value => new Reader(text, true).whole()

/** As OPA answers: sets as sorted arrays, keys of other kinds as the text of their JSON. Throws RegoError REGO_LIMIT for a value too large. */
export const printJson = (value: Value): string => (isCollection(value) ? bounded(() => json(value)) : scalar(value))

function json(value: Value): string {
  if (!isCollection(value)) return scalar(value)
  if (value instanceof RegoObject) {
    walk(value.size)
    return made(
      `{${jsonEntries(value)
        .map(([key, item]) => `${quote(key)}:${json(item)}`)
        .join(',')}}`,
    )
  }
  const items = isArray(value) ? value : value.members()
  walk(items.length)
  return made(`[${items.map(json).join(',')}]`)
}

function scalar(value: Exclude<Value, Collection>): string {
  if (typeof value === 'string') return quote(value)
  return isNumber(value) ? numberText(value) : String(value)
}

/** With keys as JSON has them: those that are no strings are the text of their JSON, and the last of equal ones counts. */
export function jsonEntries(object: RegoObject): readonly (readonly [string, Value])[] {
  const entries = object.entries()
  if (entries.every((entry): entry is [string, Value] => typeof entry[0] === 'string')) return entries
  const named = new Map(entries.map(([key, item]) => [typeof key === 'string' ? key : printJson(key), item]))
  return [...named].sort(([a], [b]) => compareStrings(a, b))
}

/** The value as JSON gives it back: sets as arrays, and keys as strings. Throws RegoError REGO_LIMIT for a value too large. */
export const asJson = (value: Value): Value => (isCollection(value) ? bounded(() => plain(value)) : value)

function plain(value: Value): Value {
  if (!isCollection(value)) return value
  copying(isArray(value) ? value.length : value.size)
  if (value instanceof RegoObject) return RegoObject.of(jsonEntries(value).map(([key, item]) => [key, plain(item)]))
  return (isArray(value) ? value : value.members()).map(plain)
}

/** As Rego writes a term: `{"a": [1, {2}]}`, `set()`. Throws RegoError REGO_LIMIT for a value too large. */
export const printTerm = (value: Value): string => bounded(() => term(value))

function term(value: Value): string {
  if (!isCollection(value)) return typeof value === 'string' ? quoteTerm(value) : scalar(value)
  walk(isArray(value) ? value.length : value.size)
  if (isArray(value)) return made(`[${value.map(term).join(', ')}]`)
  if (value instanceof RegoSet) return value.size === 0 ? 'set()' : made(`{${value.members().map(term).join(', ')}}`)
  return made(
    `{${value
      .entries()
      .map(([key, item]) => `${term(key)}: ${term(item)}`)
      .join(', ')}}`,
  )
}

/** ASCII of which none is escaped: nearly every key. */
const PLAIN = /^[ !#-%'-;=?-[\]-~]*$/

/** Go escapes what would be markup, two line separators, and what is no Unicode. */
export const quote = (text: string) =>
  PLAIN.test(text)
    ? `"${text}"`
    : JSON.stringify(text)
        .replace(/\\ud[89a-f][0-9a-f]{2}/g, '\\ufffd')
        .replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

/** As Go quotes: what is not printable is escaped, and a byte that is no text (a lone surrogate here) stands as one. */
export function quoteTerm(text: string): string {
  if (!/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(text)) return `"${text}"`
  const escaped = text.replace(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (c) => {
    const code = c.codePointAt(0)!
    const hex = (width: number, value = code) => value.toString(16).padStart(width, '0')
    if (SHORT[c] !== undefined) return SHORT[c]
    if (code < 0x20 || code === 0x7f) return `\\x${hex(2)}`
    if (code >= 0xdc80 && code <= 0xdcff) return `\\x${hex(2, code - 0xdc00)}`
    return code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`
  })
  return `"${escaped}"`
}

class Reader {
  readonly #text: string
  readonly #rego: boolean
  readonly #names = new NameTree()
  #at = 0
  #depth = 0

  constructor(text: string, rego: boolean) {
    this.#text = text
    this.#rego = rego
  }

  whole(): Value {
    const value = this.#first()
    this.#space()
    if (this.#at < this.#text.length) this.#fail('more text after the value')
    return value
  }

  /** V8's stack may end before the depth is reached, where much of it is in use. */
  #first(): Value {
    try {
      return this.#value()
    } catch (error) {
      if (error instanceof RangeError) return this.#fail('nested deeper than the stack')
      throw error
    }
  }

  #value(): Value {
    this.#space()
    const first = this.#text[this.#at]
    if (first === '{' || first === '[') return this.#nested(first)
    if (first === '"') return this.#string()
    if (first === '`' && this.#rego) return this.#raw()
    for (const [word, value] of [
      ['null', null],
      ['true', true],
      ['false', false],
    ] as const)
      if (this.#word(word)) return value
    if (this.#rego && this.#word('set(')) {
      this.#expect(')')
      return new RegoSet()
    }
    return this.#number()
  }

  #nested(open: string): Value {
    if (++this.#depth > MAX_DEPTH) this.#fail(`nested deeper than ${MAX_DEPTH}`)
    this.#at++
    const value = open === '[' ? this.#list(']') : this.#rego ? this.#braces() : this.#object()
    this.#depth--
    return value
  }

  #list(close: string): Value[] {
    const items: Value[] = []
    if (this.#take(close)) return items
    do items.push(this.#value())
    while (!this.#ends(close))
    // A copy has no room to grow into.
    return items.slice()
  }

  /** Of JSON. */
  #object(): RegoObject {
    if (this.#take('}')) return new RegoObject()
    const values: Value[] = []
    let names = this.#names
    let object: RegoObject | undefined
    do {
      this.#space()
      if (this.#text[this.#at] !== '"') this.#fail('a key is a string')
      const key = this.#string()
      this.#expect(':')
      const next = object === undefined ? names.next(key) : undefined
      if (next === undefined) {
        object ??= new RegoObject(names.names, values)
        object.set(key, this.#value())
      } else {
        names = next
        values.push(this.#value())
      }
    } while (!this.#ends('}'))
    return object ?? new RegoObject(names.names, values.slice())
  }

  /** What Rego has in braces: an object with keys of any kind, or a set. */
  #braces(): Value {
    const object = new RegoObject()
    if (this.#take('}')) return object
    let first = true
    do {
      const key = this.#value()
      if (first && !this.#peek(':')) return RegoSet.of(this.#ends('}') ? [key] : [key, ...this.#list('}')])
      first = false
      this.#expect(':')
      object.set(key, this.#value())
    } while (!this.#ends('}'))
    return object
  }

  /** Whether a list ends here: else there is a comma before the next item, which in Rego may be the last thing. */
  #ends(close: string): boolean {
    if (this.#take(close)) return true
    this.#expect(',')
    return this.#rego && this.#take(close)
  }

  #string(): string {
    const end = stringEnd(this.#text, this.#at)
    if (end < 0) this.#fail('a string does not end')
    try {
      const value = (JSON.parse(this.#text.slice(this.#at, end + 1)) as string).toWellFormed()
      this.#at = end + 1
      return value
    } catch {
      return this.#fail('a string has an unknown escape, or a control character')
    }
  }

  #raw(): string {
    const end = this.#text.indexOf('`', this.#at + 1)
    if (end < 0) this.#fail('a raw string does not end')
    const value = this.#text.slice(this.#at + 1, end)
    this.#at = end + 1
    return value
  }

  #number(): Value {
    const match = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
    match.lastIndex = this.#at
    const found = match.exec(this.#text)?.[0]
    const value = found === undefined ? undefined : readNumber(found)
    if (value === undefined) this.#fail('no value')
    if (/e/i.test(found!) && Math.abs(partsOf(value).exponent) > MAX_READ) this.#fail('a number out of range')
    this.#at += found!.length
    return value
  }

  #space(): void {
    while (this.#at < this.#text.length && ' \t\r\n'.includes(this.#text[this.#at]!)) this.#at++
  }

  #peek(text: string): boolean {
    this.#space()
    return this.#text.startsWith(text, this.#at)
  }

  #take(text: string): boolean {
    const there = this.#peek(text)
    if (there) this.#at += text.length
    return there
  }

  #word(text: string): boolean {
    const there = this.#text.startsWith(text, this.#at)
    if (there) this.#at += text.length
    return there
  }

  #expect(text: string): void {
    if (!this.#take(text)) this.#fail(`"${text}" expected`)
  }

  #fail(message: string): never {
    throw new ThymusError('FORMAT', message, { at: `offset ${this.#at}` })
  }
}
