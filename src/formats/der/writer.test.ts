import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { DerReader } from './reader.ts'
import { TAG } from './tags.ts'
import { bits, boolean, element, integer, namedBits, octets, oid, sequence, time, utf8 } from './writer.ts'

const hex = (bytes: Buffer) => bytes.toString('hex')

test('values have the bytes that X.690 gives as examples', () => {
  assert.equal(hex(integer(0n)), '020100')
  assert.equal(hex(integer(127n)), '02017f')
  assert.equal(hex(integer(128n)), '02020080')
  assert.equal(hex(oid('2.999.3')), '0603883703')
  assert.equal(hex(oid('1.2.840.113549')), '06062a864886f70d')
  assert.equal(hex(namedBits(5, 6)), '03020106')
  assert.equal(hex(namedBits(0)), '03020780')
  assert.equal(hex(bits(Buffer.of(1))), '03020001')
  assert.equal(hex(sequence(boolean(true), utf8('é'))), '30070101ff0c02c3a9')
  assert.equal(time(Date.UTC(2049, 11, 31, 23, 59, 59)).toString('latin1', 2), '491231235959Z')
  assert.equal(time(Date.UTC(2050, 0)).toString('latin1', 2), '20500101000000Z')
  assert.equal(hex(octets(Buffer.alloc(128)).subarray(0, 3)), '048180')
  assert.equal(hex(octets(Buffer.alloc(256)).subarray(0, 4)), '04820100')
})

test('what is written is read again', () => {
  const parts = fc.tuple(
    fc.bigInt({ min: 0n, max: 1n << 200n }),
    fc.uint8Array({ maxLength: 70_000 }),
    fc.date({ min: new Date(-1e12), max: new Date(1e14), noInvalidDate: true }),
  )
  fc.assert(
    fc.property(parts, fc.array(fc.nat(2 ** 31 - 1), { maxLength: 9 }), ([number, bytes, date], rest) => {
      const name = [1, 3, ...rest].join('.')
      const reader = new DerReader(sequence(integer(number), octets(bytes), time(date.getTime()), oid(name))).enter(TAG.sequence)
      assert.equal(reader.integer(), number)
      assert.ok(reader.octets().equals(bytes))
      assert.equal(reader.time().milliseconds, Math.floor(date.getTime() / 1000) * 1000)
      assert.equal(reader.oid(), name)
      reader.finish()
    }),
    { numRuns: 200 },
  )
  assert.equal(new DerReader(element(TAG.null)).content(TAG.null).length, 0)
})
