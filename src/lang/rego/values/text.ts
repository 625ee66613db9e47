// Values from text and to text: JSON without loss, and Rego's own notation for ground terms.
import { ThymusError } from '../../../core/errors.ts'
import { numberText, partsOf, readNumber } from './decimal.ts'
import { compareStrings } from './order.ts'
import { isArray, isNumber, RegoObject, RegoSet, type Value } from './value.ts'

/** Deeper values would end the stack of what walks them; Go's JSON reader stops at 10,000. */
export const MAX_DEPTH = 2_000

/** OPA reads no number with an exponent that is beyond 2^100000, or as small. */
const MAX_READ = 30_103

/** Reads strict JSON. Throws ThymusError FORMAT with the offset. */
export const readJson = (text: string): Value => new Reader(text, false).whole()
/** Reads a ground Rego term: JSON, sets, keys of any kind, trailing commas. */
export const readTerm = (text: string): Value => new Reader(text, true).whole()

/** As OPA answers: sets as sorted arrays, keys of other kinds as the text of their JSON. */
export function printJson(value: Value): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quote(value)
  if (isNumber(value)) return numberText(value)
  if (isArray(value)) return `[${value.map(printJson).join(',')}]`
  if (value instanceof RegoSet) return `[${value.members().map(printJson).join(',')}]`
  return `{${jsonEntries(value)
    .map(([key, item]) => `${quote(key)}:${printJson(item)}`)
    .join(',')}}`
}

/** With keys as JSON has them: those that are no strings are the text of their JSON, and the last of equal ones counts. */
export function jsonEntries(object: RegoObject): readonly (readonly [string, Value])[] {
  const entries = object.entries()
  if (entries.every((entry): entry is [string, Value] => typeof entry[0] === 'string')) return entries
  const named = new Map(entries.map(([key, item]) => [typeof key === 'string' ? key : printJson(key), item]))
  return [...named].sort(([a], [b]) => compareStrings(a, b))
}

/** The value as JSON gives it back: sets as arrays, and keys as strings. */
export function asJson(value: Value): Value {
  if (isArray(value)) return value.map(asJson)
  if (value instanceof RegoSet) return value.members().map(asJson)
  return value instanceof RegoObject ? RegoObject.of(jsonEntries(value).map(([key, item]) => [key, asJson(item)])) : value
}

/** As Rego writes a term: `{"a": [1, {2}]}`, `set()`. */
export function printTerm(value: Value): string {
  if (isArray(value)) return `[${value.map(printTerm).join(', ')}]`
  if (value instanceof RegoSet) return value.size === 0 ? 'set()' : `{${value.members().map(printTerm).join(', ')}}`
  if (value instanceof RegoObject)
    return `{${value
      .entries()
      .map(([key, item]) => `${printTerm(key)}: ${printTerm(item)}`)
      .join(', ')}}`
  return typeof value === 'string' ? quoteTerm(value) : printJson(value)
}

/** Go escapes what would be markup, two line separators, and what is no Unicode. */
export const quote = (text: string) =>
  JSON.stringify(text)
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
    const value = open === '[' ? this.#list(']') : this.#braces()
    this.#depth--
    return value
  }

  #list(close: string): Value[] {
    const items: Value[] = []
    if (this.#take(close)) return items
    for (;;) {
      items.push(this.#value())
      if (this.#take(close)) return items
      this.#expect(',')
      if (this.#rego && this.#take(close)) return items
    }
  }

  #braces(): Value {
    const object = new RegoObject()
    if (this.#take('}')) return object
    for (let count = 0; ; count++) {
      this.#space()
      if (!this.#rego && this.#text[this.#at] !== '"') this.#fail('a key is a string')
      const key = this.#value()
      if (count === 0 && this.#rego && !this.#peek(':')) {
        if (this.#take('}')) return RegoSet.of([key])
        this.#expect(',')
        return RegoSet.of([key, ...this.#list('}')])
      }
      this.#expect(':')
      object.set(key, this.#value())
      if (this.#take('}')) return object
      this.#expect(',')
      if (this.#rego && this.#take('}')) return object
    }
  }

  #string(): string {
    const match = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y
    match.lastIndex = this.#at
    const found = match.exec(this.#text)?.[0]
    if (found === undefined) this.#fail('a string does not end')
    try {
      const value = (JSON.parse(found) as string).toWellFormed()
      this.#at += found.length
      return value
    } catch {
      return this.#fail('a string has an unknown escape')
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
