import assert from 'node:assert/strict'
import { type AddressInfo, connect } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { plain } from './exchange.ts'
import { addressOf, listen, stop } from './listen.ts'

test('all bodies together are bounded, and what one held is free again after it', async (t) => {
  const server = await listen({ host: '127.0.0.1', port: 0 }, ({ body }) => plain(200, String(body.length)), {
    maxBytes: 1_000,
    tooLarge: plain(413, ''),
    held: { maxBytes: 1_000, busy: plain(503, '') },
  })
  t.after(() => stop(server, 0))
  const { port } = server.address() as AddressInfo
  assert.equal(addressOf(server), `http://127.0.0.1:${port}`)
  /** Sends this much of a body of 800 bytes; `finish` sends the rest. */
  const begin = (bytes: number) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 800\r\n\r\n${'x'.repeat(bytes)}`)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', () => {})
    const status = new Promise<number>((resolve) => socket.once('close', () => resolve(Number(text.split(' ')[1]))))
    return { status, finish: () => socket.write('x'.repeat(800 - bytes)) }
  }
  const first = begin(600)
  await sleep(100)
  assert.equal(await begin(800).status, 503)
  first.finish()
  assert.equal(await first.status, 200)
  assert.equal(await begin(800).status, 200)
})
