// Random mutators and objects for them. Long, for it is mostly lists of what may be written in each field.
import type { Question } from './oracle.ts'
import { FIELDS, type Json, KEYS, NAMES, Values } from './values.ts'

const DOMAINS = ['gcr.io', 'localhost', 'localhost:5000', 'a.b-c.d:80', 'nope', 'a..b', 'a.b/', '_.a', 'a.b:', 'é.a']
const PATHS = ['a', 'a/b', 'a__b', 'a-b---c', 'a___b', 'gcr.io/a', 'a:80/b', 'A', 'a/', 'a.b', 'a..b', 'localhost/x', '/a', 'a\n']
const TAGS = [
  ':v1',
  ':',
  'v1',
  `@sha256:${'0a'.repeat(32)}`,
  '@sha256:00',
  ':a:b',
  '@a+b.c:'.concat('f'.repeat(32)),
  `:${'a'.repeat(129)}`,
  ':-a',
  ':a\n',
]
const VERSIONS = ['v1', 'v1beta1', 'v1alpha1']

export class Mutators extends Values {
  /** Locations that mutators share, or go on from. */
  readonly #pool: string[][] = []

  question(): Question {
    const namespace = this.once(2) ? this.namespace() : undefined
    return {
      mutators: this.once(30) ? this.#renamers() : this.list(6, (index) => this.mutator(index)),
      object: this.object(),
      ...(namespace === undefined ? {} : { namespace }),
      source: this.of(['Original', 'Original', 'Generated']),
      operation: this.of(['CREATE', 'CREATE', 'UPDATE', '', 'DELETE']),
      ...(this.once(2) ? { annotate: '00000000-0000-4000-8000-000000000000' } : {}),
    }
  }

  /** Few words of the language of locations, whole or broken. */
  path(): string {
    if (this.once(3)) return this.#location().join('')
    const parts = [
      'a',
      'b-c',
      '_x',
      '-',
      '.',
      '.',
      '[',
      ']',
      ': ',
      '*',
      '5',
      '012',
      '99999999999999999999',
      '18446744073709551620',
      '"q"',
      "'q'",
    ]
    return this.list(10, () =>
      this.of([...parts, '"', "'", '\\', ' ', '\n', 'é', '"\\""', '[a: b]', '[a: 1]', '[a: *]', '\ufeff', '\u00a0']),
    ).join('')
  }

