// Sockets that are there already: those of a process that is adopted, and those that a change of policy denies.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { EVENT_TYPE } from '../../src/adapters/linux/bpf/layout.gen.ts'
import { makeNamespace, type Namespace, networkOf, removeBridge, removeNamespace } from '../../src/adapters/linux/netns.ts'
import { cutSockets, stampSockets } from '../../src/adapters/linux/sweep.ts'
import { addressBytes, parseAddress } from '../../src/engine/rule-plane/addresses.ts'
import { Instance, identityOf, needKernel, subject, whyNoKernel } from '../kit/instance.ts'
import { ACCEPT, CONNECT, isolated, rule, seen } from '../kit/network.ts'
import { lend, Puppet } from '../kit/puppet.ts'

const A = 1
const B = 2

let it: Instance
let a: Puppet
let b: Puppet
let network: ReturnType<typeof networkOf>
let namespace: Namespace

before(() => {
  if (whyNoKernel() !== undefined) return
  it = new Instance()
  network = networkOf(basename(it.home))
  namespace = makeNamespace(network, B)
  a = new Puppet({ group: it.group('a', A) })
  b = new Puppet({ group: it.group('b', B), netns: namespace.name })
})
after(async () => {
  for (const puppet of [a, b]) await puppet?.stop()
  if (namespace) removeNamespace(namespace.name)
  if (network) removeBridge(network)
  it?.[Symbol.dispose]()
})

for (const [index, loopback] of ['127.0.0.1', '::1', '::ffff:127.0.0.1'].entries()) {
  const family4or6 = loopback.includes(':') ? 6 : 4
  describe(`what a change denies, ${loopback}`, () => {
    test('is ended at both ends, connections and connected datagram sockets, and nothing else is', async (t) => {
      if (!needKernel(t)) return
      const c = lend(t, new Puppet({ group: it.group('c', 3) }))
      const places = namespace.addresses.map((address) => ({ address: addressBytes(parseAddress(address)!), bits: 128, block: 0, slot: B }))
      const subjects = [subject(A, CONNECT), subject(B, 0), subject(3, 0)]
      it.swap({ places, subjects, traffic: [] })
      const near = await c.listen(loopback)
      const far = index === 2 ? `::ffff:${namespace.addresses[0]}` : namespace.addresses[index]!
      const remote = await b.listen(far)
      const client = await a.socket('tcp', family4or6)
      const friend = await a.socket('tcp', family4or6)
      const datagrams = await a.socket('udp', family4or6)
      assert.equal(await client.connect(far, remote.port), 'ok')
      assert.equal(await friend.connect(loopback, near.port), 'ok')
      assert.equal(await datagrams.connect(far, remote.port), 'ok')
      await datagrams.send('x')
      const accepted = await remote.accept()
      const welcome = await near.accept()

      it.swap({ places, subjects, traffic: [rule(A, 'connect', 'deny', identityOf(B))] })
      const cut = cutSockets(it.kernel, [namespace.path, '/run/netns/that-is-gone'])
      assert.deepEqual(
        cut.map(({ slot, peer_slot, protocol, active, ruling }) => [slot, peer_slot, protocol, active, ruling.ruler, ruling.cookie]),
        [
          [A, B, 6, 1, A, 7],
          [A, B, 17, 1, A, 7],
        ],
      )
      assert.equal(await client.receive(), '[ECONNABORTED]')
      assert.equal(await datagrams.receive(), '[ECONNABORTED]')
      assert.equal(await accepted.receive(), '[ECONNRESET]') // the reset got out, and tells the other side
      await friend.send('still here')
      assert.equal(await welcome.receive(), 'still here')
      for (const socket of [client, friend, datagrams, accepted, welcome, near, remote]) await socket.close()
    })

    test('is ended where only the target denies it', async (t) => {
      if (!needKernel(t)) return
      const c = lend(t, new Puppet({ group: it.group('c', 3) }))
      const server = await c.listen(loopback)
      it.swap({ subjects: [subject(A, 0), subject(3, ACCEPT)], traffic: [rule(3, 'accept', 'allow', identityOf(A))] })
      const client = await a.socket('tcp', family4or6)
      assert.equal(await client.connect(loopback, server.port), 'ok')
      const accepted = await server.accept()
      it.swap({ subjects: [subject(A, 0), subject(3, ACCEPT)], traffic: [isolated(3, 'accept')] })
      assert.deepEqual(
        cutSockets(it.kernel, [])
          .map(({ slot, active, ruling }) => [slot, active, ruling.ruler])
          .toSorted(),
        [
          [A, 1, 3],
          [3, 0, 3],
        ],
      )
      for (const socket of [client, accepted]) assert.match(await socket.receive(), /ECONNABORTED|ECONNRESET/)
      assert.deepEqual(cutSockets(it.kernel, []), [])
      for (const socket of [client, accepted, server]) await socket.close()
    })
  })
}

