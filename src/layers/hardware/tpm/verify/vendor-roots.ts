import { createHash } from 'node:crypto'
import { checked } from '../../../../core/appraisal.ts'
import type { Check } from '../../../../core/verdict.ts'
import type { Certificate } from '../../../../formats/x509/certificate.ts'
import { TPM_CHECKS } from '../checks.ts'
import { VENDOR_ROOTS, type VendorRoot } from './vendor-roots.table.ts'

const BY_DIGEST = new Map(VENDOR_ROOTS.map((root) => [root.sha256, root]))

/** The maker of TPMs whose root this certificate is; undefined if it is of none that is known. */
export const vendorRootOf = ({ raw }: Certificate): VendorRoot | undefined => BY_DIGEST.get(createHash('sha256').update(raw).digest('hex'))

/**
 * Whether the root that a certificate leads to is that of a maker of TPMs, and not one that somebody has only put into a file.
 * @param lab roots of emulators, and others that are trusted for being given, are taken as well
 */
export function rootCheck(root: Certificate, { lab = false } = {}): Check {
  const known = vendorRootOf(root)
  const got = known === undefined ? 'a root that was given' : `${known.maker}: ${known.name}`
  return checked(TPM_CHECKS, 'TPM_EK_ROOT', known !== undefined || lab, { got })
}
