import assert from 'node:assert/strict'
import { createHash, createPublicKey } from 'node:crypto'
import { describe, test } from 'node:test'
import { certificate } from '../../../test/kit/certificates.ts'
import { field } from '../../../test/kit/protobuf.ts'
import { newAuthority } from '../../../test/kit/tpm-certificates.ts'
import { goTpmAttestation, newEccKey, quoteBy, type TpmKey } from '../../../test/kit/tpm-evidence.ts'
import type { Check } from '../../core/verdict.ts'
import { readCertificate } from '../../formats/x509/certificate.ts'
import { readGoTpmAttestation } from '../../layers/hardware/tpm/abi/go-tpm-tools.ts'
import { verifyGoTpmAttestation } from './go-tpm-tools.ts'

const u32 = (value: number) => Buffer.from(new Uint32Array([value]).buffer)
const EV_NO_ACTION = 3
const EV_SEPARATOR = 4
const SHA256 = Buffer.of(0x0b, 0)
const specId = Buffer.concat([Buffer.from('Spec ID Event03\0'), u32(0), Buffer.of(0, 2, 0, 2), u32(1), SHA256, Buffer.of(32, 0, 0)])
const separator = createHash('sha256').update(u32(0)).digest()
/** A separator in PCRs 0, 7 and 14. */
const log = Buffer.concat([
  ...[u32(0), u32(EV_NO_ACTION), Buffer.alloc(20), u32(specId.length), specId],
  ...[0, 7, 14].flatMap((pcr) => [u32(pcr), u32(EV_SEPARATOR), u32(1), SHA256, separator, u32(4), u32(0)]),
])
const extended = createHash('sha256')
  .update(Buffer.concat([Buffer.alloc(32), separator]))
  .digest()
const pcrs = new Map([0, 7, 14].map((pcr) => [pcr, extended]))
const key = newEccKey()
const nonce = Buffer.from('asked')
const quote = quoteBy(key, { nonce, pcrs })
const failing = (checks: readonly Check[]) => checks.filter(({ verdict }) => verdict.is === 'fail').map(({ code }) => code)

function failures(bytes: Buffer, asked = nonce): readonly string[] {
  const { quotes, checks } = verifyGoTpmAttestation(readGoTpmAttestation(bytes), { nonce: asked })
  return failing([...checks, ...quotes.flatMap(({ quote: each, boot }) => [...each.checks, ...boot.checks])])
}

describe('an attestation of go-tpm-tools', () => {
  test('has quotes that are genuine, and a log that accounts for them', () => {
    const { quotes } = verifyGoTpmAttestation(readGoTpmAttestation(goTpmAttestation(key, [quote, quote], log)), { nonce })
    assert.deepEqual(
      quotes.map(({ bank, boot }) => [bank, boot.boot !== undefined]),
      [
        ['sha256', true],
        ['sha256', true],
      ],
    )
    assert.deepEqual(failures(goTpmAttestation(key, [quote], log)), [])
  })

  test('is refused for another nonce, key, value or log', () => {
    assert.deepEqual(failures(goTpmAttestation(key, [quote], log), Buffer.from('other')), ['TPM_NONCE'])
    assert.deepEqual(failures(goTpmAttestation(newEccKey(), [quote], log)), ['TPM_SIGNATURE'])
    const other = quoteBy(key, { nonce, pcrs: new Map(pcrs).set(7, Buffer.alloc(32, 7)) })
    assert.deepEqual(failures(goTpmAttestation(key, [other], log)), ['TCG_REPLAY'])
    assert.ok(failures(goTpmAttestation(key, [{ ...other, pcrs: quote.pcrs }], log)).includes('TPM_PCR_DIGEST'))
  })

  test('has a key that is vouched for, where it says by whom', () => {
    const root = newAuthority('root')
    const trust = { roots: [readCertificate(root.der)], now: Date.UTC(2026, 0) }
    const certified = (of: TpmKey) => {
      const pair = { publicKey: createPublicKey(of.privateKey), privateKey: of.privateKey }
      return field(6, certificate({ subject: 'AK', key: pair, issuer: root }))
    }
    const checksOf = (more: readonly Buffer[], given: object) =>
      verifyGoTpmAttestation(readGoTpmAttestation(goTpmAttestation(key, [quote], log, more)), given).checks
    assert.deepEqual(failing(checksOf([certified(key)], { trust })), [])
    assert.equal(checksOf([certified(key)], { trust }).length, 2)
    assert.deepEqual(failing(checksOf([certified(newEccKey())], { trust })), ['TPM_AK_KEY'])
    assert.deepEqual(failing(checksOf([certified(key)], { trust: { ...trust, roots: [] } })), ['TPM_AK_CHAIN'])
    for (const open of [checksOf([], { trust }), checksOf([certified(key)], {})]) assert.equal(open[0]!.verdict.is, 'unknown')
  })

  test('without key, message or signature, or with a PCR that is none, is refused', () => {
    for (const bytes of [
      Buffer.alloc(0),
      field(1, 5n),
      Buffer.concat([field(1, Buffer.of(1)), field(2, field(1, Buffer.of(1)))]),
      goTpmAttestation(key, [{ ...quote, pcrs: new Map([[11, new Map([[32, extended]])]]) }], log),
      goTpmAttestation(key, [quote], log).subarray(0, -1),
    ])
      assert.throws(() => readGoTpmAttestation(bytes), { code: 'FORMAT' })
  })
})
