// What may stand in a METADATA block.
import { YamlFault } from '../../../formats/go-yaml/cursor.ts'
import { printJson } from '../values/text.ts'
import { RegoObject, type Value } from '../values/value.ts'
import { readYaml, unmarshalFault, type YamlMap, type YamlNode } from './annotation-yaml.ts'
import type { Annotations, Ref, Term } from './ast.ts'
import { parseStatementBody } from './bodies.ts'
import { Cursor, KEYWORDS_OF_V1 } from './cursor.ts'

/** How a field is refused. */
export type Fail = (message: string) => never

/** The fields, each of its type; those that are not there or null are left out. */
export interface RawAnnotations {
  scope?: string
  title?: string
  entrypoint?: boolean
  description?: string
  organizations?: readonly string[]
  relatedResources?: readonly YamlNode[]
  authors?: readonly YamlNode[]
  schemas?: readonly YamlMap[]
  compile?: YamlMap
  custom?: YamlMap
  labels?: YamlMap
}

const FIELDS: ReadonlySet<string> = new Set(
  'scope title entrypoint description organizations related_resources authors schemas compile custom labels'.split(' '),
)

/** The text of a block. Throws YamlFault with every field that is of another type. What is not known is not looked at. */
export function decodeAnnotations(text: string): RawAnnotations {
  const document = readYaml(text, FIELDS)
  const decoder = new Decoder()
  const raw: RawAnnotations = {}
  if (document !== undefined && !isNull(document)) decoder.fields(document, raw)
  if (decoder.faults.length > 0) throw unmarshalFault(decoder.faults)
  return raw
}

const EMPTY: YamlMap = { kind: 'map', entries: [], row: 0 }
const isNull = (node: YamlNode) => node.kind === 'scalar' && node.tag === '!!null'
const TRUE = /^(?:y|Y|yes|Yes|YES|on|On|ON)$/
const FALSE = /^(?:n|N|no|No|NO|off|Off|OFF)$/

class Decoder {
  readonly faults: string[] = []

  fields(document: YamlNode, raw: RawAnnotations): void {
    const map = this.#map(document, 'ast.rawAnnotation')
    for (const [key, node] of map?.entries ?? []) {
      if (key.kind !== 'scalar') {
        this.#misfit(key, 'string')
        continue
      }
      if (isNull(node)) continue
      switch (key.text) {
        case 'scope':
        case 'title':
        case 'description': {
          const text = this.#text(node, 'string')
          if (text !== undefined) raw[key.text] = text
          break
        }
        case 'entrypoint': {
          const flag = this.#flag(node)
          if (flag !== undefined) raw.entrypoint = flag
          break
        }
        case 'organizations':
          raw.organizations = this.#list(node, '[]string')
            .map((item) => (isNull(item) ? undefined : this.#text(item, 'string')))
            .filter((text) => text !== undefined)
          break
        case 'related_resources':
          raw.relatedResources = this.#list(node, '[]interface {}').map(hashable)
          break
        case 'authors':
          raw.authors = this.#list(node, '[]interface {}').map(hashable)
          break
        case 'schemas':
          raw.schemas = this.#list(node, '[]map[string]interface {}')
            .map((item) => (isNull(item) ? EMPTY : this.#object(item)))
            .filter((item) => item !== undefined)
          break
        case 'compile':
        case 'custom':
        case 'labels': {
          const inner = this.#object(node)
          if (inner !== undefined) raw[key.text] = inner
          break
        }
        default:
      }
    }
  }

  #text(node: YamlNode, wanted: string): string | undefined {
    return node.kind === 'scalar' ? node.text : this.#misfit(node, wanted)
  }

  #flag(node: YamlNode): boolean | undefined {
    if (node.kind === 'scalar') {
      if (typeof node.value === 'boolean') return node.value
      if (node.tag === '!!str' && (TRUE.test(node.text) || FALSE.test(node.text))) return TRUE.test(node.text)
    }
    return this.#misfit(node, 'bool')
  }

  #list(node: YamlNode, wanted: string): readonly YamlNode[] {
    return node.kind === 'list' ? node.items : (this.#misfit(node, wanted) ?? [])
  }

  #map(node: YamlNode, wanted: string): YamlMap | undefined {
    return node.kind === 'map' ? node : this.#misfit(node, wanted)
  }

  #object(node: YamlNode): YamlMap | undefined {
    const map = this.#map(node, 'map[string]interface {}')
    for (const [key, item] of map?.entries ?? []) {
      if (key.kind === 'scalar') hashable(item)
      else this.#misfit(key, 'string')
    }
    return map
  }

