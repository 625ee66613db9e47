import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { describe, test } from 'node:test'
import { azureEvidence } from '../../../test/kit/azure.ts'
import * as dcap from '../../../test/kit/dcap.ts'
import { eventLog, linuxBoot } from '../../../test/kit/event-log.ts'
import { type Fields, goSnpAttestation, goTdxQuote } from '../../../test/kit/go-tee.ts'
import { field } from '../../../test/kit/protobuf.ts'
import { Vendor } from '../../../test/kit/snp.ts'
import { goTpmAttestation, newEccKey, quoteBy } from '../../../test/kit/tpm-evidence.ts'
import { writeBundle } from '../../formats/evidence/bundle.ts'
import { readAllPem } from '../../formats/pem.ts'
import { parseEventLog } from '../../layers/firmware/tcg-log/event-log.ts'
import { replay } from '../../layers/firmware/tcg-log/replay.ts'
import { writePublicArea } from '../../layers/hardware/tpm/abi/public-area.ts'
import { verifyBoot } from '../measured-boot/verify-boot.ts'
import { type Appraiser, appraise } from './appraise.ts'
import { readEvidence } from './foreign.ts'
import { NO_REFERENCE } from './reference.ts'
import { appraisers } from './technologies/appraisers.ts'
import { dcapAppraiser } from './technologies/dcap.ts'
import { snpAppraiser } from './technologies/snp.ts'

const NOW = Date.UTC(2026, 5, 1)
const presented = { about: 'a guest', collected: NOW }
const read = (bytes: Buffer | object) => readEvidence(Buffer.isBuffer(bytes) ? bytes : Buffer.from(JSON.stringify(bytes)), presented)
const types = (bytes: Buffer | object) => read(bytes).evidence.map(({ type }) => type)

const vendor = new Vendor('Milan')
const authority = new dcap.QuoteAuthority()
const key = newEccKey()
const nonce = Buffer.from('a challenge')
const log = eventLog(linuxBoot())
const pcrs = replay(parseEventLog(log), 'sha256')
const quote = quoteBy(key, { nonce, pcrs })
const old = quoteBy(key, { nonce, bank: 'sha1', pcrs: new Map([[0, Buffer.alloc(20)]]) })
const attestation = goTpmAttestation(key, [old, quote], log)

/** The code and verdict of each check of a form of others, appraised like our own. */
function checksOf(bytes: Buffer | object, more: Readonly<Record<string, Appraiser>> = {}, now = NOW): Readonly<Record<string, string>> {
  const all: Readonly<Record<string, Appraiser>> = { ...appraisers({ toQuote: verifyBoot, toGuest: () => assert.fail() }), ...more }
  const policy = { id: 'none', decide: () => ({ status: 'none', vector: {}, because: [] }) } as never
  const asked = { now, nonce, reference: NO_REFERENCE }
  const { submodules } = appraise(read(bytes), asked, { appraisers: all, policy, context: { mode: 'enforce' }, validFor: 1 })
  return Object.fromEntries(submodules.flatMap(({ checks }) => checks.map(({ code, verdict }) => [code, verdict.is])))
}

