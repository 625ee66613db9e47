import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressText } from './decode.ts'

test('addresses are written as people write them', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['00000000000000000000ffff7f000001', '127.0.0.1'],
    ['00000000000000000000000000000001', '::1'],
    ['00000000000000000000000000000000', '::'],
    ['fd74796d757300000000000000000002', 'fd74:796d:7573::2'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['20010db8000100000001000000010001', '2001:db8:1:0:1:0:1:1'],
  ]
  for (const [bytes, text] of cases) assert.equal(addressText(Buffer.from(bytes, 'hex')), text)
})
