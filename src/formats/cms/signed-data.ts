// Signed data (CMS, RFC 5652 §5; PKCS#7 1.5, RFC 2315 §9), as it signs kernel modules and PE images. Read here, verified in verify.ts.
import { ThymusError } from '../../core/errors.ts'
import { DerReader } from '../der/reader.ts'
import { context, contextConstructed, TAG } from '../der/tags.ts'
import type { HashName } from '../hash.ts'
import { type Certificate, readCertificate } from '../x509/certificate.ts'
import { KEY_OID } from '../x509/public-key.ts'
import { readSignatureAlgorithm, type SignatureAlgorithm } from '../x509/signature.ts'

export const CMS_OID = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
} as const

export interface SignedData {
  /** What is signed is of this type (dotted). */
  readonly contentType: string
  /** What is signed: the content's bytes without their own tag and length. Undefined where they lie elsewhere, as the module before its signature. */
  readonly content: Buffer | undefined
  /** Those that can be read, in their order. Nothing says that they are trusted, or sign anything. */
  readonly certificates: readonly Certificate[]
  readonly signers: readonly Signer[]
}

export interface Signer {
  /** Who is said to sign. */
  readonly by: { readonly rawIssuer: Buffer; readonly serial: bigint } | { readonly keyId: Buffer }
  /** Undefined for an algorithm that is not known. */
  readonly digest: HashName | undefined
  readonly attributes: SignedAttributes | undefined
  /** Undefined for an algorithm that is not known, or does not go with `digest`. */
  readonly algorithm: SignatureAlgorithm | undefined
  readonly signature: Buffer
}

export interface SignedAttributes {
  /** What the signature is over where there are attributes: the DER of their set. */
  readonly signed: Buffer
  readonly contentType: string | undefined
  readonly messageDigest: Buffer | undefined
}

/** Real ones have one signer, or two. */
const MAX_SIGNERS = 16
const MAX_CERTIFICATES = 64
const MAX_ATTRIBUTES = 64

const HASHES: ReadonlyMap<string, HashName> = new Map([
  ['1.3.14.3.2.26', 'sha1'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
  ['1.2.156.10197.1.401', 'sm3'],
])

/** The hash of an AlgorithmIdentifier; undefined for one that is not known. */
export const readHashAlgorithm = (reader: DerReader): HashName | undefined => HASHES.get(reader.enter(TAG.sequence).oid())

/** A ContentInfo of signed data, and nothing behind it. @throws ThymusError FORMAT */
export function readSignedData(der: Buffer): SignedData {
  const outer = new DerReader(der)
  const info = outer.enter(TAG.sequence)
  outer.finish()
  if (info.oid() !== CMS_OID.signedData) info.fail('not signed data')
  const data = info.enter(contextConstructed(0)).enter(TAG.sequence)
  data.count(5)
  data.content(TAG.set) // digest algorithms: each signer names its own
  const inside = data.enter(TAG.sequence)
  const contentType = inside.oid()
  const content = inside.optional(contextConstructed(0), (each) => contentOf(each.enter(contextConstructed(0))))
  const certificates = data.optional(contextConstructed(0), (each) => readable(each.enter(contextConstructed(0)))) ?? []
  data.optional(contextConstructed(1), (each) => each.content(contextConstructed(1))) // lists of revoked certificates
  const signers: Signer[] = []
  for (const signer of data.enter(TAG.set).each(readSigner)) {
    if (signers.push(signer) > MAX_SIGNERS) data.fail(`more than ${MAX_SIGNERS} signers`)
  }
  data.finish()
  return { contentType, content, certificates, signers }
}

/** The content is an OCTET STRING in CMS and anything in PKCS#7; either way its inside is what is hashed. */
function contentOf(reader: DerReader): Buffer {
  const content = reader.content(reader.tag ?? TAG.octetString)
  reader.finish()
  return content
}

/** A certificate that cannot be read verifies nothing; it is no reason not to look at the others. */
function readable(reader: DerReader): readonly Certificate[] {
  const certificates: Certificate[] = []
  let count = 0
  for (const whole of reader.each((each) => each.whole())) {
    if (++count > MAX_CERTIFICATES) reader.fail(`more than ${MAX_CERTIFICATES} certificates`)
    try {
      certificates.push(readCertificate(whole))
    } catch (error) {
      if (!(error instanceof ThymusError)) throw error
    }
  }
  return certificates
}

function readSigner(set: DerReader): Signer {
  const reader = set.enter(TAG.sequence)
  reader.count(5)
  const by = reader.tag === context(0) ? { keyId: reader.content(context(0)) } : readIssuerAndSerial(reader.enter(TAG.sequence))
  const digest = readHashAlgorithm(reader)
  const attributes = reader.optional(contextConstructed(0), (each) => readAttributes(each.whole(contextConstructed(0))))
  const algorithm = algorithmFor(reader.whole(TAG.sequence), digest)
  const signature = reader.octets()
  reader.optional(contextConstructed(1), (each) => each.content(contextConstructed(1))) // unsigned attributes, as time stamps
  reader.finish()
  return { by, digest, attributes, algorithm, signature }
}

function readIssuerAndSerial(reader: DerReader): { rawIssuer: Buffer; serial: bigint } {
  const by = { rawIssuer: reader.whole(TAG.sequence), serial: reader.integer() }
  reader.finish()
  return by
}

function readAttributes(whole: Buffer): SignedAttributes {
  // The set is signed under its own tag, not under the one that it has here (RFC 5652 §5.4).
  const signed = Buffer.concat([Buffer.of(TAG.set), whole.subarray(1)])
  const set = new DerReader(signed).enter(TAG.set)
  const values = new Map<string, DerReader>()
  for (const attribute of set.each((each) => each.enter(TAG.sequence))) {
    const type = attribute.oid()
    if (values.has(type)) attribute.fail('an attribute stands twice')
    if (values.size === MAX_ATTRIBUTES) attribute.fail(`more than ${MAX_ATTRIBUTES} attributes`)
    values.set(type, attribute.enter(TAG.set))
  }
  const one = <T>(type: string, read: (value: DerReader) => T): T | undefined => {
    const value = values.get(type)
    if (value === undefined) return undefined
    const result = read(value)
    value.finish()
    return result
  }
  return {
    signed,
    contentType: one(CMS_OID.contentType, (value) => value.oid()),
    messageDigest: one(CMS_OID.messageDigest, (value) => value.octets()),
  }
}

/** Signers name the whole algorithm, or that of the key alone, which then goes with the digest's. */
function algorithmFor(whole: Buffer, digest: HashName | undefined): SignatureAlgorithm | undefined {
  const identifier = () => new DerReader(whole).enter(TAG.sequence)
  if (digest === undefined || digest === 'sm3') return undefined
  const oid = identifier().oid()
  if (oid === KEY_OID.rsa) return { key: 'rsa', hash: digest }
  if (oid === KEY_OID.ec) return { key: 'ec', hash: digest }
  const algorithm = readSignatureAlgorithm(identifier())
  return algorithm !== undefined && (algorithm.hash === digest || algorithm.hash === null) ? algorithm : undefined
}
