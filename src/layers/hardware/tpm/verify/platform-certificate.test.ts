import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import {
  certificate,
  commonName,
  der,
  extension,
  integer,
  isCa,
  newPair,
  newRsaPair,
  oid,
  sequence,
  text,
} from '../../../../../test/kit/certificates.ts'
import {
  alternativeNames,
  attributeCertificate,
  ekCertificate,
  newAuthority,
  platformAttribute,
  utf8,
} from '../../../../../test/kit/tpm-certificates.ts'
import { newEccKey } from '../../../../../test/kit/tpm-evidence.ts'
import { writePem } from '../../../../formats/pem.ts'
import { readCertificate } from '../../../../formats/x509/certificate.ts'
import { readPlatformCertificate, readPlatformFile } from '../abi/platform-certificate.ts'
import { readVendorCertificate } from '../abi/vendor-certificate.ts'
import { type PlatformStatement, verifyPlatformCertificate } from './platform-certificate.ts'

const SHA256 = '2.16.840.1.101.3.4.2.1'
const enumerated = (value: number) => der(0x0a, Buffer.of(value))
const yes = der(0x01, Buffer.of(0xff))
const ia5 = (value: string) => text(0x16, value)
const root = newAuthority('root')
const issuer = newAuthority('issuer', root)
const ek = readVendorCertificate(ekCertificate(newEccKey({ storage: true }), root, { serial: integer(9) }))

const name = (id: string, value: string) => der(0x31, sequence(oid(id), utf8(value)))
const names = alternativeNames(
  name('2.23.133.5.1.1', 'maker'),
  name('2.23.133.5.1.4', 'board'),
  name('2.23.133.5.1.5', 'r2'),
  name('2.23.133.5.1.6', 'sn'),
)
const component = (...more: readonly Buffer[]) =>
  sequence(sequence(oid('2.23.133.18.3.1'), der(0x04, Buffer.from('00060004', 'hex'))), utf8('maker'), utf8('disk'), ...more)
const configuration = platformAttribute(
  '2.23.133.5.1.7.2',
  sequence(
    der(
      0xa0,
      component(
        text(0x80, 'serial'),
        text(0x81, '1.0'),
        der(0x82, Buffer.from('2b06010401827a', 'hex')),
        der(0x83, Buffer.of(0xff)),
        der(0xa4, sequence(oid('2.23.133.17.1'), utf8('00:11'))),
        der(0xa5, der(0xa0, sequence())),
        der(0x87, Buffer.of(1)),
      ),
      component(),
    ),
    der(0xa1, ia5('https://example.com/components')),
    der(0xa2, sequence(utf8('AMT'), utf8('true'), der(0x80, Buffer.of(2)))),
    der(0xa3, ia5('https://example.com/properties'), sequence(oid('2.16.840.1.101.3.4.2.1')), der(0x03, Buffer.of(0, 1, 2))),
  ),
)
const assertions = platformAttribute(
  '2.23.133.2.19',
  sequence(
    integer(1),
    der(
      0xa0,
      ia5('3.1'),
      enumerated(4),
      enumerated(2),
      yes,
      der(0x80, Buffer.of(1)),
      der(0x81, Buffer.of(0x2a)),
      der(0xa2, ia5('https://example.com')),
    ),
    der(0xa1, ia5('140-2'), enumerated(3)),
    der(0x82, Buffer.of(3)),
    yes,
    ia5('https://example.com/iso'),
  ),
)
const specification = platformAttribute(
  '2.23.133.2.17',
  sequence(sequence(integer(2), integer(0), integer(43)), der(0x04, Buffer.of(0, 0, 0, 1))),
)
const attributes = [specification, assertions, configuration, platformAttribute('1.2.3', utf8('unknown'))]
const request = { holder: { issuer: 'root', serial: 9 }, attributes, extensions: [names] }
const whole = attributeCertificate(request, issuer)

const statement: PlatformStatement = {
  platform: readPlatformCertificate(whole),
  roots: [readCertificate(root.der)],
  intermediates: [readCertificate(issuer.der)],
  now: Date.UTC(2026, 0),
  ekCertificate: ek,
}
const verdicts = (given: PlatformStatement) => verifyPlatformCertificate(given).map(({ verdict }) => verdict.is)

