import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../core/errors.ts'
import { DerReader, oidParts, rightAligned } from './reader.ts'
import { TAG } from './tags.ts'

const reader = (hex: string) => new DerReader(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const refused = (hex: string, read: (reader: DerReader) => unknown) =>
  assert.throws(() => read(reader(hex)), { code: 'FORMAT', at: /^byte \d+$/ }, hex)

/** Content of any size with its head, as DER has it. */
function element(tag: number, content: Uint8Array): Buffer {
  const size = content.length.toString(16)
  const length =
    content.length < 0x80
      ? [content.length]
      : [0x80 | Math.ceil(size.length / 2), ...Buffer.from(size.padStart(size.length + (size.length % 2), '0'), 'hex')]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

describe('elements', () => {
  test('of every length are read back whole', () => {
    fc.assert(
      fc.property(fc.nat(70_000), (size) => {
        const whole = element(TAG.octetString, new Uint8Array(size))
        const read = new DerReader(Buffer.concat([whole, whole]))
        assert.equal(read.octets().length, size)
        assert.deepEqual(read.whole(TAG.octetString), whole)
        assert.ok(read.done)
      }),
      { numRuns: 30 },
    )
  })

  test('in more than one spelling, or cut off, are refused', () => {
    for (const hex of [
      '',
      '04',
      '0401',
      '048100',
      '04817f',
      '04820080',
      '0480',
      '0485 0000000001 00',
      '04ffffffff',
      '0484ffffffff',
      '1f0100',
    ]) {
      refused(hex, (read) => read.whole())
    }
    refused(`04820080${'00'.repeat(128)}`, (read) => read.whole())
    refused('040100', (read) => read.content(TAG.integer))
    refused('3003 040200', (read) => read.enter(TAG.sequence).octets())
    refused('3000 00', (read) => {
      read.enter(TAG.sequence).finish()
      read.finish()
    })
  })

  test('nested deeply are no deeper for a reader', () => {
    let whole: Buffer = Buffer.from([])
    for (let depth = 0; depth < 2_000; depth++) whole = element(TAG.sequence, whole)
    let inside = new DerReader(whole)
    while (!inside.done) inside = inside.enter(TAG.sequence)
    assert.ok(new DerReader(Buffer.from('30'.repeat(100_000), 'hex')).tag === TAG.sequence)
  })
})

describe('values', () => {
  test('have one spelling each', () => {
    for (const [hex, value] of [
      ['020100', 0n],
      ['0201ff', -1n],
      ['02020080', 128n],
      ['020180', -128n],
      ['020900ffffffffffffffff', 2n ** 64n - 1n],
    ] as const) {
      assert.equal(reader(hex).integer(), value)
    }
    for (const hex of ['0200', '02020001', '0202ff80']) refused(hex, (read) => read.integer())
    refused('0201ff', (read) => read.count())
    refused('020105', (read) => read.count(4))
    assert.equal(reader('0101ff').boolean(), true)
    for (const hex of ['010101', '0100', '01020000']) refused(hex, (read) => read.boolean())
    for (const hex of ['0300', '030108', '030101', '03020101']) refused(hex, (read) => read.bits())
    assert.deepEqual(rightAligned(reader('0303 04 abc0').bits()), Buffer.from('0abc', 'hex'))
  })

  test('that identify objects', () => {
    assert.equal(reader('0606 2a864886f70d').oid(), '1.2.840.113549')
    assert.equal(reader('0602 8837').oid(), '2.999')
    assert.equal(reader('060127').oid(), '0.39')
    for (const hex of ['0600', '06028001', '060180', '0606 2a8880808000', '0686 2a']) refused(hex, (read) => read.oid())
    assert.deepEqual(oidParts(Buffer.from('2a8880808000', 'hex')), [1n, 2n, 1n << 31n])
    assert.equal(oidParts(Buffer.alloc(100_000, 1)), undefined)
  })

  test('that are points in time', () => {
    const utc = (text: string) => new DerReader(element(TAG.utcTime, Buffer.from(text))).time()
    const long = (text: string) => new DerReader(element(TAG.generalizedTime, Buffer.from(text))).time()
    assert.deepEqual(utc('491231235959Z'), { milliseconds: Date.UTC(2049, 11, 31, 23, 59, 59), offset: 0 })
    assert.equal(utc('500101000000Z').milliseconds, Date.UTC(1950, 0, 1))
    assert.deepEqual(utc('2001010000+0130'), { milliseconds: Date.UTC(2019, 11, 31, 22, 30), offset: 90 })
    assert.equal(long('20240229000000Z').milliseconds, Date.UTC(2024, 1, 29))
    for (const text of [
      '230229000000Z',
      '230101240000Z',
      '230101006000Z',
      '230101000060Z',
      '230001000000Z',
      '230101000000',
      '230101000000+0000',
      '2301010000',
    ]) {
      assert.throws(() => utc(text), { code: 'FORMAT' }, text)
    }
    for (const text of ['20230101000000.5Z', '202301010000Z', '20230101000000']) assert.throws(() => long(text), { code: 'FORMAT' }, text)
  })
})

test('bytes of any kind are read or refused by code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (array) => {
      for (const read of [
        (r: DerReader) => r.integer(),
        (r: DerReader) => r.bits(),
        (r: DerReader) => r.oid(),
        (r: DerReader) => r.time(),
      ]) {
        try {
          read(new DerReader(Buffer.from(array)))
        } catch (error) {
          assert.ok(error instanceof ThymusError && error.code === 'FORMAT')
        }
      }
    }),
  )
})