  #misfit(node: YamlNode, wanted: string): undefined {
    const shown = node.kind !== 'scalar' ? '' : node.text.length > 10 ? ` \`${node.text.slice(0, 7)}...\`` : ` \`${node.text}\``
    const tag = node.kind === 'scalar' ? node.tag : node.kind === 'list' ? '!!seq' : '!!map'
    this.faults.push(`line ${node.row}: cannot unmarshal ${tag}${shown} into ${wanted}`)
    return undefined
  }
}

/** Wherever Go makes a map of its own choice, a collection cannot be a key. */
function hashable(node: YamlNode): YamlNode {
  if (node.kind === 'list') node.items.forEach(hashable)
  if (node.kind !== 'map') return node
  for (const [key, item] of node.entries) {
    if (key.kind !== 'scalar') throw new YamlFault(`invalid map key: ${goText(key)}`, undefined)
    hashable(item)
  }
  return node
}

/** A map as a value: its keys are text. */
export function objectOf(map: YamlMap, fail: Fail): RegoObject {
  for (const [, item] of map.entries) checkKeys(item, fail, [])
  return RegoObject.of(map.entries.map(([key, item]) => [keyText(key), valueAt(item)]))
}

/** In lists, and right below, a map has no keys but text. Deeper in maps OPA does not look. */
function checkKeys(node: YamlNode, fail: Fail, path: readonly string[]): void {
  if (node.kind === 'list') node.items.forEach((item, at) => void checkKeys(item, fail, [...path, String(at)]))
  if (node.kind !== 'map') return
  const odd = node.entries.some(([key]) => key.kind !== 'scalar' || typeof key.value !== 'string')
  if (odd) fail(`invalid map key type(s): ${path.join('/')}`)
}

const keyText = (key: YamlNode) => (key.kind === 'scalar' ? key.text : printJson(valueAt(key)))

function valueAt(node: YamlNode): Value {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(valueAt)
  return RegoObject.of(node.entries.map(([key, item]) => [keyText(key), valueAt(item)]))
}

type Author = NonNullable<Annotations['authors']>[number]
type RelatedResource = NonNullable<Annotations['relatedResources']>[number]
type Schema = NonNullable<Annotations['schemas']>[number]

/** `Name of Author <mail@address>`, or a map of both. */
export function author(node: YamlNode, fail: Fail): Author {
  const refuse = (why: string) => fail(`invalid author definition ${goText(node)}: ${why}`)
  if (node.kind === 'map') {
    const [name, email] = [textOf(node, 'name'), textOf(node, 'email')]
    if (name === '' && email === '') return refuse("'name' and/or 'email' values required in object")
    return { ...(name && { name }), ...(email && { email }) }
  }
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return refuse('invalid value type, must be string or map')
  const words = node.value.split(/\s+/).filter((word) => word !== '')
  if (words.length === 0) return refuse('author is an empty string')
  const last = words.at(-1)!
  const email = /^<(.*)>$/.exec(last)?.[1]
  const name = words.slice(0, email === undefined ? undefined : -1).join(' ')
  return { ...(name && { name }), ...(email && { email }) }
}

/** A URL, or a map of `ref` and `description`. */
export function relatedResource(node: YamlNode, fail: Fail): RelatedResource {
  const refuse = (why: string) => fail(`invalid related-resource definition ${goText(node)}: ${why}`)
  if (node.kind === 'map') {
    const [ref, description] = [textOf(node, 'ref'), textOf(node, 'description')]
    if (ref === '') return refuse("'ref' value required in object")
    return { ref, ...(description && { description }) }
  }
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return refuse('invalid value type, must be string or map')
  return node.value === '' ? refuse('ref URL may not be empty string') : { ref: node.value }
}

