// An API server, as far as a webhook sees it: connections that are kept, each with one request at a time. It writes requests that are made
// beforehand and reads no more of an answer than it must, so that the server is what is measured. Each line on stdin is a Load; it is
// answered by a line, a Carried.
import { createInterface } from 'node:readline'
import { connect, type TLSSocket } from 'node:tls'
import { goodPod, pod, reviewText } from './kubernetes-objects.ts'
import type { Carried, Load } from './webhook-pair.ts'

const BODIES = 64

interface Server {
  readonly sockets: readonly TLSSocket[]
  readonly requests: Map<string, readonly Buffer[]>
}
const servers = new Map<string, Server>()

for await (const line of createInterface({ input: process.stdin })) {
  const load = JSON.parse(line) as Load
  let server = servers.get(load.url)
  if (server === undefined) {
    server = { sockets: await Promise.all(Array.from({ length: load.connections }, () => connected(load))), requests: new Map() }
    servers.set(load.url, server)
  }
  console.log(JSON.stringify(await carry(server, load)))
}
process.exit()

function connected({ url, ca }: Load): Promise<TLSSocket> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), ca })
    socket.setNoDelay(true)
    socket.once('secureConnect', () => resolve(socket)).once('error', reject)
  })
}

async function carry({ sockets, requests }: Server, { url, pods, bytes, count }: Load): Promise<Carried> {
  let all = requests.get(`${pods} ${bytes}`)
  if (all === undefined) {
    const make = pods === 'kept' ? goodPod : pod
    all = Array.from({ length: BODIES }, (_, at) => request(new URL(url).host, reviewText(make, at, bytes)))
    requests.set(`${pods} ${bytes}`, all)
  }
  const latencies: number[] = []
  let [sent, allowed] = [0, 0]
  const work = async (socket: TLSSocket) => {
    while (sent < count) {
      const text = all[sent++ % BODIES]!
      const begun = performance.now()
      const answer = await exchange(socket, text)
      if (answer.includes('"allowed":true')) allowed++
      if (pods === 'kept' && answer.includes('"warnings":[')) throw new Error(`a Pod that breaks no rule is warned of: ${answer}`)
      latencies.push(performance.now() - begun)
    }
  }
  const begun = performance.now()
  await Promise.all(sockets.map(work))
  const ns = ((performance.now() - begun) * 1e6) / count
  return { ns, allowed, latencies }
}

function request(host: string, body: string): Buffer {
  const head = ['POST /v1/admit?timeout=10s HTTP/1.1', `Host: ${host}`, 'Content-Type: application/json']
  return Buffer.from(`${head.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

/** The body of the answer, which must be a review. */
function exchange(socket: TLSSocket, text: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = ''
    const take = (chunk: Buffer) => {
      seen += chunk.toString('latin1')
      const head = seen.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = Number(/^content-length: (\d+)/im.exec(seen)![1])
      if (seen.length < head + 4 + length) return
      socket.off('data', take)
      socket.off('close', broken)
      if (seen.startsWith('HTTP/1.1 200 ')) resolve(seen.slice(head + 4))
      else reject(new Error(seen))
    }
    const broken = () => reject(new Error('the server has closed the connection'))
    socket.on('data', take)
    socket.once('close', broken)
    socket.write(text)
  })
}
