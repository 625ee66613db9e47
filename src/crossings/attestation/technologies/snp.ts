// SEV-SNP: a report, the certificates that came with it, and what the guest should be.
import { checked } from '../../../core/appraisal.ts'
import { ThymusError } from '../../../core/errors.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import type { NamedEvidence } from '../../../formats/evidence/bundle.ts'
import { readAllPem } from '../../../formats/pem.ts'
import { readCertificate } from '../../../formats/x509/certificate.ts'
import { readCrl } from '../../../formats/x509/crl.ts'
import { commonName } from '../../../formats/x509/name.ts'
import { type CertificateTable, readCertificateTable } from '../../../layers/hardware/snp/certificate-table.ts'
import { SNP_CHECKS } from '../../../layers/hardware/snp/checks.ts'
import { type Endorsement, endorse } from '../../../layers/hardware/snp/endorsement.ts'
import { readReport, type SnpReport } from '../../../layers/hardware/snp/report.ts'
import type { AmdRoots } from '../../../layers/hardware/snp/roots.table.ts'
import { type SnpPolicy, STRICT, validateReport } from '../../../layers/hardware/snp/validate.ts'
import { readVek } from '../../../layers/hardware/snp/vek.ts'
import { signerOf, verifyReport } from '../../../layers/hardware/snp/verify.ts'
import { type Appraiser, type Asked, part } from '../appraise.ts'

/**
 * `report`: 1184 bytes. `certificates`: of the key, its authorities, and lists of what is revoked, in PEM or as the host's table. Another root than AMD's is for
 * tests.
 */
export const snpAppraiser =
  (roots?: AmdRoots): Appraiser =>
  (evidence, asked) => {
    const report = readReport(part(evidence, 'report'))
    const { leaf, authorities, crls } = certificatesFor(report, evidence, asked)
    const endorsement = endorse(leaf, { authorities, crls, ...(roots === undefined ? {} : { roots }) })
    const checks = [...verifyReport(report, endorsement, asked.now), ...validateGuest(report, endorsement, asked, asked)]
    return { checks, claims: claimsOfReport(report, endorsement), expires: endorsement.until }
  }

const LEAF = /^SEV-V[CL]EK$/
/** Each authority is tried with each root: that is the square of what somebody sends. Three lines of processors have nine. */
const MAX_BLOCKS = 32

/** What came with the report, and what is held for it. @throws ThymusError FORMAT; EVIDENCE without a certificate of the key */
function certificatesFor(report: SnpReport, evidence: NamedEvidence, { held }: Asked) {
  const own = certificatesOf(evidence)
  const kept = held?.forReports()
  // Where none fits, the checks say how the one that came does not.
  const vek = signerOf(report, [...own.veks, ...(kept?.veks ?? [])]) ?? own.veks[0]
  if (vek === undefined) throw new ThymusError('EVIDENCE', 'no certificate of a VCEK or VLEK', { at: 'parts.certificates' })
  return {
    leaf: vek.certificate,
    authorities: [...own.authorities, ...(kept?.authorities ?? [])],
    crls: [...own.crls, ...(kept?.crls ?? [])],
  }
}

/** The part `certificates`: PEM in any order, or the table that the host gives the guest; nothing where there is none. @throws ThymusError FORMAT */
export function certificatesOf(evidence: NamedEvidence): CertificateTable {
  const bytes = Buffer.from(Object.hasOwn(evidence.parts, 'certificates') ? part(evidence, 'certificates') : Buffer.alloc(0))
  const blocks = readAllPem(bytes.toString('latin1'))
  if (blocks.length === 0) return readCertificateTable(bytes)
  if (blocks.length > MAX_BLOCKS) throw new ThymusError('FORMAT', `more than ${MAX_BLOCKS} certificates and lists`, { at: 'certificates' })
  const labelled = (wanted: string) => blocks.filter(({ label }) => label === wanted).map(({ bytes: der }) => der)
  const all = Object.groupBy(labelled('CERTIFICATE').map(readCertificate), ({ subject }) =>
    LEAF.test(commonName(subject)) ? 'leaf' : 'above',
  )
  return { veks: (all.leaf ?? []).map(readVek), authorities: all.above ?? [], crls: labelled('X509 CRL').map(readCrl) }
}

/** What a guest should be. What was launched must be known, or nothing is affirmed by it. @param answers the challenge, where the report is its answer */
export function validateGuest(
  report: SnpReport,
  endorsement: Endorsement,
  { reference: { snp = {} } }: Asked,
  answers?: Pick<Asked, 'nonce'>,
): readonly Check[] {
  const { chips, minTcb, ...same } = snp
  const policy: SnpPolicy = {
    ...STRICT,
    ...same,
    ...(chips === undefined ? {} : { chipIds: chips }),
    ...(minTcb === undefined ? {} : { minTcb: { reported: minTcb, committed: minTcb } }),
    ...(answers?.nonce === undefined ? {} : { reportData: Buffer.from(answers.nonce).toString('hex') }),
  }
  const not = (code: keyof typeof SNP_CHECKS, what: string) =>
    checked(SNP_CHECKS, code, unknown('NOT_GIVEN', `${what} to hold it to was not given`))
  return [
    ...(answers !== undefined && answers.nonce === undefined ? [not('SNP_REPORT_DATA', 'a challenge')] : []),
    ...(snp.measurements === undefined ? [not('SNP_MEASUREMENT', 'a launch digest')] : []),
    ...validateReport(report, policy, endorsement),
  ]
}

export function claimsOfReport(report: SnpReport, { kind, product, line }: Endorsement) {
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
