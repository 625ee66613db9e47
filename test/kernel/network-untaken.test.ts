// A connection that nobody takes: its end is told once, with both its ends, and who had its port is forgotten.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { EVENT_TYPE, type SocketEvent } from '../../src/adapters/linux/bpf/layout.gen.ts'
import { Instance, needKernel, subject, whyNoKernel } from '../kit/instance.ts'
import { all, CONNECT } from '../kit/network.ts'
import { Puppet } from '../kit/puppet.ts'

const A = 1
/** RFC 6666: packets that go there are lost. */
const NOWHERE = '100::1'

let it: Instance
let a: Puppet

before(() => {
  if (whyNoKernel() !== undefined) return
  it = new Instance()
  a = new Puppet({ group: it.group('a', A) })
})
after(async () => {
  await a?.stop()
  it?.[Symbol.dispose]()
})

const NAMES: Readonly<Record<number, string>> = { [EVENT_TYPE.EVENT_CONNECT]: 'connect', [EVENT_TYPE.EVENT_CLOSE]: 'close' }
const gist = ({ header, remote_port, active }: SocketEvent) => `${NAMES[header.type]} ${remote_port} ${active}`
const senders = () => [...it.kernel.map('senders').keys()].length

for (const loopback of ['127.0.0.1', '::1']) {
  test(`over ${loopback}, refused and tried again by the same socket`, async (t) => {
    if (!needKernel(t)) return
    it.swap({ subjects: [subject(A, CONNECT)] })
    const server = await a.listen(loopback)
    const [free, known] = [server.port, senders()]
    await server.close()
    all(it)
    const client = await a.socket('tcp', loopback.includes(':') ? 6 : 4)
    const refused = [`connect ${free} 1`, `close ${free} 1`]
    for (const _ of [1, 2]) {
      assert.equal(await client.connect(loopback, free), 'ECONNREFUSED')
      assert.deepEqual(all(it).map(gist), refused)
    }
    assert.equal(senders(), known)
    await client.close()
    assert.deepEqual(all(it).map(gist), [])
  })
}

test('a connection that is given up is told of once as well', async (t) => {
  if (!needKernel(t)) return
  it.swap({ subjects: [subject(A, CONNECT)] })
  all(it)
  const client = await a.socket('tcp', 6)
  const said = await client.connect(NOWHERE, 9)
  await client.close()
  if (said === 'ENETUNREACH') return t.skip('there is no route by which a packet could be lost')
  assert.deepEqual(all(it).map(gist), ['connect 9 1', 'close 9 1'])
})

test('one that was taken is told of when its socket is released, once', async (t) => {
  if (!needKernel(t)) return
  it.swap({ subjects: [subject(A, CONNECT)] })
  const server = await a.listen('127.0.0.1')
  all(it)
  const client = await a.socket('tcp', 4)
  assert.equal(await client.connect('127.0.0.1', server.port), 'ok')
  const accepted = await server.accept()
  await client.close()
  await accepted.close()
  const ends = all(it).filter(({ header, active }) => header.type === EVENT_TYPE.EVENT_CLOSE && active)
  assert.deepEqual(ends.map(gist), [`close ${server.port} 1`])
  await server.close()
})

test('a socket that nobody took, and that listens now, accepts connections of which the end is told', async (t) => {
  if (!needKernel(t)) return
  it.swap({ subjects: [subject(A, CONNECT)] })
  const gone = await a.listen('127.0.0.1')
  const [server, client] = [await a.socket('tcp', 4), await a.socket('tcp', 4)]
  await gone.close()
  assert.equal(await server.connect('127.0.0.1', gone.port), 'ECONNREFUSED')
  assert.equal(await server.bind('127.0.0.1', 0), 'ok')
  await server.listen()
  assert.equal(await client.connect('127.0.0.1', await server.boundPort()), 'ok')
  const accepted = await server.accept()
  all(it)
  await accepted.close()
  assert.deepEqual(
    all(it).map(({ header, active }) => [NAMES[header.type], active]),
    [['close', 0]],
  )
  for (const socket of [client, server]) await socket.close()
})
