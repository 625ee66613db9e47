import { RE2JS } from 're2js'
import type { Builtin } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { isArray, typeName, type Value } from '../values/value.ts'
import { kept } from './kept.ts'
import { text, unfit } from './operands.ts'
import { chargeFor, STEPS_TO_COMPILE } from './regex.ts'

/** Globs with delimiters: `*` and `?` stop at them, `**` does not; `[a-z]` or `[xyz]`, `[!a-z]`, `{one,other}`. */
export const GLOB: Readonly<Record<string, Builtin>> = {
  'glob.match': (runtime, a, b, c) => {
    const [glob, between, subject] = [text(a, 1), delimiters(b), text(c, 3)]
    const key = keyOf(glob, between)
    // The delimiters stand in the pattern for each `*`.
    if (!compiled.has(key)) runtime.charge(STEPS_TO_COMPILE * glob.length * Math.max(1, between.length))
    const found = compiled(key)
    chargeFor(runtime, found, subject)
    return found.matches(subject)
  },
  'glob.quote_meta': (_, a) => text(a, 1).replace(/[*?\\[\]{}]/g, '\\$&'),
}

/** Whether the glob is of the whole text. Throws BuiltinError for what is no glob. */
export function matchesGlob(glob: string, between: readonly string[], subject: string): boolean {
  return compiled(keyOf(glob, between)).matches(subject)
}

const keyOf = (glob: string, between: readonly string[]) => JSON.stringify([glob, between])

const compiled = kept(256, (key) => {
  const [glob, between] = JSON.parse(key) as [string, string[]]
  return RE2JS.compile(new Translator(glob, between).whole(), RE2JS.DOTALL)
})

/** None where none are wanted (null); the point where none are named. */
function delimiters(value: Value): readonly string[] {
  if (value === null) return []
  if (!isArray(value)) throw unfit(2, ['array', 'null'], typeName(value))
  const runes = value.map((item) => {
    if (typeof item === 'string' && [...item].length === 1) return item
    throw new BuiltinError(`operand 2 must be array of runes but got array containing ${typeName(item)}`, 'eval_type_error')
  })
  return runes.length === 0 ? ['.'] : runes
}

/** A glob as a pattern of RE2. */
class Translator {
  readonly #runes: readonly string[]
  readonly #one: string
  #at = 0
  #depth = 0

  constructor(glob: string, between: readonly string[]) {
    this.#runes = [...glob]
    this.#one = between.length === 0 ? '.' : `[^${between.map(inClass).join('')}]`
  }

  whole(): string {
    let out = ''
    while (this.#at < this.#runes.length) out += this.#item(this.#runes[this.#at++]!)
    if (this.#depth > 0) throw fail('unclosed `{`')
    return out
  }

  #item(rune: string): string {
    switch (rune) {
      case '*':
        if (this.#runes[this.#at] !== '*') return `${this.#one}*`
        this.#at++
        return '.*'
      case '?':
        return this.#one
      case '[':
        return this.#range()
      case '{':
        this.#depth++
        return '(?:'
      case '\\':
        if (this.#at === this.#runes.length) throw fail('trailing backslash')
        return RE2JS.quote(this.#runes[this.#at++]!)
    }
    if (this.#depth > 0 && rune === ',') return '|'
    if (this.#depth > 0 && rune === '}') {
      this.#depth--
      return ')'
    }
    return RE2JS.quote(rune)
  }

  /** One range, `lo-hi`, or a set of characters: never both. */
  #range(): string {
    const not = this.#runes[this.#at] === '!' ? '^' : ''
    if (not !== '') this.#at++
    const [low, dash, high, close] = this.#runes.slice(this.#at, this.#at + 4)
    if (dash === '-') {
      if (high === undefined) throw fail('unexpected end of input')
      if (close !== ']') throw fail('expected close range character')
      if (high.codePointAt(0)! < low!.codePointAt(0)!) throw fail('range hi character is less than lo')
      this.#at += 4
      return `[${not}${inClass(low!)}-${inClass(high)}]`
    }
    let members = ''
    for (;;) {
      const escaped = this.#runes[this.#at] === '\\'
      if (escaped) this.#at++
      const rune = this.#runes[this.#at++]
      if (rune === undefined) throw fail('unclosed `[`')
      if (rune === ']' && !escaped) break
      members += inClass(rune)
    }
    if (members === '') throw fail('could not parse range')
    return `[${not}${members}]`
  }
}

const fail = (why: string) => new BuiltinError(`glob: syntax error: ${why}`)
const inClass = (rune: string) => rune.replace(/[\\\]^[-]/g, '\\$&')