describe('evidence in a form of others', () => {
  test('is known by its content', () => {
    const report = vendor.report()
    const td = authority.quote({ version: 4 })
    const snp = { attestation_report: report.toString('base64'), cert_chain: [{ cert_type: 'VCEK', data: [...vendor.vek()] }] }
    assert.deepEqual(types(report), ['snp-report'])
    assert.deepEqual(types(td), ['dcap-quote'])
    assert.deepEqual(types(snp), ['snp-report'])
    assert.deepEqual(types({ platform: 'snp', evidence: snp }), ['snp-report'])
    assert.deepEqual(types({ quote: td.toString('base64'), cc_eventlog: null }), ['dcap-quote'])
    assert.deepEqual(types({ quote: td.toString('base64'), cc_eventlog: log.toString('base64') }), ['dcap-quote', 'cc-log'])
    assert.deepEqual(types(azureEvidence(vendor, { key })), ['azure-evidence'])
    assert.deepEqual(types(attestation), ['tpm-quote', 'tcg-log'])
  })

  test('keeps its bytes, and is said to be about whoever presents it', () => {
    const [report, vek] = [vendor.report(), vendor.vek()]
    const [guest] = read({ attestation_report: report.toString('base64'), cert_chain: [{ data: [...vek] }] }).evidence
    assert.deepEqual([guest!.about, guest!.parts.report], ['a guest', report])
    assert.deepEqual(readAllPem(Buffer.from(guest!.parts.certificates!).toString())[0]!.bytes, vek)
    const own = read(writeBundle({ about: 'a node', collected: 0, evidence: [{ ...guest!, name: 'snp' }], absent: [] }))
    assert.deepEqual([own.about, own.evidence[0]!.name], ['a node', 'snp'])
    const { about, apiVersion, ...rest } = writeBundle({ about: 'größter Knoten', collected: 0, evidence: [], absent: [] })
    assert.equal(read({ about, apiVersion, ...rest }).about, 'größter Knoten')
  })

  test('of go-tpm-tools is the quote of the best bank and the log, appraised as if they had been collected here', () => {
    const checks = checksOf(attestation)
    for (const code of ['TPM_SIGNATURE', 'TPM_NONCE', 'TPM_PCR_DIGEST', 'TPM_KEY_ATTRIBUTES', 'TCG_REPLAY'])
      assert.equal(checks[code], 'pass')
    const other = goTpmAttestation(key, [quote], eventLog(linuxBoot({ commandLine: 'evil' })))
    assert.equal(checksOf(other).TCG_REPLAY, 'fail')
    assert.equal(checksOf(goTpmAttestation(newEccKey(), [quote], log)).TPM_SIGNATURE, 'fail')
  })

  test('of go-tpm-tools has the report or the quote of a confidential guest beside it, held to what its vendor signs, and to the challenge', () => {
    const data = Buffer.concat([nonce], 64)
    const report = vendor.report(5, { 80: data })
    const chain = { vcek: vendor.vek(), ask: vendor.authority(), ark: vendor.root() }
    const withSnp = (bytes: Buffer) => goTpmAttestation(key, [quote], log, [field(8, bytes)])
    assert.deepEqual(types(withSnp(goSnpAttestation(report))), ['tpm-quote', 'tcg-log', 'snp-report'])
    const bySnp = { 'snp-report': snpAppraiser(vendor.roots) }
    const snp = (bytes: Buffer, now?: number) => checksOf(withSnp(bytes), bySnp, now)
    const checks = snp(goSnpAttestation(report, chain))
    for (const code of ['TPM_SIGNATURE', 'TPM_NONCE', 'TCG_REPLAY', 'SNP_SIGNATURE', 'SNP_CHAIN', 'SNP_REPORT_DATA'])
      assert.equal(checks[code], 'pass', code)
    // Authorities are those that the verifier knows, not those that come with it.
    const stranger = new Vendor('Milan')
    const strange = { vcek: stranger.vek(), ask: stranger.authority(), ark: stranger.root() }
    assert.equal(snp(goSnpAttestation(stranger.report(5, { 80: data }), strange)).SNP_CHAIN, 'fail')
    assert.equal(snp(goSnpAttestation(report, strange)).SNP_SIGNATURE, 'fail')
    assert.equal(snp(goSnpAttestation(vendor.report(5), chain)).SNP_REPORT_DATA, 'fail')
    const zeroed =
      (field: number) =>
      (fields: Fields): Fields =>
        fields.map(([number, value]) => [number, number === field ? Buffer.alloc(48) : value])
    assert.equal(snp(goSnpAttestation(report, chain, zeroed(12))).SNP_SIGNATURE, 'fail')

    const td = authority.quote({ version: 4, body: (body) => void data.copy(body, 520) })
    const withTdx = (bytes: Buffer) => goTpmAttestation(key, [quote], log, [field(9, bytes)])
    assert.deepEqual(types(withTdx(goTdxQuote(td))), ['tpm-quote', 'tcg-log', 'dcap-quote'])
    const tdx = (bytes: Buffer) => checksOf(withTdx(bytes), { 'dcap-quote': dcapAppraiser(authority.anchors) }, dcap.NOW)
    const passed = tdx(goTdxQuote(td))
    for (const code of ['DCAP_QUOTE_SIGNATURE', 'DCAP_PCK_CHAIN', 'DCAP_REPORT_DATA']) assert.equal(passed[code], 'pass', code)
    assert.equal(tdx(goTdxQuote(authority.quote({ version: 4 }))).DCAP_REPORT_DATA, 'fail')
    assert.equal(tdx(goTdxQuote(td, { body: zeroed(7) })).DCAP_QUOTE_SIGNATURE, 'fail')
  })

  test('of a TPM in JSON has the key without its area, so that where it lives is unknown', () => {
    const spki = createPublicKey(key.privateKey).export({ format: 'der', type: 'spki' })
    const values = Array.from({ length: 24 }, (_, pcr) => Buffer.alloc(32, pcr))
    const made = quoteBy(key, { nonce, pcrs: new Map(values.entries()) })
    const text = (bytes: Buffer) => bytes.toString('base64')
    const tpm_quote = { message: text(made.message), signature: text(made.signature), pcrs: values.map((value) => value.toString('hex')) }
    const checks = checksOf({ ak_public: text(spki), tpm_quote })
    assert.deepEqual([checks.TPM_SIGNATURE, checks.TPM_PCR_DIGEST, checks.TPM_KEY_ATTRIBUTES], ['pass', 'pass', 'unknown'])
    assert.equal(checksOf({ ak_public: text(writePublicArea(key.area)), tpm_quote }).TPM_KEY_ATTRIBUTES, 'pass')
  })

  test('that is none, or whose fields are none, is refused with its place', () => {
    const refused = (bytes: Buffer | object, code: string, at?: string) =>
      assert.throws(() => read(bytes), { code, ...(at !== undefined && { at }) })
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(8), Buffer.from('fc00ff0a', 'hex')])
      assert.throws(() => read(bytes), { code: 'EVIDENCE', message: /^of no form that is known/ })
    for (const text of ['{"a":', 'nothing', '[]', 'null', ' ']) refused(Buffer.from(text), 'EVIDENCE')
    refused({}, 'EVIDENCE')
    refused({ kind: 'EvidenceBundle' }, 'EVIDENCE')
    refused({ quote: 5 }, 'EVIDENCE', 'quote')
    refused({ quote: 'AA==', cc_eventlog: '!' }, 'EVIDENCE', 'cc_eventlog')
    refused({ ak_public: 'AA==', tpm_quote: null }, 'EVIDENCE', 'message')
    refused({ attestation_report: {} }, 'FORMAT')
    refused(goTpmAttestation(key, [], log), 'EVIDENCE', 'quotes')
    refused(attestation.subarray(0, -1), 'FORMAT')
    const [snp, tdx] = [goSnpAttestation(vendor.report()), goTdxQuote(authority.quote({ version: 4 }))]
    const hardware = (...more: readonly Buffer[]) => goTpmAttestation(key, [quote], log, more)
    refused(hardware(field(8, snp), field(9, tdx)), 'EVIDENCE', 'tee_attestation')
    refused(hardware(field(8, snp), field(8, snp)), 'FORMAT', 'tee_attestation')
    refused(hardware(field(8, Buffer.concat([snp, snp]))), 'FORMAT', 'sev_snp_attestation, report')
    refused(hardware(field(9, snp)), 'FORMAT', 'tdx_attestation, field 8')
  })
})
