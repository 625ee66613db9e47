import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64 } from './base64.ts'

const forms = [
  [{ padded: true }, (bytes: Buffer) => bytes.toString('base64')],
  [{ padded: false }, (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')],
  [{ url: true, padded: false }, (bytes: Buffer) => bytes.toString('base64url')],
] as const

test('bytes come back from each form, with line ends in it', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(), (array, at) => {
      const bytes = Buffer.from(array)
      for (const [form, spell] of forms) {
        const text = spell(bytes)
        const cut = at % (text.length + 1)
        assert.deepEqual(decodeBase64(`${text.slice(0, cut)}\r\n${text.slice(cut)}`, form), bytes)
      }
    }),
  )
})

test('what is none is refused', () => {
  for (const text of ['=', 'A', 'A===', 'AA', 'AA=', 'AAA', 'AA==A', 'A=A=', 'AA= =', '-_==', 'AAAA=', 'é===', 'AAAA====']) {
    assert.equal(decodeBase64(text, { padded: true }), undefined, text)
  }
  for (const text of ['AA==', 'AAAAA', 'A B', '+/']) assert.equal(decodeBase64(text, { url: true, padded: false }), undefined, text)
  assert.deepEqual(decodeBase64('AB==', { padded: true }), Buffer.from([0]))
  assert.equal(decodeBase64('A'.repeat(8_000_000), { padded: true })?.length, 6_000_000)
})
