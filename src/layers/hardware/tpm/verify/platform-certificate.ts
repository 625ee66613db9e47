// Whether a platform certificate is genuine, and about the TPM whose endorsement key is at hand (TCG Platform Certificate Profile 1.1, 3.1).
import { checked } from '../../../../core/appraisal.ts'
import { type Check, unknown, type Verdict } from '../../../../core/verdict.ts'
import type { Certificate } from '../../../../formats/x509/certificate.ts'
import { EXTENSION } from '../../../../formats/x509/extensions.ts'
import { isSignedBy } from '../../../../formats/x509/signature.ts'
import { ANY_USAGE } from '../../../../formats/x509/verify.ts'
import type { PlatformCertificate } from '../abi/platform-certificate.ts'
import { TPM_CHECKS } from '../checks.ts'
import { chainOf } from './chain.ts'

export interface PlatformStatement {
  readonly platform: PlatformCertificate
  readonly roots: readonly Certificate[]
  /** Among them the one that has signed it, if that is no root. */
  readonly intermediates: readonly Certificate[]
  /** Milliseconds since 1970. */
  readonly now: number
  /** The certificate of the endorsement key, which is verified by itself. */
  readonly ekCertificate?: Certificate
}

export function verifyPlatformCertificate(statement: PlatformStatement): readonly Check[] {
  const { platform, ekCertificate } = statement
  const why = platform.certificate === undefined ? attributeChain(statement) : pathOf(platform.certificate, statement)
  return [
    checked(TPM_CHECKS, 'TPM_PLATFORM_CHAIN', why === undefined, why === undefined ? {} : { got: why }),
    checked(TPM_CHECKS, 'TPM_PLATFORM_HOLDER', holderVerdict(platform, ekCertificate)),
  ]
}

/** Why an attribute certificate is not believed; undefined if it is. */
function attributeChain(statement: PlatformStatement): string | undefined {
  const { platform, roots, intermediates, now } = statement
  if (platform.unhandled.length > 0) return `critical extensions that are not known: ${platform.unhandled.join(', ')}`
  if (now < platform.notBefore || now > platform.notAfter) return 'it is not valid at the time'
  const signers = [...intermediates, ...roots].filter(
    ({ rawSubject, publicKey }) =>
      rawSubject.equals(platform.rawIssuer) && isSignedBy(publicKey, platform.signatureAlgorithm, platform.rawBody, platform.signature),
  )
  if (signers.length === 0) return 'none of the certificates has signed it'
  const reasons = signers.map((signer) => pathOf(signer, statement))
  return reasons.includes(undefined) ? undefined : reasons[0]
}

function pathOf(leaf: Certificate, { roots, intermediates, now }: PlatformStatement): string | undefined {
  const path = chainOf(leaf, { roots, intermediates, now, usages: [ANY_USAGE], understood: [EXTENSION.subjectAltName] })
  return typeof path === 'string' ? path : undefined
}

function holderVerdict({ holder }: PlatformCertificate, ek: Certificate | undefined): Verdict {
  if (ek === undefined) return unknown('NOT_GIVEN', 'the certificate of the endorsement key was not given')
  if (holder === undefined) return unknown('NO_HOLDER', 'the certificate names no certificate of an endorsement key')
  return holder.rawIssuer.equals(ek.rawIssuer) && holder.serial === ek.serial ? { is: 'pass' } : { is: 'fail' }
}
