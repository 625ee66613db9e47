import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { textOf, textsOf } from './event.ts'

describe('text of the kernel', () => {
  const bytesOf = (text: string) => {
    const parts = [...text].map((char) => {
      const point = char.codePointAt(0)!
      return point >= 0xdc80 && point <= 0xdcff ? Buffer.of(point - 0xdc00) : Buffer.from(char)
    })
    return Buffer.concat(parts)
  }

  test('any bytes without NUL can be had back from their text', () => {
    const bytes = fc.uint8Array({ min: 1, maxLength: 64 })
    const mixed = fc.array(
      fc.oneof(
        bytes,
        fc.string({ unit: 'binary', minLength: 1 }).map((text) => Buffer.from(text.replaceAll('\0', ''))),
      ),
    )
    fc.assert(
      fc.property(mixed, (parts) => {
        const whole = Buffer.concat(parts)
        assert.deepEqual(bytesOf(textOf(whole)), whole)
      }),
    )
  })

  test('valid UTF-8 is read as such, and one bad byte costs no neighbour', () => {
    assert.equal(textOf(Buffer.from('café-日本-🦠')), 'café-日本-🦠')
    assert.equal(textOf(Buffer.concat([Buffer.from('日'), Buffer.of(0xff), Buffer.from('本')])), '日\udcff本')
    assert.equal(
      textOf(Buffer.of(0xed, 0xb2, 0x80)),
      '\udced\udcb2\udc80',
      'an encoded surrogate is no UTF-8 and cannot pose as a bad byte',
    )
    assert.equal(textOf(Buffer.from('\ufeffx')), '\ufeffx')
    const replaced = Buffer.concat([Buffer.from('\ufffd'), Buffer.of(0xf0, 0x9f, 0x98), Buffer.from('A'), Buffer.of(0xe2)])
    assert.equal(textOf(replaced), '\ufffd\udcf0\udc9f\udc98A\udce2')
  })

  test('it ends at the first NUL', () => {
    assert.equal(textOf(Buffer.from('sh\0garbage')), 'sh')
    assert.equal(textOf(Buffer.of(0)), '')
    assert.equal(textOf(Buffer.from('ash\0'), 1, 2), 's')
    assert.deepEqual(textsOf(Buffer.from('sh\0\0-c\0')), ['sh', '', '-c'])
    assert.deepEqual(textsOf(Buffer.of()), [])
  })
})
