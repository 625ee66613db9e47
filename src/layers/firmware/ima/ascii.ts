import { ThymusError } from '../../../core/errors.ts'
import { ImaEntry, LEGACY_NAME } from './entry.ts'
import { type ImaList, MAX_LIST, type MalformedEntry, PCR_COUNT, TEMPLATE_HASHES } from './list.ts'
import { type Field, templateNamed } from './template.ts'

const NEWLINE = 0x0a
const SPACE = 0x20
const COLON = 0x3a
/** What a line can need beyond its own length: the fixed name of the template `ima`, and the lengths of fields. */
const SPARE = 512
const CHUNK = 1 << 20
const MAX_LINE = 1 << 24

/**
 * Reads `ascii_runtime_measurements`, or a run of whole lines of it. What the kernel hashed is made again from the text, so only the template hash
 * can show that the text is whole: a name with a line break cannot be read here, and can in the binary list.
 * @param first number of the first line, where earlier ones were read before
 * @throws ThymusError FORMAT only for a text that is too long; a line that is none is named as malformed
 */
export function readAsciiList(bytes: Uint8Array, first = 1): ImaList {
  if (bytes.length > MAX_LIST)
    throw new ThymusError('FORMAT', `${bytes.length} bytes, where ${MAX_LIST} are the most`, { at: 'measurement list' })
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const entries: ImaEntry[] = []
  const malformed: MalformedEntry[] = []
  const writer = new DataWriter(Math.min(CHUNK, 2 * text.length + SPARE))
  let size: number | undefined
  for (let number = first, at = 0; at < text.length; number++) {
    const newline = text.indexOf(NEWLINE, at)
    const end = newline < 0 ? text.length : newline
    if (end > at) {
      const entry = readLine(text, at, end, number, writer, size)
      if (entry instanceof ImaEntry) {
        size ??= entry.templateHash.length
        entries.push(entry)
      } else malformed.push({ number, why: entry })
    }
    at = end + 1
  }
  return { entries, malformed, templateHash: size === undefined ? undefined : TEMPLATE_HASHES.get(size) }
}

/** The entry of a line, or what is wrong with it. @param size bytes that a template hash has on the lines before */
function readLine(text: Buffer, start: number, end: number, number: number, writer: DataWriter, size?: number): ImaEntry | string {
  if (end - start > MAX_LINE) return `${end - start} bytes, where ${MAX_LINE} are the most`
  let at = text[start] === SPACE ? start + 1 : start // %2d
  const pcrEnd = stop(text, at, end)
  const pcr = decimal(text, at, pcrEnd)
  if (pcr === undefined || pcr >= PCR_COUNT) return 'it does not begin with the number of a PCR'
  at = pcrEnd + 1
  const hashEnd = stop(text, at, end)
  writer.begin(end - start)
  const templateHash = writer.hex(text, at, hashEnd)
  if (templateHash === undefined || !TEMPLATE_HASHES.has(templateHash.length)) return 'the template hash is none'
  if (size !== undefined && templateHash.length !== size) return 'the template hash is not of the kind that the other lines have'
  at = hashEnd + 1
  const nameEnd = stop(text, at, end)
  const name = text.toString('latin1', at, nameEnd)
  const template = templateNamed(name)
  if (template === undefined) return `the template ${JSON.stringify(name)} is not known`
  const bounds = split(text, nameEnd + 1, end, template.fields)
  if (bounds === undefined) return `there are not the ${template.fields.length} fields of ${name}`
  writer.open()
  for (let index = 0; index < template.fields.length; index++) {
    const field = template.fields[index]!
    const from = bounds[2 * index]!
    const to = bounds[2 * index + 1]!
    if (!(template.legacy ? writer.legacy(text, from, to, field) : writer.field(text, from, to, field)))
      return `the field ${field.id} is not written as one`
  }
  // The line break belongs to it: without one, more of the same line may come.
  return new ImaEntry(number, pcr, template, templateHash, writer.close(), end + 1)
}

/**
 * Where each field begins and ends. A name may hold blanks on kernels before 3.18, so it takes what the fields before and behind it leave.
 */
