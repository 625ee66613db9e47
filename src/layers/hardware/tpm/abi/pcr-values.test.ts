import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hashByName } from '../../../../formats/hash.ts'
import { selectPcrs } from './pcr-selection.ts'
import { bankOf, type PcrValues, readConcatenatedPcrs, readSerializedPcrs, readTextPcrs } from './pcr-values.ts'

const value = (pcr: number, size = 32) => Buffer.alloc(size, pcr + 1)
const bank = (...pcrs: readonly number[]) => new Map(pcrs.map((pcr) => [pcr, value(pcr)]))

/** As tpm2-tools write it. */
function serialized(values: PcrValues): Buffer {
  const digests = [...values.values()].flatMap((inBank) => [...inBank.values()])
  const lists = Math.ceil(digests.length / 8)
  const bytes = Buffer.alloc(4 + 16 * 8 + 4 + lists * (4 + 8 * 66))
  bytes.writeUInt32LE(values.size)
  for (const [at, [hash, inBank]] of [...values].entries()) {
    bytes.writeUInt16LE(hash, 4 + 8 * at)
    bytes.writeUInt8(3, 6 + 8 * at)
    bytes.writeUIntLE(
      [...inBank.keys()].reduce((bits, pcr) => bits | (1 << pcr), 0),
      7 + 8 * at,
      3,
    )
  }
  bytes.writeUInt32LE(lists, 132)
  for (let list = 0; list < lists; list++) {
    const start = 136 + list * 532
    const here = digests.slice(8 * list, 8 * list + 8)
    bytes.writeUInt32LE(here.length, start)
    for (const [at, digest] of here.entries()) {
      bytes.writeUInt16LE(digest.length, start + 4 + 66 * at)
      digest.copy(bytes, start + 6 + 66 * at)
    }
  }
  return bytes
}

describe('values of PCRs', () => {
  const two: PcrValues = new Map([
    ...bankOf('sha1', new Map([0, 1, 2].map((pcr) => [pcr, value(pcr, 20)]))),
    ...bankOf('sha256', bank(0, 1, 2, 3, 4, 5, 6, 7, 14)),
  ])

  test('are read as tpm2-tools lay them down, over several lists and banks', () => {
    assert.deepEqual(readSerializedPcrs(serialized(two)), two)
  })

  test('that are cut off, are more or fewer than selected, or of another size, are refused', () => {
    const bytes = serialized(two)
    for (let length = 0; length < bytes.length; length += 3)
      assert.throws(() => readSerializedPcrs(bytes.subarray(0, length)), { code: 'FORMAT', at: / at byte \d+$/ })
    assert.throws(() => readSerializedPcrs(Buffer.concat([bytes, Buffer.of(0)])), { code: 'FORMAT' })
    for (const [at, byte] of [
      [0, 17],
      [4, 0x0b],
      [6, 5],
      [7, 3],
      [132, 65],
      [136, 9],
      [140, 19],
      [141, 1],
    ] as const) {
      const changed = Buffer.from(bytes)
      changed[at] = byte
      assert.throws(() => readSerializedPcrs(changed), { code: 'FORMAT' }, `byte ${at}`)
    }
  })

  test('of which there are more than PCRs are refused', () => {
    const one = serialized(bankOf('sha256', bank(0, 1)))
    one[7] = 1
    assert.throws(() => readSerializedPcrs(one), { code: 'FORMAT', message: '2 values of 1 PCRs' })
  })

  test('one behind the other follow the selection', () => {
    const selection = [selectPcrs('sha256', [7, 1])]
    const bytes = Buffer.concat([value(1), value(7)])
    assert.deepEqual(readConcatenatedPcrs(bytes, selection), bankOf('sha256', bank(1, 7)))
    assert.throws(() => readConcatenatedPcrs(bytes.subarray(1), selection), { code: 'FORMAT', at: /^PCR 7/ })
    assert.throws(() => readConcatenatedPcrs(Buffer.concat([bytes, bytes]), selection), { code: 'FORMAT' })
    assert.throws(() => readConcatenatedPcrs(bytes, [{ hash: 0x27, pcrs: [0], size: 3 }]), { code: 'FORMAT' })
  })

  test('are read from the text that people keep', () => {
    const hex = (pcr: number) => value(pcr).toString('hex').toUpperCase()
    const wanted = bankOf('sha256', bank(0, 10))
    assert.deepEqual(readTextPcrs(`0 ${hex(0)}\n10 ${hex(10)}\n`, 'sha256'), wanted)
    assert.deepEqual(readTextPcrs(`  sha256:\n    0 : 0x${hex(0)}\n    10: 0x${hex(10)}\n`), wanted)
    assert.deepEqual(readTextPcrs(`PCR-00: ${hex(0).replace(/../g, '$& ')}\r\nPCR-10: ${hex(10)}\r\n`, 'sha256'), wanted)
    assert.equal(hashByName('sha1')!.id in Object.fromEntries(readTextPcrs('sha1:\nsha256:\n')), false)
    for (const text of [
      `0 ${hex(0)}`,
      `sha256:\n0 ${hex(0)}\n0 ${hex(0)}`,
      'sha256:\n0 ffff',
      `sha256:\n99 ${hex(0)}`,
      'sha999:\n',
      'what',
      `sha256:\n0${' '.repeat(1_000_000)}x`,
      `sha${'1'.repeat(1_000_000)}!`,
    ])
      assert.throws(() => readTextPcrs(text), { code: 'FORMAT', at: /^line \d$/ }, text.slice(0, 100))
  })
})
