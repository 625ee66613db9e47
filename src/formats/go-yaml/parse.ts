// Tokens as nodes: the documents of a text, as Go's yaml.v3 has it before anything is made of its scalars.
import { type Mark, parserFault, YamlFault } from './cursor.ts'
import { MAX_DEPTH, Scanner, type Token } from './scan.ts'

/** Where a node begins, from 1, and its tag in full, where it has one. */
interface Common {
  readonly row: number
  readonly col: number
  readonly tag: string | undefined
}
export type Node = ScalarNode | ListNode | MapNode | AliasNode
export interface ScalarNode extends Common {
  readonly kind: 'scalar'
  readonly text: string
  /** Written without quotes and without a tag, so that its text decides what it is. `!` alone is no tag. */
  readonly plain: boolean
}
export interface ListNode extends Common {
  readonly kind: 'list'
  readonly items: Node[]
}
export interface MapNode extends Common {
  readonly kind: 'map'
  readonly entries: (readonly [Node, Node])[]
}
export interface AliasNode {
  readonly kind: 'alias'
  readonly row: number
  readonly col: number
  readonly name: string
  /** Which may be around the alias. */
  readonly target: Node
}

const DEFAULT_HANDLES: readonly (readonly [string, string])[] = [
  ['!', '!'],
  ['!!', 'tag:yaml.org,2002:'],
]
/** Deeper ones would end the stack. Go takes MAX_DEPTH. */
export const DEEPEST = 400

/** The first document; undefined if there is none. What comes behind it is not looked at. Throws YamlFault. */
export function parseDocument(text: string): Node | undefined {
  checkCharacters(text)
  return new Parser(text).document(true)
}

/** All documents. Throws YamlFault. */
export function parseDocuments(text: string): Node[] {
  checkCharacters(text)
  const parser = new Parser(text)
  const all: Node[] = []
  for (let node = parser.document(true); node !== undefined; node = parser.document(false)) all.push(node)
  return all
}

const placeOf = ({ line, column }: Mark) => ({ row: line + 1, col: column + 1 })

export const tooDeep = () => new YamlFault(`exceeded max depth of ${MAX_DEPTH}`, undefined)

/** Throws YamlFault for text that Go takes for binary. */
export function checkCharacters(text: string): void {
  if (/[^\t\n\r\x20-\x7e\x85\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text)) {
    throw new YamlFault('control characters are not allowed', undefined)
  }
}

class Parser {
  readonly #scanner: Scanner
  readonly #anchors = new Map<string, Node>()
  readonly #handles = new Map<string, string>()
  #depth = 0

  constructor(text: string) {
    this.#scanner = new Scanner(text)
  }

  /** The next one. Only the first needs no `---`. */
  document(isFirst: boolean): Node | undefined {
    while (!isFirst && this.#is('document end')) this.#scanner.next()
    if (this.#is('stream end')) return undefined
    const isExplicit = !isFirst || this.#is('version', 'tag directive', 'document start')
    this.#handles.clear()
    if (isExplicit) {
      this.#directives()
      if (!this.#is('document start')) this.#fail('did not find expected <document start>')
      this.#scanner.next()
    }
    for (const [handle, prefix] of DEFAULT_HANDLES) if (!this.#handles.has(handle)) this.#handles.set(handle, prefix)
    const isEmpty = isExplicit && this.#is('version', 'tag directive', 'document start', 'document end', 'stream end')
    const node = isEmpty ? this.#nothing(this.#scanner.peek().mark) : this.#node(true)
    if (this.#is('document end')) this.#scanner.next()
    return node
  }

  #directives(): void {
    let versions = 0
    while (this.#is('version', 'tag directive')) {
      const token = this.#scanner.peek()
      if (token.is === 'version') {
        if (++versions > 1) this.#fail('found duplicate %YAML directive')
        if (token.major !== 1 || token.minor !== 1) this.#fail('found incompatible YAML document')
      } else if (token.is === 'tag directive') {
        if (this.#handles.has(token.handle)) this.#fail('found duplicate %TAG directive')
        this.#handles.set(token.handle, token.prefix)
      }
      this.#scanner.next()
    }
  }

  #is(...kinds: readonly Token['is'][]): boolean {
    return kinds.includes(this.#scanner.peek().is)
  }

  #fail(problem: string, context?: Mark): never {
    throw parserFault(problem, this.#scanner.peek().mark, context)
  }

  #nothing(mark: Mark): ScalarNode {
    return { kind: 'scalar', text: '', plain: true, tag: undefined, ...placeOf(mark) }
  }

  /** @param indentless a list may begin at the column of the key that it belongs to */
  #node(inBlock: boolean, indentless = false): Node {
    if (++this.#depth > DEEPEST) throw tooDeep()
    const node = this.#nodeWithin(inBlock, indentless)
    this.#depth--
    return node
  }

  #nodeWithin(inBlock: boolean, indentless: boolean): Node {
    const first = this.#scanner.peek()
    if (first.is === 'alias') return this.#alias(first)
    const { anchor, tag } = this.#properties(first.mark)
    const common = { tag, ...placeOf(first.mark) }
    const hold = <N extends Node>(node: N): N => {
      if (anchor !== undefined) this.#anchors.set(anchor, node)
      return node
    }
    const token = this.#scanner.peek()
    if (indentless && token.is === 'block entry') return this.#indentless(hold({ kind: 'list', items: [], ...common }))
    switch (token.is) {
      case 'scalar': {
        this.#scanner.next()
        const isTagged = tag !== undefined && tag !== '!'
        return hold({ kind: 'scalar', text: token.text, plain: token.plain && !isTagged, ...common, tag: isTagged ? tag : undefined })
      }
      case 'flow sequence':
        return this.#flowList(hold({ kind: 'list', items: [], ...common }))
      case 'flow mapping':
        return this.#flowMap(hold({ kind: 'map', entries: [], ...common }))
      case 'block sequence':
        if (inBlock) return this.#blockList(hold({ kind: 'list', items: [], ...common }))
        break
      case 'block mapping':
        if (inBlock) return this.#blockMap(hold({ kind: 'map', entries: [], ...common }))
    }
    if (anchor === undefined && tag === undefined) this.#fail('did not find expected node content', first.mark)
    return hold({ kind: 'scalar', text: '', plain: tag === undefined || tag === '!', ...common, tag: tag === '!' ? undefined : tag })
  }

  #alias({ mark, name }: Extract<Token, { is: 'alias' | 'anchor' }>): AliasNode {
    const target = this.#anchors.get(name)
    if (target === undefined) throw new YamlFault(`unknown anchor '${name}' referenced`, undefined)
    this.#scanner.next()
    return { kind: 'alias', name, target, ...placeOf(mark) }
  }

  /** Anchor and tag, in any order, each once. */
  #properties(start: Mark): { readonly anchor: string | undefined; readonly tag: string | undefined } {
    let anchor: string | undefined
    let tag: string | undefined
    for (let token = this.#scanner.peek(); ; token = this.#scanner.peek()) {
      if (token.is === 'anchor' && anchor === undefined) anchor = token.name
      else if (token.is === 'tag' && tag === undefined) tag = this.#tag(token, start)
      else return { anchor, tag }
      this.#scanner.next()
    }
  }

  #tag({ handle, suffix, mark }: Extract<Token, { is: 'tag' }>, start: Mark): string {
    if (handle === '') return suffix
    const prefix = this.#handles.get(handle)
    if (prefix === undefined) throw parserFault('found undefined tag handle', mark, start)
    return prefix + suffix
  }

