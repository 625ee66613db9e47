import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printable, quote } from './quote.ts'

test('text of others cannot move the cursor, reorder a line or fill the screen', () => {
  assert.equal(quote('plain – ünïcode 世界'), '"plain – ünïcode 世界"')
  assert.equal(quote('a"b\\c'), '"a\\"b\\\\c"')
  assert.equal(printable('\x1b[2J\n\r\x9b'), '\\u{1b}[2J\\u{a}\\u{d}\\u{9b}')
  assert.equal(printable('a\u202eb\u2028c\ud800'), 'a\\u{202e}b\\u{2028}c\\u{d800}')
  assert.equal(quote('x'.repeat(1 << 20), 4), '"xxxx"… (1048576 characters)')
})
