// A small client of a Kubernetes API: objects as JSON, paths found by asking the server what it has.
import { Agent, request } from 'node:https'
import { apiVersionOf, type Fields, type KubernetesObject, kindOf, nameOf, namespaceOf } from '../../src/formats/kubernetes/object.ts'

export interface KubeIdentity {
  /** PEM. */
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface KubeAnswer {
  readonly status: number
  /** An object, or the Status that tells what went wrong. */
  readonly body: Fields
  /** The texts of its Warning headers. */
  readonly warnings: readonly string[]
}

export interface KubeOptions {
  readonly dryRun?: boolean
  /** Somebody else in whose place to ask. */
  readonly as?: { readonly user: string; readonly groups?: readonly string[] }
  /** By which the audit log names the request. */
  readonly id?: string
}

interface Resource {
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
}

/** Refusals are answers too: nothing throws but a server that does not answer. */
export class KubeClient {
  readonly url: string
  readonly #agent: Agent
  readonly #found = new Map<string, readonly Resource[]>()

  constructor(url: string, identity: KubeIdentity) {
    this.url = url
    this.#agent = new Agent({ keepAlive: true, maxSockets: 64, ...identity })
  }

  async create(object: KubernetesObject, options: KubeOptions = {}): Promise<KubeAnswer> {
    return this.ask('POST', await this.#path(object), { ...options, body: object })
  }

  /** Made, or changed where there is one, by server-side apply. */
  async apply(object: KubernetesObject, options: KubeOptions = {}): Promise<KubeAnswer> {
    const path = `${await this.#path(object)}/${nameOf(object)}?fieldManager=thymus&force=true`
    return this.ask('PATCH', path, { ...options, body: object, type: 'application/apply-patch+yaml' })
  }

  /** Of an object, its kind and names are enough. */
  async get(object: KubernetesObject): Promise<KubeAnswer> {
    return this.ask('GET', `${await this.#path(object)}/${nameOf(object)}`)
  }

  async delete(object: KubernetesObject, options: KubeOptions = {}): Promise<KubeAnswer> {
    return this.ask('DELETE', `${await this.#path(object)}/${nameOf(object)}`, options)
  }

  ask(
    method: string,
    path: string,
    { body, type = 'application/json', dryRun = false, as, id }: KubeOptions & { readonly body?: object; readonly type?: string } = {},
  ): Promise<KubeAnswer> {
    const query = dryRun ? `${path.includes('?') ? '&' : '?'}dryRun=All` : ''
    const headers = {
      ...(body === undefined ? {} : { 'Content-Type': type }),
      ...(id === undefined ? {} : { 'Audit-ID': id }),
      ...(as === undefined ? {} : { 'Impersonate-User': as.user, 'Impersonate-Group': [...(as.groups ?? [])] }),
    }
    return new Promise((resolve, reject) => {
      const call = request(`${this.url}${path}${query}`, { agent: this.#agent, method, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          const isJson = response.headers['content-type']?.startsWith('application/json') === true
          resolve({
            status: response.statusCode ?? 0,
            body: isJson ? JSON.parse(text) : { message: text },
            warnings: warningsIn(response.headersDistinct.warning ?? []),
          })
        })
      })
      call.on('error', reject)
      call.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }

  close(): void {
    this.#agent.destroy()
  }

  /** Of all objects of a kind, in the object's namespace. */
  async #path(object: KubernetesObject): Promise<string> {
    const kind = kindOf(object)
    const base = `${kind.group === '' ? '/api' : '/apis'}/${apiVersionOf(kind)}`
    const find = () => this.#found.get(base)?.find((resource) => resource.kind === kind.kind && !resource.name.includes('/'))
    if (find() === undefined) this.#found.set(base, ((await this.ask('GET', base)).body.resources as Resource[] | undefined) ?? [])
    const resource = find()
    if (resource === undefined) throw new Error(`the server has no ${base} ${kind.kind}`)
    return `${base}${resource.namespaced ? `/namespaces/${namespaceOf(object) || 'default'}` : ''}/${resource.name}`
  }
}

/** Each is `299 - "text"` in UTF-8, with quotes and backslashes escaped. */
function warningsIn(headers: readonly string[]): readonly string[] {
  const texts = headers.map((header) => Buffer.from(header, 'latin1').toString())
  return texts.flatMap((header) => [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text!.replace(/\\(.)/g, '$1')))
}
