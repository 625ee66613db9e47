import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { revocationList } from '../../../test/kit/certificates.ts'
import { EK, endorsed, ISSUER, LAB, MAKER, newEk, type PresentedRequest } from '../../../test/kit/endorsed.ts'
import { byDefault, faults, judged, LIBRARY, policyOf, REFERENCE, statusOf, vectorOf } from '../../../test/kit/judged.ts'
import { AK, AK_NAME, changed, machine, NOW } from '../../../test/kit/machine.ts'
import { openCredential } from '../../../test/kit/tpm-activation.ts'
import { ekCertificate, newAuthority } from '../../../test/kit/tpm-certificates.ts'
import { AK_ATTRIBUTES, newEccKey, type TpmKey } from '../../../test/kit/tpm-evidence.ts'
import { ThymusError } from '../../core/errors.ts'
import type { Bundle } from '../../formats/evidence/bundle.ts'
import { readCrl } from '../../formats/x509/crl.ts'
import { OBJECT } from '../../layers/hardware/tpm/abi/algorithms.ts'
import { nameOf, writePublicArea } from '../../layers/hardware/tpm/abi/public-area.ts'
import type { Authorities } from '../../layers/hardware/tpm/verify/endorsement.ts'
import { answer, challenge, enrolledIn, readChallenge, readPending, verifiedAnswer } from './credential.ts'
import { type EnrolledKey, isSameTpm, NO_REFERENCE, type Reference, readReference } from './reference.ts'

const HOUR = 3_600_000
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
const challenged = (bundle: Bundle, authorities: Authorities = LAB, now = NOW) =>
  copy(challenge(bundle, { now, validFor: HOUR, authorities }))
/** What a node answers: its TPM has both keys. */
const answered = (asked: ReturnType<typeof challenged>, ek: TpmKey = EK, ak: TpmKey = AK) => {
  const read = readChallenge(asked.challenge)
  return copy(answer(read, openCredential(ek, nameOf(ak.area)!, read.credential)))
}
const enrolled = (request: PresentedRequest = {}): EnrolledKey => {
  const asked = challenged(endorsed(request))
  return verifiedAnswer(answered(asked, request.ek, request.key), readPending(asked.pending, NOW), NOW)
}
const refused = (work: () => unknown, at: string, message: RegExp) =>
  assert.throws(work, (error) => {
    assert.ok(error instanceof ThymusError, String(error))
    assert.deepEqual([error.code, error.at], ['CREDENTIAL', at])
    assert.match(error.message, message)
    return true
  })

