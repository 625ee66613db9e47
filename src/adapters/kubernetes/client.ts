// A small client of the Kubernetes API: JSON over HTTPS, lists in pages, watches, apply. Nothing waits without an end, and no answer is
// held that is larger than anybody would take.
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { ThymusError } from '../../core/errors.ts'
import { MIB } from '../../core/limits.ts'
import { printable } from '../../core/quote.ts'
import {
  apiVersionOf,
  type Fields,
  isFields,
  type KubernetesObject,
  kindOf,
  nameOf,
  namespaceOf,
  textAt,
} from '../../formats/kubernetes/object.ts'
import type { Connection } from './kubeconfig.ts'

/** A kind of object that the cluster has. */
export interface Resource {
  readonly apiVersion: string
  readonly kind: string
  /** In paths: `pods`. */
  readonly name: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: KubernetesObject
}

/** What the cluster refuses, or that it does not answer: then `status` is 0. */
export class ClusterError extends ThymusError {
  readonly status: number

  constructor(status: number, message: string, at: string, cause?: unknown) {
    super('CLUSTER', message, { at, cause })
    this.status = status
  }
}

const TIMEOUT_MS = 30_000
/** A page of objects; of one object the cluster itself takes 3 MiB at most. */
const MAX_BODY = 256 * MIB
const MAX_LINE = 16 * MIB
const PAGE = 250
/** The server ends a watch then; it sends a bookmark each minute, so that silence for longer means that it is gone. */
const WATCH_SECONDS = 300
const SILENCE_MS = 150_000
const MANAGER = 'thymus'

export class KubernetesClient {
  readonly #connection: Connection
  readonly #agent: Agent
  readonly #found = new Map<string, readonly Resource[]>()

  constructor(connection: Connection) {
    this.#connection = connection
    this.#agent = new Agent({ keepAlive: true, maxSockets: 32, timeout: SILENCE_MS, ...connection.tls })
  }

  get url(): string {
    return this.#connection.url
  }

  get(path: string, milliseconds = TIMEOUT_MS): Promise<Fields> {
    return this.#ask('GET', path, { milliseconds })
  }

  /** Made, or changed where there is one: server-side apply, which takes fields from whoever had them. */
  async apply(object: KubernetesObject, { dryRun = false } = {}): Promise<Fields> {
    const path = `${await this.#pathOf(object)}?fieldManager=${MANAGER}&force=true${dryRun ? '&dryRun=All' : ''}`
    return this.#ask('PATCH', path, { body: object, type: 'application/apply-patch+yaml' })
  }

  /** JSON patch of an object of the cluster. */
  async patch(object: KubernetesObject, patch: readonly object[]): Promise<Fields> {
    return this.#ask('PATCH', await this.#pathOf(object), { body: patch, type: 'application/json-patch+json' })
  }

  /** All versions that the cluster has of its groups, as `v1` and `apps/v1`; of each group the one that it prefers. */
  async apiVersions(): Promise<readonly string[]> {
    const { groups } = await this.get('/apis')
    const named = (Array.isArray(groups) ? groups : []).map((group) => textAt(group, 'preferredVersion', 'groupVersion'))
    return ['v1', ...named.filter((version) => version !== '')]
  }

  /** The kinds of a version; none where the cluster does not have it. `fresh`: as it is now, not as it was. */
  async resources(apiVersion: string, { fresh = false } = {}): Promise<readonly Resource[]> {
    const known = fresh ? undefined : this.#found.get(apiVersion)
    if (known !== undefined) return known
    let answer: Fields
    try {
      answer = await this.get(`${apiVersion.includes('/') ? '/apis' : '/api'}/${apiVersion}`)
    } catch (error) {
      if (error instanceof ClusterError && error.status === 404) return []
      throw error
    }
    const found = (Array.isArray(answer.resources) ? answer.resources : []).filter(isFields).map((each) => ({
      apiVersion,
      kind: textAt(each, 'kind'),
      name: textAt(each, 'name'),
      namespaced: each.namespaced === true,
      verbs: Array.isArray(each.verbs) ? each.verbs.filter((verb) => typeof verb === 'string') : [],
    }))
    this.#found.set(apiVersion, found)
    return found
  }

  /** Undefined: the cluster has no such kind. What is new since then is found too; what is gone, or another now, only if it is `fresh`. */
  async resource({ apiVersion, kind }: Pick<Resource, 'apiVersion' | 'kind'>, { fresh = false } = {}): Promise<Resource | undefined> {
    const find = async (anew: boolean) =>
      (await this.resources(apiVersion, { fresh: anew })).find((each) => each.kind === kind && !each.name.includes('/'))
    return (fresh ? undefined : await find(false)) ?? find(true)
  }

  /** Page by page; each item has its apiVersion and kind. The version is that of the list as a whole. */
  async *list(resource: Resource): AsyncGenerator<{ readonly items: readonly KubernetesObject[]; readonly version: string }> {
    let next = ''
    do {
      const query = new URLSearchParams({ limit: String(PAGE), ...(next === '' ? {} : { continue: next }) })
      const page = await this.get(`${pathTo(resource)}?${query}`)
      const items = Array.isArray(page.items) ? page.items.filter(isFields) : []
      const { apiVersion, kind } = resource
      yield { items: items.map((item) => ({ apiVersion, kind, ...item })), version: textAt(page, 'metadata', 'resourceVersion') }
      next = textAt(page, 'metadata', 'continue')
    } while (next !== '')
  }

