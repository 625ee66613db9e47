import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { readIp, showIp } from './ip.ts'

test('addresses come back as they are written', () => {
  for (const text of [
    '0.0.0.0',
    '255.1.2.3',
    '::',
    '::1',
    '1::',
    '2001:db8::1:0:0:1',
    '1:2:3:4:5:6:7:8',
    '1:0:2:3:4:5:6:7',
    'fe80::a:0:0:b',
  ]) {
    assert.equal(showIp(readIp(text)!), text)
  }
  assert.equal(showIp(readIp('::ffff:1.2.3.4')!), '1.2.3.4')
  assert.equal(showIp(readIp('1:2:3:4:5:6:1.2.3.4')!), '1:2:3:4:5:6:102:304')
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })), (array) => {
      const bytes = Buffer.from(array)
      const shown = showIp(bytes)
      assert.notEqual(isIP(shown), 0)
      assert.equal(showIp(readIp(shown)!), shown)
    }),
  )
})

test('the same texts are addresses as for Node', () => {
  const part = fc.constantFrom('', '0', '01', '1', 'ffff', 'fffff', 'g', ':', '::', '.', '1.2.3.4', '1.2.3', '256', '%a', ' ')
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
      (text) => {
        assert.equal(readIp(text) !== undefined, isIP(text) !== 0 && !text.includes('%'), text)
      },
    ),
    { numRuns: 5_000 },
  )
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('0', '1', 'ab', '', '1.2.3.4'), { maxLength: 9 }).map((parts) => parts.join(':')),
      (text) => {
        assert.equal(readIp(text) !== undefined, isIP(text) !== 0, text)
      },
    ),
    { numRuns: 5_000 },
  )
})
