// A client of OPA's REST API over a Unix socket that sends what it is told, byte for byte.
import { request } from 'node:http'

export interface Sent {
  readonly method: string
  /** Path and query, sent as they are. */
  readonly path: string
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

export interface Received {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: string
}

export function ask(socket: string, { method, path, body, headers = {} }: Sent): Promise<Received> {
  // Node tells no length for methods that seldom have a body, and the body would be read as another request.
  const length = body === undefined || 'Transfer-Encoding' in headers ? {} : { 'Content-Length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: socket, method, path, headers: { ...headers, ...length }, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() }),
      )
      response.on('error', reject)
    })
    call.on('error', reject)
    call.end(body)
  })
}
