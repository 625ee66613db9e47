// Whether evidence of a confidential guest on Azure hangs together: the hardware signs a report whose data is the hash of the claims, the claims
// name the key of the virtual TPM, and that key signs the quote. The hardware's evidence is held to the same checks as everywhere.
import { checked } from '../../../core/appraisal.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import { type Certificate, readCertificate } from '../../../formats/x509/certificate.ts'
import type { Crl } from '../../../formats/x509/crl.ts'
import type { Collateral } from '../dcap/collateral.ts'
import { readQuote } from '../dcap/quote.ts'
import type { QuoteVerifier, VerifiedQuote as VerifiedTdQuote } from '../dcap/verify.ts'
import { type Endorsement, endorse } from '../snp/endorsement.ts'
import { readReport, type SnpReport } from '../snp/report.ts'
import type { AmdRoots } from '../snp/roots.table.ts'
import { verifyReport } from '../snp/verify.ts'
import { bankOf } from '../tpm/abi/pcr-values.ts'
import { validateQuote } from '../tpm/validate/quote-policy.ts'
import { attestationKeyOfJwk } from '../tpm/verify/attestation-key.ts'
import { type VerifiedQuote, verifyQuote } from '../tpm/verify/quote.ts'
import { readSignatureOf } from '../tpm/verify/signature.ts'
import type { AzureEvidence } from './evidence.ts'
import { AZURE_CHECKS, attestationJwk, type HclReport, readHclReport, readRuntimeData, verifyHclReport } from './hcl-report.ts'

export interface AzureGiven {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly nonce?: Uint8Array
  /** ASK and ARK of the chip's line: the evidence brings the VCEK alone. */
  readonly authorities: readonly Certificate[]
  /** Lists of the ARK; without them nobody asks what is revoked. */
  readonly crls?: readonly Crl[]
  /** Other roots than AMD's. */
  readonly roots?: AmdRoots
  readonly quotes: QuoteVerifier
  readonly collateral?: Collateral
}

/** Checks in the order in which one stands on the other. */
export interface VerifiedAzure {
  readonly checks: readonly Check[]
  readonly hcl: HclReport
  /** Undefined where the claims name no key, so that nobody can have signed it. */
  readonly quote: VerifiedQuote | undefined
  readonly snp: { readonly report: SnpReport; readonly endorsement: Endorsement; readonly checks: readonly Check[] } | undefined
  readonly td: VerifiedTdQuote | undefined
}

/** @throws ThymusError FORMAT where a part is none of its kind */
export function verifyAzure(evidence: AzureEvidence, given: AzureGiven): VerifiedAzure {
  const hcl = readHclReport(evidence.hclReport)
  const quote = quoteOf(evidence, hcl, given)
  const snp = hcl.kind === 'snp' ? snpOf(evidence, hcl, given) : undefined
  const td =
    evidence.tdQuote && hcl.kind === 'tdx'
      ? given.quotes.verify(readQuote(evidence.tdQuote), { now: given.now, collateral: given.collateral })
      : undefined
  return {
    ...{ hcl, quote, snp, td },
    checks: [...hardwareChecks(hcl, snp?.checks, td), ...verifyHclReport(hcl), ...(quote?.checks ?? [])],
  }
}

function quoteOf({ message, signature, pcrs }: AzureEvidence, hcl: HclReport, { nonce }: AzureGiven): VerifiedQuote | undefined {
  const jwk = attestationJwk(readRuntimeData(hcl.runtimeData))
  if (jwk === undefined) return undefined
  const key = attestationKeyOfJwk(jwk)
  const values = bankOf('sha256', new Map(pcrs.map((value, pcr) => [pcr, value])))
  const signed = readSignatureOf(key, signature)
  const verified = verifyQuote({ message, signature: signed, key, pcrs: values, ...(nonce === undefined ? {} : { nonce }) })
  return { ...verified, checks: [...verified.checks, ...validateQuote(verified, signed)] }
}

function snpOf({ vcek }: AzureEvidence, { hardware }: HclReport, { now, authorities, crls, roots }: AzureGiven): VerifiedAzure['snp'] {
  if (vcek === undefined) return undefined
  const report = readReport(hardware)
  const endorsement = endorse(readCertificate(vcek), { authorities, ...(crls && { crls }), ...(roots && { roots }) })
  return { report, endorsement, checks: [paravisorCheck(report), ...verifyReport(report, endorsement, now)] }
}

/** The paravisor asks at the highest privilege. What runs below it may ask as well, with report data of its own choice: that binds nothing. */
const paravisorCheck = ({ vmpl }: SnpReport): Check =>
  checked(AZURE_CHECKS, 'AZURE_PARAVISOR', vmpl === 0, { expected: 'VMPL 0', got: `VMPL ${vmpl}` })

/** The hardware's evidence, and that it is of the guest that the HCL report is about. */
function hardwareChecks(hcl: HclReport, snp: readonly Check[] | undefined, td: VerifiedTdQuote | undefined): readonly Check[] {
  if (snp !== undefined) return snp
  if (td === undefined) {
    const absent = unknown('NOT_GIVEN', `what the hardware signed did not come with the ${hcl.kind} report`)
    return [checked(AZURE_CHECKS, 'AZURE_HARDWARE', absent)]
  }
  const { reportData } = td.quote.body
  const isSame = td.quote.tee === 'TDX' && reportData.equals(hcl.reportData)
  return [
    ...td.checks,
    checked(AZURE_CHECKS, 'AZURE_HARDWARE', isSame, { expected: hcl.reportData.toString('hex'), got: reportData.toString('hex') }),
  ]
}
