// The cluster as the webhook needs it; `--no-cluster` has the same shape, and nothing in it.
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClusterError, KubernetesClient, type Resource } from '../../adapters/kubernetes/client.ts'
import { inCluster, readKubeconfig } from '../../adapters/kubernetes/kubeconfig.ts'
import { BACKOFF_MS, ClusterMirror, MAX_BACKOFF_MS } from '../../adapters/kubernetes/mirror.ts'
import { ThymusError } from '../../core/errors.ts'
import { isFields, type KubernetesObject, kindOf, nameOf, valueAt } from '../../formats/kubernetes/object.ts'
import type { SourceFile } from '../../layers/admission/manifests/document.ts'
import { publishBundle } from '../../server/admission/configuration.ts'
import type { Change } from '../../server/admission/known-cluster.ts'
import { failureText } from '../failure.ts'
import { readSources } from '../scan/files.ts'

type Kind = Pick<Resource, 'apiVersion' | 'kind'>

export interface ServedCluster {
  /** Resolves when all of these kinds are known, of namespaces and, where they are asked for, of pods. Asks on for what is not there. */
  follow(kinds: readonly Kind[]): Promise<void>
  snapshot(): readonly Change[]
  /** From now on; `policies` where those of the cluster have changed. */
  watch(changed: (changes: readonly Change[]) => void, policies: () => void): void
  /** Sees to it that the namespace is known if it is there. True if it took time. */
  know(namespace: string, milliseconds: number): Promise<boolean>
  /** Gatekeeper's policies that the cluster holds. */
  policies(): Promise<readonly SourceFile[]>
  /** Milliseconds for which something of it may have been missed. */
  age(): number
  publish(name: string, bundle: string): Promise<void>
  stop(): void
}

export const NO_CLUSTER: ServedCluster = {
  follow: async () => {},
  snapshot: () => [],
  watch: () => {},
  know: async () => false,
  policies: () => readSources('cluster'),
  age: () => 0,
  publish: async () => {},
  stop: () => {},
}

export interface ClusterFlags {
  readonly kubeconfig?: string
  readonly 'in-cluster'?: boolean
}

/** Throws ThymusError USAGE, CONFIG. Without a flag, what kubectl would take. */
export function openClient({ kubeconfig, 'in-cluster': inside = false }: ClusterFlags): KubernetesClient {
  if (kubeconfig !== undefined && inside) throw new ThymusError('USAGE', '--kubeconfig and --in-cluster exclude each other')
  if (inside) return new KubernetesClient(inCluster(process.env))
  const file = kubeconfig ?? process.env.KUBECONFIG ?? join(homedir(), '.kube/config')
  if (kubeconfig === undefined && !existsSync(file)) throw new ThymusError('USAGE', 'which cluster? --kubeconfig FILE or --in-cluster')
  return new KubernetesClient(readKubeconfig(file))
}

/** `pods`: whether those that run are to be known, for what Pod Security says of a namespace's new labels. Throws ThymusError USAGE, CONFIG. */
export function openCluster(
  flags: ClusterFlags & { readonly 'no-cluster'?: boolean },
  pods: boolean,
  note: (text: string) => void,
): ServedCluster {
  const { kubeconfig, 'in-cluster': inside = false, 'no-cluster': none = false } = flags
  const given = [kubeconfig !== undefined, inside, none].filter(Boolean).length
  if (given !== 1) throw new ThymusError('USAGE', 'one of --kubeconfig, --in-cluster and --no-cluster says what cluster there is')
  return none ? NO_CLUSTER : clusterOf(openClient(flags), pods, note)
}

export const clusterOf = (client: KubernetesClient, pods: boolean, note: (text: string) => void): ServedCluster =>
  new Cluster(client, pods, note)

const NAMESPACE: Kind = { apiVersion: 'v1', kind: 'Namespace' }
const POD: Kind = { apiVersion: 'v1', kind: 'Pod' }
const TEMPLATE: Kind = { apiVersion: 'templates.gatekeeper.sh/v1', kind: 'ConstraintTemplate' }
const CONSTRAINTS = 'constraints.gatekeeper.sh/v1beta1'
const POLICIES: readonly Kind[] = [
  TEMPLATE,
  ...['Assign', 'AssignMetadata', 'ModifySet'].map((kind) => ({ apiVersion: 'mutations.gatekeeper.sh/v1', kind })),
  { apiVersion: 'mutations.gatekeeper.sh/v1alpha1', kind: 'AssignImage' },
  { apiVersion: 'expansion.gatekeeper.sh/v1beta1', kind: 'ExpansionTemplate' },
  { apiVersion: 'config.gatekeeper.sh/v1alpha1', kind: 'Config' },
  { apiVersion: 'syncset.gatekeeper.sh/v1alpha1', kind: 'SyncSet' },
]
/** Whoever makes the kind of a template's constraints takes a moment. */
const CRD_MS = 3_000
/** Kinds of policies may come, or come again. */
const KINDS_MS = 60_000
/** Of a request's time, for a namespace that is asked for. */
const KNOW_MS = 2_000

