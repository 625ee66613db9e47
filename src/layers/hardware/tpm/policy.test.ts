import assert from 'node:assert/strict'
import test from 'node:test'
import { selectPcrs } from './abi/pcr-selection.ts'
import { fixed, HANDLE } from './entity.ts'
import { ENDORSEMENT_KINDS } from './kinds.ts'
import { authorize, authValue, or, pcr, policyDigest, secret } from './policy.ts'
import { ENDORSEMENT } from './templates.ts'

test('the policies of endorsement keys are those of their profile', () => {
  // TCG EK Credential Profile 2.5, annex B: PolicyA and PolicyB.
  const published = {
    low: '837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa',
    sha256: 'ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0',
    sha384: 'b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47ba09699646150f9fc000f3f80e12',
  }
  const expected = { p256: published.low, rsa2048: published.low, p384: published.sha384, rsa3072: published.sha384 }
  const high = { 'p256-high': published.sha256, 'rsa2048-high': published.sha256 }
  const found = Object.fromEntries(ENDORSEMENT_KINDS.map((kind) => [kind, ENDORSEMENT[kind].area.authPolicy.toString('hex')]))
  assert.deepEqual(found, { ...expected, ...high })
})

test('steps count in their order, and what authorizes or offers a choice forgets what came before', () => {
  const some = pcr(Buffer.alloc(32, 1), [selectPcrs('sha256', [7])])
  const other = secret(fixed(HANDLE.owner))
  assert.notDeepEqual(policyDigest('sha256', some, other), policyDigest('sha256', other, some))
  assert.notDeepEqual(policyDigest('sha256', some), policyDigest('sha256', some, authValue))
  for (const step of [authorize(Buffer.alloc(34, 2), Buffer.from('ref')), or(Buffer.alloc(32, 3), Buffer.alloc(32, 4))]) {
    assert.deepEqual(policyDigest('sha256', some, step), policyDigest('sha256', other, step))
  }
  assert.equal(policyDigest('sha384', some).length, 48)
  assert.deepEqual(policyDigest('sha256'), Buffer.alloc(32))
})
