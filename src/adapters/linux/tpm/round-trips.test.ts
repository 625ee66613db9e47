// What is asked of a TPM comes back right, and nothing stays behind: each against a real emulator.
import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { heldBy, type Swtpm, startSwtpm, whyNoSwtpm } from '../../../../test/kit/swtpm.ts'
import { keyObject } from '../../../formats/x509/public-key.ts'
import { ALG } from '../../../layers/hardware/tpm/abi/algorithms.ts'
import { readAttest } from '../../../layers/hardware/tpm/abi/attest.ts'
import { selectPcrs } from '../../../layers/hardware/tpm/abi/pcr-selection.ts'
import type { PublicArea } from '../../../layers/hardware/tpm/abi/public-area.ts'
import { readTpmSignature, type TpmSignature } from '../../../layers/hardware/tpm/abi/signature.ts'
import { NV, NV_COUNTER, type NvPublic, nvEntity, nvIncrement, nvName } from '../../../layers/hardware/tpm/commands/nv.ts'
import {
  contextLoad,
  contextSave,
  entityOf,
  evictControl,
  flushContext,
  loadExternal,
  readPublicOf,
} from '../../../layers/hardware/tpm/commands/objects.ts'
import {
  algorithms,
  curves,
  getRandom,
  lockParameters,
  pcrEvent,
  pcrExtend,
  properties,
} from '../../../layers/hardware/tpm/commands/platform.ts'
import {
  policyAuthValue,
  policyGetDigest,
  policyNv,
  policyOr,
  policyPcr,
  policySecret,
} from '../../../layers/hardware/tpm/commands/sessions.ts'
import { certify, makeCredential, quote, sign } from '../../../layers/hardware/tpm/commands/signing.ts'
import { fixed, HANDLE } from '../../../layers/hardware/tpm/entity.ts'
import { type KeyFile, OWNER_ROOT, readKeyFile, writeKeyFile } from '../../../layers/hardware/tpm/key-file.ts'
import { KEY_KINDS } from '../../../layers/hardware/tpm/kinds.ts'
import { authValue, nv, or, pcr, policyDigest, type Step, secret } from '../../../layers/hardware/tpm/policy.ts'
import { ATTRIBUTE, EMPTY } from '../../../layers/hardware/tpm/session.ts'
import { authorityArea, pcrDigest, signPolicy } from '../../../layers/hardware/tpm/signed-policy.ts'
import { signingKey } from '../../../layers/hardware/tpm/templates.ts'
import { subjectPublicKeyOf } from '../../../layers/hardware/tpm/verify/public-key.ts'
import { activated } from './credentials.ts'
import { endorsementKey, protectedSession, type Trust } from './endorsement.ts'
import { createBlob, loadBlob } from './keys.ts'
import { counterValue, defineNv, incrementNv, nvContents, nvIndices, nvPublicOf, undefineNv, writeNv } from './nv.ts'
import { activeBanks, readPcrs } from './pcrs.ts'
import { MAX_SEALED, seal, unsealed } from './sealing.ts'
import { authorizing, openSession } from './sessions.ts'
import { Tpm } from './tpm.ts'

const NONE = Buffer.alloc(0)
const PIN = Buffer.from('correct horse')
const SHA256 = 0x000b

