import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ByteReader } from '../../../../formats/bytes.ts'
import { TPM_GENERATED } from './algorithms.ts'
import { ATTEST, readAttest } from './attest.ts'
import { sized, u8, u16, u32, u64 } from './marshal.ts'
import { type PcrSelection, readPcrSelections, selectPcrs, writePcrSelections } from './pcr-selection.ts'
import { readTpmSignature } from './signature.ts'

const bytes = (text: string) => Buffer.from(text)
const clock = Buffer.concat([u64(7n), u32(3), u32(1), u8(1)])
const head = (type: number, magic: number = TPM_GENERATED) =>
  Buffer.concat([u32(magic), u16(type), sized(bytes('signer')), sized(bytes('nonce')), clock, u64(0x20191023n)])
const pcrs = selectPcrs('sha256', [14, 0, 7])

/** Each type of attestation with what stands behind its head, and what is read of that. */
const ATTESTED = {
  quote: [
    [writePcrSelections([pcrs]), sized(bytes('digest'))],
    { selections: [{ hash: 0x000b, pcrs: [0, 7, 14], size: 3 }], pcrDigest: bytes('digest') },
  ],
  certify: [[sized(bytes('name')), sized(bytes('full'))], { name: bytes('name'), qualifiedName: bytes('full') }],
  creation: [[sized(bytes('name')), sized(bytes('hash'))], { objectName: bytes('name'), creationHash: bytes('hash') }],
  nv: [[sized(bytes('index')), u16(2), sized(bytes('data'))], { indexName: bytes('index'), offset: 2, contents: bytes('data') }],
  nvDigest: [[sized(bytes('index')), sized(bytes('hash'))], { indexName: bytes('index'), digest: bytes('hash') }],
  time: [
    [u64(9n), clock, u64(5n)],
    { time: 9n, clockInfo: { clock: 7n, resetCount: 3, restartCount: 1, safe: true }, firmwareVersion: 5n },
  ],
  sessionAudit: [[u8(0), sized(bytes('hash'))], { exclusive: false, sessionDigest: bytes('hash') }],
  commandAudit: [
    [u64(8n), u16(0x000b), sized(bytes('a')), sized(bytes('c'))],
    { auditCounter: 8n, digestAlgorithm: 0x000b, auditDigest: bytes('a'), commandDigest: bytes('c') },
  ],
} as const

describe('an attestation', () => {
  test('of each type is read in full', () => {
    for (const [type, [parts, attested]] of Object.entries(ATTESTED)) {
      const read = readAttest(Buffer.concat([head(ATTEST[type as keyof typeof ATTEST]), ...parts]))
      assert.deepEqual(read.attested, { type, ...attested })
      assert.deepEqual(read.clockInfo, { clock: 7n, resetCount: 3, restartCount: 1, safe: true })
      assert.deepEqual([read.generated, read.firmwareVersion], [true, 0x20191023n])
      assert.deepEqual([read.qualifiedSigner, read.extraData], [bytes('signer'), bytes('nonce')])
    }
  })

  test('that is cut off anywhere, or has one byte more, is refused', () => {
    for (const [type, [parts]] of Object.entries(ATTESTED)) {
      const all = Buffer.concat([head(ATTEST[type as keyof typeof ATTEST]), ...parts])
      for (let length = 0; length < all.length; length++)
        assert.throws(() => readAttest(all.subarray(0, length)), { code: 'FORMAT', at: / at byte \d+$/ })
      assert.throws(() => readAttest(Buffer.concat([all, Buffer.of(0)])), { code: 'FORMAT' })
    }
  })

  test('that no TPM made is told apart, and one of an unknown type is refused', () => {
    const [parts] = ATTESTED.quote
    assert.equal(readAttest(Buffer.concat([head(ATTEST.quote, 0x47544354), ...parts])).generated, false)
    assert.throws(() => readAttest(Buffer.concat([head(0x801b), ...parts])), { code: 'FORMAT', at: /^type/ })
  })

  test('with a clock that is neither safe nor not is refused', () => {
    const all = Buffer.concat([head(ATTEST.quote), ...ATTESTED.quote[0]])
    all[4 + 2 + 8 + 7 + 16] = 2
    assert.throws(() => readAttest(all), { code: 'FORMAT', at: /^clockInfo.safe/ })
  })
})

describe('a selection of PCRs', () => {
  test('is read as it was written', () => {
    const one = fc.record(
      { hash: fc.nat(0xffff), pcrs: fc.uniqueArray(fc.nat(31)).map((all) => all.sort((a, b) => a - b)), size: fc.constant(4) },
      { noNullPrototype: true },
    )
    fc.assert(
      fc.property(fc.array(one, { maxLength: 16 }), (selections: PcrSelection[]) => {
        assert.deepEqual(readPcrSelections(new ByteReader(writePcrSelections(selections), 'big')), selections)
      }),
    )
  })

  test('of too many banks or too large a bit map allocates nothing', () => {
    for (const hex of ['ffffffff', '00000011', '00000001000b05ffffffffff', '00000001000bff'])
      assert.throws(() => readPcrSelections(new ByteReader(Buffer.from(hex, 'hex'), 'big')), { code: 'FORMAT' }, hex)
  })
})

test('a signature is of a scheme that is known, and of no bytes more', () => {
  assert.equal(readTpmSignature(Buffer.concat([u16(0x0014), u16(0x000b), sized(bytes('s'))])).kind, 'rsa')
  assert.equal(readTpmSignature(Buffer.concat([u16(0x0018), u16(0x000b), sized(bytes('r')), sized(bytes('s'))])).kind, 'ecc')
  assert.equal(readTpmSignature(Buffer.concat([u16(0x0005), u16(0x000b), Buffer.alloc(32)])).kind, 'hmac')
  for (const hex of ['0010', '0015000b0000', '0014000b000100ff', '0005000b00', '000500270000', '0014000bffff'])
    assert.throws(() => readTpmSignature(Buffer.from(hex, 'hex')), { code: 'FORMAT' }, hex)
})
