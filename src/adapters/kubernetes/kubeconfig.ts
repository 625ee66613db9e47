// How to reach a cluster: a kubeconfig file (client-go: tools/clientcmd/api/v1), or the service account of the pod that this runs in.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ThymusError } from '../../core/errors.ts'
import { readManifests } from '../../formats/kubernetes/manifest.ts'
import { type Fields, isFields } from '../../formats/kubernetes/object.ts'

export interface Connection {
  /** `https://HOST:PORT`, perhaps with a path; no slash at its end. */
  readonly url: string
  readonly tls: {
    /** PEM; undefined: the authorities that the system trusts. */
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    readonly servername?: string
    readonly rejectUnauthorized?: false
  }
  /** Asked for each request: a file may hold another by then. */
  readonly token?: () => string
}

/** Throws ThymusError CONFIG for what cannot be read, and for credentials that another program would have to make. */
export function readKubeconfig(file: string): Connection {
  const config = readManifests(textOf(file), file)[0]?.object
  const fail = (text: string): never => {
    throw new ThymusError('CONFIG', text, { at: file })
  }
  const text = (fields: Fields, name: string): string | undefined => {
    const value = Object.hasOwn(fields, name) ? (fields[name] ?? undefined) : undefined
    if (value !== undefined && typeof value !== 'string') fail(`${name} is no text`)
    return (value as string | undefined) || undefined
  }
  const named = (list: string, field: string, name: string): Fields => {
    const items = isFields(config) ? config[list] : undefined
    const found = Array.isArray(items) ? items.find((each) => isFields(each) && each.name === name) : undefined
    const inside = isFields(found) ? found[field] : undefined
    return isFields(inside) ? inside : fail(`there is no ${field} ${JSON.stringify(name)}`)
  }
  if (!isFields(config)) return fail('no kubeconfig')
  const context = named('contexts', 'context', text(config, 'current-context') ?? fail('current-context is missing'))
  const cluster = named('clusters', 'cluster', text(context, 'cluster') ?? fail('the context names no cluster'))
  const userName = text(context, 'user')
  const user = userName === undefined ? {} : named('users', 'user', userName)
  for (const name of ['exec', 'auth-provider', 'username', 'password'])
    if (user[name] !== undefined && user[name] !== null)
      fail(`the user has ${name}: only a token or a client certificate is taken, no program is run for one`)
  if (text(cluster, 'proxy-url') !== undefined) fail('proxy-url is not taken')

  const pathOf = (path: string) => resolve(dirname(file), path)
  /** As data, or in a file; data counts. */
  const pem = (fields: Fields, name: string): string | undefined => {
    const data = text(fields, `${name}-data`)
    if (data !== undefined) return Buffer.from(data, 'base64').toString('latin1')
    const path = text(fields, name)
    return path === undefined ? undefined : textOf(pathOf(path))
  }
  const server = text(cluster, 'server') ?? fail('the cluster has no server')
  const url = URL.parse(server)
  if (url === null || url.protocol !== 'https:') fail(`the server ${JSON.stringify(server)} is no https address`)
  const skips = cluster['insecure-skip-tls-verify'] === true
  const [ca, cert, key] = [pem(cluster, 'certificate-authority'), pem(user, 'client-certificate'), pem(user, 'client-key')]
  if ((cert === undefined) !== (key === undefined)) fail('a client certificate is not without its key')
  const [servername, token, tokenFile] = [text(cluster, 'tls-server-name'), text(user, 'token'), text(user, 'tokenFile')]
  return {
    url: server.replace(/\/+$/, ''),
    tls: { ...given({ ca, cert, key, servername }), ...(skips ? { rejectUnauthorized: false as const } : {}) },
    ...(token !== undefined ? { token: () => token } : tokenFile !== undefined ? { token: () => textOf(pathOf(tokenFile)).trim() } : {}),
  }
}

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Throws ThymusError CONFIG where this is no pod with a service account. */
export function inCluster(env: NodeJS.ProcessEnv): Connection {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = env
  if (host === '') throw new ThymusError('CONFIG', 'this is no pod of a cluster: KUBERNETES_SERVICE_HOST is not set')
  const token = () => textOf(`${ACCOUNT}/token`).trim()
  token()
  return { url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`, tls: { ca: textOf(`${ACCOUNT}/ca.crt`) }, token }
}

function given<T extends Record<string, string | undefined>>(fields: T): { readonly [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: string }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ThymusError('CONFIG', `cannot be read: ${(cause as NodeJS.ErrnoException).code}`, { at: file, cause })
  }
}
