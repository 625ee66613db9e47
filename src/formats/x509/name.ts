import type { DerReader } from '../der/reader.ts'
import { TAG } from '../der/tags.ts'
import { readDirectoryString, TEXTS } from './text.ts'

export interface Attribute {
  /** Dotted. */
  readonly type: string
  /** The DER of the value where it is of a type that is no text, which only requests may have. */
  readonly value: string | Buffer
}

const COMMON_NAME = '2.5.4.3'

/** The attributes of a distinguished name, in their order (RFC 5280 §4.1.2.4). */
export function readName(reader: DerReader, { textOnly = true } = {}): readonly Attribute[] {
  const attributes: Attribute[] = []
  for (const set of reader.enter(TAG.sequence).each((sets) => sets.enter(TAG.set))) {
    attributes.push(...set.each((each) => readAttribute(each.enter(TAG.sequence), textOnly)))
  }
  return attributes
}

/** The one common name; empty where there is none, or more than one. */
export function commonName(name: readonly Attribute[]): string {
  const names = name.filter(({ type }) => type === COMMON_NAME)
  return names.length === 1 ? String(names[0]!.value) : ''
}

function readAttribute(reader: DerReader, textOnly: boolean): Attribute {
  const type = reader.oid()
  if (!textOnly && !TEXTS.has(reader.tag ?? 0)) {
    return { type, value: reader.whole() }
  }
  return { type, value: readDirectoryString(reader) ?? reader.fail('a name has a value that is no text') }
}
