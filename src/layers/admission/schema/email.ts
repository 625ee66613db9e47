// One address of RFC 5322 as Go's net/mail.ParseAddress takes it: with or without a name, comments around, a group of one.
import { readIp } from '../../../formats/ip.ts'

/** Is it exactly one address? */
export function isEmail(text: string): boolean {
  const parser = new Parser(text)
  const count = parser.addresses(true)
  return count === 1 && parser.comments() && parser.rest === ''
}

// Characters outside of ASCII are letters like others (RFC 6532).
const ATOM = /^[^\x00-\x20\x7f()<>[\]:;@\\,"]+/
const STRICT_ATOM = /^(?!\.)(?![^@]*\.\.)/
const QUOTED = /^"((?:[^\x00-\x08\x0a-\x1f\x7f\\"]|\\[^\x00-\x08\x0a-\x1f\x7f])*)"/
const LITERAL = /^\[([^\x00-\x20\x7f[\]\\]*)\]/

class Parser {
  rest: string

  constructor(text: string) {
    this.rest = text
  }

  /** How many addresses stand here; undefined for what is none. */
  addresses(groups: boolean): number | undefined {
    this.#space()
    if (this.rest === '') return undefined
    if (this.#spec()) {
      this.#space()
      return !this.rest.startsWith('(') || this.#nameComment() ? 1 : undefined
    }
    if (!this.rest.startsWith('<') && !this.#phrase()) return undefined
    this.#space()
    if (groups && this.#take(':')) return this.#group()
    return this.#take('<') && this.#spec() && this.#take('>') ? 1 : undefined
  }

  /** White space and comments; false where one is not closed. */
  comments(): boolean {
    this.#space()
    while (this.#take('(')) {
      if (this.#comment() === undefined) return false
      this.#space()
    }
    return true
  }

  #group(): number | undefined {
    this.#space()
    if (this.#take(';')) return this.comments() ? 0 : undefined
    for (let count = 0; ; ) {
      this.#space()
      const found = this.addresses(false)
      if (found === undefined || !this.comments()) return undefined
      count += found
      if (this.#take(';')) return this.comments() ? count : undefined
      if (!this.#take(',')) return undefined
    }
  }

  /** `local@domain`; leaves the text where it was if there is none. */
  #spec(): boolean {
    const before = this.rest
    this.#space()
    const quoted = this.rest.startsWith('"')
    const local = quoted ? this.#match(QUOTED)?.[1] : this.#dotAtom()
    if (local !== undefined && local !== '' && this.#take('@')) {
      this.#space()
      const literal = this.rest.startsWith('[') ? this.#match(LITERAL)?.[1] : undefined
      if (literal === undefined ? this.#dotAtom() !== undefined : readIp(literal) !== undefined) return true
    }
    this.rest = before
    return false
  }

  #dotAtom(): string | undefined {
    const atom = this.#match(ATOM)?.[0]
    return atom !== undefined && STRICT_ATOM.test(atom) && !atom.includes('..') && !atom.endsWith('.') ? atom : undefined
  }

  #phrase(): boolean {
    for (let words = 0; ; words++) {
      if (words > 0 && !this.comments()) return false
      this.#space()
      const word = this.rest === '' ? undefined : this.rest.startsWith('"') ? this.#match(QUOTED) : this.#match(ATOM)
      // Go takes an encoded word off before it finds that it has no such charset.
      if (word === undefined || (!word[0].startsWith('"') && !isReadable(word[0]))) return words > 0
    }
  }

  #nameComment(): boolean {
    this.#take('(')
    const comment = this.#comment()
    return comment?.split(/[ \t]/).every(isReadable) ?? false
  }

  /** What stands in parentheses, the first of which is behind. */
  #comment(): string | undefined {
    let depth = 1
    let text = ''
    let at = 0
    for (; at < this.rest.length && depth > 0; at++) {
      const escaped = this.rest[at] === '\\' && at + 1 < this.rest.length
      if (escaped) at++
      else if (this.rest[at] === '(') depth++
      else if (this.rest[at] === ')') depth--
      if (depth > 0) text += this.rest[at]
    }
    this.rest = this.rest.slice(at)
    return depth === 0 ? text : undefined
  }

  #space(): void {
    this.rest = this.rest.replace(/^[ \t]+/, '')
  }

  #take(character: string): boolean {
    if (!this.rest.startsWith(character)) return false
    this.rest = this.rest.slice(1)
    return true
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    const match = pattern.exec(this.rest)
    if (match === null) return undefined
    this.rest = this.rest.slice(match[0].length)
    return match
  }
}

/** False for a word that is encoded (RFC 2047) in a charset that Go does not have. */
function isReadable(word: string): boolean {
  const [, charset, encoding, text] = /^=\?([^?]+)\?([bq])\?([^?]*)\?=$/i.exec(word) ?? []
  if (charset === undefined || ['utf-8', 'iso-8859-1', 'us-ascii'].includes(charset.toLowerCase())) return true
  const decodable =
    encoding!.toLowerCase() === 'q' ? !/=(?![\da-f]{2})/i.test(text!) : text!.length % 4 === 0 && /^[A-Za-z\d+/]*={0,2}$/.test(text!)
  return !decodable
}
