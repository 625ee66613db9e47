import assert from 'node:assert/strict'
import test from 'node:test'
import { bankDigests, hex, nvIndex, pcr, pcrsOfOneBank, pcrValue, pcrWishes, pin, secretSource } from './parameters.ts'

test('words of the command line become values', () => {
  assert.deepEqual(pcrWishes('sha256:0,2-4,7+sha1'), [
    { bank: 'sha256', pcrs: [0, 2, 3, 4, 7] },
    { bank: 'sha1', pcrs: null },
  ])
  assert.deepEqual(pcrWishes('sha384:all'), [{ bank: 'sha384', pcrs: null }])
  assert.deepEqual(pcrsOfOneBank('sha256:7,0,7'), { hash: 0x000b, pcrs: [0, 7], size: 3 })
  assert.deepEqual(bankDigests(`sha1:${'ab'.repeat(20)}`), [{ hash: 4, digest: Buffer.alloc(20, 0xab) }])
  assert.deepEqual(pcrValue(`7:${'00'.repeat(32)}`), [7, Buffer.alloc(32)])
  assert.deepEqual(pin(`p256:000b${'11'.repeat(32)}`), { kind: 'p256', name: Buffer.from(`000b${'11'.repeat(32)}`, 'hex') })
  assert.equal(nvIndex('0x01C00002'), 0x01c00002)
  assert.deepEqual([pcr('23'), hex('00Ff')], [23, Buffer.from([0, 255])])
  assert.equal(secretSource('file:/x:y'), 'file:/x:y')
})

test('words that are none are refused', () => {
  const refused = (parse: (text: string) => unknown, ...texts: readonly string[]) => {
    for (const text of texts) assert.throws(() => parse(text), SyntaxError, text)
  }
  refused(
    pcrWishes,
    '',
    'md5:0',
    'sha256:',
    'sha256:24',
    'sha256:3-1',
    'sha256:a',
    'sha256:0,',
    'sha256:0+sha256:1',
    'sha256:0:1',
    'constructor',
  )
  refused(pcrsOfOneBank, 'sha256', 'sha256:0+sha1:0')
  refused(bankDigests, '', 'sha256:00', `md5:${'00'.repeat(16)}`, `sha1:${'00'.repeat(20)}+`)
  refused(pcrValue, '', '7', '24:00', '7:0', '7:xy')
  refused(pin, '', 'p256', 'p256:00', `p255:000b${'11'.repeat(32)}`, `p256:000B${'AA'.repeat(32)}`)
  refused(nvIndex, '', '0x1', '0x81000001', '01c00002', '0x01c000022')
  refused(pcr, '', '24', '-1', '1.5', ' 1')
  refused(hex, '0', 'xy')
  refused(secretSource, '', 'password', 'file:', 'env:', 'fd:3')
})
