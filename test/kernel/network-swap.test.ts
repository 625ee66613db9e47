// What a change of policy does to traffic that flows: what is denied now is cut at once, what is allowed before and after never stumbles.
import assert from 'node:assert/strict'
import { basename } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { EVENT_TYPE } from '../../src/adapters/linux/bpf/layout.gen.ts'
import { makeNamespace, type Namespace, networkOf, removeBridge, removeNamespace } from '../../src/adapters/linux/netns.ts'
import { IDENTITY, type Tables } from '../../src/engine/rule-plane/tables.ts'
import { Instance, identityOf, needKernel, subject, trafficRule, whyNoKernel } from '../kit/instance.ts'
import { ACCEPT, CONNECT, isolated, rule, seen } from '../kit/network.ts'
import { lend, Puppet, type Socket } from '../kit/puppet.ts'

const A = 1
const B = 2
const SOL_SOCKET = 1
const SO_RCVBUFFORCE = 33
/** Long enough for many swaps, and datagrams enough to lose one, however slow the processor. */
const FLOOD = { milliseconds: 1500, datagrams: 1500 }

let it: Instance
let a: Puppet
let b: Puppet
let stranger: Puppet
let network: ReturnType<typeof networkOf>
const namespaces: Namespace[] = []

before(() => {
  if (whyNoKernel() !== undefined) return
  it = new Instance()
  network = networkOf(basename(it.home))
  for (const slot of [B, 9]) namespaces.push(makeNamespace(network, slot))
  a = new Puppet({ group: it.group('a', A) })
  b = new Puppet({ group: it.group('b', B) })
  stranger = new Puppet({ netns: namespaces[1]!.name })
})
after(async () => {
  for (const puppet of [a, b, stranger]) await puppet?.stop()
  for (const { name } of namespaces) removeNamespace(name)
  if (network) removeBridge(network)
  it?.[Symbol.dispose]()
})

const subjects = [subject(A, CONNECT), subject(B, ACCEPT)]
/** Two that allow A to talk to B for different reasons, and two that deny it for different reasons. */
const ALLOWING: readonly Partial<Tables>[] = [
  { subjects, traffic: [rule(A, 'connect', 'allow', identityOf(B)), rule(B, 'accept', 'allow', identityOf(A))] },
  {
    subjects,
    traffic: [isolated(A, 'connect'), isolated(B, 'accept'), trafficRule(A, 'connect', 'allow'), trafficRule(B, 'accept', 'allow')],
  },
]
const DENYING: readonly Partial<Tables>[] = [
  { subjects, traffic: [isolated(B, 'accept')] },
  { subjects, traffic: [trafficRule(B, 'accept', 'deny', { peer: IDENTITY.host }), trafficRule(B, 'accept', 'deny', { rank: 5 })] },
]

/** Swaps back and forth while something runs; says how often. */
async function swapDuring<T>(
  tables: readonly Partial<Tables>[],
  running: Promise<T>,
): Promise<{ readonly swaps: number; readonly value: T }> {
  let going = true
  const done = running.finally(() => {
    going = false
  })
  let swaps = 0
  for (; going; swaps++) {
    it.swap(tables[swaps % 2]!)
    await sleep(1)
  }
  return { swaps, value: await done }
}

async function pair(loopback: string): Promise<{ client: Socket; accepted: Socket; close: () => Promise<void> }> {
  const server = await b.listen(loopback)
  const client = await a.socket('tcp', loopback.includes(':') ? 6 : 4)
  assert.equal(await client.connect(loopback, server.port), 'ok')
  const accepted = await server.accept()
  return {
    client,
    accepted,
    close: async () => {
      for (const socket of [client, accepted, server]) await socket.close()
    },
  }
}

