// Workloads with a network of their own: joined by a bridge, known by their addresses, and by who sent each flow.
import assert from 'node:assert/strict'
import { basename } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { EVENT_TYPE } from '../../src/adapters/linux/bpf/layout.gen.ts'
import { makeNamespace, type Namespace, networkOf, removeBridge, removeNamespace } from '../../src/adapters/linux/netns.ts'
import { addressBytes, parseAddress } from '../../src/engine/rule-plane/addresses.ts'
import { GATE_NUMBER, IDENTITY, type PlaceEntry } from '../../src/engine/rule-plane/tables.ts'
import { Instance, identityOf, needKernel, subject, whyNoKernel } from '../kit/instance.ts'
import { ACCEPT, CONNECT, isolated, rule, seen } from '../kit/network.ts'
import { lend, Puppet } from '../kit/puppet.ts'

const A = 1
const B = 2
/** A workload in the host's namespace. */
const H = 3

let it: Instance
let network: ReturnType<typeof networkOf>
const namespaces: Namespace[] = []
let a: Puppet
let b: Puppet
let h: Puppet
let stranger: Puppet
let places: PlaceEntry[]

before(() => {
  if (whyNoKernel() !== undefined) return
  it = new Instance()
  network = networkOf(basename(it.home))
  for (const slot of [A, B, 9]) namespaces.push(makeNamespace(network, slot))
  a = new Puppet({ group: it.group('a', A), netns: namespaces[0]!.name })
  b = new Puppet({ group: it.group('b', B), netns: namespaces[1]!.name })
  h = new Puppet({ group: it.group('h', H) })
  stranger = new Puppet({ netns: namespaces[2]!.name }) // of no workload
  places = [A, B].flatMap((slot, index) =>
    namespaces[index]!.addresses.map((address) => ({ address: addressBytes(parseAddress(address)!), bits: 128, block: 0, slot })),
  )
})
after(async () => {
  for (const puppet of [a, b, h, stranger]) await puppet?.stop()
  for (const { name } of namespaces) removeNamespace(name)
  if (network) removeBridge(network)
  it?.[Symbol.dispose]()
})

