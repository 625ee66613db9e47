import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { field } from '../../test/kit/protobuf.ts'
import { bytesAt, composed, littleEndian, numberAt, singleFields } from './protobuf-structure.ts'

const STRUCTURE = { 1: numberAt('count', 0, 2), 2: bytesAt('name', 3, 2), 3: bytesAt('pairs', 5, 1, 2) }
const message = (...fields: readonly Buffer[]) => Buffer.concat(fields)
const [name, pairs] = [field(2, Buffer.from('ab')), message(field(3, Buffer.of(1)), field(3, Buffer.of(2)))]

describe('a structure that was taken apart', () => {
  test('is put together again, whatever the order of its fields, with zeros where nothing stands', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffff }),
        fc.uint8Array({ minLength: 2, maxLength: 2 }),
        fc.boolean(),
        (count, text, turned) => {
          const [first, second] = [field(1, BigInt(count)), field(2, text)]
          const whole = composed(turned ? message(pairs, second, first) : message(first, second, pairs), 8, STRUCTURE)
          assert.deepEqual([...whole], [count & 0xff, count >> 8, 0, ...text, 1, 2, 0])
        },
      ),
    )
    assert.deepEqual([...composed(message(name, pairs), 8, STRUCTURE)].slice(0, 2), [0, 0])
  })

  test('is refused at the field that is too long, too short, missing, there twice, of another type or not known', () => {
    const refused = (at: string, ...fields: readonly Buffer[]) =>
      assert.throws(() => composed(message(...fields), 8, STRUCTURE), { code: 'FORMAT', at })
    for (const bytes of ['', 'a', 'abc']) refused('name', field(2, Buffer.from(bytes)), pairs)
    refused('name', pairs)
    refused('name', name, name, pairs)
    refused('name', field(2, 5n), pairs)
    refused('pairs', name, field(3, Buffer.of(1)))
    refused('pairs', name, pairs, field(3, Buffer.of(1)))
    refused('count', field(1, 0x10000n), name, pairs)
    refused('count', field(1, 1n), field(1, 1n), name, pairs)
    refused('count', field(1, Buffer.of(1)), name, pairs)
    refused('field 4', field(4, 0n), name, pairs)
  })

  test('stands in fields that stand once', () => {
    const { bytes, number } = singleFields(message(name, pairs, field(4, 7n), field(5, 1n), field(5, 1n)))
    assert.deepEqual([bytes(2, 'name'), bytes(9, 'nothing'), number(4, 'seven'), number(9, 'nothing')], [Buffer.from('ab'), NONE, 7n, 0n])
    for (const read of [() => bytes(3, 'x'), () => bytes(4, 'x'), () => number(2, 'x'), () => number(5, 'x')])
      assert.throws(read, { code: 'FORMAT', at: 'x' })
    assert.deepEqual([littleEndian(0x1ffn, 2), littleEndian(0x1ffn, 1)], [Buffer.of(0xff, 1), undefined])
  })
})

const NONE = Buffer.alloc(0)
