import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressText, decodeEvent } from './decode.ts'
import { EVENT_TYPE, SIZE } from './layout.gen.ts'

test('no two names of the kernel become the same text', () => {
  const seen = [0xfe, 0xff].map((byte) => {
    const name = Buffer.concat([Buffer.from('/tmp/'), Buffer.of(byte, 0)])
    const bytes = Buffer.alloc(SIZE.exec_event)
    bytes.writeUInt8(EVENT_TYPE.EVENT_EXEC, 22)
    bytes.writeUInt32LE(name.length, 116)
    name.copy(bytes, 120)
    name.copy(bytes, 1016)
    const event = decodeEvent(new DataView(bytes.buffer, bytes.byteOffset), bytes, 0)
    return event?.type === 'exec' && [event.path, event.argv]
  })
  assert.deepEqual(seen, [
    ['/tmp/\udcfe', ['/tmp/\udcfe']],
    ['/tmp/\udcff', ['/tmp/\udcff']],
  ])
})

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
