// SEV-SNP: a report, the certificates that came with it, and what the guest should be.
import { checked } from '../../../core/appraisal.ts'
import { ThymusError } from '../../../core/errors.ts'
import { unknown } from '../../../core/verdict.ts'
import { readAllPem } from '../../../formats/pem.ts'
import { type Certificate, readCertificate } from '../../../formats/x509/certificate.ts'
import { readCrl } from '../../../formats/x509/crl.ts'
import { SNP_CHECKS } from '../../../layers/hardware/snp/checks.ts'
import { type Endorsement, endorse } from '../../../layers/hardware/snp/endorsement.ts'
import { readReport, type SnpReport } from '../../../layers/hardware/snp/report.ts'
import type { AmdRoots } from '../../../layers/hardware/snp/roots.table.ts'
import { type SnpPolicy, STRICT, validateReport } from '../../../layers/hardware/snp/validate.ts'
import { commonName } from '../../../layers/hardware/snp/vek.ts'
import { verifyReport } from '../../../layers/hardware/snp/verify.ts'
import { type Appraiser, type Asked, part } from '../appraise.ts'

/**
 * `report`: 1184 bytes. `certificates`: PEM of the key's certificate, its authorities, and lists of what is revoked. Another root than AMD's is for
 * tests.
 */
export const snpAppraiser =
  (roots?: AmdRoots): Appraiser =>
  (evidence, asked) => {
    const report = readReport(part(evidence, 'report'))
    const blocks = readAllPem(Buffer.from(part(evidence, 'certificates')).toString('latin1'))
    const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ bytes }) => readCertificate(bytes))
    const crls = blocks.filter(({ label }) => label === 'X509 CRL').map(({ bytes }) => readCrl(bytes))
    const endorsement = endorse(leafOf(certificates), { authorities: certificates, crls, ...(roots === undefined ? {} : { roots }) })
    const checks = [
      ...verifyReport(report, endorsement, asked.now),
      ...notAsked(asked),
      ...validateReport(report, policyOf(asked), endorsement),
    ]
    return { checks, claims: claimsOf(report, endorsement), expires: endorsement.until }
  }

const LEAF = /^SEV-V[CL]EK$/

function leafOf(certificates: readonly Certificate[]): Certificate {
  const leaf = certificates.find((each) => LEAF.test(commonName(each)))
  if (leaf === undefined) throw new ThymusError('EVIDENCE', 'no certificate of a VCEK or VLEK', { at: 'parts.certificates' })
  return leaf
}

/** What was launched and what it answers must be known, or nothing is affirmed by it. */
function notAsked({ nonce, reference }: Asked) {
  const not = (what: string) => unknown('NOT_GIVEN', `${what} to hold it to was not given`)
  return [
    ...(nonce === undefined ? [checked(SNP_CHECKS, 'SNP_REPORT_DATA', not('a challenge'))] : []),
    ...(reference.snp?.measurements === undefined ? [checked(SNP_CHECKS, 'SNP_MEASUREMENT', not('a launch digest'))] : []),
  ]
}

function policyOf({ nonce, reference: { snp = {} } }: Asked): SnpPolicy {
  const { chips, minTcb, ...same } = snp
  return {
    ...STRICT,
    ...same,
    ...(chips === undefined ? {} : { chipIds: chips }),
    ...(minTcb === undefined ? {} : { minTcb: { reported: minTcb, committed: minTcb } }),
    ...(nonce === undefined ? {} : { reportData: Buffer.from(nonce).toString('hex') }),
  }
}

function claimsOf(report: SnpReport, { kind, product, line }: Endorsement) {
  return {
    version: report.version,
    product: line ?? product,
    key: kind,
    measurement: report.measurement.toString('hex'),
    'report-data': report.reportData.toString('hex'),
    'host-data': report.hostData.toString('hex'),
    'chip-id': report.chipId.toString('hex'),
    'guest-svn': report.guestSvn,
    vmpl: report.vmpl,
    policy: `0x${report.policy.toString(16)}`,
  }
}
