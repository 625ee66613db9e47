import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { azureEvidence } from '../../../../test/kit/azure.ts'
import { NOW, QuoteAuthority } from '../../../../test/kit/dcap.ts'
import { Vendor } from '../../../../test/kit/snp.ts'
import { newRsaKey, quoteBy } from '../../../../test/kit/tpm-evidence.ts'
import { readCertificate } from '../../../formats/x509/certificate.ts'
import { QuoteVerifier } from '../dcap/verify.ts'
import { ALG } from '../tpm/abi/algorithms.ts'
import { readAzureEvidence } from './evidence.ts'
import { verifyAzure } from './verify.ts'

const vendor = new Vendor()
const intel = new QuoteAuthority()
const [key, other] = [newRsaKey(), newRsaKey()]
const given = {
  ...{ now: NOW, nonce: Buffer.from('a nonce'), quotes: new QuoteVerifier(intel.anchors) },
  ...{ authorities: [vendor.authority(), vendor.root()].map(readCertificate), roots: vendor.roots! },
}
type Document = Readonly<Record<string, unknown>>
const verify = (document: Document) => verifyAzure(readAzureEvidence(JSON.stringify(document)), given)
const failed = (document: Document) => verify(document).checks.flatMap(({ code, verdict }) => (verdict.is === 'fail' ? [code] : []))

describe('evidence of a guest on Azure', () => {
  test('is a chain from the hardware to the quote of its virtual TPM', () => {
    for (const by of [vendor, intel]) {
      const { checks, quote, snp, td } = verify(azureEvidence(by, { key }))
      assert.deepEqual(
        checks.filter(({ verdict }) => verdict.is === 'fail'),
        [],
      )
      const passed = new Set(checks.flatMap(({ code, verdict }) => (verdict.is === 'pass' ? [code] : [])))
      const hardware = by === vendor ? ['SNP_CHAIN', 'SNP_SIGNATURE'] : ['DCAP_PCK_CHAIN', 'DCAP_QUOTE_SIGNATURE', 'AZURE_HARDWARE']
      for (const code of [...hardware, 'AZURE_RUNTIME_DATA', 'AZURE_AK', 'TPM_SIGNATURE', 'TPM_NONCE', 'TPM_PCR_DIGEST'])
        assert.ok(passed.has(code), code)
      assert.equal(quote?.attest.extraData.toString(), 'a nonce')
      assert.deepEqual([snp !== undefined, td !== undefined], [by === vendor, by === intel])
    }
  })

  test('breaks at the link that is not right', () => {
    assert.deepEqual(failed(azureEvidence(vendor, { key, signer: other })), ['TPM_SIGNATURE'])
    assert.deepEqual(failed(azureEvidence(vendor, { key, nonce: Buffer.from('an old one') })), ['TPM_NONCE'])
    const weak = newRsaKey({ scheme: { algorithm: ALG.rsassa, hash: 4 } })
    const pcrs = new Map(Array.from({ length: 24 }, (_, pcr) => [pcr, Buffer.alloc(32, pcr)]))
    const { message, signature } = quoteBy(weak, { pcrs })
    const { tpm_quote: strong, ...others } = azureEvidence(vendor, { key: weak })
    const tpm_quote = { ...strong, message: message.toString('hex'), signature: signature.toString('hex') }
    assert.deepEqual(failed({ ...others, tpm_quote }), ['TPM_POLICY_HASH'])
    const [mine, theirs] = [azureEvidence(vendor, { key }), azureEvidence(vendor, { key: other })]
    // Claims of another guest, with its key and its quote, behind the report of this one.
    const report = Buffer.from(mine.hcl_report, 'base64url')
    const foreign = Buffer.from(theirs.hcl_report, 'base64url')
    foreign.set(report.subarray(32, 1216), 32)
    assert.deepEqual(failed({ ...theirs, hcl_report: foreign.toString('base64url') }), ['AZURE_RUNTIME_DATA'])
    assert.deepEqual(failed({ ...mine, vcek: new Vendor().vek().toString('base64') }).slice(0, 1), ['SNP_CHAIN'])
    const [td, otherTd] = [azureEvidence(intel, { key }), azureEvidence(intel, { key: other })]
    assert.deepEqual(failed({ ...td, td_quote: otherTd.td_quote }), ['AZURE_HARDWARE'])
  })

  test('is worth nothing where the report was asked for below the paravisor', () => {
    const document = azureEvidence(vendor, { key, vmpl: 2 })
    assert.deepEqual(failed(document), ['AZURE_PARAVISOR'])
  })

  test('without what the hardware signed is open', () => {
    const { vcek: _, ...rest } = azureEvidence(vendor, { key }) as Document
    assert.deepEqual(
      verify(rest).checks.flatMap(({ code, verdict }) => (verdict.is === 'unknown' && code.startsWith('AZURE') ? [code] : [])),
      ['AZURE_HARDWARE'],
    )
  })

  test('is read in each of its spellings, and nothing else is', () => {
    const document = azureEvidence(vendor, { key })
    const list = (hex: string) => [...Buffer.from(hex, 'hex')]
    const { message, signature, pcrs } = document.tpm_quote
    const old = {
      quote: { message: list(message), signature: list(signature), pcrs: pcrs.map(list) },
      report: [...Buffer.from(document.hcl_report, 'base64url')],
      vcek: document.vcek,
    }
    const read = readAzureEvidence(JSON.stringify(document))
    assert.deepEqual(readAzureEvidence(JSON.stringify(old)), read)
    assert.deepEqual(readAzureEvidence(JSON.stringify({ platform: 'az-snp', evidence: document })), read)
    for (const wrong of [
      '',
      '[]',
      '{}',
      JSON.stringify({ ...document, hcl_report: '!' }),
      JSON.stringify({ ...document, tpm_quote: { ...document.tpm_quote, message: 'abc' } }),
      JSON.stringify({ ...document, tpm_quote: { ...document.tpm_quote, pcrs: pcrs.slice(1) } }),
      JSON.stringify({ ...document, tpm_quote: { ...document.tpm_quote, pcrs: pcrs.map(() => 'ab') } }),
      JSON.stringify({ ...document, tpm_quote: { ...document.tpm_quote, signature: [256] } }),
    ]) {
      assert.throws(() => readAzureEvidence(wrong), { code: 'FORMAT' }, wrong.slice(0, 40))
    }
  })
})
