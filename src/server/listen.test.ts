import assert from 'node:assert/strict'
import { type AddressInfo, connect } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { plain } from './exchange.ts'
import { addressOf, listen, stop } from './listen.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

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

test('requests that come at once are answered in order, one at a time', async (t) => {
  let [begun, open, most] = [0, 0, 0]
  const server = await listen(
    { host: '127.0.0.1', port: 0 },
    async ({ body }) => {
      most = Math.max(most, ++open)
      await sleep(10 - 2 * begun++)
      open--
      return plain(200, `<${body}>`)
    },
    { maxBytes: 1_000, tooLarge: plain(413, '') },
  )
  t.after(() => stop(server, 0))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(['a', 'b', 'c', 'd', 'e'].map((body) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n${body}`).join(''))
  let text = ''
  for await (const chunk of socket) {
    text += chunk
    if (text.includes('<e>')) break
  }
  assert.deepEqual([text.match(/<.>/g), most], [['<a>', '<b>', '<c>', '<d>', '<e>'], 1])
})

test('no answer is made before the client has taken the former, and one that asks too much at once is cut', async (t) => {
  let asked = 0
  const large = 'x'.repeat(32 << 20)
  const server = await listen({ host: '127.0.0.1', port: 0 }, () => plain(200, ++asked === 1 ? large : ''), {
    maxBytes: 1_000,
    tooLarge: plain(413, ''),
  })
  t.after(() => stop(server, 0))
  const begin = (times: number) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').pause()
    socket.on('error', () => {})
    socket.write(GET.repeat(times))
    return socket
  }
  const slow = begin(10)
  await sleep(200)
  assert.equal(asked, 1)
  slow.resume()
  while (asked < 10) await sleep(10)
  slow.destroy()
  const greedy = begin(100)
  await new Promise((resolve) => greedy.resume().once('close', resolve))
  assert.ok(asked <= 11)
})