/** `PATH: schema.REF`, or a JSON schema in place of the ref. */
export function schemaOf(map: YamlMap, fail: Fail): Schema {
  const [key, node] = map.entries[0] ?? []
  const path = refOf(key?.kind === 'scalar' ? key.text : '')
  if (path === undefined) return fail('invalid document reference')
  if (node?.kind === 'map') {
    const refuse: Fail = (why) => fail(`invalid schema definition: ${why}`)
    checkKeys(node, refuse, [])
    return { path, definition: objectOf(node, refuse) }
  }
  if (node?.kind !== 'scalar' || typeof node.value !== 'string') {
    return fail(`invalid schema declaration for path ${JSON.stringify(key?.kind === 'scalar' ? key.text : '')}`)
  }
  const term = termOf(node.value)
  const schema: Ref | undefined =
    term?.kind === 'var' ? { kind: 'ref', parts: [term], at: term.at } : term?.kind === 'ref' ? term : undefined
  const [root] = schema?.parts ?? []
  if (schema === undefined || root?.kind !== 'var' || root.name !== 'schema') return fail('invalid schema reference')
  return { path, schema }
}

/** What a compilation to a data filter takes as unknown, and the rule that says what it masks. */
export function compileOf(map: YamlMap, fail: Fail): NonNullable<Annotations['compile']> {
  const field = (name: string) => map.entries.find(([key]) => key.kind === 'scalar' && key.text === name)?.[1]
  const [unknowns, mask] = [field('unknowns'), field('mask_rule')]
  const refs = (unknowns?.kind === 'list' ? unknowns.items : []).flatMap((item) => {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') return []
    return [refOf(item.value) ?? fail(`invalid unknowns element ${JSON.stringify(item.value)}: failed to parse ref`)]
  })
  const rule = mask?.kind === 'scalar' && typeof mask.value === 'string' ? maskOf(mask.value, fail) : undefined
  return { ...(refs.length > 0 && { unknowns: refs }), ...(rule && { maskRule: rule }) }
}

function maskOf(text: string, fail: Fail): Ref {
  const term = termOf(text)
  if (term === undefined) return fail(`invalid mask_rule annotation ${JSON.stringify(text)}: failed to parse term`)
  if (term.kind === 'ref') return term
  if (term.kind === 'var' || term.kind === 'string') return { kind: 'ref', parts: [term], at: term.at }
  return fail(`invalid mask_rule annotation type ${JSON.stringify(text)}: string`)
}

function refOf(text: string): Ref | undefined {
  const term = termOf(text)
  return term?.kind === 'ref' ? term : undefined
}

/** The text as one term; undefined for what is none. */
function termOf(text: string): Term | undefined {
  const cursor = new Cursor('', text, 'v1', KEYWORDS_OF_V1)
  const [line, ...rest] = parseStatementBody(cursor) ?? []
  if (line === undefined || rest.length > 0 || cursor.errors.length > 0 || !cursor.is('eof')) return undefined
  const { terms } = line
  return terms.kind === 'var' || terms.kind === 'ref' || terms.kind === 'string' ? terms : undefined
}

/** The text at a key, without space around it; empty where there is none. */
function textOf(map: YamlMap, name: string): string {
  const node = map.entries.find(([key]) => key.kind === 'scalar' && key.text === name)?.[1]
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value.trim() : ''
}

/** As Go prints a value of a document into a message. */
function goText(node: YamlNode): string {
  if (node.kind === 'list') return `[${node.items.map(goText).join(' ')}]`
  if (node.kind === 'map') {
    const entries = node.entries.map(([key, item]) => `${goText(key)}:${goText(item)}`)
    return `map[${entries.sort().join(' ')}]`
  }
  if (typeof node.value === 'string') return node.value
  const kinds = { '!!null': '<nil>', '!!bool': 'bool=', '!!int': 'int=', '!!float': 'float64=', '!!str': '', '!!timestamp': '' } as const
  return `%!s(${kinds[node.tag]}${node.value === null ? '' : printJson(node.value)})`
}
