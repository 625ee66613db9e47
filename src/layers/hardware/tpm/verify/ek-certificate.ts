// Certificates of endorsement keys (TCG EK Credential Profile): that a maker vouches for the TPM that has this key.
import { checked } from '../../../../core/appraisal.ts'
import { type Check, unknown } from '../../../../core/verdict.ts'
import { contextConstructed, TAG } from '../../../../formats/der/tags.ts'
import type { Certificate } from '../../../../formats/x509/certificate.ts'
import { EXTENSION } from '../../../../formats/x509/extensions.ts'
import { readName } from '../../../../formats/x509/name.ts'
import { OBJECT } from '../abi/algorithms.ts'
import { hasAttributes, type PublicArea } from '../abi/public-area.ts'
import { extensionOf, type VendorCertificate } from '../abi/vendor-certificate.ts'
import { TPM_CHECKS } from '../checks.ts'
import { chainOf } from './chain.ts'
import { isSameKey, subjectPublicKeyOf } from './public-key.ts'

/** What the certificate says of the TPM (TCG EK Credential Profile 2.5, 3.2.9). */
export interface TpmIdentity {
  /** `id:` and the vendor's four bytes in hex, as the TCG Vendor ID Registry has them. */
  readonly manufacturer: string
  readonly model: string
  /** `id:` and hex: the firmware's version when the certificate was made. */
  readonly version: string
}

export interface EkStatement {
  readonly certificate: VendorCertificate
  /** Without any it cannot be told where the certificate leads. */
  readonly roots: readonly Certificate[]
  readonly intermediates: readonly Certificate[]
  /** Milliseconds since 1970. */
  readonly now: number
  /** The public area that the TPM shows of its endorsement key. */
  readonly ek?: PublicArea
}

export interface VerifiedEk {
  readonly checks: readonly Check[]
  readonly identity: TpmIdentity | undefined
  /** From the certificate to its root; empty where no path leads to one. */
  readonly chain: readonly Certificate[]
}

const EK_USAGE = '2.23.133.8.1'
/** keyEncipherment, keyAgreement. */
const RECEIVES = (1 << 2) | (1 << 4)
const NAMES = { manufacturer: '2.23.133.2.1', model: '2.23.133.2.2', version: '2.23.133.2.3' } as const
const DIRECTORY_NAME = contextConstructed(4)
const EK_ATTRIBUTES = [OBJECT.fixedTpm, OBJECT.fixedParent, OBJECT.sensitiveDataOrigin, OBJECT.restricted, OBJECT.decrypt]

/** @throws ThymusError FORMAT where the names of the certificate do not follow their syntax */
export function verifyEkCertificate({ certificate, roots, intermediates, now, ek }: EkStatement): VerifiedEk {
  const identity = tpmIdentityOf(certificate)
  const understood = identity === undefined ? [] : [EXTENSION.subjectAltName]
  const path = chainOf(certificate, { roots, intermediates, now, usages: [EK_USAGE], understood })
  const open = roots.length === 0 ? unknown('NOT_GIVEN', 'nobody was named who could vouch for it') : undefined
  const usages = certificate.extended.extendedKeyUsage ?? []
  const checks: readonly Check[] = [
    checked(
      TPM_CHECKS,
      'TPM_EK_CHAIN',
      open ?? typeof path !== 'string',
      open === undefined && typeof path === 'string' ? { got: path } : {},
    ),
    checked(TPM_CHECKS, 'TPM_EK_USAGE', usages.includes(EK_USAGE) && isForSecrets(certificate), {
      expected: EK_USAGE,
      got: usages.join(', '),
    }),
    checked(TPM_CHECKS, 'TPM_EK_NAMES', identity !== undefined, identity && { got: Object.values(identity).join(', ') }),
    ...keyChecks(certificate, ek),
    checked(TPM_CHECKS, 'TPM_EK_ENCODING', true, certificate.oddities.length > 0 ? { got: certificate.oddities.join(', ') } : {}),
  ]
  return { checks, identity, chain: typeof path === 'string' ? [] : path }
}

/**
 * Whether the key is one that secrets are sent to, as the profile has it for RSA (keyEncipherment) and ECC (keyAgreement; makers have the other as
 * well), and not one that issues certificates: those of makers have the usage of endorsement keys, too.
 */
function isForSecrets({ extended: { basicConstraints, keyUsage } }: Certificate): boolean {
  return basicConstraints?.isCa !== true && (keyUsage === undefined || (keyUsage & RECEIVES) !== 0)
}

function keyChecks({ publicKey }: Certificate, ek: PublicArea | undefined): readonly Check[] {
  if (ek === undefined) {
    const open = unknown('NOT_GIVEN', 'the public area of the endorsement key was not given')
    return [checked(TPM_CHECKS, 'TPM_EK_KEY', open), checked(TPM_CHECKS, 'TPM_EK_ATTRIBUTES', open)]
  }
  const key = subjectPublicKeyOf(ek)
  return [
    checked(TPM_CHECKS, 'TPM_EK_KEY', key !== undefined && isSameKey(key, publicKey)),
    checked(TPM_CHECKS, 'TPM_EK_ATTRIBUTES', hasAttributes(ek, ...EK_ATTRIBUTES) && !hasAttributes(ek, OBJECT.sign)),
  ]
}

/**
 * What the certificate says of the TPM, in the directory name of its subject's alternative names, where the profile has it; undefined where a
 * part of it is missing.
 * @throws ThymusError FORMAT
 */
export function tpmIdentityOf(certificate: Certificate): TpmIdentity | undefined {
  const names = extensionOf(certificate, EXTENSION.subjectAltName)?.enter(TAG.sequence)
  const attributes = new Map<string, string>()
  while (names !== undefined && !names.done) {
    if (names.tag !== DIRECTORY_NAME) names.whole()
    else for (const { type, value } of readName(names.enter(DIRECTORY_NAME))) if (typeof value === 'string') attributes.set(type, value)
  }
  const [manufacturer, model, version] = [NAMES.manufacturer, NAMES.model, NAMES.version].map((type) => attributes.get(type))
  return manufacturer && model && version ? { manufacturer, model, version } : undefined
}
