// Random objects out of few words, so that mutators meet them: what a seed decides can be made again.
import { Random } from '../../kit/random.ts'

export type Json = unknown
export const FIELDS = ['containers', 'args', 'env', 'image', 'a', 'b', 'labels', 'a.b', '__proto__', 'name', 'constructor'] as const
export const KEYS = ['name', 'name', 'name', 'port', '__proto__'] as const
export const NAMES = ['x', 'y', 'z', ''] as const
const IMAGES = [
  'nginx',
  'nginx:1',
  'a/b',
  'gcr.io/a/b:v1',
  'localhost/a',
  'localhost:5000/a@sha256:00',
  'a:80/b',
  ':1',
  '',
  '/',
  'x/',
  '@',
  'a.b/c:d@e',
  'a:b/c',
]

export class Values {
  readonly #random: Random

  constructor(seed: number) {
    this.#random = new Random(seed)
  }

  /** From 0 on. */
  protected below(end: number): number {
    return this.#random.below(end)
  }

  protected of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  /** True once in `times`. */
  protected once(times: number): boolean {
    return this.below(times) === 0
  }

  protected list<T>(most: number, make: (index: number) => T): T[] {
    return Array.from({ length: this.below(most + 1) }, (_, index) => make(index))
  }

  /** An object with any field names, of those entries that are not undefined. */
  protected fields(entries: readonly (readonly [string, Json])[]): Json {
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
  }

  protected maybe<T>(times: number, make: () => T): T | undefined {
    return this.once(times) ? make() : undefined
  }

  protected namespace(): Json {
    return { metadata: { name: this.of(['ns', 'other', 'kube-system']), labels: this.labels() } }
  }

  protected labels(): Json {
    return this.fields(this.list(2, () => [this.of(['l', 'm']), this.of(['1', '2'])] as const))
  }

  protected object(): Json {
    const metadata = this.fields([
      ['name', this.maybe(1, () => this.of(['pod-a', 'b', 'pod']))],
      ['generateName', this.maybe(4, () => this.of(['pod-', 'x-']))],
      ['namespace', this.maybe(2, () => this.of(['ns', 'kube-system']))],
      ['labels', this.maybe(2, () => (this.once(6) ? this.of([null, 5, { l: 5 }]) : this.labels()))],
      ['annotations', this.maybe(4, () => (this.once(4) ? this.of([null, 'x', {}]) : this.labels()))],
    ])
    const [apiVersion, kind] = this.of([
      ['v1', 'Pod'],
      ['v1', 'Pod'],
      ['v1', 'Pod'],
      ['apps/v1', 'Deployment'],
      ['v1', 'Namespace'],
    ] as const)
    return this.fields([
      ['apiVersion', apiVersion],
      ['kind', kind],
      ['metadata', this.once(40) ? this.of([null, 5, []]) : metadata],
      ['spec', this.once(20) ? this.value(2) : this.tree(3)],
      ['status', this.maybe(5, () => this.value(1))],
    ])
  }

  protected tree(depth: number): Json {
    return this.fields(
      this.list(4, () => {
        const field = this.of(FIELDS)
        if (field === 'image') return [field, this.once(8) ? this.value(1) : this.of(IMAGES)] as const
        if (field === 'containers' || field === 'env') return [field, this.once(8) ? this.value(1) : this.#elements(depth)] as const
        if (field === 'args' || field === 'labels')
          return [field, this.once(6) ? this.value(1) : this.list(4, () => this.#scalar())] as const
        return [field, depth > 0 && !this.once(3) ? this.tree(depth - 1) : this.value(1)] as const
      }),
    )
  }

  #elements(depth: number): Json {
    return this.list(3, () => {
      if (this.once(20)) return this.value(1)
      const tree = depth > 0 ? (this.tree(depth - 1) as Record<string, Json>) : {}
      return this.fields([...Object.entries(tree), [this.of(KEYS), this.once(4) ? this.#scalar() : this.of(NAMES)]])
    })
  }

  #scalar(): Json {
    return this.of(['x', 'y', 'z', '', '--flag', 80, 80, 1, 0, -1, 0.5, true, false, null])
  }

  protected value(depth: number): Json {
    if (depth === 0 || this.once(2)) return this.#scalar()
    if (this.once(2)) return this.list(3, () => this.value(depth - 1))
    return this.fields(this.list(3, () => [this.of([...FIELDS, ...KEYS]), this.value(depth - 1)] as const))
  }
}
