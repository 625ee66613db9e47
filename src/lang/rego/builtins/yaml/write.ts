// Values as Go's yaml.v3 writes them: blocks, indented by two.
import { checkCharacters } from '../../../../formats/go-yaml/parse.ts'
import { resolve } from '../../../../formats/go-yaml/resolve.ts'
import type { Runtime } from '../../codegen/runtime.ts'
import { numberText } from '../../values/decimal.ts'
import { shortestDouble } from '../../values/double.ts'
import { jsonEntries, quote } from '../../values/text.ts'
import { isArray, isNumber, RegoObject, RegoSet, type Value } from '../../values/value.ts'
import { orBuiltinError } from './read.ts'

export function writeYaml(runtime: Runtime, value: Value): string {
  return `${new Writer(runtime).node(value, 0, 'root')}\n`
}

/** Where a node stands: at the beginning, behind `- ` (or `? `), or behind a key. */
type Place = 'root' | 'item' | 'value'

class Writer {
  readonly #runtime: Runtime

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Without the line break at its end. `indent` is that of the collection around it, or of itself at the beginning. */
  node(value: Value, indent: number, place: Place): string {
    this.#runtime.charge(1)
    const lead = place === 'value' ? ' ' : ''
    const inner = place === 'root' ? indent : indent + 2
    this.#runtime.spend(2 * inner)
    if (isArray(value) || value instanceof RegoSet) {
      const items = isArray(value) ? value : value.members()
      if (items.length === 0) return `${lead}[]`
      return this.#block(
        items.map((item) => `- ${this.node(item, inner, 'item')}`),
        inner,
        place,
      )
    }
    if (value instanceof RegoObject) {
      if (value.size === 0) return `${lead}{}`
      const entries = [...jsonEntries(value)].sort(([a], [b]) => naturally(a, b))
      return this.#block(
        entries.map(([key, item]) => this.#entry(key, item, inner)),
        inner,
        place,
      )
    }
    return lead + scalar(value, indent + 2, false)
  }

  #entry(key: string, item: Value, indent: number): string {
    if (isSimple(key)) return `${scalar(key, indent, true)}:${this.node(item, indent, 'value')}`
    return `? ${scalar(key, indent + 2, false)}\n${' '.repeat(indent)}: ${this.node(item, indent, 'item')}`
  }

  #block(lines: readonly string[], indent: number, place: Place): string {
    const gap = `\n${' '.repeat(indent)}`
    return (place === 'value' ? gap : '') + lines.join(gap)
  }
}

/** A key of more bytes than this stands behind a `?`. */
const LONGEST_KEY = 128
const BREAK = /[\r\n\x85\u2028\u2029]/
const isSimple = (key: string) => !BREAK.test(key) && Buffer.byteLength(key) <= LONGEST_KEY

function scalar(value: Value, indent: number, isKey: boolean): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (isNumber(value)) return number(numberText(value))
  const text = (value as string).toWellFormed()
  // Go reads the JSON, in which the smaller ones are escaped.
  orBuiltinError(() => checkCharacters(quote(text)))
  const plain = text === '<<' || (resolve(text).kind === 'string' && !OLD.test(text))
  const { plainAllowed, singleAllowed, blockAllowed } = analyze(text)
  if (text.includes('\n')) return blockAllowed && !isKey ? literal(text, indent) : double(text)
  if (!plain) return double(text)
  if (plainAllowed && text !== '') return text
  return singleAllowed ? `'${text.replaceAll("'", "''")}'` : double(text)
}

/** Go reads the number as YAML first: a whole one of 64 bits, a double, or what is too large for one as a string. */
function number(text: string): string {
  const { kind, value } = resolve(text)
  return kind === 'float' ? shortestDouble(value as number) : String(value)
}

