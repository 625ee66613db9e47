// A confidential guest of Azure: the hardware signs the hash of the claims, the claims have the key of the virtual TPM, and that key signs the
// quote. Each link is verified by its own layer; here they are joined.
import { checked } from '../../core/appraisal.ts'
import { type Check, unknown } from '../../core/verdict.ts'
import { type Certificate, readCertificate } from '../../formats/x509/certificate.ts'
import type { Crl } from '../../formats/x509/crl.ts'
import {
  AZURE_CHECKS,
  attestationJwk,
  type HclReport,
  readHclReport,
  readRuntimeData,
  verifyHclReport,
} from '../../layers/hardware/azure/hcl-report.ts'
import type { Collateral } from '../../layers/hardware/dcap/collateral.ts'
import { readQuote } from '../../layers/hardware/dcap/quote.ts'
import { QuoteVerifier, type VerifiedQuote as VerifiedTdQuote } from '../../layers/hardware/dcap/verify.ts'
import { endorse } from '../../layers/hardware/snp/endorsement.ts'
import { readReport, type SnpReport } from '../../layers/hardware/snp/report.ts'
import type { AmdRoots } from '../../layers/hardware/snp/roots.table.ts'
import { verifyReport } from '../../layers/hardware/snp/verify.ts'
import { attestationKeyOfJwk } from '../../layers/hardware/tpm/verify/attestation-key.ts'
import { type VerifiedQuote, verifyQuote } from '../../layers/hardware/tpm/verify/quote.ts'
import { readSignatureOf } from '../../layers/hardware/tpm/verify/signature.ts'
import type { AzureEvidence } from './evidence.ts'

export interface AzureTrust {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly nonce?: Uint8Array
  /** Of AMD: below the roots that are trusted. */
  readonly authorities?: readonly Certificate[]
  readonly crls?: readonly Crl[]
  readonly roots?: AmdRoots
  /** Of Intel. */
  readonly collateral?: Collateral
  /** Public keys of Intel's roots. */
  readonly anchors?: readonly Buffer[]
}

export interface VerifiedAzureGuest {
  /** Of all links together. */
  readonly checks: readonly Check[]
  readonly hcl: HclReport
  /** Undefined where the claims have no key. */
  readonly quote: VerifiedQuote | undefined
  readonly snp: SnpReport | undefined
  readonly td: VerifiedTdQuote | undefined
}

/** @throws ThymusError FORMAT where a part does not have its form */
export function verifyAzureGuest(evidence: AzureEvidence, trust: AzureTrust): VerifiedAzureGuest {
  const hcl = readHclReport(evidence.hclReport)
  const jwk = attestationJwk(readRuntimeData(hcl.runtimeData))
  const quote = jwk && quoteOf(evidence, jwk, trust)
  const { checks, ...hardware } = hcl.kind === 'snp' ? snpGuest(hcl, evidence, trust) : tdGuest(hcl, evidence, trust)
  return { checks: [...verifyHclReport(hcl), ...(quote?.checks ?? []), ...checks], hcl, quote, ...hardware }
}

function quoteOf(
  { message, signature, pcrs }: AzureEvidence,
  jwk: NonNullable<ReturnType<typeof attestationJwk>>,
  { nonce }: AzureTrust,
): VerifiedQuote {
  const key = attestationKeyOfJwk(jwk)
  return verifyQuote({ message, signature: readSignatureOf(key, signature), key, pcrs, ...(nonce && { nonce }) })
}

interface Hardware {
  readonly checks: readonly Check[]
  readonly snp: SnpReport | undefined
  readonly td: VerifiedTdQuote | undefined
}

/** The paravisor asks for the report at the highest privilege; a guest below it could choose the report data as it likes. */
function snpGuest({ hardware }: HclReport, { vcek }: AzureEvidence, { now, authorities = [], crls, roots }: AzureTrust): Hardware {
  const snp = readReport(hardware)
  const level = checked(AZURE_CHECKS, 'AZURE_PARAVISOR', snp.vmpl === 0, { expected: 'VMPL 0', got: `VMPL ${snp.vmpl}` })
  const endorsement = vcek && endorse(readCertificate(vcek), { authorities, ...(crls && { crls }), ...(roots && { roots }) })
  const absent = checked(AZURE_CHECKS, 'AZURE_HARDWARE', unknown('NOT_GIVEN', 'the certificate of the chip was not given'))
  return { checks: [level, ...(endorsement === undefined ? [absent] : verifyReport(snp, endorsement, now))], snp, td: undefined }
}

/** The TDREPORT is signed by nobody; the quote that was made of it has the same report data. */
function tdGuest({ reportData }: HclReport, { tdQuote }: AzureEvidence, { now, collateral, anchors }: AzureTrust): Hardware {
  if (tdQuote === undefined) {
    const open = unknown('NOT_GIVEN', 'the quote of the trust domain was not given')
    return { checks: [checked(AZURE_CHECKS, 'AZURE_HARDWARE', open)], snp: undefined, td: undefined }
  }
  const td = new QuoteVerifier(anchors).verify(readQuote(tdQuote), { now, collateral })
  const binds = td.quote.tee === 'TDX' && td.quote.body.reportData.equals(reportData)
  const got = td.quote.body.reportData.toString('hex')
  const binding = checked(AZURE_CHECKS, 'AZURE_HARDWARE', binds, { expected: reportData.toString('hex'), got })
  return { checks: [...td.checks, binding], snp: undefined, td }
}
