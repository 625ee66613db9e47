// Whether signed data was signed by a key (RFC 5652 §5.4 and §5.6). Which keys are trusted is for the caller to say.
import { hashesTo } from '../hash.ts'
import type { Certificate } from '../x509/certificate.ts'
import type { SubjectPublicKey } from '../x509/public-key.ts'
import { isSignedBy } from '../x509/signature.ts'
import { CMS_OID, type SignedData, type Signer } from './signed-data.ts'

/** Why a signature is none. `algorithm`: not known, or too weak to sign anything, as SHA-1. */
export type SignatureFault = 'algorithm' | 'attributes' | 'digest' | 'signature'

/**
 * What is wrong with a signer's signature by this key over the content; undefined where nothing is.
 * @param content what lies elsewhere. Data that holds content of its own is no signature of that, whatever it signs.
 */
export function signatureFault(data: SignedData, signer: Signer, key: SubjectPublicKey, content?: Buffer): SignatureFault | undefined {
  const { digest, attributes, algorithm, signature } = signer
  const signed = content ?? data.content
  if (digest === undefined || digest === 'sha1' || algorithm === undefined) return 'algorithm'
  if (signed === undefined || (content !== undefined && data.content !== undefined)) return 'digest'
  if (attributes === undefined) {
    // Other content must have attributes, else a set of attributes could be passed off as content.
    if (data.contentType !== CMS_OID.data) return 'attributes'
    return isSignedBy(key, algorithm, signed, signature) ? undefined : 'signature'
  }
  if (attributes.contentType !== data.contentType || attributes.messageDigest === undefined) return 'attributes'
  if (!hashesTo(digest, signed, attributes.messageDigest)) return 'digest'
  return isSignedBy(key, algorithm, attributes.signed, signature) ? undefined : 'signature'
}

/** Whether the certificate is the one that a signer names; the name alone proves nothing. */
export function isNamedBy({ by }: Signer, { rawIssuer, serial, extended }: Certificate): boolean {
  if ('keyId' in by) return extended.subjectKeyId?.equals(by.keyId) === true
  return by.serial === serial && by.rawIssuer.equals(rawIssuer)
}
