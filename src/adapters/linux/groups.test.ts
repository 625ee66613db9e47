import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupBelow } from './groups.ts'

test('a group is below the root of the hierarchy, and the root is none, however it is spelt', () => {
  for (const path of ['/g/a', '/g/a/', '/g/a//']) assert.equal(groupBelow('/g', path), '/g/a')
  assert.equal(groupBelow('/g', '/g/a/b.scope'), '/g/a/b.scope')
  for (const path of ['', '/', '/g', '/g/', '/g//', '/g/.', '/g/./', '/g/..', '/g/../etc', '/g/a/..', '/g/a/./b', '/g//a', '/gg/a', 'g/a'])
    assert.throws(() => groupBelow('/g', path), { code: 'GROUP_UNKNOWN', at: path }, path)
})
