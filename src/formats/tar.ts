// A reader of tar archives: POSIX.1-2001 ustar and pax, GNU's long names. It holds no state between entries, so that a stranger's archive can do no
// more than be refused. Which kinds of entries are welcome is the caller's to say.
import { type Code, ThymusError } from '../core/errors.ts'

export interface TarEntry {
  /** As it stands there: with `/`, `./` or `..` too. */
  readonly name: string
  /** `0`: a file, as `\0` and `7` are; `1` and `2`: links, hard and symbolic; `5`: a folder; all else is rarer. */
  readonly type: string
  /** Where a link leads; empty for what is none. */
  readonly link: string
  /** A view of the archive. */
  readonly content: Buffer
}

const BLOCK = 512

export const isTarFile = ({ type }: TarEntry): boolean => type === '0' || type === '\0' || type === '7'

/** The entries of an archive that is not compressed, one by one. @param code of the errors that it throws @throws ThymusError with that code */
export function* tarEntries(bytes: Buffer, code: Code): Generator<TarEntry> {
  const reader = new TarReader(code)
  let long: Long = {}
  for (let at = 0; ; ) {
    if (at + BLOCK > bytes.length) {
      if (at === bytes.length && at > 0) break
      reader.fail('ends within a header')
    }
    const block = bytes.subarray(at, at + BLOCK)
    if (block.every((byte) => byte === 0)) break
    const header = reader.header(block)
    const { type } = header
    const isAbout = type === 'x' || type === 'g' || type === 'L' || type === 'K'
    const size = isAbout ? header.size : (long.size ?? header.size)
    const from = at + BLOCK
    const content = bytes.subarray(from, from + size)
    if (content.length < size) reader.fail('ends within a file', header.name)
    at = from + Math.ceil(size / BLOCK) * BLOCK
    if (type === 'x') long = { ...long, ...reader.pax(content) }
    else if (type === 'L') long = { ...long, path: untilNul(content) }
    else if (type === 'K') long = { ...long, linkpath: untilNul(content) }
    else if (type !== 'g') {
      yield { name: long.path ?? header.name, type, link: long.linkpath ?? header.link, content }
      long = {}
    }
  }
  if (long.linkpath !== undefined) reader.fail('tells of a link that is not there')
}

/** What an entry says of the one behind it. */
interface Long {
  readonly path?: string
  readonly linkpath?: string
  readonly size?: number
}

const untilNul = (bytes: Buffer): string => bytes.toString().replace(/\0[\s\S]*$/, '')

class TarReader {
  readonly #code: Code

  constructor(code: Code) {
    this.#code = code
  }

  fail(what: string, at?: string): never {
    throw new ThymusError(this.#code, `the archive ${what}`, at === undefined ? {} : { at })
  }

  header(block: Buffer) {
    const text = (from: number, length: number) => untilNul(block.subarray(from, from + length))
    const told = this.#number(block.subarray(148, 156))
    const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0)
    if (told !== sum) this.fail('is no tar archive, or is damaged: the sum of a header is wrong')
    const prefix = text(257, 6).startsWith('ustar') && block[263] === 0x30 ? text(345, 155) : ''
    const name = prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`
    return { name, size: this.#number(block.subarray(124, 136)), type: String.fromCharCode(block[156]!), link: text(157, 100) }
  }

  /** Octal digits, or GNU's numbers in bytes. */
  #number(field: Buffer): number {
    if (field[0]! >= 0x80) {
      const value = field.subarray(1).reduce((total, byte) => total * 256 + byte, field[0]! & 0x7f)
      return Number.isSafeInteger(value) ? value : this.fail('tells a size that cannot be')
    }
    const [digits] = /^ *[0-7]*(?=[ \0]*$)/.exec(field.toString('latin1')) ?? this.fail('holds a number that is none')
    return Number.parseInt(digits.trim() || '0', 8)
  }

  /** Records of pax: `LENGTH KEY=VALUE\n`. Only these three mean anything here. */
  pax(content: Buffer): Long {
    const found: { path?: string; linkpath?: string; size?: number } = {}
    for (let at = 0; at < content.length; ) {
      const [head, digits] = /^(\d{1,9}) /.exec(content.toString('latin1', at, at + 10)) ?? this.fail('holds an attribute that is none')
      const record = content.toString('utf8', at + head.length, at + Number(digits))
      const split = record.indexOf('=')
      if (Number(digits) <= head.length || at + Number(digits) > content.length || !record.endsWith('\n') || split < 0)
        this.fail('holds an attribute that is none')
      const [key, value] = [record.slice(0, split), record.slice(split + 1, -1)]
      if (key === 'path') found.path = value
      if (key === 'linkpath') found.linkpath = value
      if (key === 'size') found.size = /^\d{1,15}$/.test(value) ? Number(value) : this.fail('tells a size that cannot be')
      at += Number(digits)
    }
    return found
  }
}
