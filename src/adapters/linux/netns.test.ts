import assert from 'node:assert/strict'
import { SocketAddress } from 'node:net'
import { test } from 'node:test'
import { addressesOf, networkOf } from './netns.ts'

test('the addresses of every instance and slot are written as the kernel and `ip` write them', () => {
  const instances = ['thymus', ...Array.from({ length: 2000 }, (_, n) => `thymus-${n}`)]
  for (const instance of instances) {
    for (const slot of [1, 16, 0x0a0b, 65533]) {
      const [v4, v6] = addressesOf(networkOf(instance), slot)
      assert.equal(new SocketAddress({ address: v4, family: 'ipv4' }).address, v4)
      assert.equal(new SocketAddress({ address: v6, family: 'ipv6' }).address, v6, instance)
    }
  }
})

test('no other instance has the addresses of the default one', () => {
  const taken = addressesOf(networkOf('thymus'), 7)
  for (let n = 0; n < 2000; n++) {
    const other = addressesOf(networkOf(`thymus-${n}`), 7)
    assert.ok(other[0] !== taken[0] && other[1] !== taken[1], `thymus-${n}`)
  }
})