  /** Until the server ends it. Throws ClusterError, with the status 410 where the version is too old to go on from. */
  async *watch(resource: Resource, version: string, signal: AbortSignal, opened: () => void): AsyncGenerator<WatchEvent> {
    const query = new URLSearchParams({
      ...{ watch: 'true', allowWatchBookmarks: 'true', resourceVersion: version, timeoutSeconds: String(WATCH_SECONDS) },
    })
    const path = `${pathTo(resource)}?${query}`
    const response = await this.#open('GET', path, { signal, milliseconds: SILENCE_MS })
    if (response.statusCode !== 200) throw refused(path, response.statusCode ?? 0, await bodyOf(response, path))
    opened()
    for await (const line of linesOf(response, path)) {
      const event = parsed(line, path)
      const object = isFields(event.object) ? event.object : {}
      if (event.type === 'ERROR') throw refused(path, typeof object.code === 'number' ? object.code : 500, object)
      yield { type: event.type as WatchEvent['type'], object: { apiVersion: resource.apiVersion, kind: resource.kind, ...object } }
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  async #pathOf(object: KubernetesObject): Promise<string> {
    const { kind, ...of } = kindOf(object)
    const resource = await this.resource({ apiVersion: apiVersionOf(of), kind })
    if (resource === undefined) throw new ClusterError(404, `the cluster has no ${kind} of ${apiVersionOf(of)}`, this.url)
    return `${pathTo(resource, resource.namespaced ? namespaceOf(object) || 'default' : '')}/${encodeURIComponent(nameOf(object))}`
  }

  async #ask(method: string, path: string, options: Partial<Sent>): Promise<Fields> {
    const { milliseconds = TIMEOUT_MS } = options
    const signal = AbortSignal.timeout(milliseconds)
    const response = await this.#open(method, path, { ...options, signal, milliseconds })
    const body = await bodyOf(response, path)
    const { statusCode = 0 } = response
    if (statusCode < 200 || statusCode > 299) throw refused(path, statusCode, body)
    return body
  }

  #open(method: string, path: string, { body, type, signal, milliseconds }: Sent): Promise<IncomingMessage> {
    const { url, tls, token } = this.#connection
    return new Promise((resolve, reject) => {
      const failed = (cause: Error) => {
        const why = signal.aborted ? 'no answer in time' : ((cause as NodeJS.ErrnoException).code ?? cause.message)
        reject(new ClusterError(0, `the API server cannot be asked: ${why}`, `${url}${path}`, cause))
      }
      try {
        const headers = {
          Accept: 'application/json',
          'User-Agent': 'thymus',
          ...(token === undefined ? {} : { Authorization: `Bearer ${token()}` }),
          ...(type === undefined ? {} : { 'Content-Type': type }),
        }
        const options = {
          agent: this.#agent,
          method,
          headers,
          signal,
          timeout: milliseconds,
          ...(tls.servername && { servername: tls.servername }),
        }
        const sent = request(`${url}${path}`, options, resolve)
        sent.on('timeout', () => sent.destroy(new Error('silence')))
        sent.on('error', failed)
        sent.end(body === undefined ? undefined : JSON.stringify(body))
      } catch (error) {
        if (error instanceof ThymusError) reject(error)
        else failed(error as Error)
      }
    })
  }
}

interface Sent {
  readonly body?: object
  readonly type?: string
  readonly signal: AbortSignal
  readonly milliseconds: number
}

/** Of all objects of a kind, or of those in one namespace. */
function pathTo({ apiVersion, name }: Resource, namespace = ''): string {
  const within = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  return `${apiVersion.includes('/') ? '/apis' : '/api'}/${apiVersion}${within}/${name}`
}

async function bodyOf(response: IncomingMessage, path: string): Promise<Fields> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > MAX_BODY) throw new ClusterError(0, `the answer has more than ${MAX_BODY} bytes`, path)
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof ThymusError ? error : new ClusterError(0, 'the answer broke off', path, error)
  }
  const text = Buffer.concat(chunks).toString()
  const isJson = response.headers['content-type']?.startsWith('application/json') === true
  return isJson ? parsed(text, path) : { message: text }
}

async function* linesOf(response: IncomingMessage, path: string): AsyncGenerator<string> {
  let rest = ''
  response.setEncoding('utf8')
  try {
    for await (const chunk of response as AsyncIterable<string>) {
      // What came before is not looked through again.
      const [end = '', ...lines] = chunk.split('\n')
      rest += end
      if (rest.length > MAX_LINE) throw new ClusterError(0, `an event has more than ${MAX_LINE} bytes`, path)
      for (const line of lines) {
        if (rest !== '') yield rest
        rest = line
      }
    }
  } catch (error) {
    throw error instanceof ThymusError ? error : new ClusterError(0, 'the watch broke off', path, error)
  }
}

function parsed(text: string, path: string): Fields {
  try {
    const value: unknown = JSON.parse(text)
    if (isFields(value)) return value
  } catch {
    // As below.
  }
  throw new ClusterError(0, 'the answer is no JSON object', path)
}

function refused(path: string, status: number, body: Fields): ClusterError {
  return new ClusterError(status, printable(`${status} ${textAt(body, 'message') || 'without a reason'}`, 500), path)
}
