import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { firmwareImage, SECTIONS, u32 } from '../../../../../test/kit/firmware-image.ts'
import { ThymusError } from '../../../../core/errors.ts'
import { readFirmware } from './firmware.ts'

describe('a firmware image', () => {
  test('tells where things belong', () => {
    const { gpa, hashesTable, resetEip, sections } = readFirmware(firmwareImage())
    assert.equal(gpa, 0xffffe000)
    assert.equal(hashesTable, 0x810c00)
    assert.equal(resetEip, 0x80b004)
    assert.deepEqual(
      sections.map((each) => each.kind),
      ['memory', 'secrets', 'cpuid', 'svsm-calls', 'kernel-hashes'],
    )
    assert.deepEqual(sections[0], { gpa: 0x800000, size: 0x2000, kind: 'memory' })
  })

  test('without a table tells nothing', () => {
    const { hashesTable, resetEip, sections } = readFirmware(firmwareImage({ footer: false }))
    assert.deepEqual({ hashesTable, resetEip, sections }, { hashesTable: undefined, resetEip: undefined, sections: [] })
  })
})

describe('an image that does not follow its table', () => {
  const refused = (image: Buffer) => assert.throws(() => readFirmware(image), { code: 'FORMAT' })

  test('is refused: no whole pages, too large, or none', () => {
    for (const size of [0, 1, 4095, 4097, (16 << 20) + 4096]) refused(Buffer.alloc(size))
  })

  test('is refused: sections of another kind, not at pages, too many, too large', () => {
    for (const section of [
      [0x800000, 0x1000, 5],
      [0x800001, 0x1000, 1],
      [0x800000, 0x1001, 1],
      [0, 0xfffff000, 1],
    ] as const) {
      refused(firmwareImage({ sections: [section] }))
    }
    refused(firmwareImage({ sections: Array.from({ length: 65 }, () => SECTIONS[0]!) }))
    const image = firmwareImage()
    u32(1 << 30).copy(image, image.length - 1024 + 12)
    refused(image)
  })

  test('is refused, or read, with any byte of its table changed, and never anything else', () => {
    const whole = firmwareImage()
    for (let at = whole.length - 1024; at < whole.length; at++) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        const image = Buffer.from(whole)
        image[at] = value
        try {
          readFirmware(image)
        } catch (error) {
          assert.ok(error instanceof ThymusError && error.code === 'FORMAT', String(error))
        }
      }
    }
  })
})
