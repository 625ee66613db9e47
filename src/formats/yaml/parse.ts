// YAML 1.2 with the core schema, as configuration needs it: no directives, no tags of one's own, no key twice. JSON is YAML, so JSON works too.
import type { Alias, Document, Pair, ParsedNode, YAMLMap } from 'yaml'
import { Composer, isAlias, isMap, isScalar, isSeq, Lexer, Parser } from 'yaml'
import { printable, quote } from '../../core/quote.ts'
import { MAX_DEPTH, MAX_DOCUMENTS, MAX_TOKENS, MAX_VALUES } from './limits.ts'
import type { Place, Source } from './text.ts'
import { readText } from './text.ts'

const TAGS: ReadonlySet<string> = new Set(['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`))
/** The library repeats the input in its messages. */
const SHOWN = 120

/** Keys of maps, and positions in lists. */
export type Path = readonly PropertyKey[]

export interface YamlDocument {
  /** Plain objects, arrays, strings, numbers, booleans and null. What is written once and named by aliases is one object. */
  readonly value: unknown
  /** Where the key or the list item at the end of `path` is written; where there is none, the nearest around it. */
  place(path: Path): Place
}

/**
 * All documents of a file, empty ones left out.
 * @throws ThymusError POLICY_SYNTAX or POLICY_LIMIT, with `file:line:column`
 */
export function parseYaml(input: string | Uint8Array, file: string): readonly YamlDocument[] {
  const source = readText(input, file)
  const documents: YamlDocument[] = []
  const budget = { values: 0 }
  for (const document of compose(source)) {
    const error = document.errors[0]
    if (error !== undefined) throw source.error('POLICY_SYNTAX', error.pos[0], printable(error.message, SHOWN))
    if (document.contents === null) continue
    const reader = new Reader(source, budget)
    const value = reader.read(document.contents)
    if (value !== null) documents.push({ value, place: (path) => reader.place(document.contents!, path) })
  }
  return documents
}

/** The library's own parts, put together so that a limit or the first error ends the work at once. */
function* compose(source: Source): Generator<Document.Parsed<ParsedNode>> {
  const parser = new Parser()
  // Its own check of keys compares each with each; Reader does it.
  const options = { version: '1.2', schema: 'core', stringKeys: true, uniqueKeys: false, resolveKnownTags: false } as const
  const composer = new Composer({ ...options, prettyErrors: false, logLevel: 'silent' })
  let tokens = 0
  let documents = 0
  function* take(parsed: ReturnType<Parser['next']>) {
    for (const token of parsed) {
      if (token.type === 'directive') throw source.error('POLICY_SYNTAX', token.offset, 'directives (%YAML, %TAG) are not taken')
      if (token.type === 'error') throw source.error('POLICY_SYNTAX', token.offset, printable(token.message, SHOWN))
      if (token.type === 'document' && ++documents > MAX_DOCUMENTS) {
        throw source.error('POLICY_LIMIT', token.offset, `more than ${MAX_DOCUMENTS} documents`)
      }
      yield* composer.next(token)
    }
  }
  for (const lexeme of new Lexer().lex(source.text)) {
    if (++tokens > MAX_TOKENS) throw source.error('POLICY_LIMIT', parser.offset, `more than ${MAX_TOKENS} pieces of syntax`)
    yield* take(parser.next(lexeme))
    if (parser.stack.length > MAX_DEPTH) throw source.error('POLICY_SYNTAX', parser.offset, 'nested too deeply')
  }
  yield* take(parser.end())
  yield* composer.end()
}

/** Nodes to values. Depth was bounded by `compose`, so recursion is safe. */
class Reader {
  readonly #source: Source
  readonly #budget: { values: number }
  readonly #anchors = new Map<string, { readonly node: ParsedNode; readonly value: unknown; readonly size: number }>()
  readonly #targets = new Map<ParsedNode, ParsedNode>()

  constructor(source: Source, budget: { values: number }) {
    this.#source = source
    this.#budget = budget
  }

  read(node: ParsedNode | null): unknown {
    if (node === null) return null
    if (isAlias(node)) return this.#follow(node)
    const before = this.#budget.values
    this.#spend(1, node)
    if (node.tag !== undefined && !TAGS.has(node.tag)) throw this.#error(node, `the tag ${quote(node.tag)} is not taken`)
    const value = isMap(node) ? this.#map(node) : isSeq(node) ? node.items.map((item) => this.read(item)) : node.value
    // Known only from here on, so that nothing can hold itself.
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, { node, value, size: this.#budget.values - before })
    return value
  }

  place(node: ParsedNode, path: Path): Place {
    let at = node.range[0]
    let here: ParsedNode | null = node
    for (const step of path) {
      here = here === null ? null : (this.#targets.get(here) ?? here)
      if (isMap(here)) {
        const pair: Pair<ParsedNode, ParsedNode | null> | undefined = here.items.find(({ key }) => isScalar(key) && key.value === step)
        if (pair === undefined) break
        at = pair.key.range[0]
        here = pair.value
      } else if (isSeq(here)) {
        here = here.items[Number(step)] ?? null
        if (here === null) break
        at = here.range[0]
      } else break
    }
    return this.#source.place(at)
  }

  #map(node: YAMLMap.Parsed): unknown {
    const value: Record<string, unknown> = {}
    for (const { key, value: item } of node.items) {
      const name = isScalar(key) && typeof key.value === 'string' ? key.value : undefined
      // Nobody names a field so, and as a property it is none.
      if (name === undefined || name === '__proto__') throw this.#error(key, 'this cannot be a key')
      if (Object.hasOwn(value, name)) throw this.#error(key, `${quote(name)} is here twice`)
      value[name] = this.read(item)
    }
    return value
  }

  #follow(alias: Alias.Parsed): unknown {
    const target = this.#anchors.get(alias.source)
    if (target === undefined) throw this.#error(alias, `no value above is named ${quote(alias.source)}`)
    this.#spend(target.size, alias)
    this.#targets.set(alias, target.node)
    return target.value
  }

  #spend(values: number, node: ParsedNode): void {
    this.#budget.values += values
    if (this.#budget.values > MAX_VALUES) throw this.#error(node, `more than ${MAX_VALUES} values, aliases followed`)
  }

  #error(node: ParsedNode, message: string): Error {
    return this.#source.error('POLICY_SYNTAX', node.range[0], message)
  }
}
