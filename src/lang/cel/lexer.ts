// Tokens of CEL (cel-spec, langdef.md, "Syntax").
import { ThymusError } from '../../core/errors.ts'
import { Uint, type Value } from './values.ts'

export interface Token {
  readonly kind: 'ident' | 'literal' | 'symbol' | 'end'
  readonly text: string
  readonly at: number
  readonly value?: Value
}

/** cel-go's `expressionSizeCodePointLimit`. */
const MOST_TEXT = 100_000

const SPACE = /(?:[\t\n\f\r ]+|\/\/[^\n]*)+/y
const IDENT = /[A-Za-z_]\w*/y
const NUMBER = /0x[\dA-Fa-f]+[uU]?|(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|\d+[uU]?/y
const STRING = /([rR]?[bB]|[bB]?[rR])?("""|'''|"|')/y
const SYMBOL = /&&|\|\||[=!<>]=|[-+*/%<>!?:.,()[\]{}]/y

/** Throws CEL_REJECTED at the first thing that is no token. */
export function tokens(text: string): Token[] {
  if (text.length > MOST_TEXT) throw rejected(`the expression is longer than ${MOST_TEXT} characters`, text, 0)
  const all: Token[] = []
  let at = 0
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at
    return pattern.exec(text)
  }
  for (;;) {
    at += take(SPACE)?.[0].length ?? 0
    if (at >= text.length) {
      all.push({ kind: 'end', text: 'the end', at })
      return all
    }
    const string = take(STRING)
    if (string !== null) {
      const read = readString(text, at, string[1] ?? '', string[2]!)
      all.push({ kind: 'literal', text: text.slice(at, read.end), at, value: read.value })
      at = read.end
      continue
    }
    const ident = take(IDENT)?.[0]
    const number = ident === undefined ? take(NUMBER)?.[0] : undefined
    const found = ident ?? number ?? take(SYMBOL)?.[0]
    if (found === undefined) throw rejected(`unexpected ${JSON.stringify(String.fromCodePoint(text.codePointAt(at)!))}`, text, at)
    if (number === undefined) all.push({ kind: ident === undefined ? 'symbol' : 'ident', text: found, at })
    else all.push({ kind: 'literal', text: number, at, value: readNumber(number, text, at) })
    at += found.length
  }
}

/** An int may be 2^63 here: the minus before it is the parser's. */
function readNumber(number: string, text: string, at: number): Value {
  if (/^0x/.test(number) || /^\d+[uU]?$/.test(number)) {
    const unsigned = /[uU]$/.test(number)
    const value = BigInt(unsigned ? number.slice(0, -1) : number)
    if (value >= 1n << 64n || (!unsigned && value > 1n << 63n)) throw rejected('the number does not fit 64 bits', text, at)
    return unsigned ? new Uint(value) : value
  }
  const value = Number(number)
  if (!Number.isFinite(value)) throw rejected('the number does not fit a double', text, at)
  return value
}

function readString(text: string, at: number, prefix: string, quote: string): { value: Value; end: number } {
  const bytes = /b/i.test(prefix)
  const raw = /r/i.test(prefix)
  const begin = at + prefix.length + quote.length
  let end = begin
  while (!text.startsWith(quote, end)) {
    if (end >= text.length || (quote.length === 1 && /[\n\r]/.test(text[end]!))) throw rejected('the string does not end', text, at)
    end += !raw && text[end] === '\\' ? 2 : 1
  }
  const body = text.slice(begin, end).replace(/\r\n?/g, '\n')
  const value = raw ? (bytes ? Buffer.from(body) : body) : unescaped(body, bytes, text, at)
  return { value: value instanceof Uint8Array ? new Uint8Array(value) : value, end: end + quote.length }
}

const ESCAPE = /\\(?:x([\dA-Fa-f]{2})|X([\dA-Fa-f]{2})|u([\dA-Fa-f]{4})|U([\dA-Fa-f]{8})|([0-3][0-7]{2})|([abfnrtv"'`?\\])|)/g
const SIMPLE: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

function unescaped(body: string, bytes: boolean, text: string, at: number): string | Uint8Array {
  const parts: Buffer[] = []
  const put = (number: number) => {
    if (number > 0x10ffff || (number >= 0xd800 && number < 0xe000)) throw rejected('an escape that is no character', text, at)
    return String.fromCodePoint(number)
  }
  let done = 0
  const plain = body.replace(ESCAPE, (whole, x, X, u, U, octal, simple, offset: number) => {
    if (whole === '\\') throw rejected('an unknown escape in the string', text, at)
    if (bytes && (u ?? U) !== undefined) throw rejected('an escape of Unicode in bytes', text, at)
    const code = x ?? X ?? u ?? U
    const number = code === undefined ? (octal === undefined ? undefined : Number.parseInt(octal, 8)) : Number.parseInt(code, 16)
    if (bytes) {
      parts.push(
        Buffer.from(body.slice(done, offset)),
        number === undefined ? Buffer.from(SIMPLE[simple] ?? simple) : Buffer.from([number]),
      )
      done = offset + whole.length
    }
    return number === undefined ? (SIMPLE[simple] ?? simple) : put(number)
  })
  return bytes ? Buffer.concat([...parts, Buffer.from(body.slice(done))]) : plain
}

/** An error at a place of the text, with its line and column. */
export function rejected(message: string, text: string, at: number): ThymusError {
  const before = text.slice(0, at).split('\n')
  return new ThymusError('CEL_REJECTED', message, { at: `${before.length}:${before.at(-1)!.length + 1}` })
}
