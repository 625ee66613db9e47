// Who may talk to whom, asked by real processes in real groups and decided by the programs of kernel/network.bpf.c.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { EVENT_TYPE, OUTCOME } from '../../src/adapters/linux/bpf/layout.gen.ts'
import { GATE_NUMBER, PROTOCOL_NUMBER } from '../../src/engine/rule-plane/tables.ts'
import { Instance, identityOf, needKernel, subject, trafficRule, whyNoKernel } from '../kit/instance.ts'
import { ACCEPT, all, BIND, CONNECT, isolated, rule, seen } from '../kit/network.ts'
import { lend, Puppet } from '../kit/puppet.ts'

const A = 1
const B = 2

let it: Instance
let a: Puppet
let b: Puppet
let stranger: Puppet

before(() => {
  if (whyNoKernel() !== undefined) return
  it = new Instance()
  a = new Puppet({ group: it.group('a', A) })
  b = new Puppet({ group: it.group('b', B) })
  stranger = new Puppet()
})
after(async () => {
  for (const puppet of [a, b, stranger]) await puppet?.stop()
  it?.[Symbol.dispose]()
})

for (const [family, loopback] of [
  ['IPv4', '127.0.0.1'],
  ['IPv6', '::1'],
  ['IPv4 by an IPv6 socket', '::ffff:127.0.0.1'],
] as const) {
  const family4or6 = loopback.includes(':') ? 6 : 4
  describe(`over ${family}`, () => {
    test('without a policy two workloads talk', async (t) => {
      if (!needKernel(t)) return
      it.swap({})
      const server = await b.listen(loopback)
      const client = await a.socket('tcp', family4or6)
      assert.equal(await client.connect(loopback, server.port), 'ok')
      const accepted = await server.accept()
      assert.equal(await client.send('question'), 'ok')
      assert.equal(await accepted.receive(), 'question')
      assert.equal(await accepted.send('answer'), 'ok')
      assert.equal(await client.receive(), 'answer')
      for (const socket of [client, accepted, server]) await socket.close()
    })

    test('a denied connect gets EPERM, and is told of with its rule', async (t) => {
      if (!needKernel(t)) return
      const server = await b.listen(loopback)
      it.swap({ subjects: [subject(A, CONNECT), subject(B, 0)], traffic: [rule(A, 'connect', 'deny', identityOf(B))] })
      seen(it)
      assert.equal(await a.tryConnect(loopback, server.port), 'EPERM')
      assert.equal(await server.accepts(), 'EAGAIN')
      const [event] = seen(it, EVENT_TYPE.EVENT_CONNECT)
      assert.deepEqual(
        [event!.header.slot, event!.peer_slot, event!.ruling.effect, event!.ruling.outcome, event!.ruling.cookie, event!.ruling.ruler],
        [A, B, 2, 1, 7, A],
      )
      assert.equal(event!.remote_port, server.port)
      assert.ok(event!.task.pid > 0)
      await server.close()
    })

    test('what the target does not accept gets EPERM too, and names the target as the one that decided', async (t) => {
      if (!needKernel(t)) return
      const server = await b.listen(loopback)
      it.swap({
        subjects: [subject(A, 0), subject(B, ACCEPT)],
        traffic: [isolated(B, 'accept'), rule(B, 'accept', 'allow', identityOf(3))],
      })
      seen(it)
      assert.equal(await a.tryConnect(loopback, server.port), 'EPERM')
      const [event] = seen(it, EVENT_TYPE.EVENT_CONNECT)
      assert.deepEqual([event!.ruling.ruler, event!.ruling.gate, event!.ruling.outcome], [B, GATE_NUMBER.accept, 1])
      assert.equal(await stranger.tryConnect(loopback, server.port), 'ok') // a process of no workload, by loopback
      await server.close()
    })

    test('TCP Fast Open is no way round', async (t) => {
      if (!needKernel(t)) return
      const server = await b.listen(loopback)
      it.swap({ subjects: [subject(A, CONNECT)], traffic: [trafficRule(A, 'connect', 'deny')] })
      const client = await a.socket('tcp', family4or6)
      assert.equal(await client.fastOpen(loopback, server.port, 'hello'), 'EPERM')
      assert.equal(await server.accepts(), 'EAGAIN')
      await client.close()
      await server.close()
    })

    test('a workload that may start nothing still answers', async (t) => {
      if (!needKernel(t)) return
      const server = await b.listen(loopback)
      it.swap({ subjects: [subject(A, 0), subject(B, CONNECT)], traffic: [isolated(B, 'connect')] })
      const client = await a.socket('tcp', family4or6)
      assert.equal(await client.connect(loopback, server.port), 'ok')
      const accepted = await server.accept()
      await client.send('question')
      assert.equal(await accepted.receive(), 'question')
      await accepted.send('answer')
      assert.equal(await client.receive(), 'answer')
      const back = await a.listen(loopback)
      assert.equal(await b.tryConnect(loopback, back.port), 'EPERM')
      for (const socket of [client, accepted, server, back]) await socket.close()
    })

    for (const how of ['connected', 'with an address each'] as const) {
      test(`datagrams ${how}: denied ones get EPERM, allowed ones arrive, and each flow is told of once`, async (t) => {
        if (!needKernel(t)) return
        const server = await b.bound(loopback)
        const other = await b.bound(loopback)
        it.swap({
          subjects: [subject(A, CONNECT), subject(B, 0)],
          traffic: [isolated(A, 'connect'), rule(A, 'connect', 'allow', identityOf(B), server.port, PROTOCOL_NUMBER.UDP)],
        })
        seen(it)
        const client = await a.socket('udp', family4or6)
        if (how === 'connected') {
          assert.equal(await client.connect(loopback, other.port), 'EPERM')
          assert.equal(await client.connect(loopback, server.port), 'ok')
          for (const word of ['one', 'two']) assert.equal(await client.send(word), 'ok')
          assert.equal(await client.sendTo(loopback, other.port, 'three'), 'EPERM') // elsewhere than it is connected to
        } else {
          for (const _ of [1, 2]) assert.equal(await client.sendTo(loopback, other.port, 'no'), 'EPERM')
          for (const word of ['one', 'two']) assert.equal(await client.sendTo(loopback, server.port, word), 'ok')
        }
        assert.equal(await server.receive(), 'one')
        assert.equal(await server.receive(), 'two')
        assert.equal(await other.receive(), '[EAGAIN]')
        const flows = seen(it, EVENT_TYPE.EVENT_CONNECT).map(({ remote_port, ruling }) => [remote_port, ruling.outcome])
        const told = [
          [other.port, 1],
          [server.port, 0],
        ]
        assert.deepEqual(flows.toSorted(), (how === 'connected' ? [...told, [other.port, 1]] : told).toSorted())
        for (const socket of [client, server, other]) await socket.close()
      })
    }

    test('a datagram server that may start nothing answers who asked, and nobody else', async (t) => {
      if (!needKernel(t)) return
      it.swap({ subjects: [subject(A, 0), subject(B, CONNECT)], traffic: [isolated(B, 'connect')] })
      const server = await b.bound(loopback)
      const client = await a.bound(loopback)
      const idle = await a.bound(loopback)
      seen(it)
      assert.equal(await client.sendTo(loopback, server.port, 'question'), 'ok')
      const { port } = await server.receiveFrom()
      assert.equal(port, client.port)
      assert.equal(await server.sendTo(loopback, port, 'answer'), 'ok')
      assert.equal(await client.receive(), 'answer')
      assert.equal(await server.sendTo(loopback, idle.port, 'unasked'), 'EPERM')
      assert.equal(await idle.receive(), '[EAGAIN]')
      const [accepted] = seen(it, EVENT_TYPE.EVENT_ACCEPT)
      assert.deepEqual([accepted!.header.slot, accepted!.peer_slot, accepted!.active], [B, A, 0])
      for (const socket of [server, client, idle]) await socket.close()
    })

    test('a denied bind gets EPERM, for TCP and UDP alike, and others do not', async (t) => {
      if (!needKernel(t)) return
      const port = 28_417
      it.swap({
        subjects: [subject(A, BIND)],
        traffic: [
          trafficRule(A, 'bind', 'deny', { protocol: 6, port, bits: 24 }),
          trafficRule(A, 'bind', 'deny', { protocol: 17, port, bits: 24 }),
        ],
      })
      seen(it)
      for (const type of ['tcp', 'udp'] as const) {
        const socket = await a.socket(type, family4or6)
        assert.equal(await socket.bind(loopback, port), 'EPERM')
        assert.equal(await socket.bind(loopback, port + 1), 'ok')
        await socket.close()
      }
      assert.deepEqual(
        seen(it, EVENT_TYPE.EVENT_BIND).map(({ local_port, protocol, ruling }) => [local_port, protocol, ruling.outcome]),
        [
          [port, 6, 1],
          [port, 17, 1],
          [port + 1, 6, 0],
          [port + 1, 17, 0],
        ],
      )
    })

    test('bytes at the end are those that the programs sent and received', async (t) => {
      if (!needKernel(t)) return
      it.swap({})
      const server = await b.listen(loopback)
      const client = await a.socket('tcp', family4or6)
      await client.connect(loopback, server.port)
      const accepted = await server.accept()
      seen(it)
      const out = await client.sendMany(100_000)
      assert.equal(await accepted.receiveMany(out), out)
      assert.equal(await accepted.sendMany(777), 777)
      assert.equal(await client.receiveMany(777), 777)
      await client.shutdown()
      assert.equal(await accepted.receive(), '')
      await accepted.close()
      await client.close()
      const sizes = seen(it, EVENT_TYPE.EVENT_CLOSE).map((event) => [event.header.slot, event.active, event.bytes_out, event.bytes_in])
      assert.deepEqual(sizes.toSorted(), [
        [A, 1, out, 777],
        [B, 0, 777, out],
      ])
      await server.close()
    })

    test('an accepted connection is told of once, also where nothing is ever sent', async (t) => {
      if (!needKernel(t)) return
      it.swap({
        subjects: [subject(A, 0), subject(B, ACCEPT)],
        traffic: [isolated(B, 'accept'), rule(B, 'accept', 'allow', identityOf(A))],
      })
      const server = await b.listen(loopback)
      const outside = lend(t, new Puppet())
      for (const [who, slot] of [[a, A] as const, [outside, 0] as const]) {
        seen(it)
        const client = await who.socket('tcp', family4or6)
        assert.equal(await client.connect(loopback, server.port), 'ok')
        const accepted = await server.accept()
        const told = seen(it, EVENT_TYPE.EVENT_ACCEPT)
        assert.deepEqual(
          told.map(({ header, peer_slot, local_port, active, ruling }) => [header.slot, peer_slot, local_port, active, ruling.effect]),
          [[B, slot, server.port, 0, slot === A ? 1 : 0]],
        )
        await client.send('late')
        assert.equal(await accepted.receive(), 'late')
        assert.deepEqual(seen(it, EVENT_TYPE.EVENT_ACCEPT), [])
        for (const socket of [client, accepted]) await socket.close()
      }
      await server.close()
    })

    test('the end of a connection names both ports, whichever end was first', async (t) => {
      if (!needKernel(t)) return
      it.swap({})
      const server = await b.listen(loopback)
      for (const isClientFirst of [true, false]) {
        const client = await a.socket('tcp', family4or6)
        await client.connect(loopback, server.port)
        const accepted = await server.accept()
        const [first, second] = isClientFirst ? [client, accepted] : [accepted, client]
        seen(it)
        await first.shutdown()
        assert.equal(await second.receive(), '')
        await second.close()
        assert.equal(await first.receive(), '')
        await first.close()
        const ends = seen(it, EVENT_TYPE.EVENT_CLOSE).toSorted((one, other) => one.header.slot - other.header.slot)
        const [ofA, ofB] = ends.map(({ local_port, remote_port }) => [local_port, remote_port])
        assert.ok(ofA![0]! > 0)
        assert.deepEqual(
          [ofA, ofB],
          [
            [ofA![0], server.port],
            [server.port, ofA![0]],
          ],
        )
      }
      await server.close()
    })

    test('bytes of datagrams are counted without their headers', async (t) => {
      if (!needKernel(t)) return
      it.swap({})
      const server = await b.bound(loopback)
      const client = await a.socket('udp', family4or6)
      seen(it)
      for (const size of [1, 1000, 30_000]) await client.sendTo(loopback, server.port, 'x'.repeat(size))
      assert.equal(await server.receiveMany(31_001), 31_001)
      await client.close()
      await server.close()
      assert.deepEqual(
        seen(it, EVENT_TYPE.EVENT_CLOSE).map((event) => [event.header.slot, event.bytes_out, event.bytes_in]),
        [
          [A, 31_001, 0],
          [B, 0, 31_001],
        ],
      )
    })
  })
}