class Cluster implements ServedCluster {
  readonly #client: KubernetesClient
  readonly #withPods: boolean
  readonly #note: (text: string) => void
  readonly #mirror: ClusterMirror
  readonly #policies: ClusterMirror
  readonly #wanted = new Set<string>()
  /** What was last to be followed and the cluster does not have: since when. */
  readonly #missing = new Map<string, number>()
  readonly #ended = new AbortController()
  #kinds: ReadonlyMap<string, Kind> = new Map()
  #waiting: Change[] = []
  #changed: ((changes: readonly Change[]) => void) | undefined
  #policiesChanged: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(client: KubernetesClient, withPods: boolean, note: (text: string) => void) {
    this.#client = client
    this.#withPods = withPods
    this.#note = note
    const shared = { fault: (error: unknown) => void process.stderr.write(failureText(error)), clock: () => performance.now() }
    this.#mirror = new ClusterMirror(client, {
      ...shared,
      keep: (object) => kept(object, this.#wanted.has(keyOf(POD))),
      changed: (type, object) => this.#tell({ type, object }),
      began: (resource) => this.#tell(kindChange(resource)),
      gone: (resource) => {
        this.#tell({ type: 'gone', apiVersion: resource.apiVersion, kind: resource.kind })
        this.#miss(resource)
      },
    })
    const changed = () => this.#policiesChanged?.()
    this.#policies = new ClusterMirror(client, { ...shared, keep: policyOf, changed, began: () => {}, gone: changed })
  }

  async follow(kinds: readonly Kind[]): Promise<void> {
    for (const kind of kinds) this.#wanted.add(keyOf(kind))
    this.#kinds = new Map([NAMESPACE, ...(this.#withPods ? [POD] : []), ...kinds].map((kind) => [keyOf(kind), kind]))
    for (const key of this.#missing.keys()) if (!this.#kinds.has(key)) this.#missing.delete(key)
    for (const kind of this.#kinds.values()) if (!(await this.#find(kind))) this.#miss(kind)
  }

  snapshot(): readonly Change[] {
    const puts = this.#mirror.objects.map((object) => ({ type: 'put' as const, object }))
    return [...this.#mirror.resources.map(kindChange), ...puts]
  }

  watch(changed: (changes: readonly Change[]) => void, policies: () => void): void {
    this.#changed = changed
    this.#policiesChanged = policies
  }

  async know(namespace: string, milliseconds: number): Promise<boolean> {
    if (namespace === '' || this.#mirror.has(NAMESPACE, namespace)) return false
    try {
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}`
      this.#mirror.put(NAMESPACE, await this.#client.get(path, Math.ceil(Math.min(KNOW_MS, milliseconds / 2))))
      this.#flush()
    } catch (error) {
      // Then it is not known: every engine has an answer to that.
      if (!(error instanceof ClusterError)) throw error
    }
    return true
  }

  async policies(): Promise<readonly SourceFile[]> {
    this.#again(KINDS_MS)
    if ((await this.#client.resource(TEMPLATE, { fresh: true })) === undefined)
      throw new ThymusError('CONFIG', 'the cluster has no ConstraintTemplates of Gatekeeper', { at: '--policy cluster' })
    for (const kind of POLICIES) {
      const resource = await this.#client.resource(kind, { fresh: true })
      if (resource !== undefined) await this.#policies.follow(resource)
    }
    const kinds = (await this.#client.resources(CONSTRAINTS, { fresh: true })).filter(({ name }) => !name.includes('/'))
    for (const resource of kinds) await this.#policies.follow(resource)
    const templates = this.#policies.objects.filter((object) => kindOf(object).kind === TEMPLATE.kind)
    const made = new Set(kinds.map(({ kind }) => kind.toLowerCase()))
    if (templates.some((object) => !made.has(nameOf(object)))) this.#again(CRD_MS)
    return this.#policies.objects.map((object) => ({ file: `${kindOf(object).kind}/${nameOf(object)}`, text: JSON.stringify(object) }))
  }

  age(): number {
    const now = performance.now()
    return Math.max(this.#mirror.age(), this.#policies.age(), ...[...this.#missing.values()].map((since) => now - since))
  }

  async publish(name: string, bundle: string): Promise<void> {
    const encoded = Buffer.from(bundle).toString('base64')
    let found = 0
    for (const kind of ['Mutating', 'Validating']) {
      const path = `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}webhookconfigurations/${encodeURIComponent(name)}`
      const object = await this.#client.get(path).catch((error) => {
        if (error instanceof ClusterError && error.status === 404) return undefined
        throw error
      })
      if (object === undefined) continue
      found++
      const webhooks = Array.isArray(object.webhooks) ? object.webhooks : []
      if (webhooks.every((webhook) => valueAt(webhook, 'clientConfig', 'caBundle') === encoded)) continue
      // Whether or not there were any before.
      const added = (patch: readonly object[]) => patch.map((each) => ({ ...each, op: 'add' }))
      const port = { patch: async (_: object, patch: readonly object[]) => void (await this.#client.patch(object, added(patch))) }
      await publishBundle(port, [object], bundle)
    }
    if (found === 0)
      throw new ThymusError('CLUSTER', 'the cluster does not ask this webhook: it has no such configuration yet', { at: name })
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#ended.abort()
    this.#mirror.stop()
    this.#policies.stop()
    this.#client.close()
  }

  /** Looks at the policies again. */
  #again(milliseconds: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#policiesChanged?.(), milliseconds).unref()
  }

  /** Follows it; false where the cluster does not have it. */
  async #find(kind: Kind): Promise<boolean> {
    try {
      const resource = await this.#client.resource(kind, { fresh: true })
      if (resource === undefined) return false
      await this.#mirror.follow(resource)
      return true
    } catch (error) {
      // It went while it was listed.
      if (error instanceof ClusterError && error.status === 404) return false
      throw error
    }
  }

  /** Looks for a kind that policies want until it is there, or they want it no longer. */
  async #miss(kind: Kind): Promise<void> {
    const { signal } = this.#ended
    const key = keyOf(kind)
    if (!this.#kinds.has(key) || this.#missing.has(key)) return
    const since = performance.now()
    this.#missing.set(key, since)
    this.#note(`the cluster has no ${kind.kind} of ${kind.apiVersion}: policies see none until it has`)
    let isTold = false
    for (let backoff = BACKOFF_MS; ; backoff = Math.min(2 * backoff, MAX_BACKOFF_MS)) {
      await sleep(backoff * (0.5 + Math.random()), undefined, { signal }).catch(() => {})
      if (signal.aborted || this.#missing.get(key) !== since) return
      try {
        if (await this.#find(kind)) break
      } catch (error) {
        if (!isTold && !signal.aborted) process.stderr.write(failureText(error))
        isTold = true
      }
    }
    this.#missing.delete(key)
    this.#note(`the cluster has ${kind.kind} of ${kind.apiVersion} now`)
  }

  /** Those of one moment go together. */
  #tell(change: Change): void {
    this.#waiting.push(change)
    if (this.#waiting.length === 1) setImmediate(() => this.#flush())
  }

  #flush(): void {
    const changes = this.#waiting
    this.#waiting = []
    if (changes.length > 0) this.#changed?.(changes)
  }
}

const keyOf = ({ apiVersion, kind }: Kind) => `${apiVersion} ${kind}`
const kindChange = ({ apiVersion, kind, namespaced }: Resource): Change => ({ type: 'kind', apiVersion, kind, namespaced })

/** Without what no policy reads; of a pod that only Pod Security reads, no status. */
function kept(object: KubernetesObject, wholePods: boolean): KubernetesObject {
  const { apiVersion, kind, spec } = object
  const metadata = withoutFieldManagers(object)
  return apiVersion === 'v1' && kind === 'Pod' && !wholePods ? { apiVersion, kind, metadata, spec } : { ...object, metadata }
}

/** What Gatekeeper writes into the status of policies is none of theirs. */
function policyOf(object: KubernetesObject): KubernetesObject {
  const { status: _, ...rest } = object
  return { ...rest, metadata: withoutFieldManagers(object) }
}

function withoutFieldManagers({ metadata }: KubernetesObject): KubernetesObject {
  const { managedFields: _, ...rest } = isFields(metadata) ? metadata : {}
  return rest
}
