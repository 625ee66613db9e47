// Who vouches for a TPM: against an emulator that has certificates by the lab's authority.
import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type Swtpm, startSwtpm, whyNoSwtpm } from '../../../../test/kit/swtpm.ts'
import { readVendorCertificate } from '../../../layers/hardware/tpm/abi/vendor-certificate.ts'
import { NV } from '../../../layers/hardware/tpm/commands/nv.ts'
import { examineEk } from '../../../layers/hardware/tpm/verify/endorsement.ts'
import { certifiedKinds, endorsementKey, presentedEk, type Trust, verifiedEndorsement } from './endorsement.ts'
import { defineNv, undefineNv, writeNv } from './nv.ts'
import { Tpm } from './tpm.ts'

describe('an endorsement key', { skip: whyNoSwtpm() }, () => {
  let swtpm: Swtpm
  let tpm: Tpm
  before(async () => {
    swtpm = await startSwtpm(true)
    tpm = await Tpm.open(swtpm.place)
  })
  after(async () => {
    assert.deepEqual(await tpm.handles(0x80000000), [])
    await tpm[Symbol.asyncDispose]()
    await swtpm[Symbol.asyncDispose]()
  })
  const nobody: Trust = { pins: [], roots: [], intermediates: [], now: Date.now() }
  const certificate = (pem: string) => readVendorCertificate(Buffer.from(pem))
  const authorities = (t: TestContext) => {
    if (swtpm.authorities === undefined) t.skip('the emulator has no certificates here (lab/lab setup makes one that has)')
    return swtpm.authorities && { root: certificate(swtpm.authorities.root), issuer: certificate(swtpm.authorities.issuer) }
  }
  const unverified = (trust: Trust, says: RegExp) =>
    assert.rejects(verifiedEndorsement(tpm, trust), { code: 'TPM_UNVERIFIED', message: says })

  test('is vouched for by a lab’s authority where that is named as one, and not as a maker’s', async (t) => {
    const known = authorities(t)
    if (known === undefined) return
    const { root, issuer } = known
    await using verified = await verifiedEndorsement(tpm, { ...nobody, labRoots: [root], intermediates: [issuer] })
    assert.equal(verified.by, 'certificate')
    await unverified({ ...nobody, roots: [root], intermediates: [issuer] }, /maker.*a root that was given/)
    await unverified({ ...nobody, labRoots: [root] }, /leads to a root/)
    await unverified({ ...nobody, labRoots: [root], intermediates: [issuer], now: Date.UTC(2000, 0) }, /at the time/)
    await unverified(nobody, /nobody vouches/)
  })

  test('is vouched for by a chain that its maker wrote into the TPM', async (t) => {
    const known = authorities(t)
    if (known === undefined) return
    const index = 0x01c00100
    const area = {
      index,
      nameHash: 0x000b,
      attributes: NV.ownerWrite | NV.authRead | NV.noDa,
      authPolicy: Buffer.alloc(0),
      size: known.issuer.raw.length,
    }
    await defineNv(tpm, area)
    await writeNv(tpm, index, known.issuer.raw)
    await using verified = await verifiedEndorsement(tpm, { ...nobody, labRoots: [known.root] })
    assert.equal(verified.by, 'certificate')
    await writeNv(tpm, index, Buffer.alloc(16)) // and what is no certificate vouches for nothing
    await unverified({ ...nobody, labRoots: [known.root] }, /leads to a root/)
    await undefineNv(tpm, index)
  })

  test('is not vouched for by the certificate of another', async (t) => {
    const known = authorities(t)
    if (known === undefined) return
    const trust = { ...nobody, labRoots: [known.root], intermediates: [known.issuer] }
    const [kind] = await certifiedKinds(tpm)
    const presented = (await presentedEk(tpm, kind!))!
    await using own = await endorsementKey(tpm, kind!)
    await using other = await endorsementKey(tpm, 'p256')
    const failing = (area: typeof own.area) =>
      examineEk(presented, trust, trust.now, area)
        .checks.filter(({ verdict }) => verdict.is !== 'pass')
        .map(({ code }) => code)
    assert.deepEqual(failing(own.area), [])
    assert.deepEqual(failing(other.area), ['TPM_EK_KEY'])
  })

  test('is vouched for by any of its pins, and by no other key’s', async () => {
    await using own = await endorsementKey(tpm, 'p256')
    const { name } = own
    await own[Symbol.asyncDispose]()
    const stranger = { kind: 'p384', name: Buffer.alloc(50, 1) } as const
    await using verified = await verifiedEndorsement(tpm, { ...nobody, pins: [stranger, { kind: 'p256', name }] })
    assert.equal(verified.by, 'pin')
    await unverified({ ...nobody, pins: [stranger] }, /its p384 key is not the one that is pinned/)
  })
})
