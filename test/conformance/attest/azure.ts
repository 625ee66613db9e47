import { createHash } from 'node:crypto'
import { ThymusError } from '../../../src/core/errors.ts'
import { readAzureEvidence } from '../../../src/crossings/azure-guest/evidence.ts'
import { type VerifiedAzureGuest, verifyAzureGuest } from '../../../src/crossings/azure-guest/verify.ts'
import { readHclReport, readRuntimeData, verifyHclReport } from '../../../src/layers/hardware/azure/hcl-report.ts'
import { type AttestCase, answered, type CaseFiles, type Difference, factsDiffer, type Judge } from './case.ts'
import { authorities } from './snp.ts'

const HASH_TYPES = { sha1: 0, sha256: 1, sha384: 2, sha512: 3, sm3: 0 } as const

/** Evidence of confidential guests with a virtual TPM, as Azure gives it. */
export const azure: Readonly<Record<string, Judge>> = {
  'azure-evidence': judgeEvidence,
  'azure-hcl': ({ expect }, { read }) => {
    const report = readHclReport(read('report'))
    const checks = verifyHclReport(report)
    const passes = (code: string) => checks.find((check) => check.code === code)?.verdict.is === 'pass'
    const facts = {
      reportType: report.kind,
      hashType: HASH_TYPES[report.hash],
      runtimeDataSha256: createHash('sha256').update(report.runtimeData).digest('hex'),
      reportDataBinds: passes('AZURE_RUNTIME_DATA'),
      akKid: readRuntimeData(report.runtimeData).keys.some(({ kid }) => kid === 'HCLAkPub'),
    }
    const got = checks.every(({ verdict }) => verdict.is === 'pass') ? 'accept' : 'reject'
    return [...answered('verify', expect.verify, got), ...factsDiffer(expect.facts, facts)]
  },
}

function judgeEvidence({ params, expect }: AttestCase, files: CaseFiles): readonly Difference[] {
  const nonce = typeof params.nonce === 'string' ? { nonce: Buffer.from(params.nonce, 'hex') } : {}
  try {
    const evidence = readAzureEvidence(files.read('evidence').toString('utf8'))
    const guest = verifyAzureGuest(evidence, { now: Date.parse(params.time), ...nonce, authorities: authorities(files) })
    const refused = guest.checks.some(({ verdict }) => verdict.is === 'fail')
    return [...answered('verify', expect.verify, refused ? 'reject' : 'accept'), ...factsDiffer(expect.facts, factsOf(guest))]
  } catch (error) {
    if (error instanceof ThymusError && expect.verify === 'reject') return []
    throw error
  }
}

function factsOf({ checks, quote, snp, td }: VerifiedAzureGuest): Readonly<Record<string, unknown>> {
  const passes = (...codes: readonly string[]) =>
    codes.every((wanted) => checks.some(({ code, verdict }) => code === wanted && verdict.is === 'pass'))
  return {
    ...{ hclBinds: passes('AZURE_RUNTIME_DATA'), quoteOk: passes('TPM_SIGNATURE'), pcrDigestOk: passes('TPM_PCR_DIGEST') },
    report:
      snp === undefined
        ? null
        : {
            ...{
              sigOk: passes('SNP_SIGNATURE'),
              chain: checks
                .find(({ code }) => code === 'SNP_CHAIN')
                ?.got?.replace('ARK-', '')
                .toLowerCase(),
            },
            ...{ tcbMatch: passes('SNP_TCB'), hwMatch: passes('SNP_CHIP_ID'), measurement: snp.measurement.toString('hex') },
          },
    tdQuote:
      td === undefined
        ? null
        : {
            ...{ sigOk: passes('DCAP_QUOTE_SIGNATURE'), qe: passes('DCAP_KEY_BINDING', 'DCAP_QE_SIGNATURE') },
            ...{ chainOk: passes('DCAP_PCK_CHAIN'), reportDataBinds: passes('AZURE_HARDWARE') },
          },
    quoteNonce: quote?.attest.extraData.toString('hex'),
  }
}