describe('whose a socket is', () => {
  test('traffic to oneself is free', async (t) => {
    if (!needKernel(t)) return
    it.swap({ subjects: [subject(A, CONNECT | ACCEPT)], traffic: [isolated(A, 'connect'), isolated(A, 'accept')] })
    const server = await a.listen('127.0.0.1')
    assert.equal(await a.tryConnect('127.0.0.1', server.port), 'ok')
    assert.equal(await a.tryConnect('0.0.0.0', server.port), 'ok')
    await server.close()
  })

  test('to send to "any address" is to send to loopback, and judged so', async (t) => {
    if (!needKernel(t)) return
    const server = await b.listen('0.0.0.0')
    it.swap({ subjects: [subject(A, CONNECT), subject(B, 0)], traffic: [rule(A, 'connect', 'deny', identityOf(B))] })
    assert.equal(await a.tryConnect('0.0.0.0', server.port), 'EPERM')
    await server.close()
  })

  test('one that another workload made and passed on is judged by both workloads, the stricter wins', async (t) => {
    if (!needKernel(t)) return
    const server = await b.listen('127.0.0.1')
    const third = lend(t, new Puppet({ group: it.group('c', 3) }))
    it.swap({ subjects: [subject(A, CONNECT), subject(3, 0), subject(B, 0)], traffic: [isolated(A, 'connect')] })
    const made = await third.socket('tcp', 4)
    const carried = await a.carry(third, made)
    assert.equal(await carried.connect('127.0.0.1', server.port), 'EPERM') // a free socket in a workload that may not
    const own = await a.socket('tcp', 4)
    const lent = await third.carry(a, own)
    assert.equal(await lent.connect('127.0.0.1', server.port), 'EPERM') // the socket of one that may not, in a free workload
    const datagrams = await a.carry(third, await third.socket('udp', 4))
    assert.equal(await datagrams.sendTo('127.0.0.1', 9, 'x'), 'EPERM')
    await server.close()
  })

  test('a listener hands nothing of a former life on to what it accepts', async (t) => {
    if (!needKernel(t)) return
    const friend = await b.listen('127.0.0.1')
    it.swap({ subjects: [subject(A, ACCEPT), subject(B, 0)], traffic: [isolated(A, 'accept')] })
    const socket = await a.socket('tcp', 4)
    assert.equal(await socket.connect('127.0.0.1', friend.port), 'ok') // allowed, and remembered
    await socket.disconnect()
    await socket.bind('127.0.0.1', 0)
    await socket.listen()
    const port = await socket.boundPort()
    assert.equal(await b.tryConnect('127.0.0.1', port), 'EPERM')
    it.swap({ subjects: [subject(A, ACCEPT), subject(B, 0)], traffic: [isolated(A, 'accept'), rule(A, 'accept', 'allow', identityOf(B))] })
    seen(it)
    assert.equal(await b.tryConnect('127.0.0.1', port), 'ok')
    const accepted = await socket.accept()
    assert.deepEqual(
      seen(it, EVENT_TYPE.EVENT_ACCEPT).map(({ active, peer_slot, ruling }) => [active, peer_slot, ruling.gate]),
      [[0, B, GATE_NUMBER.accept]],
    )
    for (const each of [accepted, socket, friend]) await each.close()
  })
})

