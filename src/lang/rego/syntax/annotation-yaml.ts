// The YAML of METADATA blocks as Go's yaml.v3 reads it: YAML 1.2, with the numbers of 1.1, and keys of any kind.
import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'
import type { Composer, ParsedNode, YAMLMap } from 'yaml'
import { fromBigInt, readNumber } from '../values/decimal.ts'
import type { Value } from '../values/value.ts'

const require = createRequire(import.meta.url)

/** Deeper blocks would end the stack of the library. */
const MAX_DEPTH = 100
/** Values of a block, aliases followed. */
const MAX_VALUES = 100_000
/** What Go's parser refuses and not already its scanner. */
const OF_PARSER = /^(?:All mapping items|Unexpected|Tabs)/

export type YamlNode = YamlScalar | YamlList | YamlMap
export interface YamlScalar {
  readonly kind: 'scalar'
  readonly tag: '!!null' | '!!bool' | '!!int' | '!!float' | '!!str' | '!!timestamp'
  readonly text: string
  readonly value: Value
  /** From 1, within the block. */
  readonly row: number
}
export interface YamlList {
  readonly kind: 'list'
  readonly items: readonly YamlNode[]
  readonly row: number
}
export interface YamlMap {
  readonly kind: 'map'
  readonly entries: readonly (readonly [YamlNode, YamlNode])[]
  readonly row: number
}

/** Text that is no YAML, or not of the types that are wanted. */
export class YamlFault extends Error {
  /** From 1, within the block; undefined where it is not said. */
  readonly row: number | undefined

  constructor(message: string, row: number | undefined) {
    super(`yaml: ${message}`)
    this.row = row
  }
}

/** The document; undefined if there is none. Throws YamlFault. */
export function readYaml(text: string): YamlNode | undefined {
  const reader = new Reader(text)
  const contents = reader.compose()
  return contents ? reader.node(contents) : undefined
}

class Reader {
  readonly #text: string
  readonly #anchors = new Map<string, { readonly node: YamlNode; readonly size: number }>()
  #values = 0

  /** Much code, for what few modules have. */
  readonly #yaml: typeof Yaml = require('yaml')

  constructor(text: string) {
    this.#text = text
  }

  /** The library's own parts, put together so that the limit on depth ends the work at once. */
  compose(): ParsedNode | null | undefined {
    const parser = new this.#yaml.Parser()
    const composer = new this.#yaml.Composer({ schema: 'failsafe', uniqueKeys: false, resolveKnownTags: false, logLevel: 'silent' })
    const take = (tokens: Iterable<Parameters<Composer['next']>[0]>) => {
      for (const token of tokens) {
        if (token.type === 'error') this.#fail(token.message, token.offset)
        for (const document of composer.next(token)) {
          for (const error of document.errors) this.#fail(error.message, error.pos[0])
          return document
        }
      }
      return undefined
    }
    for (const lexeme of new this.#yaml.Lexer().lex(this.#text)) {
      const document = take(parser.next(lexeme))
      if (document !== undefined) return document.contents
      if (parser.stack.length > MAX_DEPTH) this.#fail('exceeded max depth of 10000', parser.offset)
    }
    const document = take(parser.end()) ?? [...composer.end()][0]
    for (const error of document?.errors ?? []) this.#fail(error.message, error.pos[0])
    return document?.contents
  }

