import { DerReader, rightAligned } from '../der/reader.ts'
import { context, contextConstructed, TAG } from '../der/tags.ts'
import type { Instant } from '../der/time.ts'
import { type Extension, type Extensions, readExtension, readExtensions } from './extensions.ts'
import { type Attribute, readName } from './name.ts'
import { readPublicKeyInfo, type SubjectPublicKey } from './public-key.ts'
import { readSignatureAlgorithm, type SignatureAlgorithm } from './signature.ts'

/** An X.509 certificate (RFC 5280 §4.1). Its signature is read, not verified. */
export interface Certificate {
  readonly raw: Buffer
  /** What is signed. */
  readonly rawBody: Buffer
  readonly rawIssuer: Buffer
  readonly rawSubject: Buffer
  /** 1 to 3. */
  readonly version: number
  readonly serial: bigint
  readonly issuer: readonly Attribute[]
  readonly subject: readonly Attribute[]
  readonly notBefore: Instant
  readonly notAfter: Instant
  readonly publicKey: SubjectPublicKey
  readonly extensions: readonly Extension[]
  readonly extended: Extensions
  /** Undefined for an algorithm that is not known. */
  readonly signatureAlgorithm: SignatureAlgorithm | undefined
  readonly signature: Buffer
}

/** Certificates that are read from one text or one stretch of bytes. */
export const MAX_CERTIFICATES = 1_000

/** One certificate, and nothing behind it. @throws ThymusError FORMAT */
export function readCertificate(der: Buffer): Certificate {
  const reader = new DerReader(der)
  const certificate = read(reader)
  reader.finish()
  return certificate
}

/** Certificates one behind the other. @throws ThymusError FORMAT */
export function readCertificates(der: Buffer): readonly Certificate[] {
  const reader = new DerReader(der)
  const certificates: Certificate[] = []
  while (!reader.done) {
    if (certificates.push(read(reader)) > MAX_CERTIFICATES) reader.fail(`more than ${MAX_CERTIFICATES} certificates`)
  }
  return certificates
}

function read(reader: DerReader): Certificate {
  const raw = reader.whole(TAG.sequence)
  const outer = new DerReader(raw).enter(TAG.sequence)
  const rawBody = outer.whole(TAG.sequence)
  const body = new DerReader(rawBody).enter(TAG.sequence)
  const version = 1 + (body.optional(contextConstructed(0), (each) => each.enter(contextConstructed(0)).count(2)) ?? 0)
  const serial = body.integer()
  if (serial < 0n) body.fail('a serial number is negative')
  const algorithm = body.whole(TAG.sequence)
  if (!outer.whole(TAG.sequence).equals(algorithm)) outer.fail('the signature algorithm is not the one that is signed')
  const signatureAlgorithm = readSignatureAlgorithm(new DerReader(algorithm).enter(TAG.sequence))
  const rawIssuer = body.whole(TAG.sequence)
  const issuer = readName(new DerReader(rawIssuer))
  const validity = body.enter(TAG.sequence)
  const [notBefore, notAfter] = [validity.time(), validity.time()]
  const rawSubject = body.whole(TAG.sequence)
  const subject = readName(new DerReader(rawSubject))
  const publicKey = readPublicKeyInfo(body)
  const extensions = version === 1 ? [] : optionalExtensions(body, version)
  const extended = readExtensions(extensions)
  const signature = rightAligned(outer.bits())
  return {
    ...{ raw, rawBody, rawIssuer, rawSubject, version, serial, issuer, subject, notBefore, notAfter },
    ...{ publicKey, extensions, extended, signatureAlgorithm, signature },
  }
}

function optionalExtensions(body: DerReader, version: number): readonly Extension[] {
  // Unique identifiers, which nobody uses.
  for (const number of [1, 2]) body.optional(context(number), (each) => each.content(context(number)))
  const list = version === 3 ? body.optional(contextConstructed(3), (each) => each.enter(contextConstructed(3))) : undefined
  if (list === undefined) return []
  const extensions = [...list.enter(TAG.sequence).each((all) => readExtension(all.enter(TAG.sequence)))]
  if (new Set(extensions.map(({ id }) => id)).size < extensions.length) body.fail('an extension stands twice')
  return extensions
}