  /** Of its own name: a mutator that took another's place leaves conflicts behind in Gatekeeper that are none any more. */
  protected mutator(index: number): Json {
    const kind = this.of(['Assign', 'Assign', 'ModifySet', 'AssignImage', 'AssignMetadata'] as const)
    const version = this.once(40) ? 'v2' : kind === 'AssignImage' ? (this.once(30) ? 'v1' : 'v1alpha1') : this.of(VERSIONS)
    const location = kind === 'AssignMetadata' ? this.#metadataLocation() : this.#location(kind)
    const spec = this.fields([
      ['applyTo', kind === 'AssignMetadata' ? undefined : this.once(60) ? this.of([null, [], 'x', [null]]) : this.#applyTo()],
      ['match', this.maybe(3, () => this.#match())],
      // An empty location is a fault of ours, of Gatekeeper's ModifySet only when it is applied.
      ['location', this.once(60) ? this.of([5, 'spec.', 'metadata.labels', '[a: b]']) : location.join('')],
      ['parameters', this.#parameters(kind, location)],
      ['extra', this.maybe(80, () => 1)],
    ])
    return this.fields([
      ['apiVersion', `mutations.gatekeeper.sh/${version}`],
      ['kind', kind],
      [
        'metadata',
        this.fields([
          ['name', `${this.of(['a', 'b', 'c'])}${index}`],
          ['generation', this.maybe(3, () => this.below(9))],
        ]),
      ],
      ['spec', spec],
    ])
  }

  /** Mutators that make one kind of another: some never come to an end. */
  #renamers(): Json[] {
    const kinds = ['Pod', 'Deployment', 'Namespace']
    return this.list(5, (index) => ({
      apiVersion: 'mutations.gatekeeper.sh/v1',
      kind: 'Assign',
      metadata: { name: `r${index}` },
      spec: {
        applyTo: [{ groups: [''], versions: ['v1'], kinds: [this.of(kinds)] }],
        location: 'kind',
        parameters: { assign: { value: this.of(kinds) } },
      },
    }))
  }

  /** Steps as they are written; those from the second on with their dot, lists by themselves. */
  #location(kind = 'Assign'): string[] {
    const shared = this.#pool.length > 0 && !this.once(3) ? this.of(this.#pool) : undefined
    if (shared !== undefined) {
      const steps = this.once(4) ? shared.slice(0, 1 + this.below(shared.length)) : [...shared]
      if (this.once(6)) steps[steps.length - 1]! += this.#keyed()
      else if (this.once(3)) steps.push(`.${this.of(['args', 'image', 'a'])}`)
      return steps
    }
    const steps = this.#newLocation(kind)
    this.#pool.push(steps)
    return steps
  }

  #newLocation(kind: string): string[] {
    const steps = [this.once(20) ? 'status' : this.once(60) ? 'metadata' : 'spec']
    const count = 1 + this.below(3)
    for (let index = 0; index < count; index++) {
      const field = this.of(kind === 'ModifySet' && index === count - 1 ? [...FIELDS, 'args', 'args', 'env'] : FIELDS)
      steps.push(`.${/^[a-z_]+$/.test(field) && !this.once(10) ? field : JSON.stringify(field)}`)
      const atEnd = index === count - 1
      if (this.once(field === 'containers' || field === 'env' ? (atEnd ? 3 : 1) : 12)) steps.push(this.#keyed())
    }
    const fitting = kind === 'AssignImage' ? '.image' : kind === 'ModifySet' ? '.args' : undefined
    if (fitting !== undefined && this.once(2)) steps.push(fitting)
    return steps
  }

  #keyed(): string {
    const value = this.of(['*', '*', ...NAMES.map((name) => (name === '' ? '""' : name)), '80', '"80"', '"*"', '1'])
    return this.once(80) ? `[${value}]` : `[${this.of(KEYS)}: ${value}]`
  }

  #metadataLocation(): string[] {
    return [
      'metadata',
      this.of(['.labels', '.labels', '.annotations', '."labels"', '.name']),
      ...(this.once(20) ? [] : [`.${this.of(['l', 'm', 'n', '"a.b/c"', '__proto__'])}`]),
    ]
  }

  #parameters(kind: string, location: readonly string[]): Json {
    const tests = kind === 'AssignMetadata' ? this.maybe(80, () => []) : this.maybe(3, () => this.#pathTests(location))
    if (kind === 'ModifySet') {
      const values = this.once(12)
        ? this.of([{}, null, undefined, { fromList: null }, { fromList: 'x' }, { other: 1 }])
        : { fromList: this.list(3, () => this.value(1)) }
      return this.fields([
        ['pathTests', tests],
        ['operation', this.of(['merge', 'merge', 'prune', 'prune', undefined, null, this.once(10) ? 'drop' : 'merge'])],
        ['values', values],
      ])
    }
    if (kind === 'AssignImage')
      return this.fields([
        ['pathTests', tests],
        ['assignDomain', this.maybe(2, () => this.of(this.once(12) ? DOMAINS : DOMAINS.slice(0, 3)))],
        ['assignPath', this.maybe(2, () => this.of(this.once(12) ? PATHS : PATHS.slice(0, 4)))],
        ['assignTag', this.maybe(2, () => this.of(this.once(12) ? TAGS : [':v1', TAGS[3]!]))],
      ])
    return this.fields([
      ['pathTests', tests],
      ['assign', this.#assign(kind, location)],
    ])
  }

  #assign(kind: string, location: readonly string[]): Json {
    if (this.once(8)) return { fromMetadata: this.of([{ field: 'name' }, { field: 'namespace' }, { field: 'name' }, { field: 'uid' }, {}]) }
    if (this.once(60))
      return this.of([
        undefined,
        {},
        { value: null },
        { value: 'x', fromMetadata: { field: 'name' } },
        { externalData: { provider: 'p' } },
        { value: 1, extra: 1 },
      ])
    if (kind === 'AssignMetadata') return { value: this.once(20) ? this.value(1) : this.of(['v', 'w', '']) }
    const value = this.value(2)
    const keyed = /^\[(\w+): (.*)\]$/.exec(location.at(-1)!)
    if (keyed === null || this.once(10)) return { value }
    const [, key, written] = keyed as unknown as [string, string, string]
    const rest = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
    return { value: this.fields([...rest, [key, /^\d/.test(written) ? Number(written) : written.replaceAll('"', '')]]) }
  }

