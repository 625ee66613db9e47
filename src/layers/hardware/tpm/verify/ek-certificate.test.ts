import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { der, extension, isCa, oid, pem, sequence, text, usages } from '../../../../../test/kit/certificates.ts'
import { alternativeNames, EK_USAGE, ekCertificate, newAuthority, tpmNames } from '../../../../../test/kit/tpm-certificates.ts'
import { newEccKey, newRsaKey } from '../../../../../test/kit/tpm-evidence.ts'
import { readCertificate } from '../../../../formats/x509/certificate.ts'
import { OBJECT } from '../abi/algorithms.ts'
import { readVendorCertificate, readVendorCertificates } from '../abi/vendor-certificate.ts'
import { type EkStatement, verifyEkCertificate } from './ek-certificate.ts'

const EK = OBJECT.fixedTpm | OBJECT.fixedParent | OBJECT.sensitiveDataOrigin | OBJECT.adminWithPolicy | OBJECT.restricted | OBJECT.decrypt
const ek = newEccKey({ storage: true, attributes: EK })
const root = newAuthority('root')
const middle = newAuthority('middle', root)
const leaf = ekCertificate(ek, middle)
const good: EkStatement = {
  certificate: readVendorCertificate(leaf),
  roots: [readCertificate(root.der)],
  intermediates: [readCertificate(middle.der)],
  now: Date.UTC(2026, 0),
  ek: ek.area,
}
const keyUsage = (bits: number) => extension('2.5.29.15', der(0x03, Buffer.of(0, bits)), true)
const failing = (statement: EkStatement) =>
  verifyEkCertificate(statement)
    .checks.filter(({ verdict }) => verdict.is === 'fail')
    .map(({ code }) => code)
const withLeaf = (bytes: Buffer) => ({ ...good, certificate: readVendorCertificate(bytes) })

describe('the certificate of an endorsement key', () => {
  test('leads to its root, and names the TPM', () => {
    const { checks, identity, chain } = verifyEkCertificate(good)
    assert.deepEqual(new Set(checks.map(({ verdict }) => verdict.is)), new Set(['pass']))
    assert.deepEqual(identity, { manufacturer: 'id:54455354', model: 'model', version: 'id:00010002' })
    assert.equal(chain.length, 3)
    const rsa = newRsaKey({ storage: true, attributes: EK })
    assert.deepEqual(failing({ ...withLeaf(ekCertificate(rsa, middle)), ek: rsa.area }), [])
    for (const bits of [0x20, 0x08])
      assert.deepEqual(failing(withLeaf(ekCertificate(ek, middle, { extensions: [tpmNames(), usages(EK_USAGE), keyUsage(bits)] }))), [])
  })

  test('is refused for each thing that is not as the profile has it', () => {
    const other = newAuthority('root')
    for (const [code, statement] of [
      ['TPM_EK_CHAIN', { ...good, roots: [readCertificate(other.der)] }],
      ['TPM_EK_CHAIN', { ...good, intermediates: [] }],
      ['TPM_EK_CHAIN', { ...good, now: Date.UTC(2019, 0) }],
      ['TPM_EK_CHAIN', { ...good, now: Date.UTC(2031, 0) }],
      [
        'TPM_EK_CHAIN',
        withLeaf(ekCertificate(ek, middle, { extensions: [tpmNames(), usages(EK_USAGE), extension('1.2.3.4', Buffer.of(5, 0), true)] })),
      ],
      ['TPM_EK_USAGE', withLeaf(ekCertificate(ek, middle, { extensions: [tpmNames()] }))],
      ['TPM_EK_USAGE', withLeaf(ekCertificate(ek, middle, { extensions: [tpmNames(), usages(EK_USAGE), isCa()] }))],
      ['TPM_EK_USAGE', withLeaf(ekCertificate(ek, middle, { extensions: [tpmNames(), usages(EK_USAGE), keyUsage(0x80)] }))],
      ['TPM_EK_KEY', { ...good, ek: newEccKey({ storage: true, attributes: EK }).area }],
      ['TPM_EK_ATTRIBUTES', { ...good, ek: { ...ek.area, attributes: EK & ~OBJECT.restricted } }],
      ['TPM_EK_ATTRIBUTES', { ...good, ek: { ...ek.area, attributes: EK | OBJECT.sign } }],
    ] as const) {
      assert.deepEqual(failing(statement as EkStatement), [code])
    }
    const serverUsage = ekCertificate(ek, middle, { extensions: [tpmNames(), usages('1.3.6.1.5.5.7.3.1')] })
    assert.deepEqual(failing(withLeaf(serverUsage)), ['TPM_EK_CHAIN', 'TPM_EK_USAGE'])
    // Names that do not say what TPM it is do not count as read, so that a critical extension stays unknown.
    for (const names of [tpmNames({ manufacturer: 'id:54455354', model: 'model' }), alternativeNames()])
      assert.deepEqual(failing(withLeaf(ekCertificate(ek, middle, { extensions: [names, usages(EK_USAGE)] }))), [
        'TPM_EK_CHAIN',
        'TPM_EK_NAMES',
      ])
  })

  test('leaves open whether it is for the key, where none is shown, and where it leads, where no root is named', () => {
    const { ek: _, ...rest } = good
    const open = (statement: EkStatement) =>
      verifyEkCertificate(statement).checks.flatMap(({ code, verdict }) => (verdict.is === 'unknown' ? [code] : []))
    assert.deepEqual(open(rest), ['TPM_EK_KEY', 'TPM_EK_ATTRIBUTES'])
    assert.deepEqual(open({ ...good, roots: [] }), ['TPM_EK_CHAIN'])
  })

  test('with a bit of what is signed flipped leads nowhere, or is no certificate', () => {
    const from = leaf.indexOf(Buffer.from('id:54455354'))
    for (let bit = 0; bit < 8 * 11; bit++) {
      const changed = Buffer.from(leaf)
      changed[from + (bit >> 3)]! ^= 1 << (bit & 7)
      let found: readonly string[]
      try {
        found = failing(withLeaf(changed))
      } catch (error) {
        found = [(error as { code: string }).code]
      }
      assert.ok(found.includes('TPM_EK_CHAIN') || found.includes('FORMAT'))
    }
  })
})

