// The YAML of METADATA blocks as Go's yaml.v3 decodes it: YAML 1.2, with the numbers of 1.1, and keys of any kind.
import { YamlFault } from '../../../formats/go-yaml/cursor.ts'
import { DEEPEST, type MapNode, type Node, parseDocument, type ScalarNode, tooDeep } from '../../../formats/go-yaml/parse.ts'
import { resolve } from '../../../formats/go-yaml/resolve.ts'
import { readTime } from '../../../formats/go-yaml/time.ts'
import { fromBigInt, readNumber } from '../values/decimal.ts'
import type { Value } from '../values/value.ts'

/** Values of a block, aliases followed. */
const MAX_VALUES = 100_000

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

/** The document; undefined if there is none. If it is a map, what is not in `fields` is not looked at, and null. Throws YamlFault. */
export function readYaml(text: string, fields: ReadonlySet<string>): YamlNode | undefined {
  const document = parseDocument(text)
  return document && new Reader().node(document, fields)
}

const NOTHING = { kind: 'scalar', tag: '!!null', text: '', value: null } as const

class Reader {
  readonly #open = new Set<Node>()
  #values = 0

  node(node: Node, fields?: ReadonlySet<string>): YamlNode {
    if (++this.#values > MAX_VALUES) throw new YamlFault('document contains excessive aliasing', undefined)
    switch (node.kind) {
      case 'alias':
        if (this.#open.has(node.target)) throw new YamlFault(`anchor '${node.name}' value contains itself`, undefined)
        return this.node(node.target)
      case 'scalar':
        return { kind: 'scalar', text: node.text, row: node.row, ...(node.plain ? plain(node.text) : tagged(node)) }
    }
    this.#open.add(node)
    if (this.#open.size > DEEPEST) throw tooDeep() // by aliases, each of what holds another
    const { row } = node
    const read: YamlNode =
      node.kind === 'list'
        ? { kind: 'list', items: node.items.map((item) => this.node(item)), row }
        : { kind: 'map', entries: this.#entries(node, fields), row }
    this.#open.delete(node)
    return read
  }

  /** A key twice is a fault; what `<<` names is taken in where the map has no such key. */
  #entries(map: MapNode, fields?: ReadonlySet<string>): YamlMap['entries'] {
    const own: [YamlNode, YamlNode][] = []
    const taken: YamlNode[] = []
    for (const [key, value] of map.entries) {
      const name = this.node(key)
      if (key.kind === 'scalar' && key.plain && key.text === '<<') taken.push(this.node(value))
      else if (key.kind === 'scalar' && fields?.has(key.text) === false) own.push([name, { ...NOTHING, row: value.row }])
      else own.push([name, this.node(value)])
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
}

/** Faults of types, as Go lists them: each begins with its line. */
export function unmarshalFault(faults: readonly string[]): YamlFault {
  const row = /^line (\d+):/.exec(faults[0] ?? '')?.[1]
  return new YamlFault(`unmarshal errors:\n  ${faults.join('\n  ')}`, row === undefined ? undefined : Number(row))
}

type Resolved = Pick<YamlScalar, 'tag' | 'value'>

const CORE = 'tag:yaml.org,2002:'
const TAGS: ReadonlySet<string> = new Set(['!!null', '!!bool', '!!int', '!!float', '!!timestamp'])

/** What a scalar in quotes, or with a tag, is. */
function tagged({ tag = '', text }: ScalarNode): Resolved {
  const wanted = tag.startsWith(CORE) ? `!!${tag.slice(CORE.length)}` : tag
  if (!TAGS.has(wanted)) return { tag: '!!str', value: text }
  const found = plain(text)
  if (found.tag === wanted || (wanted === '!!float' && found.tag === '!!int')) return { ...found, tag: wanted as Resolved['tag'] }
  throw new YamlFault(`cannot decode ${found.tag} \`${text}\` as a ${wanted}`, undefined)
}

/** What a scalar without quotes is. What JSON has no number for is a text. */
function plain(text: string): Resolved {
  const { kind, value } = resolve(text)
  switch (kind) {
    case 'null':
      return { tag: '!!null', value: null }
    case 'boolean':
      return { tag: '!!bool', value: value as boolean }
    case 'int':
      return { tag: '!!int', value: fromBigInt(value as bigint) }
    case 'float':
      return Number.isFinite(value) ? { tag: '!!float', value: readNumber(String(value))! } : { tag: '!!str', value: text }
    case 'time':
      return { tag: '!!timestamp', value: readTime(text)! }
    default:
      return { tag: '!!str', value: text }
  }
}
