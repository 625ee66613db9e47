// Files of Kubernetes objects, as the programs read them that people give such files to: YAML by Go's libraries, and JSON.
import { ThymusError } from '../../core/errors.ts'
import { MIB } from '../../core/limits.ts'
import { printable, quote } from '../../core/quote.ts'
import { YamlFault } from '../go-yaml/cursor.ts'
import { type Node, parseDocument, parseDocuments } from '../go-yaml/parse.ts'
import { type Resolved, resolve } from '../go-yaml/resolve.ts'
import { readTime } from '../go-yaml/time.ts'
import { type Maker, readNode } from '../go-yaml/values.ts'

/** A rendered chart of hundreds of objects has one. */
const MAX_BYTES = 32 * MIB
/** Aliases followed. */
const MAX_NODES = 4_000_000
const SHOWN = 200

export interface Place {
  /** From 1. */
  readonly line: number
  readonly column: number
}

export interface Manifest {
  /** Plain objects, arrays, strings, numbers, booleans and null; whole numbers beyond what JS holds exactly are bigint. */
  readonly object: unknown
  /** Where the key or the list item at the end of `path` is written; where there is none, the nearest around it. */
  place(path: readonly (string | number)[]): Place
}

/**
 * All documents of a file, empty ones left out, as `kubectl` reads them (sigs.k8s.io/yaml): YAML 1.1's words for true and false, keys
 * that are no text become one. A key that a map has twice is refused, as a server does that validates strictly.
 * Throws ThymusError MANIFEST with `file:line:column`.
 */
export function readManifests(text: string, file: string): readonly Manifest[] {
  return reading(text, file, () =>
    parseDocuments(text)
      .map((node) => manifestOf(node, KUBECTL, file))
      .filter(({ object }) => object !== null),
  )
}

/**
 * The documents of a file as `gator` reads them (yaml.v3): each `---` at the beginning of a line divides the text, whatever stands
 * around it, and of each part lines that are empty or begin with `#` are left out, in texts too.
 * Throws ThymusError MANIFEST.
 */
export function readGatorDocuments(text: string, file: string): readonly Manifest[] {
  return reading(text, file, () =>
    text.split('\n---').flatMap((part) => {
      const lines = part.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'))
      return lines.length === 0 ? [] : [firstDocument(`${lines.join('\n')}\n`, file)]
    }),
  )
}

/** The first document of a file as `gator` reads it: what follows is not looked at. Throws ThymusError MANIFEST. */
export function readGatorDocument(text: string, file: string): Manifest {
  return reading(text, file, () => firstDocument(text, file))
}

function firstDocument(text: string, file: string): Manifest {
  const node = parseDocument(text)
  return node === undefined ? { object: {}, place: () => START } : manifestOf(node, GATOR, file)
}

const START: Place = { line: 1, column: 1 }

function reading<T>(text: string, file: string, read: () => T): T {
  const size = Buffer.byteLength(text)
  if (size > MAX_BYTES) throw new ThymusError('MANIFEST', `${size} bytes, more than ${MAX_BYTES}`, { at: `${file}:1:1` })
  try {
    return read()
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error
    const { line, column } = error.mark ?? { line: 0, column: 0 }
    throw new ThymusError('MANIFEST', printable(error.message, SHOWN), { at: `${file}:${line + 1}:${column + 1}` })
  }
}

function manifestOf(node: Node, dialect: Dialect, file: string): Manifest {
  let nodes = 0
  const at = ({ row, col }: Node) => ({ at: `${file}:${row}:${col}` })
  const object = readNode<unknown>(node, {
    ...dialect,
    list: (items) => items,
    map: toObject,
    twice: (key, written) => {
      throw new ThymusError('MANIFEST', `the key ${quote(key)} is here twice`, at(written))
    },
    charge: () => {
      if (++nodes > MAX_NODES) throw new ThymusError('MANIFEST', `more than ${MAX_NODES} values`, at(node))
    },
  })
  return { object, place: (path) => placeIn(node, path) }
}

type Dialect = Pick<Maker<unknown>, 'key' | 'resolve' | 'scalar'>

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ...'y Y yes Yes YES on On ON'.split(' ').map((word) => [word, true] as const),
  ...'n N no No NO off Off OFF'.split(' ').map((word) => [word, false] as const),
])

const KUBECTL: Dialect = {
  scalar: toHost,
  resolve: (text) => {
    const word = WORDS.get(text)
    return word === undefined ? resolve(text) : { kind: 'boolean', value: word }
  },
  key: (key) => {
    if (key === undefined || key.kind === 'null') throw new YamlFault('unsupported map key', undefined)
    return String(key.value)
  },
}

const GATOR: Dialect = {
  // It makes JSON of what it has read, and so of times.
  scalar: (resolved) => (resolved.kind === 'time' ? readTime(resolved.value as string) : toHost(resolved)),
  key: (key) => {
    if (key?.kind === 'string' || key?.kind === 'binary') return String(key.value)
    throw new YamlFault('a key is no text', undefined)
  },
}

function toHost({ kind, value }: Resolved): unknown {
  if (kind === 'binary') return Buffer.from(value as string, 'base64').toString('utf8')
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new YamlFault(`${value} is no number of JSON`, undefined)
  return value
}

function toObject(entries: Iterable<readonly [string, unknown]>): unknown {
  const object: Record<string, unknown> = {}
  for (const [key, value] of entries) {
    // As a property this would be the prototype.
    if (key === '__proto__') throw new YamlFault('"__proto__" cannot be a key', undefined)
    object[key] = value
  }
  return object
}

function placeIn(root: Node, path: readonly (string | number)[]): Place {
  let here: Node | undefined = root
  let at: Node = root
  for (const step of path) {
    while (here?.kind === 'alias') here = here.target
    if (here?.kind === 'map') {
      const entry: readonly [Node, Node] | undefined = here.entries.find(([key]) => key.kind === 'scalar' && key.text === step)
      if (entry === undefined) break
      at = entry[0]
      here = entry[1]
    } else if (here?.kind === 'list') {
      here = here.items[Number(step)]
      if (here === undefined) break
      at = here
    } else break
  }
  return { line: at.row, column: at.col }
}