for (const [family, which] of [
  ['IPv4', 0],
  ['IPv6', 1],
] as const) {
  const addressOf = (slot: number) => namespaces[slot - 1]!.addresses[which]!
  describe(`between namespaces, ${family}`, () => {
    test('what the target does not accept gets EPERM, since its address tells whose it is', async (t) => {
      if (!needKernel(t)) return
      const server = await b.listen(addressOf(B))
      it.swap({ places, subjects: [subject(A, 0), subject(B, ACCEPT)], traffic: [isolated(B, 'accept')] })
      assert.equal(await a.tryConnect(addressOf(B), server.port), 'EPERM')
      const datagrams = await a.socket('udp', which === 0 ? 4 : 6)
      assert.equal(await datagrams.sendTo(addressOf(B), server.port, 'x'), 'EPERM')
      it.swap({
        places,
        subjects: [subject(A, 0), subject(B, ACCEPT)],
        traffic: [isolated(B, 'accept'), rule(B, 'accept', 'allow', identityOf(A))],
      })
      assert.equal(await a.tryConnect(addressOf(B), server.port), 'ok')
      await server.close()
    })

    test('from elsewhere it is dropped, and told of once', async (t) => {
      if (!needKernel(t)) return
      const server = await b.listen(addressOf(B))
      const datagrams = await b.bound(addressOf(B))
      it.swap({
        places,
        subjects: [subject(A, 0), subject(B, ACCEPT)],
        traffic: [isolated(B, 'accept'), rule(B, 'accept', 'allow', identityOf(A))],
      })
      seen(it)
      const client = await stranger.socket('tcp', which === 0 ? 4 : 6)
      await client.patience(1500) // two SYNs
      assert.equal(await client.connect(addressOf(B), server.port), 'EINPROGRESS')
      const sender = await stranger.socket('udp', which === 0 ? 4 : 6)
      for (const _ of [1, 2, 3]) assert.equal(await sender.sendTo(addressOf(B), datagrams.port, 'x'), 'ok')
      assert.equal(await datagrams.receive(), '[EAGAIN]')
      const drops = seen(it, EVENT_TYPE.EVENT_DROP)
      assert.deepEqual(
        drops.map(({ header, protocol, peer_slot, ruling }) => [header.slot, protocol, peer_slot, ruling.gate, ruling.outcome]),
        [
          [B, 6, 0, GATE_NUMBER.accept, 1],
          [B, 17, 0, GATE_NUMBER.accept, 1],
        ],
      )
      for (const socket of [client, sender, server, datagrams]) await socket.close()
    })

    test('a rule about an address block decides by the source’s address, which connect does not know yet', async (t) => {
      if (!needKernel(t)) return
      const server = await b.listen(addressOf(B))
      const block = IDENTITY.block + 1
      const named = places.map((place) => (place.slot === A ? { ...place, block } : place))
      const plainless = { ...subject(B, ACCEPT), plainGates: 0 }
      it.swap({ places: named, subjects: [subject(A, 0), plainless], traffic: [isolated(B, 'accept'), rule(B, 'accept', 'allow', block)] })
      assert.equal(await a.tryConnect(addressOf(B), server.port), 'ok')
      it.swap({ places, subjects: [subject(A, 0), plainless], traffic: [isolated(B, 'accept'), rule(B, 'accept', 'allow', block)] })
      seen(it)
      assert.equal(await a.tryConnect(addressOf(B), server.port), 'EINPROGRESS') // its first packet is dropped where it starts
      const [drop] = seen(it, EVENT_TYPE.EVENT_DROP)
      assert.deepEqual([drop!.header.slot, drop!.ruling.ruler, drop!.active], [A, B, 1])
      await server.close()
    })

    test('who sends is told by its socket, where its address is shared', async (t) => {
      if (!needKernel(t)) return
      const server = await b.listen(addressOf(B))
      const datagrams = await b.bound(addressOf(B))
      it.swap({
        places,
        subjects: [subject(H, 0), subject(B, ACCEPT)],
        traffic: [isolated(B, 'accept'), rule(B, 'accept', 'allow', identityOf(H))],
      })
      seen(it)
      const client = await h.socket('tcp', which === 0 ? 4 : 6)
      assert.equal(await client.connect(addressOf(B), server.port), 'ok')
      const accepted = await server.accept()
      await client.send('x')
      const sender = await h.socket('udp', which === 0 ? 4 : 6)
      await sender.sendTo(addressOf(B), datagrams.port, 'from the host')
      assert.equal(await datagrams.receive(), 'from the host')
      assert.deepEqual(
        seen(it, EVENT_TYPE.EVENT_ACCEPT).map((event) => [event.header.slot, event.peer_slot, event.protocol]),
        [
          [B, H, 6],
          [B, H, 17],
        ],
      )
      const unlabelled = lend(t, new Puppet())
      assert.equal(await unlabelled.tryConnect(addressOf(B), server.port), 'EINPROGRESS') // same address, no workload
      for (const socket of [client, accepted, sender, server, datagrams]) await socket.close()
    })

    test('replies reach a workload that accepts nothing', async (t) => {
      if (!needKernel(t)) return
      const server = await b.listen(addressOf(B))
      const datagrams = await b.bound(addressOf(B))
      it.swap({ places, subjects: [subject(A, ACCEPT), subject(B, CONNECT)], traffic: [isolated(A, 'accept'), isolated(B, 'connect')] })
      const client = await a.socket('tcp', which === 0 ? 4 : 6)
      assert.equal(await client.connect(addressOf(B), server.port), 'ok')
      const accepted = await server.accept()
      await accepted.send('tcp')
      assert.equal(await client.receive(), 'tcp')
      const sender = await a.bound(addressOf(A))
      await sender.sendTo(addressOf(B), datagrams.port, 'question')
      const { port } = await datagrams.receiveFrom()
      await datagrams.sendTo(addressOf(A), port, 'udp')
      assert.equal(await sender.receive(), 'udp')
      for (const socket of [client, accepted, sender, server, datagrams]) await socket.close()
    })
  })
}
