import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { capabilities } from './capabilities.ts'

/** Of `opa capabilities --current` of OPA 1.22.2, as JSON without spaces, the keys of its objects sorted. */
const OPA = 'a842239415d396398aa21240598f41c2a2696bfd157bf96a84f12b9f3ed6628b'

function canonical(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(canonical)
  if (typeof json !== 'object' || json === null) return json
  return Object.fromEntries(
    Object.entries(json)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, canonical(item)]),
  )
}

const ours = () => canonical(JSON.parse(JSON.stringify(capabilities())))

test('the capabilities are the document that OPA 1.22.2 prints', () => {
  assert.equal(createHash('sha256').update(JSON.stringify(ours())).digest('hex'), OPA)
})

test('an opa that is here says the same', (t) => {
  const { stdout, status } = spawnSync('opa', ['version'], { encoding: 'utf8' })
  if (status !== 0) return t.skip('no opa to ask')
  if (!stdout.startsWith('Version: 1.22.2\n')) return t.skip('opa is not 1.22.2')
  const asked = spawnSync('opa', ['capabilities', '--current'], { encoding: 'utf8' })
  assert.deepEqual(ours(), canonical(JSON.parse(asked.stdout)))
})