for (const loopback of ['127.0.0.1', '::1']) {
  const family4or6 = loopback.includes(':') ? 6 : 4
  describe(`under traffic over ${loopback}`, () => {
    test('no datagram is lost that every version allows', async (t) => {
      if (!needKernel(t)) return
      it.swap(ALLOWING[1]!)
      const server = await b.bound(loopback)
      await server.option(SOL_SOCKET, SO_RCVBUFFORCE, 1 << 30)
      const client = await a.socket('udp', family4or6)
      seen(it)
      const soaked = server.soak() // ends early where the sender pauses
      const { swaps, value } = await swapDuring(ALLOWING, client.flood(loopback, server.port, FLOOD))
      assert.equal(value.error, undefined)
      assert.equal((await soaked) + (await server.soak()), value.value)
      assert.ok(swaps > 10 && value.value > 1000, `${swaps} swaps, ${value.value} datagrams`)
      assert.deepEqual(seen(it, EVENT_TYPE.EVENT_DROP), [])
      t.diagnostic(`${swaps} swaps under ${value.value} datagrams`)
      for (const socket of [client, server]) await socket.close()
    })

    test('no connection stumbles that every version allows', async (t) => {
      if (!needKernel(t)) return
      it.swap(ALLOWING[0]!)
      const { client, accepted, close } = await pair(loopback)
      seen(it)
      const echo = async () => {
        for (let round = 0; round < 300; round++) {
          await client.send('question')
          assert.equal(await accepted.receive(), 'question')
          await accepted.send('answer')
          assert.equal(await client.receive(), 'answer')
        }
      }
      const { swaps } = await swapDuring(ALLOWING, echo())
      assert.ok(swaps > 3, `${swaps} swaps`)
      assert.deepEqual(seen(it, EVENT_TYPE.EVENT_DROP), [])
      await close()
    })

    test('nothing passes that every version denies, where a task is asked', async (t) => {
      if (!needKernel(t)) return
      const server = await b.bound(loopback)
      const client = await a.socket('udp', family4or6)
      it.swap(DENYING[1]!)
      const { swaps, value } = await swapDuring(DENYING, client.flood(loopback, server.port, FLOOD))
      assert.deepEqual([value.value, value.error], [0, 'EPERM'])
      assert.equal(await server.receive(), '[EAGAIN]')
      assert.ok(swaps > 10, `${swaps} swaps`)
      for (const socket of [client, server]) await socket.close()
    })

    test('a live connection that is denied now is cut both ways, told of once at each end, and goes on if it is allowed again', async (t) => {
      if (!needKernel(t)) return
      it.swap(ALLOWING[0]!)
      const { client, accepted, close } = await pair(loopback)
      await client.send('before')
      assert.equal(await accepted.receive(), 'before')
      it.swap(DENYING[0]!)
      seen(it)
      for (const word of ['one', 'two']) {
        await client.send(word)
        await accepted.send(word)
      }
      assert.equal(await accepted.receive(), '[EAGAIN]')
      assert.equal(await client.receive(), '[EAGAIN]')
      const drops = seen(it, EVENT_TYPE.EVENT_DROP)
      assert.deepEqual(drops.map(({ header, ruling }) => [header.slot, ruling.ruler]).toSorted(), [
        [A, B],
        [B, B],
      ])
      it.swap(ALLOWING[1]!)
      await accepted.patience(3000)
      assert.equal(await accepted.receiveMany(6), 6) // sent again by TCP
      await close()
    })

    test('a flow of datagrams that is denied now is cut, replies too', async (t) => {
      if (!needKernel(t)) return
      it.swap(ALLOWING[0]!)
      const server = await b.bound(loopback)
      const client = await a.bound(loopback)
      await client.sendTo(loopback, server.port, 'before')
      assert.equal((await server.receiveFrom()).port, client.port)
      it.swap(DENYING[0]!)
      assert.equal(await client.sendTo(loopback, server.port, 'after'), 'EPERM')
      assert.equal(await server.sendTo(loopback, client.port, 'a reply'), 'EPERM')
      assert.equal(await client.receive(), '[EAGAIN]')
      for (const socket of [client, server]) await socket.close()
    })
  })
}

describe('from another namespace, where nobody is asked', () => {
  test('nothing passes that every version denies', async (t) => {
    if (!needKernel(t)) return
    const far = lend(t, new Puppet({ group: it.group('b', B), netns: namespaces[0]!.name }))
    for (const [index, family] of [4, 6].entries()) {
      const address = namespaces[0]!.addresses[index]!
      const server = await far.bound(address)
      const client = await stranger.socket('udp', family as 4 | 6)
      it.swap(DENYING[1]!)
      const { swaps, value } = await swapDuring(DENYING, client.flood(address, server.port, FLOOD))
      assert.ok(swaps > 10 && value.value > 1000, `${swaps} swaps, ${value.value} datagrams`)
      assert.equal(await server.receive(), '[EAGAIN]')
      for (const socket of [client, server]) await socket.close()
    }
  })
})