describe('what is said and what is done', () => {
  test('before the first policy everything passes and is told of', async (t) => {
    if (!needKernel(t)) return
    using fresh = new Instance()
    const c = lend(t, new Puppet({ group: fresh.group('c', A) }))
    const d = lend(t, new Puppet({ group: fresh.group('d', B) }))
    const server = await d.listen('127.0.0.1')
    const client = await c.socket('tcp', 4)
    assert.equal(await client.connect('127.0.0.1', server.port), 'ok')
    const accepted = await server.accept()
    await accepted.send('hello') // the server speaks first
    assert.equal(await client.receive(), 'hello')
    await c.stop()
    await d.stop()
    const told = all(fresh).filter(({ header }) => header.type !== EVENT_TYPE.EVENT_BIND)
    assert.deepEqual(
      told.map(({ header, peer_slot, bytes_out, bytes_in }) => [header.type, header.slot, peer_slot, bytes_out, bytes_in]).toSorted(),
      [
        [EVENT_TYPE.EVENT_CONNECT, A, B, 0, 0],
        [EVENT_TYPE.EVENT_ACCEPT, B, A, 0, 0],
        [EVENT_TYPE.EVENT_CLOSE, A, B, 0, 5],
        [EVENT_TYPE.EVENT_CLOSE, B, A, 5, 0],
      ],
    )
  })

  test('a trial denies nothing and is told of with its rule, and with whether anybody wants to hear of it', async (t) => {
    if (!needKernel(t)) return
    const server = await b.listen('127.0.0.1')
    for (const [report, outcome] of [
      [false, 0],
      [true, OUTCOME.OUTCOME_REPORT],
    ] as const) {
      it.swap({
        subjects: [subject(A, 0, CONNECT), subject(B, 0)],
        traffic: [trafficRule(A, 'connect', 'deny', { trial: true, cookie: 9, report })],
      })
      seen(it)
      assert.equal(await a.tryConnect('127.0.0.1', server.port), 'ok')
      const [{ ruling } = assert.fail()] = seen(it, EVENT_TYPE.EVENT_CONNECT)
      assert.deepEqual([ruling.effect, ruling.trial_effect, ruling.trial_cookie, ruling.outcome], [0, 2, 9, outcome])
    }
    await server.close()
  })

  test('of two ends that would deny, the one that wants to be heard tells', async (t) => {
    if (!needKernel(t)) return
    const server = await b.listen('127.0.0.1')
    it.swap({
      subjects: [subject(A, 0, CONNECT), subject(B, 0, ACCEPT)],
      traffic: [
        trafficRule(A, 'connect', 'deny', { trial: true, cookie: 8 }),
        trafficRule(B, 'accept', 'deny', { trial: true, cookie: 9, report: true }),
      ],
    })
    seen(it)
    assert.equal(await a.tryConnect('127.0.0.1', server.port), 'ok')
    const [{ ruling } = assert.fail()] = seen(it, EVENT_TYPE.EVENT_CONNECT)
    assert.deepEqual([ruling.ruler, ruling.trial_cookie, ruling.outcome], [B, 9, OUTCOME.OUTCOME_REPORT])
    await server.close()
  })

  test('a failsafe port is never cut', async (t) => {
    if (!needKernel(t)) return
    const server = await b.listen('127.0.0.1')
    const failsafe = [{ port: server.port, protocol: 6, inbound: false }]
    it.swap({ subjects: [subject(A, CONNECT)], traffic: [isolated(A, 'connect')] }, failsafe)
    assert.equal(await a.tryConnect('127.0.0.1', server.port), 'ok')
    assert.equal(await a.tryConnect('127.0.0.1', 9), 'EPERM')
    await server.close()
  })

  test('a raw socket is judged by protocol, and a ping’s reply comes back', async (t) => {
    if (!needKernel(t)) return
    const echo = '\x08\x00\xf7\xff\x00\x00\x00\x00'
    it.swap({ subjects: [subject(A, CONNECT | ACCEPT)], traffic: [isolated(A, 'connect'), isolated(A, 'accept')] })
    const raw = await a.raw(1)
    assert.equal(await raw.sendTo('127.0.0.1', 0, echo), 'EPERM')
    it.swap({
      subjects: [subject(A, CONNECT | ACCEPT)],
      traffic: [isolated(A, 'connect'), isolated(A, 'accept'), trafficRule(A, 'connect', 'allow', { protocol: 1, bits: 8, rank: 2 })],
    })
    assert.equal(await raw.sendTo('127.0.0.1', 0, echo), 'ok')
    const kinds = [await raw.receive(), await raw.receive()].map((packet) => packet.charCodeAt(20)) // after the IPv4 header
    assert.deepEqual(kinds, [8, 0]) // on loopback one also hears oneself
    await raw.close()
  })

  test('with MPTCP the subflows are judged', async (t) => {
    if (!needKernel(t)) return
    const server = await b.listen('127.0.0.1')
    it.swap({ subjects: [subject(A, CONNECT), subject(B, 0)], traffic: [rule(A, 'connect', 'deny', identityOf(B))] })
    const client = await a.mptcp()
    if (client === undefined) return t.skip('this kernel has no MPTCP')
    assert.notEqual(await client.connect('127.0.0.1', server.port), 'ok')
    assert.equal(await server.accepts(), 'EAGAIN')
    await client.close()
    await server.close()
  })
})
