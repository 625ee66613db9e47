// Certificates of attestation keys, as the makers of virtual TPMs issue them: then nobody has to ask the endorsement key.
import { checked } from '../../../../core/appraisal.ts'
import type { Check } from '../../../../core/verdict.ts'
import type { Certificate } from '../../../../formats/x509/certificate.ts'
import { EXTENSION } from '../../../../formats/x509/extensions.ts'
import { TPM_CHECKS } from '../checks.ts'
import type { AttestationKey } from './attestation-key.ts'
import { chainOf } from './chain.ts'
import { isSameKey } from './public-key.ts'

/** tcg-kp-AIKCertificate. */
const AK_USAGE = '2.23.133.8.3'

export interface AkStatement {
  readonly certificate: Certificate
  readonly key: AttestationKey
  readonly roots: readonly Certificate[]
  readonly intermediates: readonly Certificate[]
  /** Milliseconds since 1970. */
  readonly now: number
}

export interface VerifiedAk {
  readonly checks: readonly Check[]
  /** Milliseconds since 1970, when the first certificate of the path ends. */
  readonly until: number
}

/** A certificate that names usages must name that of an attestation key. */
export function verifyAkCertificate({ certificate, key, roots, intermediates, now }: AkStatement): VerifiedAk {
  const path = chainOf(certificate, { roots, intermediates, now, usages: [AK_USAGE], understood: [EXTENSION.subjectAltName] })
  return {
    checks: [
      checked(TPM_CHECKS, 'TPM_AK_CHAIN', typeof path !== 'string', typeof path === 'string' ? { got: path } : {}),
      checked(TPM_CHECKS, 'TPM_AK_KEY', isSameKey(certificate.publicKey, key.key)),
    ],
    until: Math.min(...[certificate, ...(typeof path === 'string' ? [] : path)].map(({ notAfter }) => notAfter.milliseconds)),
  }
}
