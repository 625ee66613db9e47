// Gatekeeper's own settings: what of the cluster policies see, and which namespaces it leaves alone (config.gatekeeper.sh Config,
// syncset.gatekeeper.sh SyncSet).
import type { FieldReader } from '../../../formats/kubernetes/field-reader.ts'
import {
  type GroupVersionKind,
  isNamespace,
  type KubernetesObject,
  kindOf,
  nameOf,
  namespaceOf,
} from '../../../formats/kubernetes/object.ts'
import { readFields } from './fields.ts'
import { matchesPattern } from './match.ts'

/** What may be told to leave namespaces alone; `sync` is what is seen as `data.inventory`. */
export type Process = 'audit' | 'webhook' | 'mutation-webhook' | 'sync'

export interface GatekeeperConfig {
  readonly synced: readonly GroupVersionKind[]
  readonly excluded: readonly { readonly processes: readonly string[]; readonly namespaces: readonly string[] }[]
}

export function isConfig(object: KubernetesObject): boolean {
  const { group, kind } = kindOf(object)
  return (group === 'config.gatekeeper.sh' && kind === 'Config') || (group === 'syncset.gatekeeper.sh' && kind === 'SyncSet')
}

const PROCESSES = ['*', 'audit', 'webhook', 'mutation-webhook', 'sync']

/** Traces and readiness change no verdict, and are not looked at. Throws ThymusError CONFIG. */
export function readConfig(object: KubernetesObject): GatekeeperConfig {
  const { kind, version } = kindOf(object)
  const config = readFields(object, 'CONFIG', `${kind} ${nameOf(object)}`)
  if (version !== 'v1alpha1') config.fail('apiVersion', 'is not of v1alpha1')
  const spec = config.object('spec')
  const kinds = kind === 'SyncSet' ? spec.objects('gvks') : spec.object('sync').objects('syncOnly')
  return {
    synced: kinds.map((each) => ({ group: each.text('group'), version: named(each, 'version'), kind: named(each, 'kind') })),
    excluded: spec.objects('match').map((each) => {
      const processes = each.texts('processes')
      const unknown = processes.findIndex((name) => !PROCESSES.includes(name))
      if (unknown >= 0) each.fail(`processes[${unknown}]`, `is not one of ${PROCESSES.join(', ')}`)
      return { processes, namespaces: each.texts('excludedNamespaces') }
    }),
  }
}

function named(fields: FieldReader, name: string): string {
  return fields.text(name) || fields.fail(name, 'is missing')
}

/** Is the object's namespace one that the process leaves alone? Of a Namespace, its own name counts. `namespace`: of the request. */
export function isExcluded(
  { excluded }: Pick<GatekeeperConfig, 'excluded'>,
  process: Process,
  object: KubernetesObject,
  namespace = namespaceOf(object),
): boolean {
  if (excluded.length === 0) return false
  const name = isNamespace(object) ? nameOf(object) : namespace
  return excluded.some(
    ({ processes, namespaces }) =>
      (processes.includes(process) || processes.includes('*')) && namespaces.some((pattern) => matchesPattern(pattern, name)),
  )
}