  /** Go names the row of what its scanner cannot read, but not the first; of what its parser cannot read it names the row before. */
  #fail(message: string, offset: number): never {
    const row = this.#row(offset) - (OF_PARSER.test(message) ? 1 : 0)
    throw new YamlFault(`${row > 1 ? `line ${row}: ` : ''}${message}`, row > 1 ? row : undefined)
  }

  #row(offset: number): number {
    let row = 1
    for (let at = this.#text.indexOf('\n'); at >= 0 && at < offset; at = this.#text.indexOf('\n', at + 1)) row++
    return row
  }

  node(node: ParsedNode): YamlNode {
    if (this.#yaml.isAlias(node)) {
      const known = this.#anchors.get(node.source)
      if (known === undefined) throw new YamlFault(`unknown anchor '${node.source}' referenced`, undefined)
      this.#spend(known.size)
      return known.node
    }
    const before = this.#values
    this.#spend(1)
    const row = this.#row(node.range[0])
    const read: YamlNode = this.#yaml.isMap(node)
      ? { kind: 'map', entries: this.#entries(node), row }
      : this.#yaml.isSeq(node)
        ? { kind: 'list', items: node.items.map((item) => this.node(item)), row }
        : this.#scalar(node, row)
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, { node: read, size: this.#values - before })
    return read
  }

  #scalar(node: ParsedNode, row: number): YamlScalar {
    const text = this.#yaml.isScalar(node) && typeof node.value === 'string' ? node.value : ''
    const plain = this.#yaml.isScalar(node) && node.type === 'PLAIN' && node.tag === undefined
    return { kind: 'scalar', text, row, ...(plain ? resolve(text) : ({ tag: '!!str', value: text } as const)) }
  }

  /** A key twice is a fault; what `<<` names is taken in where the map has no such key. */
  #entries(map: YAMLMap.Parsed): YamlMap['entries'] {
    const own: [YamlNode, YamlNode][] = []
    const taken: YamlNode[] = []
    for (const { key, value } of map.items) {
      const name = this.node(key)
      const item: YamlNode = value === null ? { kind: 'scalar', tag: '!!null', text: '', value: null, row: name.row } : this.node(value)
      if (name.kind === 'scalar' && name.text === '<<' && this.#yaml.isScalar(key) && key.type === 'PLAIN') taken.push(item)
      else own.push([name, item])
    }
    const rows = new Map<string, number>()
    const twice: string[] = []
    for (const [name] of own) {
      if (name.kind !== 'scalar') continue
      const first = rows.get(name.text)
      if (first === undefined) rows.set(name.text, name.row)
      else twice.push(`line ${name.row}: mapping key ${JSON.stringify(name.text)} already defined at line ${first}`)
    }
    if (twice.length > 0) throw unmarshalFault(twice)
    for (const maps of taken) {
      for (const from of maps.kind === 'list' ? maps.items : [maps]) {
        if (from.kind !== 'map') throw new YamlFault('map merge requires map or sequence of maps as the value', undefined)
        for (const entry of from.entries) {
          const [name] = entry
          if (name.kind === 'scalar' && !rows.has(name.text)) {
            rows.set(name.text, name.row)
            own.push([...entry])
          }
        }
      }
    }
    return own
  }

  #spend(values: number): void {
    this.#values += values
    if (this.#values > MAX_VALUES) throw new YamlFault('document contains excessive aliasing', undefined)
  }
}

/** Faults of types, as Go lists them: each begins with its line. */
export function unmarshalFault(faults: readonly string[]): YamlFault {
  const row = /^line (\d+):/.exec(faults[0] ?? '')?.[1]
  return new YamlFault(`unmarshal errors:\n  ${faults.join('\n  ')}`, row === undefined ? undefined : Number(row))
}

type Resolved = Pick<YamlScalar, 'tag' | 'value'>

/** What a scalar without quotes is. */
function resolve(text: string): Resolved {
  if (/^(?:~|null|Null|NULL|)$/.test(text)) return { tag: '!!null', value: null }
  if (/^(?:true|True|TRUE|false|False|FALSE)$/.test(text)) return { tag: '!!bool', value: text[0] === 't' || text[0] === 'T' }
  const number = /^[-+.\d]/.test(text) ? (resolveTime(text) ?? resolveNumber(text)) : undefined
  return number ?? { tag: '!!str', value: text }
}

function resolveNumber(text: string): Resolved | undefined {
  const plain = text[0] === '.' ? text : text.replaceAll('_', '')
  const int = integerOf(plain)
  if (int !== undefined) return { tag: '!!int', value: fromBigInt(int) }
  if (!/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(plain)) return undefined
  const float = Number(plain)
  const value = Number.isFinite(float) ? readNumber(String(float)) : undefined
  return value === undefined ? undefined : { tag: '!!float', value }
}

/** Of 64 bits: decimal, `0x`, `0b`, `0o`, and octal after a zero. */
function integerOf(plain: string): bigint | undefined {
  const [, sign, digits] = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]+|0|[1-9][0-9]*)$/.exec(plain) ?? []
  if (digits === undefined) return undefined
  const size = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits)
  const value = sign === '-' ? -size : size
  return value >= -(2n ** 63n) && value < 2n ** 64n ? value : undefined
}

const TIME = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]| )(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,9})?(Z|[-+]\d{2}:\d{2})?)?$/

/** A time is what JSON makes of it: its text by RFC 3339. */
function resolveTime(text: string): Resolved | undefined {
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = TIME.exec(text) ?? []
  if (year === undefined) return undefined
  const two = (part: string | undefined) => (part ?? '').padStart(2, '0')
  const value = `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}${fraction.replace(/\.?0+$/, '')}${zone}`
  const date = new Date(`${year}-${two(month)}-${two(day)}T00:00:00Z`)
  const exists = !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(day)
  return exists && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60 ? { tag: '!!timestamp', value } : undefined
}
