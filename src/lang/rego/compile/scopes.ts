// Which variables have been met where, while those that are declared get new names.

export type Occurrence = 'arg' | 'seen' | 'assigned' | 'declared'

interface Entry {
  readonly to: string
  readonly occurrence: Occurrence
}

/** The variables of one body. */
export class Frame {
  readonly names = new Map<string, Entry>()
  readonly count = new Map<string, number>()

  copy(): Frame {
    const copy = new Frame()
    for (const [name, entry] of this.names) copy.names.set(name, entry)
    for (const [name, count] of this.count) copy.count.set(name, count)
    return copy
  }

  /** New names by the written ones. */
  renames(): ReadonlyMap<string, string> {
    const renames = new Map<string, string>()
    for (const [name, { to }] of this.names) if (to !== name) renames.set(name, to)
    return renames
  }
}

export class Scopes {
  readonly #frames: Frame[]
  readonly #written: Map<string, string>

  /** `written`: what generated names were called; added to. */
  constructor(written: Map<string, string>, frame = new Frame()) {
    this.#written = written
    this.#frames = [frame]
  }

  get top(): Frame {
    return this.#frames.at(-1)!
  }

  within<T>(run: () => T): T {
    this.#frames.push(new Frame())
    try {
      return run()
    } finally {
      this.#frames.pop()
    }
  }

  insert(name: string, to: string, occurrence: Occurrence): void {
    this.top.names.set(name, { to, occurrence })
    this.top.count.set(name, 1)
    if (name !== to) this.#written.set(to, name)
  }

  /** The new name of a variable of this body or one around it. */
  declared(name: string): string | undefined {
    return this.#entry(name)?.to
  }

  /** How the variable has occurred in this body. */
  occurrence(name: string): Occurrence | undefined {
    return this.top.names.get(name)?.occurrence
  }

  /** How the variable has occurred in this body or the nearest one around it. */
  anyOccurrence(name: string): Occurrence | undefined {
    return this.#entry(name)?.occurrence
  }

  #entry(name: string): Entry | undefined {
    for (let at = this.#frames.length - 1; at >= 0; at--) {
      const entry = this.#frames[at]!.names.get(name)
      if (entry !== undefined) return entry
    }
    return undefined
  }

  seen(name: string): void {
    for (let at = this.#frames.length - 1; at >= 0; at--) {
      const { count } = this.#frames[at]!
      const known = count.get(name)
      if (known === undefined) continue
      count.set(name, known + 1)
      return
    }
    this.top.count.set(name, 1)
  }

  count(name: string): number {
    for (let at = this.#frames.length - 1; at >= 0; at--) {
      const known = this.#frames[at]!.count.get(name)
      if (known !== undefined) return known
    }
    return 0
  }
}
