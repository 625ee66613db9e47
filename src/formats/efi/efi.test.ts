import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { imageLoad, signatureList } from '../../../test/kit/event-log.ts'
import { ThymusError } from '../../core/errors.ts'
import { devicePathFile, loadOptionName, readUtf16 } from './device-path.ts'
import { GUID, guidBytes, showGuid } from './guid.ts'
import { hashEntry, readSignatureLists } from './signature-list.ts'

test('a GUID is written as it is read', () => {
  assert.equal(guidBytes(GUID.globalVariable).toString('hex'), '61dfe48bca93d211aa0d00e098032b8c')
  for (const guid of Object.values(GUID)) assert.equal(showGuid(guidBytes(guid)), guid)
})

describe('signature lists', () => {
  const both = Buffer.concat([
    signatureList(GUID.certSha256, Buffer.alloc(32, 1), Buffer.alloc(32, 2)),
    signatureList(GUID.certX509, Buffer.from('der')),
  ])

  test('are read one behind the other', () => {
    const entries = readSignatureLists(both)
    assert.deepEqual(
      entries.map(({ type, data }) => [type, data.length]),
      [
        [GUID.certSha256, 32],
        [GUID.certSha256, 32],
        [GUID.certX509, 3],
      ],
    )
    assert.deepEqual(hashEntry(entries[1]!), { of: 'image', hash: 'sha256', value: Buffer.alloc(32, 2) })
    assert.equal(hashEntry(entries[2]!), undefined)
    assert.deepEqual(readSignatureLists(Buffer.alloc(0)), [])
  })

  test('cut anywhere but between two are refused, as are sizes that do not add up', () => {
    const first = signatureList(GUID.certSha256, Buffer.alloc(32, 1), Buffer.alloc(32, 2)).length
    for (let length = 1; length < both.length; length++) {
      if (length === first) continue
      assert.throws(() => readSignatureLists(both.subarray(0, length)), { code: 'FORMAT' })
    }
    for (const [at, value] of [
      [16, 0],
      [16, 27],
      [20, 0xffff_ffff],
      [24, 0],
      [24, 16],
      [24, 47],
    ] as const) {
      const hostile = Buffer.from(both)
      hostile.writeUInt32LE(value, at)
      assert.throws(() => readSignatureLists(hostile), ThymusError)
    }
  })

  test('of millions of tiny entries are refused before they are read', () => {
    const list = signatureList(GUID.certX509, Buffer.of(1))
    const many = Buffer.alloc(28 + 17 * 70_000)
    list.copy(many)
    many.writeUInt32LE(many.length, 16)
    assert.throws(() => readSignatureLists(many), { code: 'FORMAT', at: /^signatures/ })
  })
})

describe('device paths', () => {
  const path = imageLoad('\\EFI\\debian\\shimx64.efi').subarray(32)

  test('name a file', () => {
    assert.equal(devicePathFile(path), '\\EFI\\debian\\shimx64.efi')
    const two = Buffer.concat([imageLoad('\\EFI\\').subarray(32, -4), imageLoad('\\a.efi').subarray(32)])
    assert.equal(devicePathFile(two), '\\EFI\\a.efi')
  })

  test('that are cut, or whose node is shorter than its head, name nothing', () => {
    for (let length = 0; length < path.length - 4; length++) assert.equal(devicePathFile(path.subarray(0, length)), undefined)
    assert.equal(devicePathFile(Buffer.of(4, 4, 3, 0)), undefined)
  })

  test('stand behind the description of a boot option', () => {
    assert.equal(loadOptionName(Buffer.concat([Buffer.alloc(6), Buffer.from('debian\0', 'utf16le'), path])), 'debian')
    assert.equal(loadOptionName(Buffer.alloc(4)), undefined)
    assert.equal(readUtf16(Buffer.from('ab\0c', 'utf16le')), 'ab')
  })
})
