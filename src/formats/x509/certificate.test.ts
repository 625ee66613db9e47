import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  certificate,
  certificateRequest,
  der,
  dnsNames,
  extension,
  isCa,
  newPair,
  oid,
  policies,
  sequence,
  text,
  usages,
} from '../../../test/kit/certificates.ts'
import { ThymusError } from '../../core/errors.ts'
import { readCertificate, readCertificates } from './certificate.ts'
import { readCertificateRequest } from './request.ts'

const key = newPair()
const uri = (value: string) => extension('2.5.29.17', sequence(text(0x86, value)))
const constraints = (...parts: readonly Buffer[]) => extension('2.5.29.30', sequence(...parts), true)
const permitted = (...names: readonly Buffer[]) => der(0xa0, ...names.map((name) => sequence(name)))

const rich = certificate({
  subject: 'néo',
  key,
  extensions: [
    isCa(3),
    dnsNames('a.b', '*.c'),
    usages('1.3.6.1.5.5.7.3.1', '1.2.3'),
    policies('2.5.29.32.0', '1.2.3'),
    constraints(permitted(text(0x82, '.b'), der(0x87, Buffer.from('0a000000ff000000', 'hex')))),
    extension('2.5.29.15', der(0x03, Buffer.from([2, 0x04]))),
    extension('1.2.3.4', der(0x05), true),
    extension('2.5.29.36', sequence(der(0x80, Buffer.from([0])))),
  ],
})

test('a certificate is read to its last field', () => {
  const read = readCertificate(rich)
  assert.deepEqual(read.subject, [{ type: '2.5.4.3', value: 'néo' }])
  assert.equal(read.version, 3)
  assert.equal(read.notAfter.milliseconds, Date.UTC(2030, 0, 1))
  assert.deepEqual(read.extended.names.dns, ['a.b', '*.c'])
  assert.deepEqual(read.extended.basicConstraints, { isCa: true, maxPathLength: 3n })
  assert.deepEqual(read.extended.extendedKeyUsage, ['1.3.6.1.5.5.7.3.1', '1.2.3'])
  assert.deepEqual(read.extended.policies, ['2.5.29.32.0', '1.2.3'])
  assert.deepEqual(read.extended.nameConstraints?.permitted.networks, [
    { ip: Buffer.from([10, 0, 0, 0]), mask: Buffer.from([255, 0, 0, 0]) },
  ])
  assert.equal(read.extended.keyUsage, 1 << 5)
  assert.equal(read.extended.requireExplicitPolicy, 0n)
  assert.deepEqual(read.extended.unhandled, ['1.2.3.4'])
  assert.equal(readCertificates(Buffer.concat([rich, rich])).length, 2)
})

test('what no certificate may be is refused', () => {
  const bad = (request: Partial<Parameters<typeof certificate>[0]>) => certificate({ subject: 'x', key, ...request })
  for (const bytes of [
    Buffer.concat([rich, Buffer.from([0])]),
    bad({ version: 3 }),
    bad({ serial: der(0x02, Buffer.from([0xff])) }),
    bad({ serial: der(0x02, Buffer.from([0, 1])) }),
    bad({ from: '200132000000Z' }),
    bad({ extensions: [isCa(), isCa()] }),
    bad({ extensions: [policies('1.2.3', '1.2.3')] }),
    bad({ extensions: [dnsNames('é')] }),
    bad({ extensions: [uri('http://a:b:c/')] }),
    bad({ extensions: [uri('http://a b/')] }),
    bad({ extensions: [extension('2.5.29.17', sequence(der(0x87, Buffer.from([1, 2]))))] }),
    bad({ extensions: [constraints()] }),
    bad({ extensions: [constraints(permitted(der(0x87, Buffer.from('0a000000ff00ff00', 'hex'))))] }),
    bad({ extensions: [extension('2.5.29.14', der(0x04, Buffer.from([1])), true)] }),
    bad({ extensions: [extension('2.5.29.37', oid('1.2.3'))] }),
  ]) {
    assert.throws(() => readCertificate(bytes), { code: 'FORMAT' }, bytes.toString('hex'))
  }
})

test('a request is read, with the names that it asks for', () => {
  const read = readCertificateRequest(certificateRequest('x', key, [dnsNames('a.b'), isCa()]))
  assert.deepEqual(read.names.dns, ['a.b'])
  assert.deepEqual(
    read.extensions.map(({ id }) => id),
    ['2.5.29.17', '2.5.29.19'],
  )
  assert.throws(() => readCertificateRequest(certificateRequest('x', key, [isCa(), isCa()])), { code: 'FORMAT' })
})

test('certificates that were cut or changed anywhere are read or refused by code', () => {
  const refuses = (bytes: Buffer) => {
    try {
      readCertificate(bytes)
      return false
    } catch (error) {
      assert.ok(error instanceof ThymusError && error.code === 'FORMAT', String(error))
      return true
    }
  }
  for (let end = 0; end < rich.length; end++) assert.ok(refuses(rich.subarray(0, end)))
  let refused = 0
  for (let at = 0; at < rich.length; at++) {
    for (const bit of [1, 0x20, 0x80]) {
      const changed = Buffer.from(rich)
      changed[at]! ^= bit
      if (refuses(changed)) refused++
    }
  }
  assert.ok(refused > rich.length / 2, String(refused))
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => assert.ok(refuses(Buffer.from(bytes)))))
})

test('a request whose attribute is broken asks for nothing by it', () => {
  const broken = certificateRequest('x', key, [dnsNames('a.b')])
  const at = broken.indexOf(Buffer.from('a.b')) - 13
  // The list of extensions ends one byte before its last extension does.
  assert.equal(broken[at - 2], 0x30)
  broken[at - 1]! -= 1
  assert.deepEqual(readCertificateRequest(broken).extensions, [])
})
