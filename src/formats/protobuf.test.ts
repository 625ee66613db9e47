import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../core/errors.ts'
import { bytesOf, lastBytesOf, numberOf, readProtobuf } from './protobuf.ts'

const read = (hex: string) => readProtobuf(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

test('fields are read by their number, whatever their type', () => {
  // The examples of protobuf.dev: 150 in field 1, "testing" in field 2, and fixed values.
  const fields = read('08 9601  12 07 74657374696e67  1d 01000000  21 0200000000000000  12 01 41')
  assert.equal(numberOf(fields, 1), 150n)
  assert.deepEqual(bytesOf(fields, 2).map(String), ['testing', 'A'])
  assert.equal(String(lastBytesOf(fields, 2)), 'A')
  assert.deepEqual([numberOf(fields, 3), numberOf(fields, 4), numberOf(fields, 9)], [1n, 2n, 0n])
  assert.deepEqual(bytesOf(fields, 9), [])
  assert.throws(() => bytesOf(fields, 1), { code: 'FORMAT', at: 'field 1' })
  assert.throws(() => numberOf(fields, 2), { code: 'FORMAT', at: 'field 2' })
})

test('varints of 64 bits are whole', () => {
  assert.equal(numberOf(read('08 ffffffffffffffffff01'), 1), 2n ** 64n - 1n)
  for (const hex of ['08 ffffffffffffffffff02', '08 8080808080808080808001', '08 80'])
    assert.throws(() => read(hex), { code: 'FORMAT' }, hex)
})

test('what is cut off, or of a type that is not read, is refused', () => {
  for (const hex of [
    '08',
    '12',
    '12 05 41',
    '12 ffffffffffffffff7f',
    '1d 000000',
    '21 00',
    '00 01',
    '0b',
    '0c',
    '0e',
    '0f',
    'ffffffff7f 00',
  ])
    assert.throws(() => read(hex), { code: 'FORMAT', at: /^byte \d+$/ }, hex)
})

test('bytes of any kind are read or refused by code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        readProtobuf(Buffer.from(bytes))
      } catch (error) {
        assert.ok(error instanceof ThymusError && error.code === 'FORMAT')
      }
    }),
  )
})
