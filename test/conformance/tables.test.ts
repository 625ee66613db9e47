import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { RulePlane } from '../../src/engine/rule-plane/plane.ts'
import { netpol } from './netpol.ts'
import type { Judge } from './netpol-judges.ts'

/** Decides by the compiled tables, as the kernel would. */
const tables: Judge = {
  name: 'tables',
  async judge({ policies, namespaces, workloads, requests }) {
    const plane = new RulePlane({ swap: async () => {}, amend: async () => {} })
    const inForce = <Moded extends object>(moded: Moded) => ({ ...moded, mode: 'enforce' as const })
    await plane.apply({ policies: policies.map(inForce), namespaces, workloads: workloads.map(inForce) })
    return requests.map((request) => plane.why(request).effect === 'allow')
  },
}

test('the compiled tables agree with every cell of the NetworkPolicy matrices', async (t) => {
  const path = join(process.env.THYMUS_CORPORA ?? join(import.meta.dirname, '../../../shared/corpora'), 'network/cyclonus-cases-nodns.json')
  if (!existsSync(path)) return t.skip('the corpora are not here')
  t.mock.method(console, 'error', () => {}) // one line for each refused case
  const { passed, wrong, failed, cells } = await netpol(path, [tables])
  assert.deepEqual({ wrong, failed }, { wrong: 0, failed: 0 })
  assert.ok(passed >= 150 && Number(cells) > 200_000, `${passed} cases, ${cells} cells`)
})
