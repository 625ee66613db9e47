import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, test } from 'node:test'
import { certificate, commonName, integer, newPair, type Request } from '../../../../test/kit/certificates.ts'
import { appended } from '../../../../test/kit/kernel-module.ts'
import { type SignedDataRequest, signedData } from '../../../../test/kit/signed-data.ts'
import { type Certificate, readCertificate } from '../../../formats/x509/certificate.ts'
import { readKernelModule } from './appended.ts'
import type { Revoked } from './revoked.ts'
import { verifyModule, wordsOf } from './verify.ts'

const CONTENT = Buffer.from('\x7fELF a kernel module')
const SIGNER = { subject: 'the key of this kernel', key: newPair() }
const trust = (request: Request) => ({ certificate: readCertificate(certificate(request)), from: 'signing.pem' })
const TRUSTED = trust(SIGNER)
const sign = (more: Partial<SignedDataRequest> = {}) =>
  signedData({ key: SIGNER.key, by: { issuer: commonName(SIGNER.subject) }, content: CONTENT, ...more })
const verdictOf = (module: Buffer, keys: Parameters<typeof verifyModule>[1] = { trusted: [TRUSTED] }) =>
  verifyModule(readKernelModule(module), keys)
/** Certificates and names of hashes that are revoked. */
const gone = (...what: readonly (Certificate | string)[]): Revoked => ({
  certificates: what.filter((each) => typeof each !== 'string'),
  hashes: new Set(what.filter((each) => typeof each === 'string')),
})
const signed = appended(CONTENT, sign())

describe('a module with a signature behind it', () => {
  test('is signed by the key that is trusted', () => {
    const verdict = verdictOf(signed)
    assert.deepEqual(verdict, { is: 'signed', by: TRUSTED })
    assert.equal(wordsOf(verdict), 'signed by the key of this kernel (signing.pem)')
    assert.deepEqual(readKernelModule(signed).content, CONTENT)
  })

  test('is signed though the certificate has ended long ago: the kernel does not look at the clock', () => {
    assert.equal(verdictOf(signed, { trusted: [trust({ ...SIGNER, from: '990101000000Z', to: '000101000000Z' })] }).is, 'signed')
  })

  test('a flipped bit of the module or of its signature is wrong, wherever it is', () => {
    for (let at = 0; at < CONTENT.length; at++) {
      const flipped = Buffer.from(signed)
      flipped[at]! ^= 1
      assert.equal(verdictOf(flipped).is, 'wrong', `byte ${at}`)
    }
    // Versions and the list of hash algorithms before it bind nothing, and are bound by nothing.
    const end = signed.length - 28 - 12
    for (let at = end - 64; at < signed.length; at++) {
      const flipped = Buffer.from(signed)
      flipped[at]! ^= 1
      assert.notEqual(verdictOf(flipped).is, 'signed', `byte ${at}`)
    }
  })

  test('is unsigned where nothing is behind it, or the marker is not quite at the end', () => {
    for (const module of [CONTENT, Buffer.alloc(0), signed.subarray(0, -1), Buffer.concat([signed, Buffer.of(0x0a)])])
      assert.equal(verdictOf(module).is, 'unsigned')
  })

  test('by a key that nobody gave, it is said who is to have signed it, and no more', () => {
    const verdict = verdictOf(signed, { trusted: [] })
    assert.equal(wordsOf(verdict), 'signed by number 1 of the key of this kernel, whose key was not given')
    assert.equal(verdict.is, 'stranger')
  })

  test('by another key under the name of one that is trusted, it is wrong', () => {
    assert.equal(verdictOf(appended(CONTENT, sign({ key: newPair() }))).is, 'wrong')
  })

  test('attributes are refused, since the kernel refuses them', () => {
    const verdict = verdictOf(appended(CONTENT, sign({ attributes: true })))
    assert.match(wordsOf(verdict), /attributes, which the kernel takes in no module/)
  })

  test('content within the signature, or of another type, is wrong', () => {
    assert.equal(verdictOf(appended(CONTENT, sign({ tag: 0x04 }))).is, 'wrong')
    assert.equal(verdictOf(appended(CONTENT, sign({ contentType: '1.3.6.1.4.1.311.2.1.4' }))).is, 'wrong')
  })

  test('a revoked key signs nothing, whether it is trusted or given by nobody, by its certificate and by each of its hashes', () => {
    const byHash = ['sha256', 'sha384', 'sha512'].map((name) => gone(`tbs:${hash(name, TRUSTED.certificate.rawBody)}`))
    for (const revoked of [gone(TRUSTED.certificate), ...byHash]) {
      const verdict = verdictOf(signed, { trusted: [TRUSTED], revoked })
      assert.equal(wordsOf(verdict), 'revoked: the key of the key of this kernel')
      assert.equal(verdict.is, 'revoked')
    }
    assert.equal(verdictOf(signed, { trusted: [], revoked: gone(TRUSTED.certificate) }).is, 'revoked')
    const others = gone(`tbs:${hash('sha256', CONTENT)}`, `bin:${hash('sha256', TRUSTED.certificate.rawBody)}`)
    assert.equal(verdictOf(signed, { trusted: [TRUSTED], revoked: others }).is, 'signed')
  })

  test('a module that is revoked by its own hash is, whoever signed it', () => {
    const revoked = gone(`bin:${hash('sha256', CONTENT)}`)
    assert.equal(wordsOf(verdictOf(signed, { trusted: [TRUSTED], revoked })), 'revoked: this very module')
    assert.equal(verdictOf(signed, { trusted: [], revoked }).is, 'revoked')
    assert.equal(verdictOf(CONTENT, { trusted: [], revoked }).is, 'unsigned')
  })

  test('that is not what a revoked key signed is wrong: no kernel asks who did not sign it', () => {
    const other = appended(Buffer.concat([CONTENT, Buffer.of(0)]), sign())
    assert.equal(verdictOf(other, { trusted: [TRUSTED], revoked: gone(TRUSTED.certificate) }).is, 'wrong')
    assert.equal(verdictOf(other, { trusted: [], revoked: gone(TRUSTED.certificate) }).is, 'stranger')
  })
})

