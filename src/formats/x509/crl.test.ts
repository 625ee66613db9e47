import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  certificate,
  der,
  extension,
  integer,
  isCa,
  type ListRequest,
  newPair,
  newRsaPair,
  revocationList,
  sequence,
} from '../../../test/kit/certificates.ts'
import { ThymusError } from '../../core/errors.ts'
import { readCertificate } from './certificate.ts'
import { isCurrent, isListOf, readCrl } from './crl.ts'

const authority = { subject: 'authority', key: newPair() }
const issuer = readCertificate(certificate({ ...authority, extensions: [isCa()] }))
const reason = (number: number) => extension('2.5.29.21', der(0x0a, Buffer.of(number)))
const make = (change: Partial<ListRequest> = {}) => readCrl(revocationList({ issuer: authority, ...change }))

describe('a revocation list', () => {
  test('names what is revoked, and why', () => {
    const { revoked, number } = make({
      revoked: [{ serial: 5, extensions: [reason(1)] }, { serial: 6, extensions: [reason(10)] }, { serial: 7 }],
      extensions: [extension('2.5.29.20', integer(9))],
    })
    assert.deepEqual(
      [...revoked].map(([serial, entry]) => [serial, entry.reason, entry.at.milliseconds]),
      [
        [5n, 'keyCompromise', Date.UTC(2024, 0)],
        [6n, 'aACompromise', Date.UTC(2024, 0)],
        [7n, 'unspecified', Date.UTC(2024, 0)],
      ],
    )
    assert.equal(number, 9n)
  })

  test('is of the authority that signed it, by RSA-PSS too', () => {
    assert.ok(isListOf(issuer, make()))
    const other = { subject: 'authority', key: newPair() }
    assert.ok(!isListOf(issuer, make({ issuer: other })))
    assert.ok(!isListOf(issuer, make({ issuer: { ...authority, subject: 'another' } })))
    const rsa = { subject: 'rsa', key: newRsaPair() }
    assert.ok(isListOf(readCertificate(certificate({ ...rsa, hash: 'sha384' })), make({ issuer: rsa, hash: 'sha384' })))
  })

  test('is not of an authority whose key may sign none', () => {
    const usage = (bits: number) => extension('2.5.29.15', der(0x03, Buffer.of(1, bits)), true)
    const may = (bits: number) => isListOf(readCertificate(certificate({ ...authority, extensions: [usage(bits)] })), make())
    assert.ok(may(0x06))
    assert.ok(!may(0x04))
  })

  test('that is a part, a delta or indirect stands for nobody', () => {
    for (const id of ['2.5.29.27', '2.5.29.28']) {
      assert.ok(!isListOf(issuer, make({ extensions: [extension(id, integer(1), true)] })), id)
    }
    assert.ok(!isListOf(issuer, make({ revoked: [{ serial: 1, extensions: [extension('2.5.29.29', sequence(), true)] }] })))
  })

  test('speaks of the time between its two dates; without the second of none', () => {
    const at = (change: Partial<ListRequest>, now: number) => isCurrent(make(change), now)
    assert.ok(at({}, Date.UTC(2025, 0)))
    assert.ok(!at({}, Date.UTC(2019, 0)))
    assert.ok(!at({}, Date.UTC(2031, 0)))
    assert.ok(!at({ to: null }, Date.UTC(2025, 0)))
  })
})

describe('bytes that are no list', () => {
  const whole = revocationList({ issuer: authority, revoked: [{ serial: 5, extensions: [reason(1)] }] })

  test('cut at any byte, or followed by one, are refused', () => {
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => readCrl(whole.subarray(0, length)), { code: 'FORMAT' }, `${length}`)
    }
    assert.throws(() => readCrl(Buffer.concat([whole, Buffer.of(0)])), { code: 'FORMAT' })
  })

  test('with any bit flipped are refused, or signed by nobody', () => {
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const flipped = Buffer.from(whole)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      try {
        assert.ok(!isListOf(issuer, readCrl(flipped)), `bit ${bit}`)
      } catch (error) {
        assert.ok(error instanceof ThymusError, `bit ${bit}: ${error}`)
      }
    }
  })

  test('with a reason that is none, or an extension twice, are refused', () => {
    for (const extensions of [[reason(7)], [reason(11)], [reason(1), reason(1)]]) {
      assert.throws(() => make({ revoked: [{ serial: 1, extensions }] }), { code: 'FORMAT' })
    }
  })
})
