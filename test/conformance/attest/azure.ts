import { createHash } from 'node:crypto'
import { ThymusError } from '../../../src/core/errors.ts'
import type { Check } from '../../../src/core/verdict.ts'
import { readAzureEvidence } from '../../../src/layers/hardware/azure/evidence.ts'
import { readHclReport, readRuntimeData, verifyHclReport } from '../../../src/layers/hardware/azure/hcl-report.ts'
import { type VerifiedAzure, verifyAzure } from '../../../src/layers/hardware/azure/verify.ts'
import { QuoteVerifier } from '../../../src/layers/hardware/dcap/verify.ts'
import { answered, factsDiffer, type Judge } from './case.ts'
import { authorities } from './snp.ts'

const HASH_TYPES = { sha1: 0, sha256: 1, sha384: 2, sha512: 3, sm3: 0 } as const
/** What a case does not give: collateral, the name of a key and what was heard of it before, a selection of PCRs. */
const isOpen = ({ verdict }: Check) => verdict.is === 'unknown'

const passes = (checks: readonly Check[], ...codes: readonly string[]) =>
  codes.every((code) => checks.find((check) => check.code === code)?.verdict.is === 'pass')

/** Evidence of confidential guests with a virtual TPM, as Azure gives it. */
export const azure: Readonly<Record<string, Judge>> = {
  'azure-hcl': ({ expect }, { read }) => {
    const report = readHclReport(read('report'))
    const checks = verifyHclReport(report)
    const facts = {
      reportType: report.kind,
      hashType: HASH_TYPES[report.hash],
      runtimeDataSha256: createHash('sha256').update(report.runtimeData).digest('hex'),
      reportDataBinds: passes(checks, 'AZURE_RUNTIME_DATA'),
      akKid: readRuntimeData(report.runtimeData).keys.some(({ kid }) => kid === 'HCLAkPub'),
    }
    const got = checks.every(({ verdict }) => verdict.is === 'pass') ? 'accept' : 'reject'
    return [...answered('verify', expect.verify, got), ...factsDiffer(expect.facts, facts)]
  },

  'azure-evidence': ({ params, expect }, files) => {
    const given = {
      now: Date.parse(params.time),
      ...(params.nonce === undefined ? {} : { nonce: Buffer.from(params.nonce, 'hex') }),
      authorities: authorities(files),
      quotes: new QuoteVerifier(),
    }
    let verified: VerifiedAzure
    try {
      verified = verifyAzure(readAzureEvidence(files.read('evidence').toString('utf8')), given)
    } catch (error) {
      if (error instanceof ThymusError) return answered('verify', expect.verify, 'reject')
      throw error
    }
    const isHeld = verified.snp !== undefined || verified.td !== undefined
    const got = isHeld && verified.checks.every((check) => isOpen(check) || check.verdict.is === 'pass') ? 'accept' : 'reject'
    return [...answered('verify', expect.verify, got), ...factsDiffer(expect.facts, factsOf(verified))]
  },
}

function factsOf({ checks, quote, snp, td }: VerifiedAzure): Readonly<Record<string, unknown>> {
  return {
    hclBinds: passes(checks, 'AZURE_RUNTIME_DATA'),
    quoteOk: passes(checks, 'TPM_SIGNATURE'),
    pcrDigestOk: passes(checks, 'TPM_PCR_DIGEST'),
    quoteNonce: quote?.attest.extraData.toString('hex'),
    report:
      snp === undefined
        ? null
        : {
            sigOk: passes(snp.checks, 'SNP_SIGNATURE'),
            chain: snp.endorsement.root?.toLowerCase(),
            tcbMatch: passes(snp.checks, 'SNP_TCB'),
            hwMatch: passes(snp.checks, 'SNP_CHIP_ID'),
            measurement: snp.report.measurement.toString('hex'),
          },
    tdQuote:
      td === undefined
        ? null
        : {
            sigOk: passes(checks, 'DCAP_QUOTE_SIGNATURE'),
            qe: passes(checks, 'DCAP_QE_SIGNATURE', 'DCAP_KEY_BINDING'),
            chainOk: passes(checks, 'DCAP_PCK_CHAIN'),
            reportDataBinds: passes(checks, 'AZURE_HARDWARE'),
          },
  }
}
