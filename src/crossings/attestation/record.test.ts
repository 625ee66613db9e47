import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imaLists } from '../../../test/kit/ima-log.ts'
import { changed, machine, NOW } from '../../../test/kit/machine.ts'
import type { Bundle } from '../../formats/evidence/bundle.ts'
import { referenceOf } from './record.ts'

/** The files that a reference made of this allows. */
const allowed = (bundle: Bundle) => Object.keys((referenceOf(bundle, NOW).ima as { readonly digests: object }).digests)
const GOOD = machine()

test('a reference allows the files that the quote covers, and none behind the quoted value', () => {
  assert.deepEqual(allowed(GOOD), ['/usr/bin/agent'])
  const { log } = GOOD.evidence.find(({ name }) => name === 'ima')!.parts
  const evil = imaLists([{ name: '/tmp/evil', content: 'evil' }]).binary
  const elsewhere = imaLists([{ name: '/tmp/elsewhere', content: 'evil', pcr: 11 }]).binary
  assert.deepEqual(allowed(changed(GOOD, 'ima', { log: Buffer.concat([elsewhere, log!, evil]) })), ['/usr/bin/agent'])
})

test('of a list without a quote, or with that of another, it allows none', () => {
  assert.deepEqual(allowed({ ...GOOD, evidence: GOOD.evidence.filter(({ name }) => name !== 'tpm') }), [])
  const other = imaLists([{ name: '/tmp/evil', content: 'evil' }]).binary
  assert.deepEqual(allowed(changed(GOOD, 'ima', { log: other })), [])
})
