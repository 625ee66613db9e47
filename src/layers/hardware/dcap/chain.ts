// Chains of Intel's certificates. Their shape is fixed, and every certificate has one role: a platform's key, the authority that certified it,
// the key that signs collateral, the root. A pinned public key ends a chain, never a name.
import { ThymusError } from '../../../core/errors.ts'
import { DerReader } from '../../../formats/der/reader.ts'
import { TAG } from '../../../formats/der/tags.ts'
import { readAllPem } from '../../../formats/pem.ts'
import { type Certificate, readCertificate, readCertificates } from '../../../formats/x509/certificate.ts'
import { commonName } from '../../../formats/x509/name.ts'
import { isSignedBy } from '../../../formats/x509/signature.ts'

export const ROLE = {
  pck: ['Intel SGX PCK Certificate'],
  pckAuthority: ['Intel SGX PCK Processor CA', 'Intel SGX PCK Platform CA'],
  collateral: ['Intel SGX TCB Signing'],
  root: ['Intel SGX Root CA'],
} as const satisfies Readonly<Record<string, readonly string[]>>

export type Role = keyof typeof ROLE

/** From when until when something speaks; milliseconds since 1970, both included. */
export interface Period {
  readonly from: number
  readonly to: number
}

/** A chain from its leaf up. Whether it was valid at a time is asked of its period. */
export interface Chain {
  readonly leaf: Certificate
  /** Who issued the leaf. */
  readonly issuer: Certificate
  readonly root: Certificate
  readonly period: Period
}

const KEY_CERT_SIGN = 1 << 5
const CERTIFICATE = /-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+?)\r?\n-----END CERTIFICATE-----(?:\r?\n|$)/y
const MAX_PEM = 1 << 16

/**
 * Certificates in PEM, to the last character: what a quote carries is not signed as a whole, so nothing in it is passed over. A NUL may end it, as
 * C has it.
 * @throws ThymusError FORMAT
 */
export function readPemChain(bytes: Buffer): readonly Certificate[] {
  const text = bytes.toString('latin1').replace(/\0$/, '')
  if (text.length > MAX_PEM) throw new ThymusError('FORMAT', `more than ${MAX_PEM} bytes of certificates`)
  const certificates: Certificate[] = []
  for (let at = 0; at < text.length; ) {
    CERTIFICATE.lastIndex = at
    const match = CERTIFICATE.exec(text)
    const joined = (match?.[1] ?? '').replace(/\r?\n/g, '')
    const der = Buffer.from(joined, 'base64')
    // Base64 has more than one spelling of the same bytes; one of them is canonical.
    if (match === null || der.toString('base64') !== joined)
      throw new ThymusError('FORMAT', 'no certificate in PEM', { at: `character ${at}` })
    certificates.push(readCertificate(der))
    // Behind the signature there may be bytes that nobody signed: readers of certificates pass them over.
    const parts = new DerReader(der).enter(TAG.sequence)
    for (const tag of [TAG.sequence, TAG.sequence, TAG.bitString]) parts.whole(tag)
    parts.finish()
    at = CERTIFICATE.lastIndex
  }
  if (certificates.length === 0) throw new ThymusError('FORMAT', 'no certificate')
  return certificates
}

/** Certificates of a file: PEM among whatever else, or DER one behind the other. @throws ThymusError FORMAT */
export function readChainFile(bytes: Buffer): readonly Certificate[] {
  if (bytes[0] === TAG.sequence) return readCertificates(bytes)
  return readAllPem(bytes.toString('latin1')).flatMap(({ label, bytes: der }) => (label === 'CERTIFICATE' ? [readCertificate(der)] : []))
}

/**
 * The chain that the certificates make, one for each role from the leaf up, in whatever order they stand; a text says what is wrong with them.
 * @param anchors public keys of roots, as SubjectPublicKeyInfo
 */
export function chainOf(given: readonly Certificate[], roles: readonly Role[], anchors: readonly Buffer[]): Chain | string {
  const chain: Certificate[] = []
  for (const role of roles) {
    const found = given.filter((each) => (ROLE[role] as readonly string[]).includes(commonName(each.subject)))
    if (found.length !== 1) return `${found.length} certificates of "${ROLE[role].join('" or "')}"`
    chain.push(found[0]!)
  }
  if (given.length > chain.length) return 'a certificate that is no part of the chain'
  const root = chain.at(-1)!
  if (!anchors.some((anchor) => anchor.equals(root.publicKey.raw))) return 'the root is not the one that is pinned'
  for (const [index, each] of chain.entries()) {
    const problem = issuance(each, chain[index + 1] ?? root, index)
    if (problem !== undefined) return `"${commonName(each.subject)}" ${problem}`
  }
  return { leaf: chain[0]!, issuer: chain[1] ?? root, root, period: periodOf(chain) }
}

/** What is wrong with a certificate and its issuer. @param below how many certificates stand below this one */
function issuance(each: Certificate, issuer: Certificate, below: number): string | undefined {
  const { basicConstraints, keyUsage = 0 } = issuer.extended
  const maxPathLength = issuer === each ? undefined : basicConstraints?.maxPathLength
  if (each.extended.unhandled.length > 0) return `has the critical extension ${each.extended.unhandled[0]}`
  if (!each.rawIssuer.equals(issuer.rawSubject)) return 'names another issuer'
  if (basicConstraints?.isCa !== true || (keyUsage & KEY_CERT_SIGN) === 0) return 'has an issuer that may not issue'
  if (maxPathLength !== undefined && BigInt(below) > maxPathLength) return 'is below an issuer that allows no such path'
  return isSignedBy(issuer.publicKey, each.signatureAlgorithm, each.rawBody, each.signature) ? undefined : 'is not signed by its issuer'
}

const periodOf = (certificates: readonly Certificate[]): Period => ({
  from: Math.max(...certificates.map(({ notBefore }) => notBefore.milliseconds)),
  to: Math.min(...certificates.map(({ notAfter }) => notAfter.milliseconds)),
})
