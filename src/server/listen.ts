// A service on a socket. A client may be slow, huge, silent or gone: each costs a connection and no more.
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { ThymusError } from '../core/errors.ts'
import type { Answer, Asked } from './exchange.ts'
import { removeStale } from './stale-socket.ts'
import { Together } from './together.ts'

export type Address = { readonly path: string } | { readonly host: string; readonly port: number }
export type Server = HttpServer | HttpsServer

export interface ListenOptions {
  readonly maxBytes: number
  /** What a body is answered that is larger. */
  readonly tooLarge: Answer
  /** Bytes of bodies that are held at a time, of all requests together, small ones left out; beyond, who came first and is not whole is answered `busy`. */
  readonly held?: { readonly maxBytes: number; readonly busy: Answer }
  /** More are closed as they come. */
  readonly maxConnections?: number
  /** Of a head, in bytes. */
  readonly maxHead?: number
  /** For a whole request to arrive. */
  readonly requestMs?: number
  /** Between two requests of a connection. */
  readonly idleMs?: number
  /** PEM: a certificate with what leads to its authority, and its key. HTTPS where there is one. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

const REQUEST_MS = 30_000
const IDLE_MS = 60_000
/** Go's server takes a head of a megabyte; a document may be in the URL. */
const MAX_HEAD = 1 << 20
const HANDSHAKE_MS = 10_000
const IDLE_CHECK_MS = 20
/** Requests of one connection that wait for their turn: Node reads 64 KiB of them at a time, and makes some KiB of each. */
const MAX_WAITING = 16
/** A body of so many bytes always has room: there are only so many connections. */
const SMALL = 32 << 10

/** Reads `localhost:8181`, `:8181`, `[::1]:8181`, `http://…`, `unix://path`. Throws ThymusError USAGE. */
export function readAddress(text: string): Address {
  const unix = /^unix:\/\/(.+)$/.exec(text)?.[1]
  if (unix !== undefined) return { path: unix }
  const [, bracketed, bare, port] = /^(?:http:\/\/)?(?:\[([\da-fA-F:.]+)\]|([^:/[\]]*)):(\d{1,5})$/.exec(text) ?? []
  if (port === undefined || Number(port) > 65_535) throw new ThymusError('USAGE', 'an address is HOST:PORT or unix://PATH', { at: text })
  return { host: bracketed ?? (bare === '' ? '0.0.0.0' : bare!), port: Number(port) }
}

/** Listens; resolves once it does. Throws ThymusError USAGE where it cannot. */
export async function listen(
  address: Address,
  answer: (asked: Asked) => Answer | Promise<Answer>,
  options: ListenOptions,
): Promise<Server> {
  const { requestMs = REQUEST_MS, idleMs = IDLE_MS, tls, maxConnections, maxHead = MAX_HEAD } = options
  const settings: ServerOptions = {
    ...{ requestTimeout: requestMs, headersTimeout: requestMs, keepAliveTimeout: idleMs, maxHeaderSize: maxHead },
    connectionsCheckingInterval: Math.min(requestMs, 5_000),
  }
  const bodies = new Bodies(options)
  const together = new Together()
  const answered = (asked: Asked) => together.run(() => answer(asked))
  const exchanged = inTurn((request, response) => void exchange(request, response, answered, bodies))
  const server =
    tls === undefined
      ? createServer(settings, exchanged)
      : createTlsServer({ ...settings, ...tls, minVersion: 'TLSv1.2', handshakeTimeout: Math.min(requestMs, HANDSHAKE_MS) }, exchanged)
  server.maxHeadersCount = 256
  if (maxConnections !== undefined) server.maxConnections = maxConnections
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
  return `${'setSecureContext' in server ? 'https' : 'http'}://${at.family === 'IPv6' ? `[${at.address}]` : at.address}:${at.port}`
}

/** Takes no more connections, ends idle ones, and waits for the rest; those that outstay `graceMs` are cut. */
export async function stop(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // Those that are answered meanwhile become idle later.
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS)
  const cut = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearInterval(idle)
  clearTimeout(cut)
}