  #blockList(list: ListNode): ListNode {
    const { mark } = this.#scanner.next()
    while (this.#is('block entry')) list.items.push(this.#entry('block entry', 'block end'))
    if (!this.#is('block end')) this.#fail("did not find expected '-' indicator", mark)
    this.#scanner.next()
    return list
  }

  #indentless(list: ListNode): ListNode {
    while (this.#is('block entry')) list.items.push(this.#entry('block entry', 'key', 'value', 'block end'))
    return list
  }

  /** What follows a sign of a block; nothing, before what can only come next. */
  #entry(...next: readonly Token['is'][]): Node {
    const { is, end } = this.#scanner.next()
    return this.#is(...next) ? this.#nothing(end) : this.#node(true, is !== 'block entry')
  }

  #blockMap(map: MapNode): MapNode {
    const { mark } = this.#scanner.next()
    const next = ['key', 'value', 'block end'] as const
    while (this.#is('key')) {
      const key = this.#entry(...next)
      map.entries.push([key, this.#is('value') ? this.#entry(...next) : this.#nothing(this.#scanner.peek().mark)])
    }
    if (!this.#is('block end')) this.#fail('did not find expected key', mark)
    this.#scanner.next()
    return map
  }

  /** The items of a flow collection, with commas between them and perhaps behind the last. */
  #flow(end: 'flow sequence end' | 'flow mapping end', bracket: string, item: () => void): void {
    const { mark } = this.#scanner.next()
    for (let isFirst = true; !this.#is(end); isFirst = false) {
      if (!isFirst) {
        if (!this.#is('flow entry')) this.#fail(`did not find expected ',' or '${bracket}'`, mark)
        this.#scanner.next()
        if (this.#is(end)) break
      }
      item()
    }
    this.#scanner.next()
  }

  #flowList(list: ListNode): ListNode {
    this.#flow('flow sequence end', ']', () => void list.items.push(this.#is('key') ? this.#pair() : this.#node(false)))
    return list
  }

  /** `[a: b]` is a list of a map. */
  #pair(): MapNode {
    const { mark } = this.#scanner.next()
    let key: Node
    if (this.#is('value', 'flow entry', 'flow sequence end')) {
      // Go takes the sign for the key's.
      key = this.#nothing(this.#scanner.next().end)
    } else key = this.#node(false)
    return { kind: 'map', entries: [[key, this.#flowValue('flow sequence end')]], tag: undefined, ...placeOf(mark) }
  }

  #flowValue(end: 'flow sequence end' | 'flow mapping end'): Node {
    if (!this.#is('value')) return this.#nothing(this.#scanner.peek().mark)
    this.#scanner.next()
    return this.#is('flow entry', end) ? this.#nothing(this.#scanner.peek().mark) : this.#node(false)
  }

  #flowMap(map: MapNode): MapNode {
    this.#flow('flow mapping end', '}', () => {
      if (!this.#is('key')) {
        const key = this.#node(false)
        map.entries.push([key, this.#nothing(this.#scanner.peek().mark)])
        return
      }
      this.#scanner.next()
      const isEmpty = this.#is('value', 'flow entry', 'flow mapping end')
      const key = isEmpty ? this.#nothing(this.#scanner.peek().mark) : this.#node(false)
      map.entries.push([key, this.#flowValue('flow mapping end')])
    })
    return map
  }
}
