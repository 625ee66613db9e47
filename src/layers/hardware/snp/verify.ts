// Whether a report is genuine: signed by a key that AMD vouches for, as it was derived for this chip and this TCB.
import { verify } from 'node:crypto'
import { checked } from '../../../core/appraisal.ts'
import { type Check, FAIL, PASS, unknown, type Verdict } from '../../../core/verdict.ts'
import { isZero } from '../../../formats/bytes.ts'
import { keyObject } from '../../../formats/x509/public-key.ts'
import { SNP_CHECKS } from './checks.ts'
import type { Endorsement } from './endorsement.ts'
import { lineOfCpuid } from './product.ts'
import type { SnpReport } from './report.ts'
import { tcbOf, tcbText } from './tcb.ts'
import type { Vek } from './vek.ts'

/**
 * Checks `SNP_CHAIN` to `SNP_PRODUCT`.
 * @param now milliseconds since 1970
 */
export function verifyReport(report: SnpReport, endorsement: Endorsement, now: number): readonly Check[] {
  const { kind, line = 'Milan' } = endorsement
  const key = report.maskChipKey ? 'none' : report.signingKey
  return [
    ...endorsement.checksAt(now),
    checked(SNP_CHECKS, 'SNP_SIGNING_KEY', key === kind, { expected: kind, got: key }),
    checked(SNP_CHECKS, 'SNP_SIGNATURE', isSigned(report, endorsement)),
    checked(SNP_CHECKS, 'SNP_TCB', report.reportedTcb.equals(endorsement.tcb), {
      expected: tcbText(tcbOf(endorsement.tcb, line)),
      got: tcbText(tcbOf(report.reportedTcb, line)),
    }),
    ...chipCheck(report, endorsement),
    ...productCheck(report, endorsement),
  ]
}

/** ABI chapter 10: ECDSA on P-384 with SHA-384. */
export function isSigned({ signed, signature }: SnpReport, { key }: Pick<Endorsement, 'key'>): boolean {
  return key !== undefined && verify('sha384', signed, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

/**
 * Of keys, the one that signed the report: of its kind, chip and TCB there may be several, as of two clouds, or of one that was certified anew. Where
 * none of these did, the one that lasts longest; undefined where all are of other reports.
 */
export function signerOf(report: SnpReport, veks: readonly Vek[]): Vek | undefined {
  const { signingKey, chipId, reportedTcb } = report
  const isOfChip = ({ chipId: of }: Vek) => of === undefined || chipId.subarray(0, of.length).equals(of)
  const fitting = veks
    .filter((vek) => vek.kind === signingKey && vek.tcb.equals(reportedTcb) && isOfChip(vek))
    .toSorted((one, other) => other.certificate.notAfter.milliseconds - one.certificate.notAfter.milliseconds)
  return fitting.find(({ certificate }) => isSigned(report, { key: keyObject(certificate.publicKey) })) ?? fitting[0]
}

/** A VLEK is of no chip. */
function chipCheck({ chipId }: SnpReport, endorsement: Endorsement): readonly Check[] {
  const wanted = endorsement.chipId
  if (wanted === undefined) return []
  const seen = { expected: wanted.toString('hex'), got: chipId.subarray(0, wanted.length).toString('hex') }
  return [checked(SNP_CHECKS, 'SNP_CHIP_ID', chipVerdict(chipId, wanted), seen)]
}

function chipVerdict(chipId: Buffer, wanted: Buffer): Verdict {
  if (isZero(chipId)) return unknown('CHIP_ID_MASKED', 'the host keeps the chip’s identity out of reports')
  const rest = chipId.subarray(wanted.length)
  return chipId.subarray(0, wanted.length).equals(wanted) && isZero(rest) ? PASS : FAIL
}

/** Reports of version 2 do not say which processor it is. */
function productCheck({ cpuid }: SnpReport, { line, product }: Endorsement): readonly Check[] {
  if (cpuid === undefined) return []
  const found = lineOfCpuid(cpuid)
  const got = [cpuid.family, cpuid.model, cpuid.stepping].map((part) => part.toString(16)).join('/')
  const verdict =
    found === undefined ? unknown('PROCESSOR_UNKNOWN', `no processor that is known has CPUID ${got}`) : found === line ? PASS : FAIL
  return [checked(SNP_CHECKS, 'SNP_PRODUCT', verdict, { expected: product, got: found ?? got })]
}
