import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { certificate, extension, isCa, newPair, pem, type Request, sequence } from '../../../../test/kit/certificates.ts'
import { QuoteAuthority } from '../../../../test/kit/dcap.ts'
import { ThymusError } from '../../../core/errors.ts'
import { readCertificate } from '../../../formats/x509/certificate.ts'
import { chainOf, readChainFile, readPemChain } from './chain.ts'
import { readPckExtension } from './pck.ts'

const authority = new QuoteAuthority()
const { root, pckAuthority, signer, pck } = authority.certificates
const ROLES = ['pck', 'pckAuthority', 'root'] as const
const read = (...ders: readonly Buffer[]) => ders.map(readCertificate)
const blocks = (...ders: readonly Buffer[]) => ders.map((each) => pem('CERTIFICATE', each)).join('')

describe('certificates in PEM', () => {
  test('are read to the last character, with either line end, and a NUL behind them', () => {
    const text = blocks(pck, pckAuthority, root)
    for (const whole of [text, `${text}\0`, text.trimEnd(), text.replaceAll('\n', '\r\n')])
      assert.deepEqual(
        readPemChain(Buffer.from(whole)).map(({ raw }) => raw),
        [pck, pckAuthority, root],
      )
  })

  test('with anything else among them are refused', () => {
    const text = blocks(pck, pckAuthority, root)
    for (const whole of [
      '',
      '\0',
      `\n${text}`,
      `${text}\n`,
      `${text}\0\0`,
      text.replace('END CERTIFICATE-----\n', 'END CERTIFICATE-----\n# the authority\n'),
      text.replace('-----BEGIN', '-----BEGIN X509'),
      text.replace('-----\n', '-----\nProc-Type: 4\n\n'),
      blocks(Buffer.concat([pck, Buffer.alloc(1)])),
      blocks(sequence(pck.subarray(4), Buffer.of(5, 0)), pckAuthority, root),
      'x'.repeat(1 << 17),
    ])
      assert.throws(() => readPemChain(Buffer.from(whole)), { code: 'FORMAT' }, JSON.stringify(whole.slice(0, 60)))
  })

  test('that spell their last bits otherwise are refused', () => {
    // One byte of 12 leaves four bits over; "DA" spells it, and so would "DB".
    let filled = pck
    while (filled.length % 3 === 0) filled = authority.platformCertificate()
    const text = blocks(filled)
    const at = text.indexOf('=') - 1
    const other = String.fromCharCode(text.charCodeAt(at) + 1)
    assert.throws(() => readPemChain(Buffer.from(text.slice(0, at) + other + text.slice(at + 1))), { code: 'FORMAT' })
  })

  test('of a file may have anything among them, or be DER', () => {
    for (const bytes of [Buffer.from(`Intel\n${blocks(pck, root)}\n\n`), Buffer.concat([pck, root])])
      assert.deepEqual(
        readChainFile(bytes).map(({ raw }) => raw),
        [pck, root],
      )
    assert.deepEqual(readChainFile(Buffer.from('none')), [])
  })
})

describe('a chain', () => {
  const isChain = (given: readonly Buffer[], anchors = authority.anchors) => typeof chainOf(read(...given), ROLES, anchors) !== 'string'

  test('is found in whatever order its certificates stand', () => {
    for (const given of [
      [pck, pckAuthority, root],
      [root, pckAuthority, pck],
      [pckAuthority, pck, root],
    ])
      assert.ok(isChain(given))
  })

  test('has one certificate of each role and no other', () => {
    for (const given of [[], [pck], [pck, root], [pck, pckAuthority], [pck, pckAuthority, root, signer], [pck, pck, pckAuthority, root]])
      assert.equal(isChain(given), false)
    assert.equal(typeof chainOf(read(pck, pckAuthority, root), ['collateral', 'root'], authority.anchors), 'string')
  })

  test('ends in a key that is pinned, not in a name', () => {
    assert.equal(isChain([pck, pckAuthority, root], []), false)
    assert.equal(isChain([pck, pckAuthority, root], new QuoteAuthority().anchors), false)
    const other = new QuoteAuthority().certificates
    for (const given of [
      [other.pck, pckAuthority, root],
      [pck, other.pckAuthority, root],
      [pck, pckAuthority, other.root],
    ])
      assert.equal(isChain(given), false)
  })

  test('is none where an issuer may not issue', () => {
    const key = newPair()
    const subject = 'Intel SGX PCK Platform CA'
    const leaf = certificate({ ...authority.pck, issuer: { subject, key } })
    const below = (more: Partial<Request>) => isChain([leaf, certificate({ subject, key, issuer: authority.root, ...more }), root])
    const mayIssue = readCertificate(pckAuthority).extensions.find(({ id }) => id === '2.5.29.15')!
    const usage = extension(mayIssue.id, mayIssue.value, true)
    assert.ok(below({ extensions: [isCa(0), usage] }))
    const rootAbove = (length: number) => certificate({ ...authority.root, extensions: [isCa(length), usage] })
    assert.ok(isChain([pck, pckAuthority, rootAbove(1)]))
    assert.equal(isChain([pck, pckAuthority, rootAbove(0)]), false)
    for (const more of [
      { extensions: [] },
      { extensions: [usage] },
      { extensions: [isCa(0)] },
      { extensions: [isCa(0), usage, extension('1.2.3', Buffer.from([5, 0]), true)] },
      { extensions: [isCa(0), usage], hash: 'sha1' },
      { extensions: [isCa(0), usage], issuer: { subject: 'Intel SGX Root CA', key: newPair() } },
      { extensions: [isCa(0), usage], issuer: { subject: 'Another', key: authority.root.key } },
    ] as readonly Partial<Request>[])
      assert.equal(below(more), false, JSON.stringify(more))
  })
})

test('what Intel writes into a certificate of a platform is read, or refused by code wherever it is damaged', () => {
  const whole = readCertificate(pck)
  const extended = readPckExtension(whole)
  assert.equal(extended.fmspc.toString('hex'), '00906ea10000')
  assert.equal(extended.sgxType, 'scalable')
  assert.deepEqual(extended.tcb.components.slice(0, 8), [7, 9, 2, 2, 4, 1, 0, 5])
  assert.throws(() => readPckExtension(readCertificate(root)), { code: 'FORMAT' })
  const { id, critical, value } = whole.extensions[0]!
  for (let at = 0; at < value.length; at++) {
    for (const damaged of [
      value.subarray(0, at),
      Buffer.concat([value.subarray(0, at), Buffer.from([value[at]! ^ 0x81]), value.subarray(at + 1)]),
    ]) {
      try {
        readPckExtension({ ...whole, extensions: [{ id, critical, value: damaged }] })
        assert.equal(damaged.length, value.length, 'what is cut off is never read')
      } catch (error) {
        assert.ok(error instanceof ThymusError && error.code === 'FORMAT')
      }
    }
  }
})