test('connections are ended in each network namespace, also where one before it fails', async (t) => {
  if (!needKernel(t)) return
  const c = lend(t, new Puppet({ group: it.group('c', 3), netns: namespace.name }))
  it.swap({ subjects: [subject(B, 0), subject(3, 0)] })
  const server = await b.listen('127.0.0.1')
  const client = await c.socket('tcp', 4)
  assert.equal(await client.connect('127.0.0.1', server.port), 'ok')
  it.swap({ subjects: [subject(B, 0), subject(3, CONNECT)], traffic: [isolated(3, 'connect')] })
  assert.throws(() => cutSockets(it.kernel, ['/proc/self/ns/uts', namespace.path]), { code: 'KERNEL_REFUSED' })
  assert.match(await client.receive(), /ECONNABORTED|ECONNRESET/)
  for (const socket of [client, server]) await socket.close()
})

describe('a process that is adopted', () => {
  test('in the group where it is: its connections keep their direction and are judged', async (t) => {
    if (!needKernel(t)) return
    const group = it.group('found', 0)
    const found = lend(t, new Puppet({ group }))
    const outside = lend(t, new Puppet())
    const listener = await found.listen('127.0.0.1')
    const elsewhere = await outside.listen('127.0.0.1')
    const started = await found.socket('tcp', 4)
    assert.equal(await started.connect('127.0.0.1', elsewhere.port), 'ok')
    const other = await elsewhere.accept()
    const caller = await outside.socket('tcp', 4)
    assert.equal(await caller.connect('127.0.0.1', listener.port), 'ok')
    const accepted = await listener.accept()

    it.group('found', 5)
    stampSockets(it.kernel)
    it.swap({ subjects: [subject(5, CONNECT), subject(A, 0)], traffic: [isolated(5, 'connect')] })
    assert.equal(await a.tryConnect('127.0.0.1', listener.port), 'ok')
    const [event] = seen(it, EVENT_TYPE.EVENT_CONNECT).slice(-1)
    assert.equal(event!.peer_slot, 5, 'its listener is known as its own')
    await caller.send('question')
    assert.equal(await accepted.receive(), 'question')
    await accepted.send('a reply') // what it accepted goes on
    assert.equal(await caller.receive(), 'a reply')
    await started.send('x') // what it started does not
    assert.equal(await other.receive(), '[EAGAIN]')
    const [drop] = seen(it, EVENT_TYPE.EVENT_DROP)
    assert.deepEqual([drop!.header.slot, drop!.active], [5, 1])
    assert.equal(cutSockets(it.kernel, []).length, 1)
    assert.equal(await started.receive(), '[ECONNABORTED]')
  })

  test('and moved into a group of ours: its listener is known at the other end, and its next calls are judged', async (t) => {
    if (!needKernel(t)) return
    const outside = lend(t, new Puppet())
    const listener = await outside.listen('127.0.0.1')
    const group = it.group('moved', 6)
    writeFileSync(join(group, 'cgroup.procs'), String(outside.pid))
    stampSockets(it.kernel)
    it.swap({ subjects: [subject(6, ACCEPT | CONNECT), subject(A, 0)], traffic: [isolated(6, 'accept'), isolated(6, 'connect')] })
    assert.equal(await a.tryConnect('127.0.0.1', listener.port), 'EPERM')
    assert.equal(await outside.tryConnect('127.0.0.1', 9), 'EPERM')
  })
})
