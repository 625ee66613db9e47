import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { MRSIGNER, sgxBody } from '../../../../test/kit/dcap.ts'
import { appraiseLocalReport, readLocalReport } from './local-report.ts'
import { readSigstruct } from './sigstruct.ts'

describe('a local report', () => {
  const bytes = Buffer.concat([sgxBody(), Buffer.alloc(32, 1), Buffer.alloc(16, 2)])

  test('is read whole, and no further', () => {
    const { body, keyId, mac } = readLocalReport(bytes)
    assert.deepEqual([body.mrSigner, keyId[0], mac[15]], [MRSIGNER, 1, 2])
    for (let length = 0; length < bytes.length; length++)
      assert.throws(() => readLocalReport(bytes.subarray(0, length)), { code: 'FORMAT' })
    assert.throws(() => readLocalReport(Buffer.concat([bytes, Buffer.alloc(1)])), { code: 'FORMAT' })
  })

  test('is held to a policy, but never known to be genuine', () => {
    const verdicts = (policy: Parameters<typeof appraiseLocalReport>[1]) =>
      Object.fromEntries(appraiseLocalReport(readLocalReport(bytes), policy).map(({ code, verdict }) => [code, verdict.is]))
    assert.deepEqual(verdicts({}), { SGX_REPORT_MAC: 'unknown', DCAP_DEBUG: 'pass', DCAP_ATTRIBUTES: 'pass' })
    const measurements = { mrEnclave: [Buffer.alloc(32, 0x33)], mrSigner: [MRSIGNER], minIsvSvn: 0 }
    assert.equal(verdicts({ measurements }).DCAP_MEASUREMENT, 'pass')
    assert.equal(verdicts({ measurements: { ...measurements, minIsvSvn: 1 } }).DCAP_MEASUREMENT, 'fail')
  })
})

describe('the structure that the author of an enclave signs', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072, publicExponent: 3 })
  const modulus = Buffer.from(publicKey.export({ format: 'jwk' }).n!, 'base64url').reverse()
  const bytes = Buffer.alloc(1808)
  bytes.write('06000000e10000000000010000000000', 0, 'hex')
  bytes.write('01010000600000006000000001000000', 24, 'hex')
  modulus.copy(bytes, 128)
  bytes.writeUInt32LE(3, 512)
  bytes.fill(0x33, 960, 992)
  bytes.writeUInt16LE(7, 1024)
  bytes.writeUInt16LE(2, 1026)
  const signed = Buffer.concat([bytes.subarray(0, 128), bytes.subarray(900, 1028)])
  Buffer.from(sign('sha256', signed, privateKey))
    .reverse()
    .copy(bytes, 516)

  test('says what quotes of the enclave will say', () => {
    const { mrEnclave, mrSigner, isvProdId, isvSvn, isSigned } = readSigstruct(bytes)
    assert.ok(isSigned)
    assert.deepEqual(mrEnclave, Buffer.alloc(32, 0x33))
    assert.deepEqual(mrSigner, createHash('sha256').update(modulus).digest())
    assert.deepEqual([isvProdId, isvSvn], [7, 2])
  })

  test('is refused or found to be unsigned where it is damaged; its last two numbers only spare the processor work', () => {
    for (let at = 0; at < 1040; at++) {
      const damaged = Buffer.from(bytes)
      damaged[at]! ^= 1
      try {
        assert.equal(readSigstruct(damaged).isSigned, false, `byte ${at}`)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'FORMAT', `byte ${at}`)
      }
    }
    for (const length of [0, 16, 128, 1028, 1807]) assert.throws(() => readSigstruct(bytes.subarray(0, length)), { code: 'FORMAT' })
    assert.throws(() => readSigstruct(Buffer.concat([bytes, Buffer.alloc(1)])), { code: 'FORMAT' })
  })
})