describe('a challenge', () => {
  test('is answered by the TPM that has both keys, and then the key is known by it', () => {
    for (const kind of ['p256', 'rsa2048'] as const) {
      const ek = newEk(kind)
      const { endorsement, ...key } = enrolled({ ek, kind }) as Extract<EnrolledKey, { by: 'credential' }>
      assert.deepEqual(key, { by: 'credential', name: AK_NAME, about: 'node-1', at: '2026-11-28T00:00:00.000Z' })
      const { kind: of, key: name, manufacturer, model, root, lab } = endorsement
      assert.deepEqual([of, name, manufacturer, model], [kind, nameOf(ek.area)!.toString('hex'), 'id:54455354', 'model'])
      assert.deepEqual([root, lab], ['Maker of TPMs', true])
      const reference = enrolledIn(NO_REFERENCE, { ...key, by: 'credential', endorsement })
      assert.deepEqual(readReference(copy(reference)), reference)
    }
  })

  test('is not answered by another TPM, nor for another key in it', () => {
    const asked = challenged(endorsed())
    assert.throws(() => answered(asked, newEk()), /INTEGRITY/)
    assert.throws(() => answered(asked, EK, newEccKey()), /INTEGRITY/)
  })

  test('tells the verifier’s file no secret', () => {
    const asked = challenged(endorsed())
    const { secret } = answered(asked)
    for (const form of [secret, Buffer.from(secret, 'base64').toString('hex')]) assert.ok(!JSON.stringify(asked).includes(form))
  })

  test('is made for no key and no TPM that is not what it must be, and the place is named', () => {
    const without = (...types: readonly string[]) => {
      const { evidence, ...rest } = endorsed()
      return { ...rest, evidence: evidence.filter(({ type }) => !types.includes(type)) }
    }
    const withAk = (attributes: number) => endorsed({ key: newEccKey({ attributes }) })
    const raw = AK.area.type === 'ecc' ? writePublicArea({ ...AK.area, nameHash: 4 }) : Buffer.alloc(0)
    const key = Buffer.from(createPublicKey(AK.privateKey).export({ type: 'spki', format: 'pem' }))
    for (const [bundle, at, message] of [
      [without('tpm-quote'), 'evidence', /type tpm-quote/],
      [without('tpm-endorsement'), 'evidence', /type tpm-endorsement: thymus attest collect --endorsement/],
      [withAk(AK_ATTRIBUTES & ~OBJECT.restricted), 'tpm.key', /lacks restricted$/],
      [withAk(AK_ATTRIBUTES & ~OBJECT.fixedTpm), 'tpm.key', /lacks fixedTPM$/],
      [withAk(AK_ATTRIBUTES & ~OBJECT.sensitiveDataOrigin), 'tpm.key', /lacks sensitiveDataOrigin$/],
      [withAk(OBJECT.decrypt), 'tpm.key', /lacks fixedTPM, sensitiveDataOrigin, restricted, sign$/],
      [changed(endorsed(), 'tpm', { key: raw }), 'tpm.key', /a hash that is too weak/],
      [changed(endorsed(), 'tpm', { key }), 'tpm.key', /came without its public area/],
      [changed(endorsed(), 'tpm', { key: Buffer.from('no key') }), 'tpm.key', /is none: /],
      [changed(endorsed(), 'ek-p256', { key: Buffer.alloc(0) }), 'ek-p256', /\nek-p256: type at byte 0: /],
      [changed(endorsed(), 'ek-p256', { key: writePublicArea(AK.area) }), 'ek-p256', /TPM_EK_KEY/],
      [changed(endorsed(), 'ek-p256', { certificate: Buffer.from('no certificate') }), 'ek-p256', /\nek-p256: byte 0: no certificate/],
      [endorsed({ ek: newEk('p256', { attributes: AK_ATTRIBUTES }) }), 'ek-p256', /TPM_EK_ATTRIBUTES[\s\S]*TPM_EK_TEMPLATE/],
      [
        endorsed({ ek: newEk('p256', { attributes: EK.area.attributes | OBJECT.userWithAuth }) }),
        'ek-p256',
        /^nobody vouches for its TPM\nek-p256: TPM_EK_TEMPLATE[^\n]*$/,
      ],
      [endorsed({ certificate: ekCertificate(newEk(), ISSUER) }), 'ek-p256', /TPM_EK_KEY/],
      [endorsed({ certificate: ekCertificate(EK, newAuthority('Issuer')) }), 'ek-p256', /TPM_EK_CHAIN/],
      [endorsed({ certificate: ekCertificate(EK, ISSUER, { to: '250101000000Z' }) }), 'ek-p256', /TPM_EK_CHAIN/],
      [changed(endorsed(), 'ek-p256', { chain: Buffer.from('no certificate') }), 'ek-p256', /TPM_EK_CHAIN/],
    ] as const)
      refused(() => challenged(bundle), at, message)
  })

  test('takes a root that is no maker’s for being named as a lab’s, and not as a maker’s', () => {
    const { labRoots = [], ...others } = LAB
    refused(() => challenged(endorsed(), { ...others, roots: labRoots }), 'ek-p256', /TPM_EK_ROOT[^\n]*a root that was given/)
    refused(() => challenged(endorsed(), { roots: [], intermediates: labRoots }), 'ek-p256', /TPM_EK_CHAIN/)
  })

  test('is made for no TPM whose certificate, or one above it, is revoked or not spoken of, where lists are given', () => {
    const lists = (...each: readonly Parameters<typeof revocationList>[0][]) => ({
      ...LAB,
      crls: each.map((list) => readCrl(revocationList(list))),
    })
    const [issuer, root] = [{ issuer: ISSUER }, { issuer: MAKER }]
    challenged(endorsed(), lists(issuer, root))
    for (const given of [
      lists({ ...issuer, revoked: [{ serial: 1 }] }, root),
      lists(issuer, { ...root, revoked: [{ serial: 1 }] }),
      lists(issuer),
      lists({ ...issuer, to: '250101000000Z' }, root),
      lists({ issuer: newAuthority('Issuer') }, root),
    ])
      refused(() => challenged(endorsed(), given), 'ek-p256', /TPM_EK_REVOKED/)
  })
})