function split(text: Buffer, start: number, end: number, fields: readonly Field[]): number[] | undefined {
  const bounds = new Array<number>(2 * fields.length)
  const wide = fields.findIndex(({ id }) => id === 'n' || id === 'n-ng')
  let from = start
  let to = end
  for (let index = 0; index < (wide < 0 ? fields.length - 1 : wide); index++) {
    const blank = text.indexOf(SPACE, from)
    if (blank < 0 || blank >= to) return undefined
    bounds[2 * index] = from
    bounds[2 * index + 1] = blank
    from = blank + 1
  }
  for (let index = fields.length - 1; wide >= 0 && index > wide; index--) {
    const blank = text.lastIndexOf(SPACE, to - 1)
    if (to <= from || blank < from) return undefined
    bounds[2 * index] = blank + 1
    bounds[2 * index + 1] = to
    to = blank
  }
  const rest = wide < 0 ? fields.length - 1 : wide
  bounds[2 * rest] = from
  bounds[2 * rest + 1] = to
  return from <= to ? bounds : undefined
}

/** Writes template data into large buffers: one allocation for thousands of entries. */
class DataWriter {
  #bytes: Buffer
  #at = 0
  #from = 0

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(size)
  }

  /** Makes room for all of a line. */
  begin(line: number): void {
    const need = line + SPARE
    if (this.#bytes.length - this.#at >= need) return
    this.#bytes = Buffer.allocUnsafe(Math.max(CHUNK, need))
    this.#at = 0
  }

  open(): void {
    this.#from = this.#at
  }

  close(): Buffer {
    return this.#bytes.subarray(this.#from, this.#at)
  }

  /** Bytes of their own. */
  hex(text: Buffer, from: number, to: number): Buffer | undefined {
    const start = this.#at
    return this.#hex(text, from, to) ? this.#bytes.subarray(start, this.#at) : undefined
  }

  /** A field behind its length. */
  field(text: Buffer, from: number, to: number, { form }: Field): boolean {
    const start = this.#at
    this.#at += 4
    const good = from === to ? form !== 'named-digest' : this.#content(text, from, to, form)
    this.#bytes.writeUInt32LE(this.#at - start - 4, start)
    return good
  }

  /** A field of the template `ima`: nothing before it, and a name filled up with zeros. */
  legacy(text: Buffer, from: number, to: number, { form }: Field): boolean {
    const start = this.#at
    if (form === 'digest') return this.#hex(text, from, to) && (this.#at - start === 16 || this.#at - start === 20)
    if (to - from >= LEGACY_NAME) return false
    this.#bytes.fill(0, start, start + LEGACY_NAME)
    text.copy(this.#bytes, start, from, to)
    this.#at += LEGACY_NAME
    return true
  }

  #content(text: Buffer, from: number, to: number, form: Field['form']): boolean {
    if (form === 'bytes' || form === 'digest') return this.#hex(text, from, to)
    if (form === 'named-digest') return this.#namedDigest(text, from, to)
    if (form === 'text') {
      this.#copy(text, from, to)
      this.#bytes[this.#at++] = 0
      return true
    }
    const value = decimal(text, from, to)
    if (value === undefined || value >= 2 ** (8 * form)) return false
    this.#bytes.writeUIntLE(value, this.#at, form)
    this.#at += form
    return true
  }

  /** `[TYPE:]ALGORITHM:HEX`: a NUL stands behind the last colon in what is hashed. */
  #namedDigest(text: Buffer, from: number, to: number): boolean {
    const colon = text.lastIndexOf(COLON, to - 1)
    if (colon < from) return this.#hex(text, from, to)
    this.#copy(text, from, colon + 1)
    this.#bytes[this.#at++] = 0
    return colon > from && this.#hex(text, colon + 1, to)
  }

  /** Byte by byte: what is copied is short, and a call out of JavaScript is not. */
  #copy(text: Buffer, from: number, to: number): void {
    const bytes = this.#bytes
    let out = this.#at
    for (let at = from; at < to; at++) bytes[out++] = text[at]!
    this.#at = out
  }

  #hex(text: Buffer, from: number, to: number): boolean {
    if ((to - from) % 2 !== 0 || to <= from) return false
    const bytes = this.#bytes
    let out = this.#at
    for (let at = from; at < to; at += 2) {
      const high = NIBBLES[text[at]!]!
      const low = NIBBLES[text[at + 1]!]!
      if ((high | low) > 15) return false
      bytes[out++] = (high << 4) | low
    }
    this.#at = out
    return true
  }
}

/** The value of a hexadecimal digit by its code; 255 for what is none. */
const NIBBLES = Uint8Array.from({ length: 256 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16)
  return Number.isNaN(value) ? 255 : value
})

function stop(text: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && text[at] !== SPACE) at++
  return at
}

function decimal(text: Buffer, from: number, to: number): number | undefined {
  if (to <= from || to - from > 10) return undefined
  let value = 0
  for (let at = from; at < to; at++) {
    const digit = text[at]! - 0x30
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return value
}
