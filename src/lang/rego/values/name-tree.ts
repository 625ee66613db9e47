import { isPlain, SMALL } from './value.ts'

/** Names that one tree holds: objects whose names are ever others share nothing. */
const MAX_NAMES = 4_096

/** The names that the objects of one text have, in the order in which they stand there: objects that have the same share the array. */
export class NameTree {
  readonly #parent: NameTree | undefined
  readonly #name: string
  readonly #depth: number
  readonly #room: { left: number }
  readonly #below = new Map<string, NameTree>()
  #path: string[] | undefined

  constructor(parent?: NameTree, name = '') {
    this.#parent = parent
    this.#name = name
    this.#depth = parent === undefined ? 0 : parent.#depth + 1
    this.#room = parent === undefined ? { left: MAX_NAMES } : parent.#room
  }

  /** One name further; undefined where a small object ends, the name stands here already, or the tree is full. */
  next(name: string): NameTree | undefined {
    const known = this.#below.get(name)
    if (known !== undefined) return known
    if (this.#depth === SMALL || this.#room.left === 0 || !isPlain(name) || this.names.slice(0, this.#depth).includes(name))
      return undefined
    this.#room.left--
    const fresh = new NameTree(this, name)
    this.#below.set(name, fresh)
    return fresh
  }

  /** For RegoObject. */
  get names(): string[] {
    this.#path ??= this.#parent === undefined ? [] : [...this.#parent.names.slice(0, this.#depth - 1), this.#name]
    return this.#path
  }
}