describe('an answer', () => {
  const asked = challenged(endorsed())
  const pending = readPending(asked.pending, NOW)
  const good = answered(asked)
  const verified = (change: object) => verifiedAnswer({ ...good, ...change }, pending, NOW)

  test('is taken for its challenge, in its time, with what was in the credential', () => {
    assert.equal(verified({}).by, 'credential')
    assert.deepEqual(readPending(asked.pending, NOW + HOUR - 1), pending)
    refused(() => readPending(asked.pending, NOW + HOUR), 'expires', /the challenge ended 2026-11-28T01:00:00.000Z/)
    const other = answered(challenged(endorsed()))
    refused(() => verified(other), 'credential', /another challenge/)
    refused(() => verified({ secret: other.secret }), 'secret', /not what was in the credential/)
    for (const secret of ['', 'AAAA', Buffer.alloc(32).toString('base64'), Buffer.from(pending.secret, 'hex').toString('base64')])
      refused(() => verified({ secret }), 'secret', /not what was in the credential/)
    refused(() => verified({ secret: '!' }), 'secret', /no base64/)
    refused(() => verified({ about: 'node-2' }), 'about', /unknown field/)
  })

  test('whatever JSON each of the three is given, it answers or refuses by its code', () => {
    const readers = [
      [asked.challenge, readChallenge],
      [asked.pending, (document: unknown) => readPending(document, NOW)],
      [good, (document: unknown) => verifiedAnswer(document, pending, NOW)],
    ] as const
    for (const [document, read] of readers)
      fc.assert(
        fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(document)), (value, field) => {
          for (const each of [value, { ...document, [field]: value }])
            try {
              read(each)
            } catch (error) {
              assert.ok(error instanceof ThymusError && error.code === 'CREDENTIAL', String(error))
            }
        }),
      )
  })
})

describe('a reference', () => {
  const hand = (name: string, about: string): EnrolledKey => ({ by: 'hand', name: `000b${name.repeat(32)}`, about })
  const byCredential = (key: EnrolledKey, ek: string): EnrolledKey => {
    const one = enrolled() as Extract<EnrolledKey, { by: 'credential' }>
    return { ...one, ...key, by: 'credential', endorsement: { ...one.endorsement, key: `000b${ek.repeat(32)}` } }
  }
  const of = (...keys: readonly EnrolledKey[]): Reference => ({ ...NO_REFERENCE, tpm: { keys: [...keys] } })

  test('has what was said by hand replaced by what a credential shows', () => {
    const key = byCredential(hand('aa', 'node-1'), '11')
    assert.deepEqual(enrolledIn(of(hand('aa', 'node-1'), hand('bb', 'node-2')), key), of(hand('bb', 'node-2'), key))
  })

  test('takes no second TPM for a node, and no second node for a TPM, unless what was before is struck', () => {
    const key = byCredential(hand('aa', 'node-1'), '11')
    for (const [before, message] of [
      [hand('bb', 'node-1'), /node-1 is enrolled by another key/],
      [hand('aa', 'node-2'), /the TPM of node-1 is enrolled as node-2/],
      [byCredential(hand('bb', 'node-2'), '11'), /the TPM of node-1 is enrolled as node-2/],
    ] as const) {
      const reference = of(hand('cc', 'node-3'), before)
      refused(() => enrolledIn(reference, key), 'tpm.keys[1]', message)
      assert.deepEqual(enrolledIn(reference, key, { replace: true }), of(hand('cc', 'node-3'), key))
    }
  })

  test('that only enrolments were written to has each node and each TPM once', () => {
    const [a, b] = [enrolled() as Extract<EnrolledKey, { by: 'credential' }>, ['11', '22', '33']]
    const key = fc.record({ about: fc.constantFrom('node-1', 'node-2', 'node-3'), name: fc.constantFrom(...b), ek: fc.constantFrom(...b) })
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.boolean())), (all) => {
        let reference = NO_REFERENCE
        for (const [{ about, name, ek }, replace] of all) {
          const next: EnrolledKey = {
            ...a,
            about,
            name: `000b${name.repeat(32)}`,
            endorsement: { ...a.endorsement, key: `000b${ek.repeat(32)}` },
          }
          try {
            reference = enrolledIn(reference, next, { replace })
          } catch (error) {
            assert.ok(error instanceof ThymusError && error.code === 'CREDENTIAL' && !replace)
            continue
          }
          const { keys = [] } = reference.tpm!
          assert.ok(keys.includes(next))
          for (const [at, one] of keys.entries())
            for (const other of keys.slice(at + 1)) assert.ok(one.about !== other.about && !isSameTpm(one, other))
        }
      }),
    )
  })
})

