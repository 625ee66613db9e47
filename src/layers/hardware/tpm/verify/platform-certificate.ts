// Whether a platform certificate is genuine, and about the TPM whose endorsement key is at hand (TCG Platform Certificate Profile 1.1, 3.1).
import { checked } from '../../../../core/appraisal.ts'
import { type Check, FAIL, PASS, together, unknown, type Verdict } from '../../../../core/verdict.ts'
import { hashesTo } from '../../../../formats/hash.ts'
import type { Certificate } from '../../../../formats/x509/certificate.ts'
import { EXTENSION } from '../../../../formats/x509/extensions.ts'
import { commonName } from '../../../../formats/x509/name.ts'
import { isSignedBy } from '../../../../formats/x509/signature.ts'
import { ANY_USAGE } from '../../../../formats/x509/verify.ts'
import type { Holder, HolderDigest, PlatformCertificate } from '../abi/platform-certificate.ts'
import type { VendorCertificate } from '../abi/vendor-certificate.ts'
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
  readonly ekCertificate?: VendorCertificate
}

/** The platform's delta certificate: its holder is the certificate that it changes. */
const DELTA = '2.23.133.8.5'
/** digitalSignature, keyCertSign: makers have authorities with the second alone. */
const SIGNS = (1 << 0) | (1 << 5)

/** Without roots it cannot be told who has signed. */
export function verifyPlatformCertificate(statement: PlatformStatement): readonly Check[] {
  const { platform, ekCertificate } = statement
  return [chainCheck(statement), holderCheck(platform, ekCertificate)]
}

function chainCheck(statement: PlatformStatement): Check {
  const { platform, roots, now } = statement
  const fault = faultOf(platform, now)
  if (fault === undefined && roots.length === 0)
    return checked(TPM_CHECKS, 'TPM_PLATFORM_CHAIN', unknown('NOT_GIVEN', 'nobody was named who could vouch for it'))
  const why = fault ?? (platform.certificate === undefined ? signedChain(statement) : pathOf(platform.certificate, statement))
  return checked(TPM_CHECKS, 'TPM_PLATFORM_CHAIN', why === undefined, why === undefined ? {} : { got: why })
}

/** What is wrong whoever has signed it. */
function faultOf({ unhandled, notBefore, notAfter }: PlatformCertificate, now: number): string | undefined {
  if (unhandled.length > 0) return `critical extensions that are not known: ${unhandled.join(', ')}`
  return now < notBefore || now > notAfter ? 'it is not valid at the time' : undefined
}

/** Why nobody who is trusted has signed an attribute certificate; undefined where somebody has. */
function signedChain(statement: PlatformStatement): string | undefined {
  const { platform, roots, intermediates } = statement
  const signers = [...intermediates, ...roots].filter(
    ({ rawSubject, publicKey, extended: { keyUsage = SIGNS } }) =>
      (keyUsage & SIGNS) !== 0 &&
      rawSubject.equals(platform.rawIssuer) &&
      isSignedBy(publicKey, platform.signatureAlgorithm, platform.rawBody, platform.signature),
  )
  if (signers.length === 0) return 'none of the certificates has signed it'
  const reasons = signers.map((signer) => pathOf(signer, statement))
  return reasons.includes(undefined) ? undefined : reasons[0]
}

function pathOf(leaf: Certificate, { roots, intermediates, now }: PlatformStatement): string | undefined {
  const path = chainOf(leaf, { roots, intermediates, now, usages: [ANY_USAGE], understood: [EXTENSION.subjectAltName] })
  return typeof path === 'string' ? path : undefined
}

function holderCheck({ holder, credentialType }: PlatformCertificate, ek: VendorCertificate | undefined): Check {
  const open = (code: string, text: string) => checked(TPM_CHECKS, 'TPM_PLATFORM_HOLDER', unknown(code, text))
  if (ek === undefined) return open('NOT_GIVEN', 'the certificate of the endorsement key was not given')
  if (holder === undefined) return open('NO_HOLDER', 'the certificate names no certificate of an endorsement key')
  const verdict = together([
    ...(holder.certificate === undefined ? [] : [isNamed(holder.certificate, ek) ? PASS : FAIL]),
    ...(holder.digest === undefined ? [] : [digestVerdict(holder.digest, ek)]),
  ])
  if (verdict.is === 'fail' && credentialType === DELTA)
    return open('DELTA', 'it says what has changed since another platform certificate, which is its holder')
  const named = verdict.is === 'fail' ? holder.certificate : undefined
  return checked(TPM_CHECKS, 'TPM_PLATFORM_HOLDER', verdict, named && { expected: certificateText(ek), got: certificateText(named) })
}

const isNamed = ({ rawIssuer, serial }: NonNullable<Holder['certificate']>, ek: VendorCertificate) =>
  rawIssuer.equals(ek.rawIssuer) && serial === ek.serial

/** SHA-1 binds nothing. */
function digestVerdict({ of, hash, digest }: HolderDigest, ek: VendorCertificate): Verdict {
  if (of === 'other' || hash === undefined || hash === 'sha1')
    return unknown('HASH', 'its holder is a digest by a hash, or of an object, that says nothing here')
  return hashesTo(hash, of === 'key' ? ek.rawPublicKey : ek.raw, digest) ? PASS : FAIL
}

const certificateText = ({ issuer, serial }: Pick<Certificate, 'issuer' | 'serial'>) =>
  `serial number ${serial.toString(16)} of ${commonName(issuer) || 'an issuer without a common name'}`
