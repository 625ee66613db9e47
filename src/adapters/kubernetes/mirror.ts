// All objects of some kinds, kept current: a list, then a watch from there; where that breaks off, another, and where the cluster does not
// remember so far back, a list again (client-go: tools/cache/reflector.go).
import { setTimeout as sleep } from 'node:timers/promises'
import { type KubernetesObject, nameOf, namespaceOf, textAt } from '../../formats/kubernetes/object.ts'
import { ClusterError, type KubernetesClient, type Resource } from './client.ts'

export interface MirrorOptions {
  /** What is kept of an object; undefined leaves it out. */
  readonly keep: (object: KubernetesObject) => KubernetesObject | undefined
  readonly changed: (type: 'put' | 'remove', object: KubernetesObject) => void
  /** A kind is followed from now on; its objects are told next, all of them. */
  readonly began: (resource: Resource) => void
  /** The cluster has the kind no longer; its objects were removed. */
  readonly gone: (resource: Resource) => void
  /** Told once for each time that it breaks off. */
  readonly fault: (error: unknown) => void
  /** Milliseconds that only grow. */
  readonly clock: () => number
}

export const BACKOFF_MS = 200
export const MAX_BACKOFF_MS = 15_000
/** A watch that ends sooner than this ends for a reason. */
const BRIEF_MS = 1_000

interface Followed {
  readonly resource: Resource
  /** By namespace and name. */
  readonly objects: Map<string, KubernetesObject>
  readonly listed: Promise<void>
  /** Before, a part of its objects might be taken for all. */
  isListed: boolean
  /** Since when it may be behind; undefined while a watch is open. */
  lostAt: number | undefined
}

export class ClusterMirror {
  readonly #client: KubernetesClient
  readonly #options: MirrorOptions
  readonly #followed = new Map<string, Followed>()
  readonly #ended = new AbortController()

  constructor(client: KubernetesClient, options: MirrorOptions) {
    this.#client = client
    this.#options = options
  }

  /** Resolves when its objects are known; rejects where the first list fails, and then does not follow it. */
  async follow(resource: Resource): Promise<void> {
    const key = `${resource.apiVersion} ${resource.kind}`
    const known = this.#followed.get(key)
    if (known !== undefined) return known.listed
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const followed: Followed = { resource, objects: new Map(), listed: promise, isListed: false, lostAt: this.#options.clock() }
    this.#followed.set(key, followed)
    try {
      const version = await this.#list(followed)
      followed.isListed = true
      this.#options.began(resource)
      for (const object of followed.objects.values()) this.#options.changed('put', object)
      void this.#run(followed, version)
      resolve()
    } catch (error) {
      this.#followed.delete(key)
      reject(error)
    }
    return promise
  }

  get resources(): readonly Resource[] {
    return this.#listed.map(({ resource }) => resource)
  }

  get objects(): readonly KubernetesObject[] {
    return this.#listed.flatMap(({ objects }) => [...objects.values()])
  }

  get #listed(): readonly Followed[] {
    return [...this.#followed.values()].filter(({ isListed }) => isListed)
  }

  has({ apiVersion, kind }: Pick<Resource, 'apiVersion' | 'kind'>, name: string, namespace = ''): boolean {
    return this.#followed.get(`${apiVersion} ${kind}`)?.objects.has(`${namespace}/${name}`) === true
  }

  /** Of an object that was asked for by itself; what a watch says of it counts more. */
  put({ apiVersion, kind }: Pick<Resource, 'apiVersion' | 'kind'>, object: KubernetesObject): void {
    const followed = this.#followed.get(`${apiVersion} ${kind}`)
    if (followed !== undefined && !followed.objects.has(keyOf(object))) this.#put(followed, object)
  }

  /** Milliseconds for which a part of it may be behind. */
  age(): number {
    const lost = [...this.#followed.values()].flatMap(({ lostAt }) => lostAt ?? [])
    return lost.length === 0 ? 0 : this.#options.clock() - Math.min(...lost)
  }

  stop(): void {
    this.#ended.abort()
  }

  async #run(followed: Followed, listed: string): Promise<void> {
    const { fault, clock } = this.#options
    const { signal } = this.#ended
    let version: string | undefined = listed
    let backoff = BACKOFF_MS
    let isTold = false
    while (!signal.aborted) {
      const began = clock()
      try {
        version ??= await this.#list(followed)
        const opened = () => {
          followed.lostAt = undefined
          isTold = false
        }
        for await (const { type, object } of this.#client.watch(followed.resource, version, signal, opened)) {
          backoff = BACKOFF_MS
          version = textAt(object, 'metadata', 'resourceVersion')
          if (type === 'DELETED') this.#remove(followed, object)
          else if (type !== 'BOOKMARK') this.#put(followed, object)
        }
        // The server ends a watch now and then; it goes on at once.
        if (clock() - began > BRIEF_MS) continue
      } catch (error) {
        if (signal.aborted) return
        // The kind is gone, and with it all of its objects.
        if (error instanceof ClusterError && error.status === 404) return this.#forget(followed)
        if (error instanceof ClusterError && error.status === 410) version = undefined
        else if (!isTold) fault(error)
        isTold = true
      }
      followed.lostAt ??= clock()
      // Not all at the same moment.
      await sleep(backoff * (0.5 + Math.random()), undefined, { signal }).catch(() => {})
      backoff = Math.min(2 * backoff, MAX_BACKOFF_MS)
    }
  }

  /** What is no longer there goes. Returns the version to watch from. */
  async #list(followed: Followed): Promise<string> {
    const seen = new Set<string>()
    let version = ''
    for await (const page of this.#client.list(followed.resource)) {
      version = page.version
      for (const object of page.items) {
        seen.add(keyOf(object))
        this.#put(followed, object)
      }
    }
    for (const [key, object] of followed.objects) if (!seen.has(key)) this.#remove(followed, object)
    return version
  }

  #forget(followed: Followed): void {
    for (const object of [...followed.objects.values()]) this.#remove(followed, object)
    this.#followed.delete(`${followed.resource.apiVersion} ${followed.resource.kind}`)
    this.#options.gone(followed.resource)
  }

  #put(followed: Followed, object: KubernetesObject): void {
    const kept = this.#options.keep(object)
    if (kept === undefined) return
    followed.objects.set(keyOf(object), kept)
    if (followed.isListed) this.#options.changed('put', kept)
  }

  #remove(followed: Followed, object: KubernetesObject): void {
    const key = keyOf(object)
    const known = followed.objects.get(key)
    if (known === undefined) return
    followed.objects.delete(key)
    if (followed.isListed) this.#options.changed('remove', known)
  }
}

const keyOf = (object: KubernetesObject) => `${namespaceOf(object)}/${nameOf(object)}`
