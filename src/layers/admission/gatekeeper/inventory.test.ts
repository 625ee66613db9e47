import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHost } from '../../../lang/rego/values/host.ts'
import { RegoObject, type Value } from '../../../lang/rego/values/value.ts'
import { Inventory } from './inventory.ts'

const service = (namespace: string, name: string, port = 1) => ({ apiVersion: 'v1', kind: 'Service', metadata: { namespace, name }, port })

function at(value: Value, ...path: readonly string[]): Value {
  return path.reduce((inside: Value, step) => {
    assert.ok(inside instanceof RegoObject)
    return inside.named(step)!
  }, value)
}

test('of what is known, only what has changed is made anew', () => {
  const inventory = new Inventory()
  inventory.add(service('a', 's'))
  inventory.add(service('b', 's'))
  const before = inventory.data
  inventory.add(service('b', 't', 2))
  assert.equal(at(inventory.data, 'inventory', 'namespace', 'a'), at(before, 'inventory', 'namespace', 'a'))
  assert.deepEqual(Object.keys(toHost(at(inventory.data, 'inventory', 'namespace', 'b', 'v1', 'Service')) as object), ['s', 't'])
  assert.deepEqual(Object.keys(toHost(at(before, 'inventory', 'namespace', 'b', 'v1', 'Service')) as object), ['s'])
  inventory.remove(service('b', 's'))
  inventory.remove(service('b', 't'))
  assert.deepEqual(Object.keys(toHost(at(inventory.data, 'inventory', 'namespace')) as object), ['a'])
})
