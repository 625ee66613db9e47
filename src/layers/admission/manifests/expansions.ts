// The pods that workloads make, so that constraints for pods are asked before there are any.
import { type KubernetesObject, valueAt } from '../../../formats/kubernetes/object.ts'
import type { FieldPath } from '../field-path.ts'
import { Expander, type ExpansionTemplate, type Resultant, readExpansion } from '../gatekeeper/expansion.ts'
import { kindsOf } from '../gatekeeper/mutation/schema.ts'
import { MutationSystem } from '../gatekeeper/mutation/system.ts'

const TEMPLATE = 'spec.template'
const BUILT_IN = [
  builtIn('deployments', 'apps', 'Deployment', TEMPLATE),
  builtIn('replicasets', 'apps', 'ReplicaSet', TEMPLATE),
  builtIn('statefulsets', 'apps', 'StatefulSet', TEMPLATE),
  builtIn('daemonsets', 'apps', 'DaemonSet', TEMPLATE),
  builtIn('jobs', 'batch', 'Job', TEMPLATE),
  builtIn('cronjobs', 'batch', 'CronJob', `spec.jobTemplate.${TEMPLATE}`),
  builtIn('replicationcontrollers', '', 'ReplicationController', TEMPLATE),
  builtIn('podtemplates', '', 'PodTemplate', 'template'),
]

function builtIn(plural: string, group: string, kind: string, templateSource: string): ExpansionTemplate {
  return readExpansion({
    apiVersion: 'expansion.gatekeeper.sh/v1beta1',
    kind: 'ExpansionTemplate',
    metadata: { name: `expand-${plural}` },
    spec: {
      applyTo: [{ groups: [group], versions: ['v1', 'v1beta1', 'v1beta2'], kinds: [kind] }],
      templateSource,
      generatedGVK: { group: '', version: 'v1', kind: 'Pod' },
    },
  })
}

/** Where in the object that makes it something is written: its template's path. */
export interface Made {
  readonly object: KubernetesObject
  readonly template: ExpansionTemplate
  readonly path: FieldPath
}

export class Expansions {
  readonly #expander: Expander

  /** Where one of `own` makes a kind's pods, ours gives way. */
  constructor(own: readonly ExpansionTemplate[]) {
    const ours = BUILT_IN.filter((template) => !own.some((each) => takesOver(each, template)))
    this.#expander = Expander.of([...ours, ...own], MutationSystem.of([]))
  }

  /** Names of templates that lead back to what they apply to: nothing is made by them. */
  get cycles(): readonly string[] {
    return this.#expander.cycles
  }

  /** All that an object makes. Throws ThymusError MUTATOR for an object without the template that it should have. */
  of(object: KubernetesObject, namespace: KubernetesObject | undefined): readonly Made[] {
    const made = this.#expander.expandInFile(object, namespace)
    return made.map((each) => ({ ...each, path: pathOf(each, object, made) ?? [] }))
  }
}

/** Does it make pods, or what makes pods, of a kind that `built` is for? */
function takesOver({ applyTo, generated }: ExpansionTemplate, built: ExpansionTemplate): boolean {
  const kinds = new Set(built.applyTo.flatMap(kindsOf))
  const makesPods = [...BUILT_IN.flatMap((each) => each.applyTo.flatMap((entry) => entry.kinds)), 'Pod'].includes(generated.kind)
  return makesPods && applyTo.flatMap(kindsOf).some((kind) => kinds.has(kind))
}

/** What is made of an object holds its very `spec`: that tells who made it, the object itself or something that was made of it. */
function pathOf(made: Resultant, object: KubernetesObject, all: readonly Resultant[], depth = 0): FieldPath | undefined {
  const { source } = made.template
  const isOf = (parent: KubernetesObject) => {
    const from = valueAt(parent, ...source)
    return Object.entries(from ?? {}).some(([field, value]) => typeof value === 'object' && value !== null && made.object[field] === value)
  }
  if (isOf(object)) return source
  const parent = depth < all.length ? all.find((each) => each !== made && isOf(each.object)) : undefined
  const before = parent && pathOf(parent, object, all, depth + 1)
  return before && [...before, ...source]
}