describe('a platform certificate', () => {
  test('is read to its last field', () => {
    const read = readPlatformCertificate(whole)
    assert.deepEqual(read.platform, { manufacturer: 'maker', model: 'board', version: 'r2', serial: 'sn' })
    assert.deepEqual(read.specification, { major: 2, minor: 0, revision: 43 })
    assert.deepEqual(read.assertions, {
      ...{ version: 1, measurementRoot: 3, iso9000Certified: true, iso9000Uri: 'https://example.com/iso' },
      commonCriteria: {
        ...{ version: '3.1', assuranceLevel: 4, evaluationStatus: 2, plus: true, strengthOfFunction: 1, profile: '1.2' },
        profileUri: { uri: 'https://example.com' },
      },
      fips: { version: '140-2', level: 3, plus: false },
    })
    const disk = { registry: '2.23.133.18.3.1', class: Buffer.from('00060004', 'hex'), manufacturer: 'maker', model: 'disk' }
    assert.deepEqual(read.configuration, {
      components: [
        {
          ...{ ...disk, serial: 'serial', revision: '1.0', manufacturerId: Buffer.from('2b06010401827a', 'hex'), fieldReplaceable: true },
          ...{ addresses: [{ type: '2.23.133.17.1', value: '00:11' }], status: 1 },
        },
        { ...disk, fieldReplaceable: false, addresses: [] },
      ],
      componentsUri: { uri: 'https://example.com/components' },
      properties: [{ name: 'AMT', value: 'true', status: 2 }],
      propertiesUri: { uri: 'https://example.com/properties', hashAlgorithm: '2.16.840.1.101.3.4.2.1', hash: Buffer.of(1, 2) },
    })
    assert.deepEqual([read.others, read.holder?.certificate?.serial, read.serial, read.version], [['1.2.3'], 9n, 7n, 2])
  })

  test('in its first version has other tags, and one property may stand alone', () => {
    const old = platformAttribute(
      '2.23.133.5.1.7.1',
      sequence(der(0xa0, sequence(utf8('maker'), utf8('cpu'))), der(0xa1, utf8('vPro'), utf8('true'))),
    )
    const { configuration: read } = readPlatformCertificate(attributeCertificate({ ...request, attributes: [old] }, issuer))
    assert.deepEqual(read, {
      components: [{ manufacturer: 'maker', model: 'cpu', fieldReplaceable: false, addresses: [] }],
      properties: [{ name: 'vPro', value: 'true' }],
    })
  })

  test('of a key says the same among its extensions', () => {
    const key = newPair()
    const more = extension('2.5.29.9', sequence(...attributes))
    const bytes = certificate({ subject: 'platform', key, issuer, extensions: [names, more] })
    const read = readPlatformCertificate(bytes)
    const { platform, assertions: asserted, configuration: configured } = statement.platform
    assert.deepEqual([read.platform, read.assertions, read.configuration], [platform, asserted, configured])
    assert.deepEqual(verdicts({ ...statement, platform: read }), ['pass', 'unknown'])
    assert.deepEqual(verdicts({ ...statement, platform: read, roots: [] }), ['unknown', 'unknown'])
  })

  test('is genuine if who has signed it is trusted, and about the TPM of its holder', () => {
    assert.deepEqual(verdicts(statement), ['pass', 'pass'])
    const { ekCertificate: _, ...noEk } = statement
    assert.deepEqual(verdicts(noEk), ['pass', 'unknown'])
    assert.deepEqual(verdicts({ ...statement, roots: [] }), ['unknown', 'pass'])
    assert.deepEqual(verdicts({ ...statement, roots: [], now: Date.UTC(2030, 1) }), ['fail', 'pass'])
    const stranger = newAuthority('issuer', root)
    for (const given of [
      { intermediates: [] },
      { intermediates: [readCertificate(stranger.der)] },
      { now: Date.UTC(2019, 0) },
      { now: Date.UTC(2030, 1) },
      { platform: readPlatformCertificate(attributeCertificate({ ...request, to: '20250101000000Z' }, issuer)) },
      { platform: readPlatformCertificate(attributeCertificate({ ...request, issuer: 'another' }, issuer)) },
      {
        platform: readPlatformCertificate(
          attributeCertificate({ ...request, extensions: [names, extension('1.2.3', sequence(), true)] }, issuer),
        ),
      },
    ])
      assert.equal(verdicts({ ...statement, ...given })[0], 'fail')
    for (const holder of [
      { issuer: 'root', serial: 8 },
      { issuer: 'other', serial: 9 },
    ])
      assert.deepEqual(
        verdicts({ ...statement, platform: readPlatformCertificate(attributeCertificate({ ...request, holder }, issuer)) }),
        ['pass', 'fail'],
      )
    const idle = newAuthority('issuer', root, { extensions: [isCa(), extension('2.5.29.15', der(0x03, Buffer.of(3, 0x08)), true)] })
    const bySomeoneIdle = readPlatformCertificate(attributeCertificate(request, idle))
    assert.equal(verdicts({ ...statement, platform: bySomeoneIdle, intermediates: [readCertificate(idle.der)] })[0], 'fail')
    const notCa = certificate({ subject: 'leaf', key: newPair(), issuer: root, extensions: [isCa()] })
    assert.equal(verdicts({ ...statement, intermediates: [readCertificate(notCa)] })[0], 'fail')
  })

  test('may name its holder by a digest of the certificate or of its key, and then all that it names counts', () => {
    const digestOf = (of: number, hash: string, bytes: Buffer, more: Buffer = Buffer.alloc(0)) => {
      const object = [enumerated(of), sequence(oid(hash)), der(0x03, Buffer.of(0), bytes)]
      return Buffer.concat([more, der(0xa2, ...object)])
    }
    const about = (holder: Buffer) =>
      verdicts({ ...statement, platform: readPlatformCertificate(attributeCertificate({ ...request, holder }, issuer)) })[1]
    const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest()
    const named = (serial: number) => der(0xa0, sequence(der(0xa4, commonName('root'))), integer(serial))
    assert.equal(about(digestOf(0, SHA256, sha256(ek.publicKey.raw))), 'pass')
    assert.equal(about(digestOf(1, SHA256, sha256(ek.raw))), 'pass')
    assert.equal(about(digestOf(1, SHA256, sha256(ek.raw), named(9))), 'pass')
    assert.equal(about(digestOf(1, SHA256, sha256(ek.raw), named(8))), 'fail')
    assert.equal(about(digestOf(0, SHA256, sha256(ek.raw), named(9))), 'fail')
    assert.equal(about(digestOf(1, SHA256, sha256(ek.raw).subarray(1))), 'fail')
    assert.equal(about(digestOf(2, SHA256, sha256(ek.raw))), 'unknown')
    assert.equal(about(digestOf(1, '1.3.14.3.2.26', createHash('sha1').update(ek.raw).digest())), 'unknown')
    assert.equal(about(Buffer.alloc(0)), 'unknown')
    for (const holder of [
      der(0xa2, enumerated(3), sequence(oid(SHA256)), der(0x03, Buffer.of(0))),
      Buffer.concat([named(9), named(9)]),
      der(0xa2),
    ])
      assert.throws(() => about(holder), { code: 'FORMAT' })
  })

  test('names its holder as that was issued, DER or not', () => {
    const unsorted = sequence(der(0x31, sequence(oid('2.5.4.3'), utf8('Root 1111')), sequence(oid('2.5.4.6'), text(0x13, 'TW'))))
    const negative = der(0x02, Buffer.from('80aabb', 'hex'))
    const key = newRsaPair()
    const forOaep = (bytes: Buffer) => Buffer.from(bytes.toString('hex').replace('2a864886f70d010101', '2a864886f70d010107'), 'hex')
    const odd = forOaep(certificate({ subject: 'EK', key, issuer: newAuthority(unsorted), serial: negative }))
    const ekCertificate = readVendorCertificate(odd)
    assert.deepEqual(ekCertificate.oddities, ['set-order', 'serial', 'key-algorithm'])
    const about = (holder: Buffer) =>
      verdicts({ ...statement, ekCertificate, platform: readPlatformCertificate(attributeCertificate({ ...request, holder }, issuer)) })[1]
    const named = (name: Buffer, serial: Buffer) => der(0xa0, sequence(der(0xa4, name)), serial)
    assert.equal(about(named(unsorted, negative)), 'pass')
    assert.equal(about(named(unsorted, der(0x02, Buffer.from('0080aabb', 'hex')))), 'fail')
    const digest = createHash('sha256')
      .update(forOaep(key.publicKey.export({ format: 'der', type: 'spki' })))
      .digest()
    assert.equal(about(der(0xa2, enumerated(0), sequence(oid(SHA256)), der(0x03, Buffer.of(0), digest))), 'pass')
  })

  test('that says what has changed since another is not about a TPM by itself', () => {
    const delta = platformAttribute('2.23.133.2.25', sequence(oid('2.23.133.8.5')))
    const holder = { issuer: 'issuer', serial: 7 }
    const read = (attributes: readonly Buffer[]) =>
      readPlatformCertificate(attributeCertificate({ ...request, attributes, holder }, issuer))
    assert.deepEqual(verdicts({ ...statement, platform: read([delta]) }), ['pass', 'unknown'])
    assert.deepEqual(verdicts({ ...statement, platform: read([]) }), ['pass', 'fail'])
  })

  test('in a file is DER or one block of PEM', () => {
    const pem = writePem('ATTRIBUTE CERTIFICATE', whole)
    for (const bytes of [whole, Buffer.from(pem), Buffer.from(`from the maker\n${pem}`)])
      assert.deepEqual(readPlatformFile(bytes).raw, whole)
    for (const bytes of [Buffer.alloc(0), Buffer.from(pem + pem), Buffer.from('none'), Buffer.concat([whole, Buffer.of(0)])])
      assert.throws(() => readPlatformFile(bytes), { code: 'FORMAT' })
  })

  test('with a flipped bit is not genuine, or no certificate', () => {
    for (let at = 0; at < whole.length; at += 5) {
      const changed = Buffer.from(whole)
      changed[at]! ^= 1 << (at % 8)
      try {
        assert.equal(verdicts({ ...statement, platform: readPlatformCertificate(changed) })[0], 'fail', `byte ${at}`)
      } catch (error) {
        assert.equal((error as { code: string }).code, 'FORMAT', `byte ${at}: ${error}`)
      }
    }
  })

  test('that is cut off, or of another shape, is refused', () => {
    for (let length = 0; length < whole.length; length += 3)
      assert.throws(() => readPlatformCertificate(whole.subarray(0, length)), { code: 'FORMAT' })
    for (const bytes of [Buffer.concat([whole, Buffer.of(0)]), sequence(sequence()), sequence(sequence(integer(1)))])
      assert.throws(() => readPlatformCertificate(bytes), { code: 'FORMAT' })
  })
})
