import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { describe, test } from 'node:test'
import {
  AK_ATTRIBUTES,
  type MadeQuote,
  newEccKey,
  newRsaKey,
  type QuoteRequest,
  quoteBy,
  signatureBy,
  somePcrs,
  type TpmKey,
} from '../../../../../test/kit/tpm-evidence.ts'
import { ThymusError } from '../../../../core/errors.ts'
import { hashByName } from '../../../../formats/hash.ts'
import { ALG, OBJECT, TPM_GENERATED } from '../abi/algorithms.ts'
import { ATTEST, readAttest } from '../abi/attest.ts'
import { sized, u16, u32 } from '../abi/marshal.ts'
import { selectPcrs } from '../abi/pcr-selection.ts'
import { bankOf, type PcrValues } from '../abi/pcr-values.ts'
import { nameOf, writePublicArea, writeSizedPublicArea } from '../abi/public-area.ts'
import { attestationKeyOf, readAttestationKey } from './attestation-key.ts'
import { type QuoteStatement, verifyQuote } from './quote.ts'
import { readSignatureOf } from './signature.ts'

const HASH = { sha1: 4, sha256: 11, sha384: 12 } as const
const rsa = newRsaKey()
const ecc = newEccKey()

const statement = (key: TpmKey, { message, signature, ...rest }: MadeQuote): QuoteStatement => {
  const attestationKey = attestationKeyOf(key.area)
  return { message, signature: readSignatureOf(attestationKey, signature), key: attestationKey, ...rest }
}
const verdicts = (given: QuoteStatement) => Object.fromEntries(verifyQuote(given).checks.map(({ code, verdict }) => [code, verdict.is]))
const failing = (given: QuoteStatement) =>
  verifyQuote(given)
    .checks.filter(({ verdict }) => verdict.is === 'fail')
    .map(({ code }) => code)

describe('a quote', () => {
  test('of each scheme and hash is genuine, and covers the values of its PCRs', () => {
    for (const key of [
      rsa,
      ecc,
      newRsaKey({ scheme: { algorithm: ALG.rsapss, hash: HASH.sha384 } }),
      newRsaKey({ scheme: { algorithm: ALG.rsassa, hash: HASH.sha1 } }),
      newEccKey({ scheme: { algorithm: ALG.ecdsa, hash: HASH.sha384 } }, 'P-384'),
      newEccKey({}, 'P-521'),
    ]) {
      const made = quoteBy(key, { bank: 'sha384' })
      const wanted = { selections: [selectPcrs('sha384', [14, 7, 0])], keyName: nameOf(key.area)! }
      const whole = { ...statement(key, made), ...wanted, before: readAttest(made.message) }
      const { checks, pcrs } = verifyQuote(whole)
      assert.deepEqual(new Set(checks.map(({ verdict }) => verdict.is)), new Set(['pass']))
      assert.deepEqual(pcrs, made.pcrs)
    }
  })

  test('covers no values that are cut elsewhere than between two PCRs', () => {
    const made = quoteBy(rsa)
    const shifted = new Map([
      [0, Buffer.alloc(0)],
      [7, Buffer.concat([Buffer.alloc(32), Buffer.alloc(32, 7)])],
      [14, Buffer.alloc(32, 14)],
    ])
    const given = { ...statement(rsa, made), pcrs: bankOf('sha256', shifted) }
    assert.equal(verdicts(given).TPM_PCR_DIGEST, 'unknown')
    assert.deepEqual(verifyQuote(given).pcrs, new Map())
  })

  test('is refused for each thing that is not as it was asked for', () => {
    const made = quoteBy(rsa)
    const good = statement(rsa, made)
    const other = attestationKeyOf(newRsaKey().area)
    const changed = somePcrs('sha256').set(7, Buffer.alloc(32, 8))
    for (const [code, given] of [
      ['TPM_NONCE', { nonce: Buffer.from('another') }],
      ['TPM_NONCE', { nonce: Buffer.alloc(0) }],
      ['TPM_SIGNATURE', { key: other }],
      ['TPM_KEY_NAME', { keyName: nameOf(other.area!)! }],
      ['TPM_PCR_SELECTION', { selections: [selectPcrs('sha256', [0, 7])] }],
      ['TPM_PCR_SELECTION', { selections: [selectPcrs('sha1', [0, 7, 14])] }],
      ['TPM_PCR_DIGEST', { pcrs: bankOf('sha256', changed) }],
    ] as const) {
      assert.deepEqual(failing({ ...good, ...given }), [code])
    }
    assert.deepEqual(verifyQuote({ ...good, pcrs: bankOf('sha256', changed) }).pcrs, new Map())
    const byKey = (key: TpmKey, request: QuoteRequest = {}) => failing(statement(key, quoteBy(key, request)))
    assert.deepEqual(byKey(rsa, { magic: 0x47544354 }), ['TPM_GENERATED'])
    for (const bit of [OBJECT.fixedTpm, OBJECT.sensitiveDataOrigin, OBJECT.restricted, OBJECT.sign])
      assert.deepEqual(byKey(newEccKey({ attributes: AK_ATTRIBUTES & ~bit })), ['TPM_KEY_ATTRIBUTES'])
  })

  test('is of the type that was asked for, by a key that is not weak', () => {
    const certify = Buffer.concat([u32(TPM_GENERATED), u16(ATTEST.certify), sized(), sized(), Buffer.alloc(25), sized(), sized()])
    const signature = signatureBy(ecc, certify)
    const made = { message: certify, signature, nonce: Buffer.alloc(0), pcrs: bankOf('sha256', new Map()) }
    assert.deepEqual(failing(statement(ecc, made)), ['TPM_TYPE', 'TPM_PCR_DIGEST'])
    for (const weak of [newRsaKey({}, 512), newRsaKey({}, 1024)])
      assert.deepEqual(failing(statement(weak, quoteBy(weak))), ['TPM_SIGNATURE'])
  })

  test('leaves open what it was not held to', () => {
    const { message, signature } = quoteBy(ecc)
    const key = readAttestationKey(Buffer.from(pemOf(ecc)))
    const open = verdicts({ message, key, signature: readSignatureOf(key, signature) })
    for (const code of ['TPM_NONCE', 'TPM_KEY_ATTRIBUTES', 'TPM_KEY_NAME', 'TPM_PCR_SELECTION', 'TPM_PCR_DIGEST', 'TPM_CLOCK'])
      assert.equal(open[code], 'unknown', code)
    assert.equal(open.TPM_SIGNATURE, 'pass')
    assert.equal(verdicts(statement(ecc, quoteBy(ecc, { nonce: Buffer.alloc(0) }))).TPM_NONCE, 'unknown')
    const some: PcrValues = bankOf('sha256', new Map([[0, Buffer.alloc(32)]]))
    assert.equal(verdicts({ ...statement(ecc, quoteBy(ecc)), pcrs: some }).TPM_PCR_DIGEST, 'unknown')
  })

  test('returns none of the values that it does not cover', () => {
    const made = quoteBy(ecc)
    const more = bankOf('sha256', new Map([...somePcrs('sha256'), [23, Buffer.alloc(32, 1)]]))
    assert.deepEqual(verifyQuote({ ...statement(ecc, made), pcrs: more }).pcrs, made.pcrs)
  })

  test('is rejected with any bit of message or signature flipped', () => {
    for (const key of [rsa, ecc]) {
      const { message, signature, ...rest } = quoteBy(key)
      const attestationKey = attestationKeyOf(key.area)
      const rejected = (changed: { message: Buffer; signature: Buffer }) => {
        try {
          return (
            failing({
              ...rest,
              key: attestationKey,
              message: changed.message,
              signature: readSignatureOf(attestationKey, changed.signature),
            }).length > 0
          )
        } catch (error) {
          return error instanceof ThymusError && error.code === 'FORMAT'
        }
      }
      assert.equal(rejected({ message, signature }), false)
      for (const flipped of flips(message)) assert.ok(rejected({ message: flipped, signature }))
      for (const flipped of flips(signature)) assert.ok(rejected({ message, signature: flipped }))
    }
  })
})

