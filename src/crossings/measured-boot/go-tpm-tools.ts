// An attestation of go-tpm-tools: one key, a quote of each bank, and the log that all of them must account for.
import { checked } from '../../core/appraisal.ts'
import { type Check, unknown } from '../../core/verdict.ts'
import { type HashName, hashById } from '../../formats/hash.ts'
import type { Certificate } from '../../formats/x509/certificate.ts'
import { parseEventLog } from '../../layers/firmware/tcg-log/event-log.ts'
import type { GoTpmAttestation } from '../../layers/hardware/tpm/abi/go-tpm-tools.ts'
import { readPublicArea } from '../../layers/hardware/tpm/abi/public-area.ts'
import { readTpmSignature } from '../../layers/hardware/tpm/abi/signature.ts'
import { readVendorCertificate } from '../../layers/hardware/tpm/abi/vendor-certificate.ts'
import { TPM_CHECKS } from '../../layers/hardware/tpm/checks.ts'
import { verifyAkCertificate } from '../../layers/hardware/tpm/verify/ak-certificate.ts'
import { type AttestationKey, attestationKeyOf } from '../../layers/hardware/tpm/verify/attestation-key.ts'
import { type VerifiedQuote, verifyQuote } from '../../layers/hardware/tpm/verify/quote.ts'
import { type VerifiedBoot, verifyBoot } from './verify-boot.ts'

export interface GoTpmStatement {
  /** What was asked with; go-tpm-tools hands it to the TPM as it is. */
  readonly nonce?: Uint8Array
  /** Who may vouch for the key, and when: milliseconds since 1970. */
  readonly trust?: { readonly roots: readonly Certificate[]; readonly now: number }
}

export interface VerifiedGoTpm {
  /** One of each bank, in their order. */
  readonly quotes: readonly { readonly bank: HashName | undefined; readonly quote: VerifiedQuote; readonly boot: VerifiedBoot }[]
  /** Of the key's certificate. */
  readonly checks: readonly Check[]
}

/** @throws ThymusError FORMAT where the key, a quote, the log or a certificate is none */
export function verifyGoTpmAttestation(attestation: GoTpmAttestation, { nonce, trust }: GoTpmStatement): VerifiedGoTpm {
  const key = attestationKeyOf(readPublicArea(attestation.akPublic))
  const log = attestation.eventLog.length === 0 ? undefined : parseEventLog(attestation.eventLog)
  const quotes = attestation.quotes.map(({ message, signature, pcrs }) => {
    const quote = verifyQuote({ message, signature: readTpmSignature(signature), key, pcrs, ...(nonce && { nonce }) })
    return { bank: hashById([...pcrs.keys()][0] ?? 0)?.name, quote, boot: verifyBoot({ quote, log }) }
  })
  return { quotes, checks: keyChecks(attestation, key, trust) }
}

function keyChecks(
  { akCertificate, intermediates }: GoTpmAttestation,
  key: AttestationKey,
  trust: GoTpmStatement['trust'],
): readonly Check[] {
  if (akCertificate === undefined || trust === undefined) {
    const open = unknown('NOT_GIVEN', akCertificate === undefined ? 'the key came without a certificate' : 'no root was given')
    return [checked(TPM_CHECKS, 'TPM_AK_CHAIN', open)]
  }
  return verifyAkCertificate({
    certificate: readVendorCertificate(akCertificate),
    key,
    ...trust,
    intermediates: intermediates.map(readVendorCertificate),
  })
}
