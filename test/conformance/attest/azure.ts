import { createHash } from 'node:crypto'
import { readHclReport, readRuntimeData, verifyHclReport } from '../../../src/layers/hardware/azure/hcl-report.ts'
import { answered, factsDiffer, type Judge } from './case.ts'

const HASH_TYPES = { sha1: 0, sha256: 1, sha384: 2, sha512: 3, sm3: 0 } as const

/** Evidence of confidential guests with a virtual TPM, as Azure gives it. */
export const azure: Readonly<Record<string, Judge>> = {
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
