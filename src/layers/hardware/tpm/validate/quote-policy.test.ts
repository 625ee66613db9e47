import assert from 'node:assert/strict'
import test from 'node:test'
import { newEccKey, type QuoteRequest, quoteBy, somePcrs } from '../../../../../test/kit/tpm-evidence.ts'
import { ALG } from '../abi/algorithms.ts'
import { selectPcrs } from '../abi/pcr-selection.ts'
import { attestationKeyOf } from '../verify/attestation-key.ts'
import { verifyQuote } from '../verify/quote.ts'
import { readSignatureOf } from '../verify/signature.ts'
import { type QuotePolicy, validateQuote } from './quote-policy.ts'

const p256 = newEccKey()

function failing(policy: QuotePolicy, request: QuoteRequest = {}, of = p256): readonly string[] {
  const made = quoteBy(of, request)
  const key = attestationKeyOf(of.area)
  const signature = readSignatureOf(key, made.signature)
  return validateQuote(verifyQuote({ ...made, signature, key }), signature, policy)
    .filter(({ verdict }) => verdict.is !== 'pass')
    .map(({ code }) => code)
}

const zero = Buffer.alloc(32)
const seven = Buffer.alloc(32, 7)

test('a quote that is as the policy wants it passes', () => {
  const values = new Map([['sha256', new Map([[7, [zero, seven]]])]] as const)
  assert.deepEqual(failing({ pcrs: [0, 14], values, firmwareVersion: 0x20191023_00163636n, safeClock: true }), [])
  assert.deepEqual(failing({}), [])
})

test('SHA-1 is weak, in a bank and in a signature, unless it is allowed', () => {
  const sha1 = newEccKey({ scheme: { algorithm: ALG.ecdsa, hash: 4 } })
  assert.deepEqual(failing({}, { bank: 'sha1' }), ['TPM_POLICY_HASH'])
  assert.deepEqual(failing({}, {}, sha1), ['TPM_POLICY_HASH'])
  assert.deepEqual(failing({ hashes: ['sha1', 'sha256'] }, { bank: 'sha1' }, sha1), [])
  assert.deepEqual(failing({ hashes: ['sha384'] }), ['TPM_POLICY_HASH'])
  assert.deepEqual(failing({}, { pcrs: new Map() }), ['TPM_POLICY_HASH'])
})

test('a PCR that is quoted in a weak bank alone is not quoted', () => {
  const made = quoteBy(p256)
  const key = attestationKeyOf(p256.area)
  const verified = verifyQuote({ ...made, signature: readSignatureOf(key, made.signature), key })
  const selections = [selectPcrs('sha1', [0, 7]), selectPcrs('sha256', [7, 23])]
  const quote = { type: 'quote', selections, pcrDigest: Buffer.alloc(32) } as const
  const codes = (policy: QuotePolicy) =>
    validateQuote({ ...verified, quote }, readSignatureOf(key, made.signature), policy).flatMap(({ code, verdict }) =>
      verdict.is === 'pass' ? [] : [code],
    )
  assert.deepEqual(codes({ pcrs: [7, 23] }), [])
  assert.deepEqual(codes({ pcrs: [0, 7] }), ['TPM_POLICY_PCRS'])
  assert.deepEqual(codes({ pcrs: [0, 7], hashes: ['sha1', 'sha256'] }), [])
})

test('each thing that the policy misses is said', () => {
  assert.deepEqual(failing({ pcrs: [0, 8] }), ['TPM_POLICY_PCRS'])
  assert.deepEqual(failing({ firmwareVersion: 0x20191023_00163637n }), ['TPM_POLICY_FIRMWARE'])
  for (const values of [new Map([[7, [zero]]]), new Map([[7, []]]), new Map([[8, [seven]]])] as const)
    assert.deepEqual(failing({ values: new Map([['sha256', values as ReadonlyMap<number, Buffer[]>]]) }), ['TPM_POLICY_VALUES'])
  assert.deepEqual(failing({ values: new Map([['sha384', new Map([[7, [seven]]])]]) }), ['TPM_POLICY_VALUES'])
})

test('values that the quote does not cover do not count', () => {
  const made = quoteBy(p256)
  const key = attestationKeyOf(p256.area)
  const signature = readSignatureOf(key, made.signature)
  const lied = new Map([[11, somePcrs('sha256').set(0, seven)]])
  const values = new Map([['sha256', new Map([[7, [seven]]])]] as const)
  const checks = validateQuote(verifyQuote({ ...made, signature, key, pcrs: lied }), signature, { values })
  assert.equal(checks.find(({ code }) => code === 'TPM_POLICY_VALUES')?.verdict.is, 'fail')
})