describe('a signature that brings certificates', () => {
  const ROOT = { subject: 'the root', key: newPair(), serial: integer(2) }
  const LEAF = { subject: 'the leaf', key: newPair(), issuer: ROOT }
  const byLeaf = { key: LEAF.key, by: { issuer: commonName(ROOT.subject) }, certificates: [certificate(LEAF)] }
  const module = appended(CONTENT, sign(byLeaf))

  test('is good where a trusted key issued its signer’s', () => {
    const root = trust(ROOT)
    assert.deepEqual(verdictOf(module, { trusted: [root] }), { is: 'signed', by: root })
  })

  test('is nobody’s where none did, and brings its own root in vain', () => {
    assert.equal(verdictOf(module).is, 'stranger')
    const own = appended(CONTENT, sign({ ...byLeaf, certificates: [certificate(LEAF), certificate(ROOT)] }))
    assert.equal(verdictOf(own).is, 'stranger')
  })

  test('is revoked where the trusted key that issued its signer’s is', () => {
    const root = trust(ROOT)
    for (const revoked of [gone(root.certificate), gone(`tbs:${hash('sha256', root.certificate.rawBody)}`)])
      assert.match(wordsOf(verdictOf(module, { trusted: [root], revoked })), /^revoked: the key of the /)
  })

  test('a certificate between them that is revoked parts them', () => {
    const revoked = gone(...byLeaf.certificates.map(readCertificate))
    assert.equal(verdictOf(module, { trusted: [trust(ROOT)], revoked }).is, 'revoked')
  })
})

describe('what is appended and is no signature', () => {
  const wrong: Readonly<Record<string, Buffer>> = {
    'no PKCS#7': appended(CONTENT, sign(), { type: 1 }),
    'reserved bytes that say something': appended(CONTENT, sign(), { first: 1 }),
    'longer than the module': appended(CONTENT, sign(), { size: 0x7fff_ffff }),
    'as long as the module': appended(Buffer.alloc(0), sign()),
    'a length that cuts it': appended(CONTENT, sign(), { size: 10 }),
    'no DER': appended(CONTENT, Buffer.from('not DER')),
    'nothing before the marker': Buffer.from('~Module signature appended~\n'),
  }
  for (const [name, module] of Object.entries(wrong)) {
    test(`${name}: it is wrong, and not unsigned`, () => assert.equal(verdictOf(module).is, 'wrong'))
  }

  test('cut anywhere before the marker, it is an answer', () => {
    const marker = signed.length - 28
    for (let length = 0; length < marker; length++) {
      assert.notEqual(verdictOf(Buffer.concat([signed.subarray(0, length), signed.subarray(marker)])).is, 'signed')
    }
  })
})