/** What YAML 1.1 takes for booleans, or for times in base 60. */
const OLD = /^(?:[yYnN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?)$/

function analyze(text: string): { plainAllowed: boolean; singleAllowed: boolean; blockAllowed: boolean } {
  // What is beyond 16 bits counts as not printable here.
  const special = /[^\n\t\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u.test(text)
  const spaceBreak = / [\r\n\x85\u2028\u2029]/.test(text)
  const breakSpace = /[\r\n\x85\u2028\u2029] /.test(text)
  const indicators =
    /^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[?:-](?:[ \t\r\n\x85\u2028\u2029]|$))|:(?:[ \t\r\n\x85\u2028\u2029]|$)|[ \t\r\n\x85\u2028\u2029]#/
  const edges = /^[ \r\n\x85\u2028\u2029]|[ \r\n\x85\u2028\u2029]$/
  const quoted = spaceBreak || text.includes('\t') || special
  return {
    plainAllowed: !edges.test(text) && !breakSpace && !quoted && !BREAK.test(text) && !indicators.test(text),
    singleAllowed: !breakSpace && !quoted,
    blockAllowed: !text.endsWith(' ') && !spaceBreak && !special,
  }
}

function literal(text: string, indent: number): string {
  const hint = /^[ \r\n\x85\u2028\u2029]/.test(text) ? '2' : ''
  const chomp = !BREAK.test(text.at(-1)!) ? '-' : text.length === 1 || BREAK.test(text.at(-2)!) ? '+' : ''
  const lines = text.split('\n').map((line) => (line === '' ? '' : ' '.repeat(indent) + line))
  // Where the text ends with a break, so does the last line; the one behind it is what comes next.
  if (lines.at(-1) === '') lines.pop()
  return `|${hint}${chomp}\n${lines.join('\n')}`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\x85': 'N',
  '\u2028': 'L',
  '\u2029': 'P',
}

function double(text: string): string {
  const escaped = text.replace(/["\\\u2028\u2029]|[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/gu, (c) => {
    const short = ESCAPES[c]
    if (short !== undefined) return `\\${short}`
    const code = c.codePointAt(0)!
    const [letter, width] = code <= 0xff ? ['x', 2] : code <= 0xffff ? ['u', 4] : ['U', 8]
    return `\\${letter}${code
      .toString(16)
      .toUpperCase()
      .padStart(width as number, '0')}`
  })
  return `"${escaped}"`
}

/** The order in which Go's library puts keys: numbers in them by their size, letters behind what is none. */
function naturally(a: string, b: string): number {
  const [left, right] = [[...a], [...b]]
  let digits = false
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const [one, other] = [left[at]!, right[at]!]
    if (one === other) {
      digits = isDigit(one)
      continue
    }
    const [letter, otherLetter] = [isLetter(one), isLetter(other)]
    if (letter && otherLetter) return one.codePointAt(0)! - other.codePointAt(0)!
    if (letter || otherLetter) return (digits ? letter : otherLetter) ? -1 : 1
    return byNumber(left, right, at)
  }
  return left.length - right.length
}

const isDigit = (rune: string | undefined) => rune !== undefined && /^\p{Nd}$/u.test(rune)
const isLetter = (rune: string) => /^\p{L}$/u.test(rune)

function byNumber(left: readonly string[], right: readonly string[], at: number): number {
  const ends = [left, right].map((runes) => {
    let end = at
    while (isDigit(runes[end])) end++
    return end
  }) as [number, number]
  let lead = 0n
  if (left[at] === '0' || right[at] === '0') {
    for (let before = at - 1; before >= 0 && isDigit(left[before]); before--) if (left[before] !== '0') lead = 1n
  }
  const value = (runes: readonly string[], end: number) =>
    runes.slice(at, end).reduce((total, rune) => BigInt.asIntN(64, total * 10n + BigInt(rune.codePointAt(0)! - 48)), lead)
  const [one, other] = [value(left, ends[0]), value(right, ends[1])]
  if (one !== other) return one < other ? -1 : 1
  return ends[0] - ends[1] || left[at]!.codePointAt(0)! - right[at]!.codePointAt(0)!
}
