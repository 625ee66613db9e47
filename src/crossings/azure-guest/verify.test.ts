import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { azureEvidence, hclReport } from '../../../test/kit/azure-guest.ts'
import { NOW, QuoteAuthority } from '../../../test/kit/dcap.ts'
import { Vendor } from '../../../test/kit/snp.ts'
import { newRsaKey } from '../../../test/kit/tpm-evidence.ts'
import { readCertificate } from '../../formats/x509/certificate.ts'
import { readAzureEvidence } from './evidence.ts'
import { type AzureTrust, verifyAzureGuest } from './verify.ts'

const key = newRsaKey()
const nonce = Buffer.from('asked')
const amd = new Vendor()
const intel = new QuoteAuthority()
const trust: AzureTrust = {
  ...{ now: Date.UTC(2026, 0), nonce, authorities: [amd.authority(), amd.root()].map(readCertificate), roots: amd.roots! },
  anchors: intel.anchors,
}

const snpReport =
  (change: Record<number, Uint8Array> = {}) =>
  (reportData: Buffer) =>
    amd.report(3, { 80: reportData, ...change })
const snpHcl = hclReport({ hardware: snpReport(), type: 2, key })
const snpEvidence = (hcl = snpHcl, more: object = {}) =>
  azureEvidence(key, hcl, { vcek: amd.vek().toString('base64url'), ...more }, { nonce })

/** A TDREPORT has nothing but its report data to say here; the quote is made of it. */
const tdReport = (reportData: Buffer) => Buffer.concat([Buffer.alloc(0x80), reportData, Buffer.alloc(1024 - 0x80 - 64)])
const tdQuote = (reportData: Buffer) => intel.quote({ version: 4, tee: 'TDX', body: (body) => body.set(reportData, 520) })
const tdHcl = hclReport({ hardware: tdReport, type: 4, key })
const tdEvidence = (quote = tdQuote(tdHcl.subarray(32 + 0x80, 32 + 0xc0))) =>
  azureEvidence(key, tdHcl, { td_quote: quote.toString('base64url') }, { nonce })

const failing = (json: string, change: Partial<AzureTrust> = {}) =>
  verifyAzureGuest(readAzureEvidence(json), { ...trust, ...change })
    .checks.filter(({ verdict }) => verdict.is === 'fail')
    .map(({ code }) => code)

describe('a guest on SEV-SNP', () => {
  test('is genuine from the hardware to the quote', () => {
    const { checks, snp, quote } = verifyAzureGuest(readAzureEvidence(snpEvidence()), trust)
    assert.deepEqual(failing(snpEvidence()), [])
    for (const code of [
      'AZURE_RUNTIME_DATA',
      'AZURE_AK',
      'AZURE_PARAVISOR',
      'SNP_SIGNATURE',
      'SNP_CHAIN',
      'TPM_SIGNATURE',
      'TPM_PCR_DIGEST',
    ])
      assert.equal(checks.find((check) => check.code === code)?.verdict.is, 'pass', code)
    assert.equal(snp?.vmpl, 0)
    assert.equal(quote?.pcrs.get(11)?.size, 24)
  })

  test('is refused where a link is not of the same guest', () => {
    const below = hclReport({ hardware: snpReport({ 48: Buffer.of(2) }), type: 2, key })
    assert.deepEqual(failing(snpEvidence(below)), ['AZURE_PARAVISOR'])
    const stranger = newRsaKey()
    assert.deepEqual(failing(snpEvidence(hclReport({ hardware: snpReport(), type: 2, key: stranger }))), ['TPM_SIGNATURE'])
    const otherData = hclReport({ hardware: () => amd.report(), type: 2, key })
    assert.deepEqual(failing(snpEvidence(otherData)), ['AZURE_RUNTIME_DATA'])
    assert.deepEqual(failing(snpEvidence(), { nonce: Buffer.from('another') }), ['TPM_NONCE'])
    assert.ok(failing(snpEvidence(snpHcl, { vcek: new Vendor().vek().toString('base64url') })).includes('SNP_SIGNATURE'))
    const changed = Buffer.from(snpHcl)
    changed[32 + 0x90]! ^= 1
    assert.deepEqual(failing(snpEvidence(changed)), ['SNP_SIGNATURE'])
  })

  test('whose chip is not vouched for is not known to be one', () => {
    const { checks } = verifyAzureGuest(readAzureEvidence(azureEvidence(key, snpHcl, {}, { nonce })), trust)
    assert.equal(checks.find(({ code }) => code === 'AZURE_HARDWARE')?.verdict.is, 'unknown')
  })
})

describe('a guest on TDX', () => {
  test('is genuine where the quote is made of its report', () => {
    assert.deepEqual(failing(tdEvidence(), { now: NOW }), [])
    const { td, checks } = verifyAzureGuest(readAzureEvidence(tdEvidence()), { ...trust, now: NOW })
    assert.equal(td?.quote.tee, 'TDX')
    assert.equal(checks.find(({ code }) => code === 'AZURE_HARDWARE')?.verdict.is, 'pass')
  })

  test('is refused with a quote of another, and not known without one', () => {
    assert.deepEqual(failing(tdEvidence(tdQuote(Buffer.alloc(64, 1))), { now: NOW }), ['AZURE_HARDWARE'])
    assert.ok(failing(tdEvidence(intel.quote({ version: 4, tee: 'SGX' })), { now: NOW }).includes('AZURE_HARDWARE'))
    const { checks } = verifyAzureGuest(readAzureEvidence(azureEvidence(key, tdHcl, {}, { nonce })), trust)
    assert.equal(checks.find(({ code }) => code === 'AZURE_HARDWARE')?.verdict.is, 'unknown')
  })
})

test('evidence is read in each of its forms, and nothing else is any', () => {
  const text = JSON.parse(snpEvidence())
  const bytes = (hex: string) => [...Buffer.from(hex, 'hex')]
  const old = {
    quote: {
      ...{ message: bytes(text.tpm_quote.message), signature: bytes(text.tpm_quote.signature) },
      pcrs: text.tpm_quote.pcrs.map(bytes),
    },
    report: [...Buffer.from(text.hcl_report, 'base64url')],
    vcek: `-----BEGIN CERTIFICATE-----\n${amd.vek().toString('base64')}\n-----END CERTIFICATE-----\n`,
  }
  const read = readAzureEvidence(JSON.stringify(text))
  for (const form of [{ platform: 'az-snp', evidence: text }, { ...old }]) {
    const { vcek, ...rest } = readAzureEvidence(JSON.stringify(form))
    assert.deepEqual({ ...rest, vcek: undefined }, { ...read, vcek: undefined })
    assert.ok(vcek !== undefined)
  }
  for (const bad of [
    '',
    '[]',
    '{}',
    'null',
    JSON.stringify({ ...text, hcl_report: 7 }),
    JSON.stringify({ ...text, hcl_report: '!' }),
    JSON.stringify({ ...text, tpm_quote: { ...text.tpm_quote, message: 'xy' } }),
    JSON.stringify({ ...text, tpm_quote: { ...text.tpm_quote, pcrs: Array(25).fill('00') } }),
    JSON.stringify({ ...text, vcek: [256] }),
  ])
    assert.throws(() => readAzureEvidence(bad), { code: 'FORMAT' }, bad.slice(0, 40))
})