  #pathTests(location: readonly string[]): Json {
    return this.list(3, () => {
      const length = 1 + this.below(location.length)
      const path = this.once(20) ? this.of(['spec.other', 'spec.', '']) : location.slice(0, length).join('')
      const condition = this.once(30) ? this.of(['Exists', undefined, null]) : this.of(['MustExist', 'MustNotExist', 'MustExist'])
      return this.fields([
        ['subPath', path],
        ['condition', condition],
      ])
    })
  }

  #applyTo(): Json {
    return Array.from({ length: this.once(4) ? 2 : 1 }, () =>
      this.fields([
        ['groups', this.once(40) ? this.of([[], undefined, [5]]) : this.of([[''], [''], [''], ['', 'apps']])],
        ['versions', this.of([['v1'], ['v1'], ['v1'], ['v1', 'v2'], ['v2']])],
        ['kinds', this.of([['Pod'], ['Pod'], ['Pod', 'Deployment'], ['Pod', 'Deployment', 'Namespace'], ['Pod'], ['*']])],
        [
          'operations',
          this.maybe(3, () =>
            this.once(20)
              ? this.of([['DELETE'], ['*', 'CREATE'], ['CREATE', 'CREATE'], 'CREATE'])
              : this.of([[], ['*'], ['CREATE'], ['UPDATE'], ['UPDATE', 'CREATE']]),
          ),
        ],
      ]),
    )
  }

  #match(): Json {
    const names = () => this.of([['ns'], ['kube-*'], ['*-system', 'ns'], ['*'], ['other'], [], ['**'], this.once(6) ? ['A.b'] : ['*s']])
    const selector = () =>
      this.fields([
        ['matchLabels', this.maybe(2, () => this.labels())],
        [
          'matchExpressions',
          this.maybe(2, () => [
            this.of([
              { key: 'l', operator: 'Exists' },
              { key: 'l', operator: 'DoesNotExist', values: [] },
              { key: 'l', operator: 'NotIn', values: ['1'] },
              { key: 'm', operator: 'In', values: ['1', '2'] },
            ]),
          ]),
        ],
      ])
    return this.fields([
      ['source', this.maybe(4, () => this.of(['All', 'Original', 'Original', 'Generated', this.once(8) ? 'Other' : null]))],
      ['scope', this.maybe(4, () => this.of(['*', 'Cluster', 'Namespaced', 'x', '']))],
      [
        'kinds',
        this.maybe(4, () =>
          this.of([[], [{ kinds: ['Pod'], apiGroups: ['*'] }], [{ kinds: ['*'] }], [{ apiGroups: ['apps'] }, { kinds: [] }], [{}]]),
        ),
      ],
      ['namespaces', this.maybe(5, names)],
      ['excludedNamespaces', this.maybe(5, names)],
      ['labelSelector', this.maybe(5, selector)],
      ['namespaceSelector', this.maybe(6, selector)],
      ['name', this.maybe(5, () => this.of(['pod-*', '*a', 'b', '*od*', '', 'x*']))],
      ['extra', this.maybe(60, () => 1)],
    ])
  }
}