describe('against an emulator', { skip: whyNoSwtpm() }, () => {
  let swtpm: Swtpm
  let tpm: Tpm
  let trust: Trust
  let handlesBefore: readonly number[]

  before(async () => {
    swtpm = await startSwtpm()
    tpm = await Tpm.open(swtpm.place)
    await tpm.run(lockParameters(fixed(HANDLE.lockout), 1000, 1000, 1000), [EMPTY]) // wrong passwords are tried here
    await using own = await endorsementKey(tpm, 'p256')
    trust = { pins: [{ kind: 'p256', name: own.name }], roots: [], intermediates: [], now: Date.now() }
    await own[Symbol.asyncDispose]()
    handlesBefore = await heldBy(tpm)
  })
  after(async () => {
    assert.deepEqual(await heldBy(tpm), handlesBefore)
    await tpm[Symbol.asyncDispose]()
    await swtpm[Symbol.asyncDispose]()
  })

  test('it says what it is', async () => {
    const fixedProperties = await tpm.all(properties, 0x100, ({ property }) => property)
    assert.equal(fixedProperties.find(({ property }) => property === 0x100)?.value, 0x322e3000) // "2.0"
    assert.ok((await tpm.all(algorithms, 0, ({ algorithm }) => algorithm)).some(({ algorithm }) => algorithm === ALG.ecdsa))
    assert.ok((await tpm.all(curves, 0, (curve) => curve)).includes(3))
    assert.ok((await activeBanks(tpm)).some(({ hash }) => hash === SHA256))
  })

  test('PCRs are read, extended and given events', async () => {
    const read = async () => (await readPcrs(tpm, [selectPcrs('sha256', [16])])).get('sha256')!.get(16)!
    const digest = createHash('sha256').update('one').digest()
    const extended = (value: Buffer, by: Buffer) => createHash('sha256').update(value).update(by).digest()
    const first = await read()
    await tpm.run(pcrExtend(16, [{ hash: SHA256, digest }]), [EMPTY])
    assert.deepEqual(await read(), extended(first, digest))
    const hashed = await tpm.run(pcrEvent(16, Buffer.from('two')), [EMPTY])
    const two = hashed.find(({ hash }) => hash === SHA256)!.digest
    assert.deepEqual(two, createHash('sha256').update('two').digest())
    assert.deepEqual(await read(), extended(extended(first, digest), two))
    const all = await readPcrs(tpm, await activeBanks(tpm))
    assert.equal(all.get('sha256')!.size, 24)
  })

  for (const kind of KEY_KINDS) {
    test(`a ${kind} key signs, with its password and not without`, async () => {
      await using held = await protectedSession(tpm, trust)
      const access = { session: held.session }
      const blob = await createBlob(tpm, signingKey(kind, false), { auth: PIN }, access)
      await using key = await loadBlob(tpm, blob, OWNER_ROOT, access)
      const message = Buffer.from('a message')
      const digest = createHash('sha256').update(message).digest()
      const scheme = { algorithm: key.area.type === 'rsa' ? ALG.rsapss : ALG.ecdsa, hash: SHA256 }
      const signature = await tpm.run(sign(entityOf(key, PIN), digest, scheme), [held.session.use()])
      assert.ok(isSignedBy(key.area, signature, message))
      assert.ok(!isSignedBy(key.area, signature, Buffer.from('another')))
      const wrong = tpm.run(sign(entityOf(key, Buffer.from('wrong')), digest, scheme), [held.session.use()])
      await assert.rejects(wrong, { code: 'TPM_REFUSED', message: /AUTH_FAIL.*session 1/ })
      await tpm.run(sign(entityOf(key, PIN), digest, scheme), [held.session.use()]) // the session has lived through it
    })
  }

  test('an attestation key quotes, certifies, and signs nothing else', async () => {
    const blob = await createBlob(tpm, signingKey('p256', true))
    await using key = await loadBlob(tpm, blob)
    const { message, signature } = await tpm.run(quote(entityOf(key), Buffer.from('nonce'), [selectPcrs('sha256', [0, 7])]), [EMPTY])
    assert.ok(isSignedBy(key.area, readTpmSignature(signature), message))
    const { attested, extraData, generated } = readAttest(message)
    assert.ok(generated && attested.type === 'quote')
    assert.deepEqual(extraData, Buffer.from('nonce'))
    const pcrs = (await readPcrs(tpm, [selectPcrs('sha256', [0, 7])])).get('sha256')!
    assert.deepEqual(attested.pcrDigest, pcrDigest('sha256', pcrs))

    await using other = await loadBlob(tpm, await createBlob(tpm, signingKey('p256', false)))
    const certified = await tpm.run(certify(entityOf(other), entityOf(key), NONE), [EMPTY, EMPTY])
    assert.ok(isSignedBy(key.area, readTpmSignature(certified.signature), certified.message))
    const statement = readAttest(certified.message).attested
    assert.ok(statement.type === 'certify' && statement.name.equals(other.name))
    await assert.rejects(tpm.run(sign(entityOf(key), Buffer.alloc(32), null), [EMPTY]), { code: 'TPM_REFUSED' })
  })

  test('random bytes come encrypted, and differ', async () => {
    await using held = await protectedSession(tpm, trust)
    const [one, two] = [await random(16), await random(16)]
    assert.ok(one.length === 16 && two.length === 16 && !one.equals(two))
    function random(size: number) {
      return tpm.run(getRandom(size), [held.session.use(ATTRIBUTE.encrypt)])
    }
  })

  test('what is sealed comes back: by nothing, a password, PCRs, or both', async () => {
    const pcrs = selectPcrs('sha256', [23])
    const data = Buffer.from('the secret')
    const files: KeyFile[] = []
    for (const request of [
      { policy: [], auth: NONE },
      { policy: [], auth: PIN },
      { pcrs, policy: [], auth: NONE },
      { pcrs, policy: [{ step: 'authValue' }], auth: PIN },
    ] as const) {
      const { auth } = request
      const file = readKeyFile(writeKeyFile(await seal(tpm, trust, { data, ...request })))
      assert.deepEqual(await unsealed(tpm, trust, { file, auth }), data)
      if (auth.length > 0) await assert.rejects(unsealed(tpm, trust, { file, auth: Buffer.from('no') }), { message: /AUTH_FAIL/ })
      files.push(file)
    }
    const padded = Buffer.from('pin\0\0') // zeros at the end of a password do not count
    const file = await seal(tpm, trust, { data, policy: [], auth: padded })
    for (const auth of [padded, Buffer.from('pin')]) assert.deepEqual(await unsealed(tpm, trust, { file, auth }), data)
    await tpm.run(pcrExtend(23, [{ hash: SHA256, digest: Buffer.alloc(32, 1) }]), [EMPTY])
    for (const file of files.slice(2)) await assert.rejects(unsealed(tpm, trust, { file, auth: PIN }), { message: /booted something else/ })
    await assert.rejects(seal(tpm, trust, { data: Buffer.alloc(MAX_SEALED + 1), policy: [], auth: NONE }), { code: 'USAGE' })
  })

  test('a signed policy opens until the counter has passed it; the next one opens before and after', async () => {
    const index = 0x01800010
    const area: NvPublic = {
      ...{ index, nameHash: SHA256, authPolicy: NONE, size: 8 },
      attributes: NV_COUNTER | NV.ownerWrite | NV.ownerRead | NV.authRead | NV.noDa,
    }
    await defineNv(tpm, area)
    const now = await incrementNv(tpm, index)
    const counter = { index, name: nvName(await nvPublicOf(tpm, index)), atMost: now }
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const ref = Buffer.from('disk')
    const pcrs = (await readPcrs(tpm, [selectPcrs('sha256', [7])])).get('sha256')!
    const today = signPolicy({ bank: 'sha256', pcrs, counter, ref }, privateKey)
    const key = authorityArea(privateKey)
    const data = Buffer.from('the key of the disk')
    const file = readKeyFile(writeKeyFile(await seal(tpm, trust, { data, policy: [{ step: 'authorize', key, ref }], auth: NONE })))
    const open = (signed?: typeof today) => unsealed(tpm, trust, { file, auth: NONE, signed })
    assert.deepEqual(await open(today), data)
    const next = signPolicy({ ...today, counter: { ...counter, atMost: now + 1n } }, privateKey)
    assert.deepEqual(await open(next), data)
    assert.equal(await incrementNv(tpm, index), now + 1n)
    await assert.rejects(open(today), { code: 'TPM_REFUSED', message: /an old one/ })
    assert.deepEqual(await open(next), data)

    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    await assert.rejects(open(signPolicy(next, stranger)), { message: /not signed by the key/ })
    await assert.rejects(open({ ...today, counter: next.counter }), { message: /not signed by the key/ })
    await assert.rejects(open(signPolicy({ ...next, ref: NONE }, privateKey)), { message: /label is another/ })
    await assert.rejects(open(signPolicy({ ...next, pcrs: new Map([[7, Buffer.alloc(32, 9)]]) }, privateKey)), { message: /PCR 7 is/ })
    await assert.rejects(open(), { code: 'USAGE' })
    await undefineNv(tpm, index)
    await assert.rejects(open(next), { message: /HANDLE/ })
  })

  test('NV is defined, written in pieces, read, counted and undefined', async () => {
    const index = 0x01800020
    const attributes = NV.authWrite | NV.authRead | NV.noDa
    await using held = await protectedSession(tpm, trust)
    const access = { auth: PIN, session: held.session }
    await defineNv(tpm, { index, nameHash: SHA256, attributes, authPolicy: NONE, size: 1500 }, access)
    const area = await nvPublicOf(tpm, index)
    await assert.rejects(nvContents(tpm, area, access), { message: /NV_UNINITIALIZED/ })
    const data = Buffer.from(Array.from({ length: 1500 }, (_, at) => at & 0xff))
    await writeNv(tpm, index, data, access)
    const written = await nvPublicOf(tpm, index)
    assert.deepEqual(await nvContents(tpm, written, access), data)
    assert.deepEqual(await nvContents(tpm, written, access, 1000, 10), data.subarray(1000, 1010))
    await assert.rejects(nvContents(tpm, written, { ...access, auth: Buffer.from('no') }), { message: /AUTH_FAIL|BAD_AUTH/ })
    const at = '0x01800020'
    await assert.rejects(counterValue(tpm, written, access), { code: 'FORMAT', at })
    await assert.rejects(nvContents(tpm, { ...written, attributes: 0 }, access), { code: 'TPM_REFUSED', at })
    assert.ok((await nvIndices(tpm)).some((each) => each.index === index))
    await assert.rejects(defineNv(tpm, { index, nameHash: SHA256, attributes, authPolicy: NONE, size: 8 }, access), {
      message: /NV_DEFINED/,
    })
    await undefineNv(tpm, index)
    await assert.rejects(nvPublicOf(tpm, index), { message: /HANDLE/ })

    const counter = { index, nameHash: SHA256, attributes: NV_COUNTER | attributes, authPolicy: NONE, size: 8 }
    await defineNv(tpm, counter, access)
    const first = await incrementNv(tpm, index, access)
    assert.equal(await incrementNv(tpm, index, access), first + 1n)
    assert.equal(await counterValue(tpm, await nvPublicOf(tpm, index), access), first + 1n)
    await undefineNv(tpm, index)
  })

  for (const kind of ['p256', 'p384', 'rsa2048', 'rsa2048-high'] as const) {
    test(`a credential to its ${kind} endorsement key is activated for the key it names, and for no other`, async () => {
      const file: KeyFile = {
        kind: 'key',
        blob: await createBlob(tpm, signingKey('p256', true)),
        parent: OWNER_ROOT,
        emptyAuth: true,
        policy: [],
      }
      const { key, own } = await names()
      const secret = Buffer.from('who are you')
      await using endorsement = await tpm.hold(loadExternal(own))
      const credential = await tpm.run(makeCredential(entityOf(endorsement), secret, key))
      await endorsement[Symbol.asyncDispose]()
      assert.deepEqual(await activated(tpm, trust, { file, auth: NONE, endorsement: kind, credential }), secret)
      const other = { ...file, blob: await createBlob(tpm, signingKey('p256', true)) }
      await assert.rejects(activated(tpm, trust, { file: other, auth: NONE, endorsement: kind, credential }), { message: /INTEGRITY/ })

      async function names() {
        await using loaded = await loadBlob(tpm, file.blob)
        await using held = await endorsementKey(tpm, kind)
        return { key: loaded.name, own: held.area }
      }
    })
  }

  test('a key is kept at a handle, saved, loaded again, and let go', async () => {
    await using key = await loadBlob(tpm, await createBlob(tpm, signingKey('p256', false)))
    const saved = await tpm.run(contextSave(entityOf(key)))
    const again = await tpm.run(contextLoad(saved))
    await tpm.run(flushContext(again))
    const owner = fixed(HANDLE.owner)
    await tpm.run(evictControl(owner, entityOf(key), 0x81000123), [EMPTY])
    const kept = await tpm.run(readPublicOf(0x81000123))
    assert.deepEqual(kept.name, key.name)
    await tpm.run(evictControl(owner, entityOf(kept), 0x81000123), [EMPTY])
    assert.deepEqual(await tpm.handles(0x81000000), [])
  })

  test('policies come to the digests that are computed for them', async () => {
    const selection = [selectPcrs('sha256', [0, 7])]
    const pcrs = pcrDigest('sha256', (await readPcrs(tpm, selection)).get('sha256')!)
    const index = 0x01800011
    await defineNv(tpm, {
      index,
      nameHash: SHA256,
      attributes: NV_COUNTER | NV.ownerWrite | NV.authRead | NV.noDa,
      authPolicy: NONE,
      size: 8,
    })
    const comparison = { operand: await incrementNv(tpm, index), offset: 0, operation: 'equal' } as const
    const counter = nvEntity(await nvPublicOf(tpm, index))
    const owner = fixed(HANDLE.owner)
    await using held = await openSession(tpm, 'policy')
    const { session } = held
    const steps: Step[] = []
    for (const [command, uses, step] of [
      [policyPcr(session, pcrs, selection), [], pcr(pcrs, selection)],
      [policyNv(session, counter, comparison), [EMPTY], nv(counter.name, comparison)],
      [policySecret(session, owner), [EMPTY], secret(owner)],
      [policyAuthValue(session), [], authValue],
    ] as const) {
      await tpm.run(command, uses)
      steps.push(step)
      assert.deepEqual(await tpm.run(policyGetDigest(session)), policyDigest('sha256', ...steps))
    }
    const either = [policyDigest('sha256', ...steps), Buffer.alloc(32, 1)] as const
    await tpm.run(policyOr(session, either))
    assert.deepEqual(await tpm.run(policyGetDigest(session)), policyDigest('sha256', or(...either)))
    await undefineNv(tpm, index)
  })

  test('a secret without a session that keeps it does not leave', async () => {
    await assert.rejects(createBlob(tpm, signingKey('p256', false), { auth: PIN }), { code: 'INTERNAL', message: /in clear/ })
    await assert.rejects(tpm.run(getRandom(8)), { code: 'INTERNAL' })
    assert.throws(() => authorizing(fixed(HANDLE.owner, PIN), undefined), { code: 'INTERNAL' })
    await using unsalted = await openSession(tpm, 'hmac')
    await assert.rejects(tpm.run(nvIncrement(fixed(HANDLE.owner, PIN), fixed(0)), [unsalted.session.use()]), {
      message: /keeps no password/,
    })
    assert.throws(() => unsalted.session.use(ATTRIBUTE.encrypt), { code: 'INTERNAL' })
    await assert.rejects(seal(tpm, { ...trust, pins: [] }, { data: PIN, policy: [], auth: NONE }), { code: 'TPM_UNVERIFIED' })
    const pins = [{ kind: 'p256', name: Buffer.alloc(34, 1) }] as const
    await assert.rejects(seal(tpm, { ...trust, pins }, { data: PIN, policy: [], auth: NONE }), {
      code: 'TPM_UNVERIFIED',
      message: /pinned/,
    })
  })
})

function isSignedBy(area: PublicArea, signature: TpmSignature, message: Buffer): boolean {
  const key: KeyObject = keyObject(subjectPublicKeyOf(area)!)!
  if (signature.kind === 'ecc') {
    const size = key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 48 : 32
    const half = (each: Buffer) => Buffer.concat([Buffer.alloc(size - each.length), each])
    return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, Buffer.concat([half(signature.r), half(signature.s)]))
  }
  const pss = signature.algorithm === ALG.rsapss ? { padding: 6 } : {}
  return signature.kind === 'rsa' && verify('sha256', message, { key, ...pss }, signature.signature)
}
