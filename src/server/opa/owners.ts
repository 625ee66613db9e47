// Which part of the world a bundle has for itself: nobody else may write there.
import type { Path } from './documents.ts'
import { invalid } from './refusal.ts'

export interface Owner {
  readonly name: string
  /** `a/b`; an empty one is everything. */
  readonly roots: readonly string[]
  readonly revision: string
}

export class Owners {
  readonly all: readonly Owner[]

  constructor(all: readonly Owner[]) {
    this.all = all
  }

  /** Throws a Refusal for a path that a bundle owns, in part or as a part. */
  check(path: Path): void {
    if (path.length === 0 && this.all.length > 0) throw invalid("can't write to document root with bundle roots configured")
    for (const { name, roots } of this.all) {
      if (roots.includes('')) throw invalid(`all paths owned by bundle ${JSON.stringify(name)}`)
      for (const root of roots) {
        if (overlap(root.split('/'), path)) throw invalid(`path ${path.join('/')} is owned by bundle ${JSON.stringify(name)}`)
      }
    }
  }
}

/** Whether one of two paths begins with the other. */
export function overlap(a: Path, b: Path): boolean {
  return a.slice(0, b.length).every((part, at) => part === b[at])
}
