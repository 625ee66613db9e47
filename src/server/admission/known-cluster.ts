// What one thread knows of the cluster, as it is told: namespaces, pods, and the kinds that policies want to see.
import { NAMESPACE_NAME } from '../../core/workload.ts'
import { apiVersionOf, type KubernetesObject, kindOf, nameOf, namespaceOf } from '../../formats/kubernetes/object.ts'
import { isExcluded } from '../../layers/admission/gatekeeper/config.ts'
import type { KnownCluster } from '../../layers/admission/judge.ts'
import type { Loaded } from '../../layers/admission/loading.ts'
import type { ParamSource } from '../../layers/admission/validating-policy/params.ts'

/** Objects that came, changed or went; of a kind, that it is gone, or whether it belongs to namespaces, told before its objects are. */
export type Change =
  | { readonly type: 'kind'; readonly apiVersion: string; readonly kind: string; readonly namespaced: boolean }
  | { readonly type: 'gone'; readonly apiVersion: string; readonly kind: string }
  | { readonly type: 'put' | 'remove'; readonly object: KubernetesObject }

/** That Kubernetes gives to the pods of a namespace. */
const PODS_MS = 1_000

export class ToldCluster implements KnownCluster {
  readonly #loaded: Pick<Loaded, 'library' | 'config' | 'validating'>
  readonly #clock: () => number
  readonly #isAlone: boolean
  /** By kind, then by namespace and name. */
  readonly #kinds = new Map<string, { readonly scope: ParamSource['scope']; readonly objects: Map<string, KubernetesObject> }>()
  readonly #namespaces = new Map<string, KubernetesObject>()
  readonly #pods = new Map<string, Map<string, KubernetesObject>>()
  readonly #synced: ReadonlySet<string>
  readonly #params: ReadonlySet<string>
  #end = 0

  /** @param isAlone there is no cluster: then every namespace that is named is there, and has the label that Kubernetes gives to all */
  constructor(loaded: Pick<Loaded, 'library' | 'config' | 'validating'>, clock: () => number, isAlone: boolean) {
    this.#loaded = loaded
    this.#clock = clock
    this.#isAlone = isAlone
    this.#synced = new Set(loaded.config.synced.map((kind) => `${apiVersionOf(kind)} ${kind.kind}`))
    this.#params = new Set(loaded.validating.policies.flatMap(({ paramKind }) => (paramKind ? [keyOf(paramKind)] : [])))
  }

  tell(change: Change): void {
    if (change.type === 'kind') {
      if (!this.#kinds.has(keyOf(change)))
        this.#kinds.set(keyOf(change), { scope: change.namespaced ? 'Namespaced' : 'Cluster', objects: new Map() })
      return
    }
    if (change.type === 'gone') return void this.#kinds.delete(keyOf(change))
    const { type, object } = change
    const isThere = type === 'put'
    const { kind, ...of } = kindOf(object)
    const key = keyOf({ apiVersion: apiVersionOf(of), kind })
    const [name, namespace] = [nameOf(object), namespaceOf(object)]
    if (key === 'v1 Namespace') set(this.#namespaces, name, object, isThere)
    if (key === 'v1 Pod') {
      const pods = this.#pods.get(namespace) ?? new Map()
      set(pods, name, object, isThere)
      set(this.#pods, namespace, pods, pods.size > 0)
    }
    const objects = this.#params.has(key) ? this.#kinds.get(key)?.objects : undefined
    if (objects !== undefined) set(objects, `${namespace}/${name}`, object, isThere)
    const { library, config } = this.#loaded
    if (!this.#synced.has(key) || isExcluded(config, 'sync', object)) return
    if (isThere) library.addData(object)
    else library.removeData(object)
  }

  /** A question begins. */
  begin(): void {
    this.#end = this.#clock() + PODS_MS
  }

  namespace(name: string): KubernetesObject | undefined {
    return this.#namespaces.get(name) ?? (this.#isAlone ? bareNamespace(name) : undefined)
  }

  pods(namespace: string): readonly KubernetesObject[] {
    return [...(this.#pods.get(namespace)?.values() ?? [])]
  }

  late(): boolean {
    return this.#clock() > this.#end
  }

  params(kind: { readonly apiVersion: string; readonly kind: string }): ParamSource | undefined {
    const found = this.#kinds.get(keyOf(kind))
    return found && { scope: found.scope, objects: [...found.objects.values()] }
  }
}

const bareNamespace = (name: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { [NAMESPACE_NAME]: name } },
})

const keyOf = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }) => `${apiVersion} ${kind}`

function set<T>(map: Map<string, T>, key: string, value: T, isThere: boolean): void {
  if (isThere) map.set(key, value)
  else map.delete(key)
}
