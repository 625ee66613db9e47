import { ThymusError } from '../../../../core/errors.ts'
import type { Certificate } from '../../../../formats/x509/certificate.ts'
import { type VerifyOptions, verifyChain } from '../../../../formats/x509/verify.ts'

/** The path from a certificate to a root that is trusted, or why there is none. */
export function chainOf(leaf: Certificate, options: VerifyOptions): readonly Certificate[] | string {
  try {
    return verifyChain(leaf, options)
  } catch (error) {
    if (error instanceof ThymusError && error.code === 'UNTRUSTED') return error.message
    throw error
  }
}
