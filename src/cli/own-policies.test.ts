import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { forget, keep, ownPolicies } from './own-policies.ts'

const named = (...names: string[]) =>
  names
    .map(
      (name) => `apiVersion: thymus.dev/v1\nkind: WorkloadPolicy\nmetadata: {name: ${name}}\nspec: {selector: {}, bind: {default: deny}}\n`,
    )
    .join('---\n')
const NAMESPACE = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {stage: test}}\n'

describe('policies that a user keeps', () => {
  let at: { state: string }
  beforeEach(() => {
    at = { state: join(mkdtempSync(join(tmpdir(), 'thymus-cli-own-')), 'state') }
  })
  afterEach(() => rmSync(join(at.state, '..'), { recursive: true }))
  const ids = () => ownPolicies(at).policies.map(({ id }) => id)

  test('are none at first, then those that were applied, each in its mode', () => {
    assert.deepEqual(ids(), [])
    keep(at, { text: named('a', 'b'), file: 'ab.yaml', mode: 'enforce' })
    keep(at, { text: named('c'), file: 'c.yaml' })
    assert.deepEqual(
      ownPolicies(at).policies.map(({ id, mode, source }) => [id, mode, source.file]),
      [
        ['WorkloadPolicy/default/a', 'enforce', 'ab.yaml'],
        ['WorkloadPolicy/default/b', 'enforce', 'ab.yaml'],
        ['WorkloadPolicy/default/c', 'observe', 'c.yaml'],
      ],
    )
  })

  test('are replaced by ID and forgotten by ID, one by one', () => {
    keep(at, { text: named('a', 'b'), file: 'ab.yaml' })
    keep(at, { text: named('b'), file: 'b.yaml' })
    assert.deepEqual(
      ownPolicies(at).policies.map(({ source }) => source.file),
      ['ab.yaml', 'b.yaml'],
    )
    assert.equal(forget(at, 'WorkloadPolicy/default/a'), true)
    assert.equal(forget(at, 'WorkloadPolicy/default/a'), false)
    assert.deepEqual(ids(), ['WorkloadPolicy/default/b'])
  })

  test('of one file are forgotten one by one, though the file is kept', () => {
    keep(at, { text: named('a', 'b'), file: 'ab.yaml' })
    assert.equal(forget(at, 'WorkloadPolicy/default/a'), true)
    assert.deepEqual(ids(), ['WorkloadPolicy/default/b'])
  })

  test('come with the namespaces that were described', () => {
    keep(at, { text: NAMESPACE, file: 'shop.yaml' })
    assert.deepEqual([...ownPolicies(at).namespaces], [['shop', { stage: 'test' }]])
  })

  test('that cannot be read are not kept, and what was kept stays', () => {
    keep(at, { text: named('a'), file: 'a.yaml' })
    assert.throws(() => keep(at, { text: `${named('b')}---\nkind: Nonsense\n`, file: 'b.yaml' }), { code: 'POLICY_KIND' })
    assert.deepEqual(ids(), ['WorkloadPolicy/default/a'])
  })

  test('are nobody else’s to read, and damage to them is told with its place', () => {
    keep(at, { text: named('a'), file: 'a.yaml' })
    const path = join(at.state, 'policies.json')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    writeFileSync(path, '{')
    assert.throws(ids, { code: 'STATE_CORRUPT', at: path })
  })
})
