import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { certificate, newPair } from '../../../../test/kit/certificates.ts'
import { signatureList } from '../../../../test/kit/event-log.ts'
import { GUID } from '../../../formats/efi/guid.ts'
import { writePem } from '../../../formats/pem.ts'
import { readRevoked, togetherRevoked } from './revoked.ts'

const DER = certificate({ subject: 'who signs no more', key: newPair() })
const [ONE, OTHER] = ['ab'.repeat(32), 'cd'.repeat(48)]
const SHA256 = Buffer.from(ONE, 'hex')
const read = (bytes: Buffer | string) => {
  const { certificates, hashes } = readRevoked(Buffer.from(bytes))
  return { certificates: certificates.map(({ raw }) => raw), hashes: [...hashes] }
}

describe('what is revoked', () => {
  test('is certificates, in DER or PEM', () => {
    assert.deepEqual(read(DER), { certificates: [DER], hashes: [] })
    const pem = writePem('CERTIFICATE', DER)
    assert.deepEqual(read(`who it was\n${pem}${pem}`), { certificates: [DER, DER], hashes: [] })
  })

  test('is hashes, as the kernel names them or is built with them', () => {
    const text = `# of this year\n\ntbs:${ONE}\r\n"bin:${OTHER.toUpperCase()}",\n`
    assert.deepEqual(read(text), { certificates: [], hashes: [`tbs:${ONE}`, `bin:${OTHER}`] })
  })

  test('is what a firmware forbids, as efivarfs shows it and without that, and nothing where it forbids nothing', () => {
    const time = Buffer.alloc(16) // of revocation, behind the hash of a certificate
    const lists = Buffer.concat([
      signatureList(GUID.certX509, DER),
      signatureList(GUID.certSha256, SHA256),
      signatureList(GUID.certX509Sha256, Buffer.concat([SHA256, time])),
      signatureList(GUID.globalVariable, SHA256),
    ])
    const expected = { certificates: [DER], hashes: [`bin:${ONE}`, `tbs:${ONE}`] }
    assert.deepEqual(read(lists), expected)
    for (const attributes of [0x06, 0x27]) assert.deepEqual(read(Buffer.concat([Buffer.of(attributes, 0, 0, 0), lists])), expected)
    assert.deepEqual(read(Buffer.of(0x27, 0, 0, 0)), { certificates: [], hashes: [] })
  })

  test('is all of it together', () => {
    const all = togetherRevoked([`tbs:${ONE}`, `bin:${OTHER}`, DER].map((each) => readRevoked(Buffer.from(each))))
    assert.deepEqual([[...all.hashes], all.certificates.length], [[`tbs:${ONE}`, `bin:${OTHER}`], 1])
  })

  test('is nothing of which a part cannot be read: what is passed over would sign on', () => {
    const wrong: readonly (readonly [Buffer | string, RegExp, string | RegExp])[] = [
      ['', /names no certificate and no hash/, 'undefined'],
      ['# none\n', /names no certificate and no hash/, 'undefined'],
      [`tbs:${ONE}\nsha256:${ONE}\n`, /neither tbs: nor bin:/, 'line 2'],
      [`tbs:${ONE.slice(2)}`, /neither tbs: nor bin:/, 'line 1'],
      [`bin:${ONE} ${ONE}`, /neither tbs: nor bin:/, 'line 1'],
      [Buffer.alloc((16 << 20) + 1, '\n'), /more than 16777216 bytes/, 'undefined'],
      [writePem('CERTIFICATE', DER).repeat(1_001), /more than 1000 certificates/, 'undefined'],
      [DER.subarray(0, -1), /./, /./],
      [Buffer.concat([DER, Buffer.of(0)]), /./, /./],
      [signatureList(GUID.certSha256, SHA256).subarray(0, -1), /./, /signature/],
      [signatureList(GUID.certX509, DER.subarray(0, -1)), /./, /./],
    ]
    for (const [bytes, message, at] of wrong) {
      assert.throws(
        () => readRevoked(Buffer.from(bytes)),
        (error: { code: string; message: string; at?: string }) => {
          assert.equal(error.code, 'FORMAT')
          assert.match(error.message, message)
          if (typeof at === 'string') assert.equal(String(error.at), at)
          else assert.match(String(error.at), at)
          return true
        },
      )
    }
  })
})