describe('a certificate', () => {
  test('is found in what an NV index has around it', () => {
    const wrapped = (bytes: Buffer, full: boolean) => {
      const inside = full ? Buffer.concat([Buffer.from('1002', 'hex'), bytes]) : bytes
      return Buffer.concat([
        Buffer.from('100100', 'hex'),
        Buffer.of(inside.length >> 8, inside.length & 0xff),
        inside,
        Buffer.alloc(9, 0xff),
      ])
    }
    for (const form of [
      leaf,
      Buffer.from(pem('CERTIFICATE', leaf)),
      Buffer.concat([leaf, Buffer.alloc(300, 0xff)]),
      Buffer.concat([leaf, Buffer.alloc(300)]),
      wrapped(leaf, false),
      wrapped(leaf, true),
    ]) {
      const certificate = readVendorCertificate(form)
      assert.deepEqual([certificate.raw, certificate.oddities], [leaf, []])
    }
    const both = Buffer.concat([middle.der, root.der, Buffer.alloc(7)])
    assert.deepEqual(
      readVendorCertificates(both).map(({ raw }) => raw),
      [middle.der, root.der],
    )
    for (const bad of [
      Buffer.alloc(0),
      Buffer.alloc(40),
      Buffer.concat([leaf, Buffer.from('rubbish')]),
      leaf.subarray(0, -1),
      both,
      Buffer.from('1001010000', 'hex'),
      Buffer.from('100100ffff', 'hex'),
    ])
      assert.throws(() => readVendorCertificate(bad), { code: 'FORMAT' })
  })

  test('that departs from DER as makers do is read, named, and verified over its bytes', () => {
    // One set of several attributes, the longer before the shorter: no DER, and what Nuvoton's roots have.
    const names = alternativeNames(
      der(
        0x31,
        ...[
          sequence(oid('2.23.133.2.2'), text(0x13, 'a_model')),
          sequence(oid('2.23.133.2.1'), text(0x13, 'id:1')),
          sequence(oid('2.23.133.2.3'), text(0x13, 'v')),
        ],
      ),
    )
    const odd = ekCertificate(ek, middle, {
      extensions: [names, usages(EK_USAGE)],
      serial: Buffer.from('020200 05'.replace(' ', ''), 'hex'),
    })
    const statement = withLeaf(odd)
    assert.deepEqual(statement.certificate.oddities, ['set-order', 'integer', 'text'])
    assert.deepEqual(statement.certificate.raw, odd)
    assert.deepEqual(failing(statement), [])
    assert.equal(verifyEkCertificate(statement).checks.find(({ code }) => code === 'TPM_EK_ENCODING')?.got, 'set-order, integer, text')
    const negative = withLeaf(ekCertificate(ek, middle, { serial: Buffer.from('0201ff', 'hex') }))
    assert.deepEqual([negative.certificate.oddities, negative.certificate.serial, failing(negative)], [['serial'], -1n, []])
    const trueIsOne = usagesCritical(0x01)
    assert.deepEqual(withLeaf(ekCertificate(ek, middle, { extensions: [tpmNames(), trueIsOne] })).certificate.oddities, ['boolean'])
  })

  test('with a length longer than it needs, or unused bits set, is read; one of indefinite length is not', () => {
    const body = leaf.subarray(4)
    const long = Buffer.concat([Buffer.from([0x30, 0x83, 0]), leaf.subarray(2, 4), body])
    assert.deepEqual(failing(withLeaf(long)), [])
    assert.deepEqual(readVendorCertificate(long).oddities, ['length'])
    const keyUsage = extension('2.5.29.15', der(0x03, Buffer.from([5, 0x3f])), true)
    assert.deepEqual(readVendorCertificate(ekCertificate(ek, middle, { extensions: [keyUsage, tpmNames()] })).oddities, ['bits'])
    assert.throws(() => readVendorCertificate(Buffer.concat([Buffer.from([0x30, 0x80]), body, Buffer.alloc(2)])), { code: 'FORMAT' })
    assert.throws(() => readVendorCertificate(Buffer.concat([Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), body])), { code: 'FORMAT' })
    let deep: Buffer = Buffer.alloc(0)
    for (let depth = 0; depth < 40; depth++) deep = sequence(deep)
    assert.throws(() => readVendorCertificate(deep), { code: 'FORMAT', message: /inside one another/ })
  })

  test('whose key is marked as one for OAEP alone has the key all the same', () => {
    const rsa = newRsaKey({ storage: true, attributes: EK })
    const plain = ekCertificate(rsa, middle)
    const marked = Buffer.from(
      plain.toString('latin1').replace('\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01', '\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07'),
      'latin1',
    )
    const certificate = readVendorCertificate(marked)
    assert.deepEqual(certificate.oddities, ['key-algorithm'])
    assert.deepEqual(certificate.publicKey, readVendorCertificate(plain).publicKey)
    assert.ok(marked.includes(certificate.rawPublicKey) && !plain.includes(certificate.rawPublicKey))
  })
})

const usagesCritical = (byte: number) => sequence(oid('2.5.29.37'), der(0x01, Buffer.of(byte)), der(0x04, sequence(oid(EK_USAGE))))