type Exchanged = (request: IncomingMessage, response: ServerResponse) => void

/** A request that comes before the former of its connection is answered waits until that answer is out; where too many do, it is cut. */
function inTurn(exchanged: Exchanged): Exchanged {
  const waiting = new WeakMap<Socket, number>()
  return (request, response) => {
    // Node gives a response its socket when its turn comes, and says so.
    if (response.socket !== null) return exchanged(request, response)
    const { socket } = request
    const count = (waiting.get(socket) ?? 0) + 1
    if (count > MAX_WAITING) return void socket.destroy()
    waiting.set(socket, count)
    response.once('socket', () => {
      waiting.set(socket, waiting.get(socket)! - 1)
      exchanged(request, response)
    })
  }
}

async function exchange(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (asked: Asked) => Promise<Answer>,
  bodies: Bodies,
): Promise<void> {
  request.on('error', () => {})
  response.on('error', () => {})
  try {
    await bodies.read(request, async (body) => {
      if (!Buffer.isBuffer(body)) {
        response.writeHead(body.status, { ...body.headers, Connection: 'close' }).end(body.body)
        return
      }
      const { remoteAddress, remotePort } = request.socket
      const from = remoteAddress === undefined ? '' : `${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`
      const asked = { method: request.method ?? '', target: request.url ?? '/', headers: headersOf(request), body, from }
      const { status, headers, body: text } = await answer(asked)
      const bytes = Buffer.from(text)
      response.writeHead(status, status === 204 || status === 304 ? headers : { ...headers, 'Content-Length': bytes.length })
      response.end(request.method === 'HEAD' ? undefined : bytes)
    })
  } catch {
    // The client has gone: there is nobody to tell.
    request.destroy()
  }
}

interface Body {
  /** What is counted of it. */
  bytes: number
  /** Answers it `busy`, and ends it. */
  readonly cut: () => void
}

class Bodies {
  readonly #options: ListenOptions
  #held = 0
  /** Those that are counted and not whole, in the order in which they came. */
  readonly #unfinished = new Set<Body>()

  constructor(options: ListenOptions) {
    this.#options = options
  }

  /** Holds a body while it is used, or an answer in its place where it cannot be held. A length that is told is believed only to refuse early. */
  async read(request: IncomingMessage, use: (body: Buffer | Answer) => Promise<void>): Promise<void> {
    const { maxBytes, tooLarge, held } = this.#options
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) return use(tooLarge)
    const chunks: Buffer[] = []
    let length = 0
    const cut = () => {
      use(held!.busy).catch(() => {})
      request.destroy()
    }
    const body: Body = { bytes: 0, cut }
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        length += chunk.length
        if (length > maxBytes) return await use(tooLarge)
        chunks.push(chunk)
        if (held !== undefined && length > SMALL) this.#hold(body, length, held.maxBytes)
      }
      this.#unfinished.delete(body)
      await use(Buffer.concat(chunks))
    } finally {
      this.#release(body)
    }
  }

  /** Makes room by ending those that have waited longest for the rest of theirs, which may be this one. */
  #hold(body: Body, bytes: number, most: number): void {
    this.#unfinished.add(body)
    this.#held += bytes - body.bytes
    body.bytes = bytes
    for (const oldest of this.#unfinished) {
      if (this.#held <= most) return
      this.#release(oldest)
      oldest.cut()
    }
  }

  #release(body: Body): void {
    this.#unfinished.delete(body)
    this.#held -= body.bytes
    body.bytes = 0
  }
}

function headersOf({ rawHeaders }: IncomingMessage): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase()
    found.set(name, [...(found.get(name) ?? []), rawHeaders[at + 1]!])
  }
  return found
}
