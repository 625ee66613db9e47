import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { readHclReport, readRuntimeData, verifyHclReport } from './hcl-report.ts'

const claims = (keys: readonly object[], more = {}) =>
  Buffer.from(JSON.stringify({ keys, 'vm-configuration': { 'secure-boot': true }, ...more }))
const ak = { kid: 'HCLAkPub', kty: 'RSA', e: 'AQAB', n: 'uw' }

/** @param at of the report data: 0x50 of an SNP report, 0x80 of a TDREPORT */
function report(data: Buffer, { type = 2, hash = 1, at = 0x50, room = 100 } = {}): Buffer {
  const bytes = Buffer.alloc(32 + 1184 + 20 + data.length + room, 0)
  bytes.write('HCLA', 'latin1')
  bytes.writeUInt32LE(1, 4)
  bytes.writeUInt32LE(32 + 1184 + 20 + data.length, 8)
  createHash('sha256')
    .update(data)
    .digest()
    .copy(bytes, 32 + at)
  for (const [index, value] of [20 + data.length, 1, type, hash, data.length].entries()) bytes.writeUInt32LE(value, 1216 + 4 * index)
  data.copy(bytes, 1236)
  return bytes
}

const verdicts = (bytes: Buffer) => verifyHclReport(readHclReport(bytes)).map(({ verdict }) => verdict.is)

describe('an HCL report', () => {
  test('of each hardware binds its runtime data', () => {
    const snp = readHclReport(report(claims([ak])))
    assert.deepEqual([snp.kind, snp.hardware.length, snp.hash], ['snp', 1184, 'sha256'])
    assert.deepEqual(verdicts(report(claims([ak]))), ['pass', 'pass'])
    assert.deepEqual(verdicts(report(claims([ak]), { type: 4, at: 0x80 })), ['pass', 'pass'])
    assert.deepEqual(readRuntimeData(snp.runtimeData), { keys: [ak], vmConfiguration: { 'secure-boot': true }, userData: undefined })
  })

  test('whose claims, hash or report data were changed binds nothing', () => {
    const good = report(claims([ak]))
    for (const at of [32 + 0x50, 32 + 0x50 + 63, 1236 + 20]) {
      const changed = Buffer.from(good)
      changed[at]! ^= 1
      assert.equal(verdicts(changed)[0], 'fail', `byte ${at}`)
    }
    assert.equal(verdicts(report(claims([ak]), { hash: 2 }))[0], 'fail')
    assert.equal(verdicts(report(claims([ak]), { type: 4 }))[0], 'fail')
  })

  test('has one key that attests', () => {
    assert.deepEqual(verdicts(report(claims([]))), ['pass', 'fail'])
    assert.deepEqual(verdicts(report(claims([ak, ak]))), ['pass', 'fail'])
  })

  test('that is cut off, or whose sizes contradict each other, is refused', () => {
    const good = report(claims([ak]), { room: 0 })
    for (let length = 0; length < good.length; length += 7) assert.throws(() => readHclReport(good.subarray(0, length)), { code: 'FORMAT' })
    for (const at of [0, 8, 1216, 1224, 1228, 1232]) {
      const changed = Buffer.from(good)
      changed[at]! ^= 0x40
      assert.throws(() => readHclReport(changed), { code: 'FORMAT' }, `byte ${at}`)
    }
    for (const text of ['', '[]', '{}', '{"keys":[1]}', '{"keys":[{}]}', '{"keys":[],"user-data":1}', '{"keys":[],"vm-configuration":[]}'])
      assert.throws(() => readRuntimeData(Buffer.from(text)), { code: 'FORMAT' }, text)
  })
})
