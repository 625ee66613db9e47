import assert from 'node:assert/strict'
import { type AddressInfo, connect } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Asked, plain } from './exchange.ts'
import { addressOf, listen, stop } from './listen.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

test('all bodies together are bounded: who has waited longest for the rest of one is cut, and small ones always have room', async (t) => {
  const large = 80_000
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const answer = async ({ target, body }: Asked) => {
    if (target === '/slow') await gate
    return plain(200, String(body.length))
  }
  const server = await listen({ host: '127.0.0.1', port: 0 }, answer, {
    maxBytes: large,
    tooLarge: plain(413, ''),
    held: { maxBytes: 2 * large, busy: plain(503, '') },
  })
  t.after(() => stop(server, 0))
  const { port } = server.address() as AddressInfo
  assert.equal(addressOf(server), `http://127.0.0.1:${port}`)
  /** Sends all of a body but the last byte, which `finish` sends. */
  const begin = async (length: number, target = '/') => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`POST ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length - 1)}`)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', () => {})
    const status = new Promise<number>((resolve) => socket.once('close', () => resolve(Number(text.split(' ')[1]))))
    await sleep(50)
    return { status, finish: () => void socket.write('x') }
  }
  const [small, first, second] = [await begin(30_000), await begin(large), await begin(large)]
  const third = await begin(large)
  assert.equal(await first.status, 503)
  for (const { status, finish } of [third, second, small]) {
    finish()
    assert.equal(await status, 200)
  }
  const whole = [await begin(large, '/slow'), await begin(large, '/slow')]
  for (const { finish } of whole) finish()
  await sleep(50)
  assert.equal(await (await begin(large)).status, 503, 'one that is whole is not cut')
  const other = await begin(30_000)
  other.finish()
  assert.equal(await other.status, 200)
  open()
  for (const { status } of whole) assert.equal(await status, 200)
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
