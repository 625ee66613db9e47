import assert from 'node:assert/strict'
import test from 'node:test'
import { finish } from '../../core/slices.ts'
import { loading } from './orders.ts'

test('a file may hold more objects than a call has arguments', () => {
  const items = Array.from({ length: 150_000 }, () => ({ apiVersion: 'v1', kind: 'A', metadata: { name: 'a' } }))
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const { summary } = finish(loading({ sources: [{ file: 'f', text }], podSecurity: 'off', isAlone: false, locates: false }))
  assert.equal(summary.others, items.length)
})
