// Attached at the root of the hierarchy, the programs see sockets that no workload made. In the lab alone: elsewhere others live there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupId, unifiedMount } from '../../src/adapters/linux/groups.ts'
import { Instance, needKernel, subject } from '../kit/instance.ts'
import { ACCEPT, CONNECT, isolated } from '../kit/network.ts'
import { lend, Puppet } from '../kit/puppet.ts'

test('a socket made outside and carried in is judged, and whoever is no workload is free', async (t) => {
  if (process.env.THYMUS_LAB_GUEST !== '1') return t.skip('attaches at the root of the hierarchy: in the lab only')
  if (!needKernel(t)) return
  using it = new Instance()
  it.kernel.attachGroup(groupId(unifiedMount()!), unifiedMount()!)
  const inside = lend(t, new Puppet({ group: it.group('a', 1) }))
  const outside = lend(t, new Puppet())
  const server = await outside.listen('127.0.0.1')
  it.swap({ subjects: [subject(1, CONNECT)], traffic: [isolated(1, 'connect')] })

  const connected = await outside.socket('tcp', 4)
  assert.equal(await connected.connect('127.0.0.1', server.port), 'ok')
  for (const type of ['tcp', 'udp'] as const) {
    const carried = await inside.carry(outside, await outside.socket(type, 4))
    assert.equal(await carried.connect('127.0.0.1', server.port), 'EPERM')
    if (type === 'udp') assert.equal(await carried.sendTo('127.0.0.1', server.port, 'x'), 'EPERM')
  }
  const theirs = await inside.carry(outside, connected)
  assert.equal(await theirs.send('x'), 'ok') // what its maker connected is its maker's

  // To a workload that accepts nothing a process of no workload still gets by loopback.
  const target = await inside.listen('127.0.0.1')
  it.swap({ subjects: [subject(1, ACCEPT)], traffic: [isolated(1, 'accept')] })
  assert.equal(await outside.tryConnect('127.0.0.1', target.port), 'ok')
  await inside.stop()
  await outside.stop()
})
