// YAML as Go's yaml.v3 reads it, and OPA makes JSON of it.
import { YamlFault } from '../../../../formats/go-yaml/cursor.ts'
import { type AliasNode, type MapNode, type Node, parseDocuments, type ScalarNode } from '../../../../formats/go-yaml/parse.ts'
import { type Resolved, resolve } from '../../../../formats/go-yaml/resolve.ts'
import type { Runtime } from '../../codegen/runtime.ts'
import { BuiltinError } from '../../errors.ts'
import { type RegoNumber, readNumber } from '../../values/decimal.ts'
import { shortestSingle } from '../../values/double.ts'
import { RegoObject, type Value } from '../../values/value.ts'
import { fromBytes } from '../bytes.ts'

/** The first document; the others must be YAML as well. Throws BuiltinError. */
export function readYaml(runtime: Runtime, text: string): Value {
  const [first] = orBuiltinError(() => parseDocuments(text))
  return first === undefined ? null : new Reader(runtime).value(first)
}

/** What is no YAML is an error of the builtin. */
export function orBuiltinError<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof YamlFault ? new BuiltinError(error.message) : error
  }
}

class Reader {
  readonly #runtime: Runtime
  readonly #open = new Set<Node>()
  /** Nodes read, and how many of them by an alias: what Go refuses as excessive. */
  #nodes = 0
  #aliased = 0
  #depth = 0

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  value(node: Node): Value {
    this.#count()
    switch (node.kind) {
      case 'alias':
        return this.#within(node, (target) => this.value(target))
      case 'scalar':
        return toJson(scalar(node))
      case 'list':
        return node.items.map((item) => this.value(item))
      case 'map': {
        const object = new RegoObject()
        this.#merge(node, object, new Set())
        return object
      }
    }
  }

  /** What is in the map itself stands above what is merged into it, and what was merged first above the rest. */
  #merge(map: MapNode, into: RegoObject, taken: Set<string>): void {
    const merged: Node[] = []
    const own = new Map<string, Node>()
    for (const [key, value] of map.entries) {
      this.#count()
      const named = this.#key(key)
      if (named === undefined) merged.push(...(value.kind === 'list' ? value.items : [value]))
      else own.set(named, value)
    }
    for (const [key, value] of own) {
      if (taken.has(key)) continue
      taken.add(key)
      into.set(key, this.value(value))
    }
    for (const each of merged) {
      const add = (node: Node) => {
        if (node.kind !== 'map') throw new BuiltinError('yaml: map merge requires map or sequence of maps as the value')
        this.#merge(node, into, taken)
      }
      if (each.kind === 'alias') this.#within(each, add)
      else add(each)
    }
  }

  /** The text of a key; undefined for `<<`. */
  #key(node: Node): string | undefined {
    const found = node.kind === 'alias' ? node.target : node
    const resolved = found.kind === 'scalar' ? scalar(found) : undefined
    switch (resolved?.kind) {
      case 'merge':
        return undefined
      case 'string':
      case 'boolean':
      case 'int':
        return String(resolved.value)
      case 'float':
        return floatKey(resolved.value as number)
      default:
        throw new BuiltinError('unsupported map key')
    }
  }

  #within<T>({ name, target }: AliasNode, use: (target: Node) => T): T {
    if (this.#open.has(target)) throw new BuiltinError(`yaml: anchor '${name}' value contains itself`)
    this.#open.add(target)
    this.#depth++
    const value = use(target)
    this.#depth--
    this.#open.delete(target)
    return value
  }

  #count(): void {
    this.#runtime.charge(1)
    this.#runtime.spend(32)
    this.#nodes++
    if (this.#depth > 0) this.#aliased++
    const allowed = Math.min(0.99, Math.max(0.1, 0.99 - (0.89 * (this.#nodes - 400_000)) / 3_600_000))
    if (this.#aliased > 100 && this.#nodes > 1_000 && this.#aliased / this.#nodes > allowed) {
      throw new BuiltinError('yaml: document contains excessive aliasing')
    }
  }
}

function floatKey(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  return Number.isFinite(value) ? shortestSingle(value) : value < 0 ? '-.inf' : '.inf'
}

function toJson({ kind, value }: Resolved): Value {
  if (typeof value === 'bigint') return readNumber(value.toString())!
  if (kind !== 'float') return value as string | boolean | null
  if (!Number.isFinite(value)) throw new BuiltinError('json: unsupported value')
  // A whole float is a whole number in JSON.
  return readNumber(String(value)) as RegoNumber
}

const CORE = 'tag:yaml.org,2002:'
const KINDS: ReadonlyMap<string, Resolved['kind']> = new Map([
  ['int', 'int'],
  ['float', 'float'],
  ['bool', 'boolean'],
  ['null', 'null'],
  ['merge', 'merge'],
])

/** By its tag, or as what it looks like where it is plain and has none. */
function scalar({ text, plain, tag: full }: ScalarNode): Resolved {
  if (full === undefined) return plain ? resolve(text) : { kind: 'string', value: text }
  const tag = full.startsWith(CORE) ? full.slice(CORE.length) : full
  if (tag === 'binary') return { kind: 'string', value: fromBytes(Buffer.from(text, 'base64')).toWellFormed() }
  const wanted = KINDS.get(tag)
  if (wanted === undefined) return { kind: 'string', value: text }
  const resolved = resolve(text)
  if (wanted === 'float' && resolved.kind === 'int') return { kind: 'float', value: Number(resolved.value) }
  if (resolved.kind !== wanted) throw new BuiltinError(`yaml: cannot decode ${JSON.stringify(text)} as a !!${tag}`)
  return resolved
}
