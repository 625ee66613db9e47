// What the other tests of this folder stand on: the API server is a real one, and is there in seconds.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { Kube, whyNoKube } from '../kit/kube.ts'

const skip = whyNoKube() ?? false
let kube: Kube

before(async () => {
  if (skip === false) kube = await Kube.start()
})

const map = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
})

test('objects are made, changed, read and removed; a dry run leaves none', { skip }, async () => {
  const { client } = kube
  assert.equal((await client.create(map('dry'), { dryRun: true })).status, 201)
  assert.equal((await client.get(map('dry'))).status, 404)
  assert.equal((await client.create(map('a'))).status, 201)
  assert.equal((await client.create(map('a'))).status, 409)
  assert.equal((await client.apply(map('a', { k: 'v' }))).status, 200)
  assert.deepEqual((await client.get(map('a'))).body.data, { k: 'v' })
  assert.equal((await client.delete(map('a'))).status, 200)
  assert.equal((await client.get(map('a'))).status, 404)
})

test('who may not is refused', { skip }, async () => {
  assert.equal((await kube.client.create(map('b'), { as: { user: 'nobody' } })).status, 403)
})

test('kubectl asks the same server', { skip }, async () => {
  assert.equal((await kube.kubectl('get', 'namespace', 'default', '-o', 'name')).stdout, 'namespace/default\n')
  assert.match((await kube.kubectl('version')).stdout, /Server Version: v1\.34\.4/)
})