describe('a signature', () => {
  test('without its head is of the scheme of the key', () => {
    const pss = newRsaKey({ scheme: { algorithm: ALG.rsapss, hash: HASH.sha256 } })
    for (const key of [rsa, pss]) {
      const made = quoteBy(key)
      assert.deepEqual(failing(statement(key, { ...made, signature: made.signature.subarray(6) })), [])
    }
    const der = readSignatureOf(attestationKeyOf(ecc.area), Buffer.from('300702017f02020080', 'hex'))
    assert.deepEqual(der, { kind: 'ecc', algorithm: ALG.ecdsa, hash: HASH.sha256, r: Buffer.of(0x7f), s: Buffer.of(0x80) })
    for (const hex of ['3006020101020101ff', '300602010102017f00', '30060201ff020101', '3003020101'])
      assert.throws(() => readSignatureOf(attestationKeyOf(ecc.area), Buffer.from(hex, 'hex')), { code: 'FORMAT' }, hex)
  })

  test('of another scheme or hash than those of the key is none, nor is one by a hash that nobody knows', () => {
    const { message, signature, ...rest } = quoteBy(rsa)
    const key = attestationKeyOf(rsa.area)
    const read = readSignatureOf(key, signature)
    for (const change of [{ hash: HASH.sha384 }, { algorithm: ALG.rsapss }, { hash: 0x0027 }, { hash: 0 }]) {
      const given = { ...rest, message, key, signature: { ...read, ...change } }
      const found = failing(given)
      assert.ok(found.includes('TPM_SCHEME') && found.includes('TPM_SIGNATURE'), JSON.stringify(change))
      // A bare key allows every scheme, but not every hash.
      if (!hashIsKnown(change.hash)) assert.ok(failing({ ...given, key: { key: key.key } }).includes('TPM_SIGNATURE'))
    }
  })
})

test('a key is read in each of its forms, and nothing else is one', () => {
  for (const { area, privateKey } of [rsa, ecc]) {
    const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
    const forms = [writeSizedPublicArea(area), writePublicArea(area), spki, Buffer.from(pemOf({ area, privateKey }))]
    for (const form of forms) assert.deepEqual(readAttestationKey(form).key.raw, spki)
  }
  const halved = { ...rsa.area, keyBits: 1024 }
  const [template, empty, offCurve] = [
    { ...rsa.area, modulus: Buffer.alloc(256) },
    { ...rsa.area, keyBits: 0, modulus: Buffer.alloc(0) },
    { ...ecc.area, x: Buffer.alloc(32, 9) },
  ]
  for (const area of [template, empty, offCurve, halved] as const)
    assert.throws(() => readAttestationKey(writeSizedPublicArea(area as typeof rsa.area)), { code: 'FORMAT' })
  for (const text of ['', '0', '3000', '-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n'])
    assert.throws(() => readAttestationKey(Buffer.from(text)), { code: 'FORMAT' }, text)
})

const hashIsKnown = (id: number | undefined) => id === undefined || id === hashByName('sha384')!.id
const pemOf = ({ privateKey }: TpmKey) => createPublicKey(privateKey).export({ format: 'pem', type: 'spki' })

function* flips(bytes: Buffer): Generator<Buffer> {
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    yield changed
  }
}
