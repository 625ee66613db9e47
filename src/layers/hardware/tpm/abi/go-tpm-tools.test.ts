import assert from 'node:assert/strict'
import { test } from 'node:test'
import { field } from '../../../../../test/kit/protobuf.ts'
import { goTpmAttestation, newEccKey, quoteBy } from '../../../../../test/kit/tpm-evidence.ts'
import { readGoTpmAttestation } from './go-tpm-tools.ts'
import { writePublicArea } from './public-area.ts'

const key = newEccKey()
const quote = quoteBy(key, { pcrs: new Map([0, 7, 14].map((pcr) => [pcr, Buffer.alloc(32, pcr)])) })

test('an attestation of go-tpm-tools is read: key, quotes with their values, log, certificates', () => {
  const bytes = goTpmAttestation(key, [quote, quote], Buffer.from('log'), [
    field(6, Buffer.of(1)),
    field(7, Buffer.of(2)),
    field(7, Buffer.of(3)),
  ])
  const read = readGoTpmAttestation(bytes)
  assert.deepEqual(read.akPublic, writePublicArea(key.area))
  assert.deepEqual(
    read.quotes,
    [quote, quote].map(({ message, signature, pcrs }) => ({ message, signature, pcrs })),
  )
  assert.deepEqual([read.eventLog.toString(), read.akCertificate, read.intermediates], ['log', Buffer.of(1), [Buffer.of(2), Buffer.of(3)]])
})

test('one without key, message or signature, or with a PCR that is none, is refused', () => {
  for (const bytes of [
    Buffer.alloc(0),
    field(1, 5n),
    Buffer.concat([field(1, Buffer.of(1)), field(2, field(1, Buffer.of(1)))]),
    goTpmAttestation(key, [{ ...quote, pcrs: new Map([[11, new Map([[32, Buffer.alloc(32)]])]]) }], Buffer.alloc(1)),
    goTpmAttestation(key, [quote], Buffer.alloc(9)).subarray(0, -1),
  ])
    assert.throws(() => readGoTpmAttestation(bytes), { code: 'FORMAT' })
})
