// Nodes as values of whoever reads them: aliases followed, maps merged, and no more work than Go would do.
import { YamlFault } from './cursor.ts'
import { type AliasNode, DEEPEST, type MapNode, type Node, tooDeep } from './parse.ts'
import { type Resolved, resolveScalar } from './resolve.ts'

/** How values are made. Each may throw. */
export interface Maker<V> {
  scalar(resolved: Resolved): V
  list(items: V[]): V
  map(entries: Iterable<readonly [string, V]>): V
  /** The text of a key that is no `<<`; undefined is for a key that is no scalar. */
  key(resolved: Resolved | undefined): string
  /** What a plain scalar is; as yaml.v3 has it where this is left out. */
  readonly resolve?: (text: string) => Resolved
  /** Called for a key that a map has twice; where this is left out the last one counts. */
  twice?(key: string, node: Node): void
  /** Called for each node that is read. */
  charge?(): void
}

/** Throws YamlFault, and what the maker throws. */
export function readNode<V>(node: Node, maker: Maker<V>): V {
  return new Reader(maker).value(node)
}

class Reader<V> {
  readonly #maker: Maker<V>
  readonly #open = new Set<Node>()
  /** Nodes read, and how many of them by an alias: what Go refuses as excessive. */
  #nodes = 0
  #aliased = 0
  #depth = 0

  constructor(maker: Maker<V>) {
    this.#maker = maker
  }

  value(node: Node): V {
    this.#count()
    switch (node.kind) {
      case 'alias':
        return this.#within(node, (target) => this.value(target))
      case 'scalar':
        return this.#maker.scalar(resolveScalar(node, this.#maker.resolve))
      case 'list':
        return this.#maker.list(node.items.map((item) => this.value(item)))
      case 'map': {
        const entries = new Map<string, V>()
        this.#merge(node, entries)
        return this.#maker.map(entries)
      }
    }
  }

  /** What is in the map itself stands above what is merged into it, and what was merged first above the rest. */
  #merge(map: MapNode, into: Map<string, V>): void {
    const merged: Node[] = []
    const own = new Map<string, Node>()
    for (const [key, value] of map.entries) {
      this.#count()
      const named = this.#key(key)
      if (named === undefined) merged.push(...(value.kind === 'list' ? value.items : [value]))
      else {
        if (own.has(named)) this.#maker.twice?.(named, key)
        own.set(named, value)
      }
    }
    for (const [key, value] of own) if (!into.has(key)) into.set(key, this.value(value))
    for (const each of merged) {
      const add = (node: Node) => {
        if (node.kind !== 'map') throw new YamlFault('map merge requires map or sequence of maps as the value', undefined)
        this.#merge(node, into)
      }
      if (each.kind === 'alias') this.#within(each, add)
      else add(each)
    }
  }

  /** The text of a key; undefined for `<<`. */
  #key(node: Node): string | undefined {
    const found = node.kind === 'alias' ? node.target : node
    const resolved = found.kind === 'scalar' ? resolveScalar(found, this.#maker.resolve) : undefined
    return resolved?.kind === 'merge' ? undefined : this.#maker.key(resolved)
  }

  #within<T>({ name, target }: AliasNode, use: (target: Node) => T): T {
    if (this.#open.has(target)) throw new YamlFault(`anchor '${name}' value contains itself`, undefined)
    this.#open.add(target)
    // A chain of aliases is as deep as it is long.
    if (++this.#depth > DEEPEST) throw tooDeep()
    const value = use(target)
    this.#depth--
    this.#open.delete(target)
    return value
  }

  #count(): void {
    this.#maker.charge?.()
    this.#nodes++
    if (this.#depth > 0) this.#aliased++
    const allowed = Math.min(0.99, Math.max(0.1, 0.99 - (0.89 * (this.#nodes - 400_000)) / 3_600_000))
    if (this.#aliased > 100 && this.#nodes > 1_000 && this.#aliased / this.#nodes > allowed) {
      throw new YamlFault('document contains excessive aliasing', undefined)
    }
  }
}
