// The service on a socket. A client may be slow, huge, silent or gone: each costs a connection and no more.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ThymusError } from '../../core/errors.ts'
import { removeStale } from '../stale-socket.ts'
import type { Answer, Asked } from './exchange.ts'
import { invalid } from './refusal.ts'

export type Address = { readonly path: string } | { readonly host: string; readonly port: number }

export interface ListenOptions {
  readonly maxBytes: number
  /** For a whole request to arrive. */
  readonly requestMs?: number
  /** Between two requests of a connection. */
  readonly idleMs?: number
}

const REQUEST_MS = 30_000
const IDLE_MS = 60_000
/** Go's server takes a head of a megabyte; a document may be in the URL. */
const MAX_HEAD = 1 << 20

/** Reads `localhost:8181`, `:8181`, `[::1]:8181`, `http://…`, `unix://path`. Throws ThymusError USAGE. */
export function readAddress(text: string): Address {
  const unix = /^unix:\/\/(.+)$/.exec(text)?.[1]
  if (unix !== undefined) return { path: unix }
  const [, bracketed, bare, port] = /^(?:http:\/\/)?(?:\[([\da-fA-F:.]+)\]|([^:/[\]]*)):(\d{1,5})$/.exec(text) ?? []
  if (port === undefined || Number(port) > 65_535) throw new ThymusError('USAGE', 'an address is HOST:PORT or unix://PATH', { at: text })
  return { host: bracketed ?? (bare === '' ? '0.0.0.0' : bare!), port: Number(port) }
}

/** Listens; resolves once it does. Throws ThymusError USAGE where it cannot. */
export async function listen(address: Address, answer: (asked: Asked) => Answer, options: ListenOptions): Promise<Server> {
  const { maxBytes, requestMs = REQUEST_MS, idleMs = IDLE_MS } = options
  const settings = { requestTimeout: requestMs, headersTimeout: requestMs, keepAliveTimeout: idleMs, maxHeaderSize: MAX_HEAD }
  const server = createServer({ ...settings, connectionsCheckingInterval: Math.min(requestMs, 5_000) }, (request, response) => {
    void exchange(request, response, answer, maxBytes)
  })
  server.maxHeadersCount = 256
  // Also for a client that does not take its answer.
  server.setTimeout(idleMs)
  if ('path' in address && !(await removeStale(address.path)))
    throw new ThymusError('USAGE', 'another server answers on this socket', { at: address.path })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new ThymusError('USAGE', `cannot listen: ${cause.message}`, { at: 'path' in address ? address.path : address.host, cause })),
    )
    server.listen(address, resolve)
  })
  return server
}

/** Where it listens, as an address that a client takes. */
export function addressOf(server: Server): string {
  const at = server.address() as AddressInfo | string
  if (typeof at === 'string') return `unix://${at}`
  return `http://${at.family === 'IPv6' ? `[${at.address}]` : at.address}:${at.port}`
}

/** Takes no more connections, ends idle ones, and waits for the rest; those that outstay `graceMs` are cut. */
export async function stop(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const cut = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(cut)
}

async function exchange(request: IncomingMessage, response: ServerResponse, answer: (asked: Asked) => Answer, maxBytes: number) {
  request.on('error', () => {})
  response.on('error', () => {})
  try {
    const body = await readBody(request, maxBytes)
    if (body === undefined) {
      const { status, headers, body } = invalid(`request body too large: exceeds limit of ${maxBytes} bytes`).answer
      response.writeHead(status, { ...headers, Connection: 'close' }).end(body)
      return
    }
    const { remoteAddress, remotePort } = request.socket
    const from = remoteAddress === undefined ? '' : `${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`
    const asked = { method: request.method ?? '', target: request.url ?? '/', headers: headersOf(request), body, from }
    const { status, headers, body: text } = answer(asked)
    const bytes = Buffer.from(text)
    response.writeHead(status, status === 204 || status === 304 ? headers : { ...headers, 'Content-Length': bytes.length })
    response.end(request.method === 'HEAD' ? undefined : bytes)
  } catch {
    // The client has gone: there is nobody to tell.
    request.destroy()
  }
}

/** Undefined for a body that is larger than allowed. A length that is told is believed only to refuse early. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return undefined
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function headersOf({ rawHeaders }: IncomingMessage): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase()
    found.set(name, [...(found.get(name) ?? []), rawHeaders[at + 1]!])
  }
  return found
}