describe('a verification', () => {
  const key = enrolled()
  const reference: Reference = { ...REFERENCE, tpm: { keys: [key] } }

  test('affirms a key that was enrolled by a credential, and says by which', () => {
    const appraised = judged(machine(), { reference })
    assert.deepEqual(statusOf(appraised), { tpm: 'affirming', boot: 'affirming', ima: 'affirming' })
    assert.deepEqual(appraised.submodules[0]!.claims.enrolled, key)
  })

  test('finds a key that signs for another node, and nothing stands on it', () => {
    const { evidence, ...rest } = machine()
    const moved = { ...rest, about: 'node-2', evidence: evidence.map((each) => ({ ...each, about: 'node-2' })) }
    for (const by of [reference, REFERENCE]) {
      const appraised = judged(moved, { reference: by })
      assert.deepEqual(faults(appraised, 'tpm'), ['ATTEST_NODE'])
      assert.equal(vectorOf(appraised, 'tpm')['instance-identity'], 97)
      assert.deepEqual(statusOf(appraised), { tpm: 'contraindicated', boot: 'contraindicated', ima: 'contraindicated' })
    }
  })

  test('finds two nodes with one key, or with one TPM', () => {
    const other = enrolled({ about: 'node-2', key: newEccKey() })
    for (const keys of [
      [key, other],
      [{ by: 'hand', name: AK_NAME, about: 'node-2' } as const, key],
    ])
      assert.deepEqual(faults(judged(machine(), { reference: { ...REFERENCE, tpm: { keys } } }), 'tpm'), ['ATTEST_NODE_ALONE'])
    const stranger = enrolled({ about: 'node-2', key: newEccKey(), ek: newEk() })
    assert.deepEqual(faults(judged(machine(), { reference: { ...REFERENCE, tpm: { keys: [stranger, key] } } }), 'tpm'), [])
  })

  test('of an endorsement key says whose it is, and that the attestation key is in its TPM where a credential has shown it', () => {
    const looked = (bundle: Bundle, by: Reference = reference, authorities: Authorities | undefined = LAB) =>
      judged(bundle, { reference: by, ...(authorities && { authorities }) })
    const good = looked(endorsed())
    assert.deepEqual(faults(good, 'ek-p256'), [])
    assert.deepEqual(vectorOf(good, 'ek-p256'), { hardware: 2, 'instance-identity': 2 })
    assert.equal(good.status, 'affirming')
    assert.deepEqual(faults(looked(endorsed(), REFERENCE), 'ek-p256'), ['TPM_CREDENTIAL?'])
    assert.deepEqual(faults(looked(endorsed({ ek: newEk() })), 'ek-p256'), ['TPM_CREDENTIAL'])
    const nobody = judged(endorsed(), { reference })
    assert.deepEqual(faults(nobody, 'ek-p256'), ['TPM_EK_CHAIN?'])
    assert.deepEqual([nobody.status, statusOf(nobody).tpm], ['none', 'affirming'])
    // Of a key of another kind, only its certificate speaks.
    assert.deepEqual(faults(looked(endorsed({ ek: newEk('rsa2048'), kind: 'rsa2048' })), 'ek-rsa2048'), [])
  })

  test('by a policy that takes no key by hand, as the documents show it', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/attestation.md'), 'utf8')
    const [shown] = [...page.matchAll(/^```rego\n([\s\S]*?)^```/gm)].filter(([text]) => text.includes('by_hand'))
    const strict = policyOf({ ...LIBRARY, 'own.rego': shown![1]! })
    assert.equal(judged(machine(), { reference }, strict).status, 'affirming')
    assert.equal(judged(machine(), { reference: REFERENCE }, strict).status, 'none')
    assert.equal(judged(machine(), { reference: REFERENCE }, byDefault).status, 'affirming')
  })
})
