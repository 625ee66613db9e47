// A confidential guest on Azure: the hardware vouches for the key of a virtual TPM, and that key for the boot. The challenge is answered by the
// quote of the virtual TPM; the hardware's report answers for its key alone.
import type { Check } from '../../../core/verdict.ts'
import { readAzureEvidence } from '../../../layers/hardware/azure/evidence.ts'
import { readHclReport } from '../../../layers/hardware/azure/hcl-report.ts'
import { verifyAzure } from '../../../layers/hardware/azure/verify.ts'
import { INTEL_SGX_ROOT_KEY } from '../../../layers/hardware/dcap/intel.ts'
import { readQuote } from '../../../layers/hardware/dcap/quote.ts'
import { QuoteVerifier } from '../../../layers/hardware/dcap/verify.ts'
import type { AmdRoots } from '../../../layers/hardware/snp/roots.table.ts'
import { type Appraiser, part } from '../appraise.ts'
import { claimsOfBody, collateralFor, endsOf, validateWorkload } from './dcap.ts'
import { certificatesOf, claimsOfReport, validateGuest } from './snp.ts'
import { isAsked } from './tpm.ts'

export interface AzureTrust {
  readonly roots?: AmdRoots
  readonly anchors?: readonly Buffer[]
}

/**
 * `document`: what the guest's attester sends, in JSON. `certificates` and lists of what is revoked, `collateral`: what comes with it from elsewhere. Other roots than those
 * of AMD and Intel are for tests.
 */
export function azureAppraiser({ roots, anchors = [INTEL_SGX_ROOT_KEY] }: AzureTrust = {}): Appraiser {
  const quotes = new QuoteVerifier(anchors)
  return (evidence, asked) => {
    const read = readAzureEvidence(Buffer.from(part(evidence, 'document')).toString('utf8'))
    const { kind } = readHclReport(read.hclReport)
    const own = certificatesOf(evidence)
    const kept = kind === 'snp' ? asked.held?.forReports() : undefined
    const quoted = read.tdQuote && readQuote(read.tdQuote)
    const collateral = quoted && collateralFor(evidence, asked, quoted, quotes.platformOf(quoted), anchors)
    const verified = verifyAzure(read, {
      ...{ now: asked.now, quotes },
      ...{ authorities: [...own.authorities, ...(kept?.authorities ?? [])], crls: [...own.crls, ...(kept?.crls ?? [])] },
      ...(asked.nonce === undefined ? {} : { nonce: asked.nonce }),
      ...(roots === undefined ? {} : { roots }),
      ...(collateral === undefined ? {} : { collateral }),
    })
    const { snp, td, quote, checks } = verified
    const policy = snp ? validateGuest(snp.report, snp.endorsement, asked) : td ? validateWorkload(td, asked) : []
    const ends = [...(snp ? [snp.endorsement.until] : []), ...(td ? endsOf(td, asked) : [])]
    return {
      checks: [...checks.filter(isLooked), ...policy],
      claims: {
        ...(snp ? claimsOfReport(snp.report, snp.endorsement) : td ? claimsOfBody(td.quote.body) : {}),
        'vtpm-reset-count': quote?.attest.clockInfo.resetCount ?? null,
      },
      expires: ends.length === 0 ? null : Math.min(...ends),
    }
  }
}

/** The hardware's report names the key and stands for where it lives: it needs no public area, and was enrolled nowhere. */
const BOUND: ReadonlySet<string> = new Set(['TPM_KEY_NAME', 'TPM_KEY_ATTRIBUTES'])
const isLooked = (check: Check) => isAsked(check) && (check.verdict.is !== 'unknown' || !BOUND.has(check.code))
