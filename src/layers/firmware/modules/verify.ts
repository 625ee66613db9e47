// Who signed a module, held to the keys that a kernel trusts. Certificates have no end here: the kernel does not look at the clock.
import { CMS_OID, type SignedData, type Signer } from '../../../formats/cms/signed-data.ts'
import { isNamedBy, type SignatureFault, signatureFault } from '../../../formats/cms/verify.ts'
import type { Certificate } from '../../../formats/x509/certificate.ts'
import { isSignedBy } from '../../../formats/x509/signature.ts'
import type { KernelModule } from './appended.ts'
import { nameOf, signerName } from './names.ts'
import { isHashRevoked, NOTHING_REVOKED, type Revoked } from './revoked.ts'

export interface TrustedKey {
  readonly certificate: Certificate
  /** Where it was found, as `.builtin_trusted_keys`, `UEFI db` or the name of a file. */
  readonly from: string
}

export interface Keys {
  readonly trusted: readonly TrustedKey[]
  /** What signs nothing any more, as .blacklist and dbx have it. */
  readonly revoked?: Revoked
}

export type ModuleVerdict =
  | { readonly is: 'signed'; readonly by: TrustedKey }
  | { readonly is: 'unsigned' }
  /** By a key that is none of these; nothing can be said of the signature. */
  | { readonly is: 'stranger'; readonly signer: string }
  /** By a hash or algorithm that is not verified here, as SHA-1. */
  | { readonly is: 'unsupported'; readonly signer: string }
  /** By whom nobody is to trust any more, or itself not to be loaded any more; the signature is good. */
  | { readonly is: 'revoked'; readonly what: string }
  /** The module is not what was signed, or what is appended is no signature. */
  | { readonly is: 'wrong'; readonly why: string }

const MAX_CHAIN = 8

const FAULTS: Readonly<Record<Exclude<SignatureFault, 'algorithm'>, string>> = {
  attributes: 'its attributes do not go with its content',
  digest: 'the module is not the one that was signed',
  signature: 'the module is not the one that was signed, or another key signed it',
}

/** Who signed the module. One signer that is wrong makes all of it wrong, as in the kernel (pkcs7_verify). */
export function verifyModule({ content, signature }: KernelModule, keys: Keys): ModuleVerdict {
  if (signature.is === 'none') return { is: 'unsigned' }
  if (signature.is === 'malformed') return { is: 'wrong', why: signature.why }
  const { data } = signature
  const { revoked = NOTHING_REVOKED } = keys
  if (data.content !== undefined) return { is: 'wrong', why: 'the signature holds content of its own' }
  if (data.contentType !== CMS_OID.data) return { is: 'wrong', why: `what is signed is of the type ${data.contentType}, and not data` }
  if (data.signers.length === 0) return { is: 'wrong', why: 'nobody is said to sign' }
  if (isHashRevoked(revoked, 'bin', content)) return { is: 'revoked', what: 'this very module' }
  const verdicts = data.signers.map((signer) => verifySigner(data, signer, content, keys))
  return (
    (['wrong', 'revoked', 'signed', 'unsupported'] as const)
      .map((is) => verdicts.find((each) => each.is === is))
      .find((found) => found !== undefined) ?? verdicts[0]!
  )
}

function verifySigner(data: SignedData, signer: Signer, content: Buffer, { trusted, revoked = NOTHING_REVOKED }: Keys): ModuleVerdict {
  const named = trusted.find(({ certificate }) => isNamedBy(signer, certificate))
  const leaf = named?.certificate ?? data.certificates.find((certificate) => isNamedBy(signer, certificate))
  if (leaf === undefined) {
    const gone = revoked.certificates.find((each) => isNamedBy(signer, each) && !signatureFault(data, signer, each.publicKey, content))
    return gone === undefined ? { is: 'stranger', signer: signerName(signer) } : { is: 'revoked', what: keyOf(gone) }
  }
  // The kernel refuses them, so that no data that was signed for another purpose passes as a module.
  if (signer.attributes !== undefined) return { is: 'wrong', why: 'it signs attributes, which the kernel takes in no module' }
  const fault = signatureFault(data, signer, leaf.publicKey, content)
  if (fault !== undefined && fault !== 'algorithm') return { is: 'wrong', why: FAULTS[fault] }
  const chain = chainOf(leaf, data.certificates, trusted)
  const gone = chain.certificates.find((certificate) => isRevoked(certificate, revoked))
  if (gone !== undefined) return { is: 'revoked', what: keyOf(gone) }
  if (fault !== undefined) return { is: 'unsupported', signer: nameOf(leaf.subject) }
  const by = named ?? chain.anchor
  return by === undefined ? { is: 'stranger', signer: nameOf(leaf.subject) } : { is: 'signed', by }
}

const keyOf = ({ subject }: Certificate) => `the key of ${nameOf(subject)}`

/** A certificate and those above it, over those that the signature carries, up to the trusted key that it is or that issued the last; none where none did. */
function chainOf(
  leaf: Certificate,
  carried: readonly Certificate[],
  trusted: readonly TrustedKey[],
): { readonly certificates: readonly Certificate[]; readonly anchor: TrustedKey | undefined } {
  const certificates = [leaf]
  for (let below = leaf; certificates.length <= MAX_CHAIN; certificates.push(below)) {
    const anchor = trusted.find(({ certificate }) => certificate.raw.equals(below.raw) || issued(certificate, below))
    if (anchor !== undefined) return { certificates: [...certificates, anchor.certificate], anchor }
    const issuer = carried.find((certificate) => certificate !== below && issued(certificate, below))
    if (issuer === undefined) break
    below = issuer
  }
  return { certificates, anchor: undefined }
}

/**
 * Whether it is one of those, or one of them issued it, or its hash is among them: the kernel follows the chain to keys that are revoked as it does
 * to those that are trusted, and takes no certificate with such a hash.
 */
const isRevoked = (certificate: Certificate, revoked: Revoked) =>
  isHashRevoked(revoked, 'tbs', certificate.rawBody) ||
  revoked.certificates.some((each) => each.raw.equals(certificate.raw) || issued(each, certificate))

const issued = (issuer: Certificate, { rawIssuer, signatureAlgorithm, rawBody, signature }: Certificate) =>
  issuer.rawSubject.equals(rawIssuer) && isSignedBy(issuer.publicKey, signatureAlgorithm, rawBody, signature)

/** In words. */
export function wordsOf(verdict: ModuleVerdict): string {
  switch (verdict.is) {
    case 'signed':
      return `signed by ${nameOf(verdict.by.certificate.subject)} (${verdict.by.from})`
    case 'unsigned':
      return 'unsigned'
    case 'revoked':
      return `revoked: ${verdict.what}`
    case 'stranger':
      return `signed by ${verdict.signer}, whose key was not given`
    case 'unsupported':
      return `signed by ${verdict.signer} with an algorithm that signs nothing here`
    case 'wrong':
      return `wrongly signed: ${verdict.why}`
  }
}
