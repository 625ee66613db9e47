// The thread of BlockingHttp: sends what it is handed, answers, wakes the caller.
import { request as http, type IncomingMessage } from 'node:http'
import { request as https } from 'node:https'
import { type MessagePort, parentPort } from 'node:worker_threads'

export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  readonly milliseconds: number
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly serverName?: string }
}

export interface Reply {
  readonly status: number
  readonly statusText: string
  readonly headers: readonly (readonly [name: string, values: readonly string[]])[]
  readonly body: Buffer
}

const MAX_BODY = 16 * 2 ** 20

parentPort?.on('message', async ({ asked, port, signal }: { asked: Asked; port: MessagePort; signal: Int32Array }) => {
  try {
    port.postMessage({ reply: await ask(asked) })
  } catch (error) {
    port.postMessage({ error: error instanceof Error ? error.message : String(error) })
  }
  Atomics.store(signal, 0, 1)
  Atomics.notify(signal, 0)
})

async function ask({ method, url, headers, body, milliseconds, tls }: Asked): Promise<Reply> {
  const signal = AbortSignal.timeout(milliseconds)
  const { serverName, ...secrets } = tls
  const options = {
    method,
    signal,
    agent: false,
    headers: Object.fromEntries(headers),
    ...secrets,
    ...(serverName && { servername: serverName }),
  }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = url.startsWith('https:') ? https(url, options) : http(url, options)
    sent.on('response', resolve).on('error', (error) => reject(signal.aborted ? new Error('request timed out') : error))
    sent.end(body)
  })
  const parts: Buffer[] = []
  let size = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length
    if (size > MAX_BODY) throw new Error(`the answer is larger than ${MAX_BODY} bytes`)
    parts.push(part)
  }
  return {
    status: response.statusCode ?? 0,
    statusText: `${response.statusCode} ${response.statusMessage}`,
    headers: Object.entries(response.headersDistinct).map(([name, values]) => [name, values ?? []]),
    body: Buffer.concat(parts),
  }
}
