// Random questions: mutators, and templates of expansion with objects that they apply to.
import { Mutators } from './mutators.ts'
import type { Question } from './oracle.ts'
import type { Json } from './values.ts'

export class Generator extends Mutators {
  expansion(): Question {
    const namespace = this.once(2) ? this.namespace() : undefined
    return {
      templates: Array.from({ length: 1 + this.below(4) }, (_, index) => this.#template(index)),
      mutators: this.list(2, (index) => this.mutator(index)),
      object: this.#generatorObject(),
      ...(namespace === undefined ? {} : { namespace }),
      source: 'Original',
    }
  }

  #template(index: number): Json {
    const kinds = [
      ['', 'v1', 'Pod'],
      ['apps', 'v1', 'Deployment'],
      ['batch', 'v1', 'Job'],
      ['batch', 'v1', 'CronJob'],
    ] as const
    const [group, version, kind] = this.of(kinds)
    // A kind that is named twice breaks Gatekeeper's graph.
    const names = [...new Set([this.of(kinds), ...this.list(1, () => this.of(kinds))])]
    const spec = this.fields([
      [
        'applyTo',
        this.once(40)
          ? []
          : names.filter((name) => name[2] !== kind || this.once(20)).map(([g, v, k]) => ({ groups: [g], versions: [v], kinds: [k] })),
      ],
      [
        'templateSource',
        this.once(30) ? this.of(['', undefined, 'spec..a', null]) : this.of(['spec.template', 'spec.template', 'spec', 'spec.jobTemplate']),
      ],
      ['generatedGVK', this.once(30) ? this.of([{}, undefined, { kind: 'Pod' }]) : { group, version, kind }],
      ['enforcementAction', this.maybe(3, () => this.of(['warn', 'deny', '']))],
    ])
    return {
      apiVersion: `expansion.gatekeeper.sh/${this.of(['v1alpha1', 'v1beta1'])}`,
      kind: 'ExpansionTemplate',
      metadata: { name: `t${this.once(8) ? 0 : index}` },
      spec,
    }
  }

  #generatorObject(): Json {
    const [apiVersion, kind] = this.of([
      ['apps/v1', 'Deployment'],
      ['batch/v1', 'CronJob'],
      ['batch/v1', 'Job'],
      ['v1', 'Pod'],
    ] as const)
    const metadata = () =>
      this.fields([
        ['name', this.maybe(1, () => this.of(['Web', 'web', '']))],
        ['namespace', this.maybe(2, () => this.of(['ns', '', this.once(6) ? 5 : 'ns']))],
        ['labels', this.maybe(3, () => this.labels())],
        [
          'ownerReferences',
          this.maybe(3, () =>
            this.of([
              [],
              null,
              [5],
              [{ kind: 'X', name: 'x', controller: true, other: 1 }],
              [{ apiVersion, kind, name: 'Web' }],
              [{ apiVersion: 5, blockOwnerDeletion: false, uid: 'u' }],
            ]),
          ),
        ],
      ])
    const template = (depth: number): Json =>
      this.once(20)
        ? this.value(1)
        : this.fields([
            ['metadata', this.maybe(2, () => (this.once(8) ? this.of([null, 5]) : metadata()))],
            [
              'spec',
              depth > 0
                ? this.fields([
                    ['template', template(depth - 1)],
                    ['jobTemplate', template(depth - 1)],
                  ])
                : this.tree(2),
            ],
            ['kind', this.maybe(4, () => 'Old')],
          ])
    return {
      apiVersion,
      kind,
      metadata: metadata(),
      spec: this.fields([
        ['template', template(2)],
        ['jobTemplate', this.maybe(2, () => template(1))],
      ]),
    }
  }
}
