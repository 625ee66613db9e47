import { ThymusError } from '../../core/errors.ts'
import { DerReader, rightAligned } from '../der/reader.ts'
import { contextConstructed, TAG } from '../der/tags.ts'
import { EXTENSION, type Extension, readExtension } from './extensions.ts'
import { NO_NAMES, readSubjectNames, type SubjectNames } from './general-names.ts'
import { type Attribute, readName } from './name.ts'
import { readPublicKeyInfo, type SubjectPublicKey } from './public-key.ts'
import { readSignatureAlgorithm, type SignatureAlgorithm } from './signature.ts'

/** A request for a certificate (PKCS #10, RFC 2986). Its signature is read, not verified. */
export interface CertificateRequest {
  readonly raw: Buffer
  readonly rawBody: Buffer
  readonly rawSubject: Buffer
  readonly version: bigint
  readonly subject: readonly Attribute[]
  readonly publicKey: SubjectPublicKey
  /** The DER of each attribute. */
  readonly attributes: readonly Buffer[]
  /** Those that are asked for. */
  readonly extensions: readonly Extension[]
  readonly names: SubjectNames
  readonly signatureAlgorithm: SignatureAlgorithm | undefined
  readonly signature: Buffer
}

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'

/** @throws ThymusError FORMAT */
export function readCertificateRequest(der: Buffer): CertificateRequest {
  const reader = new DerReader(der)
  const raw = reader.whole(TAG.sequence)
  reader.finish()
  const outer = new DerReader(raw).enter(TAG.sequence)
  const rawBody = outer.whole(TAG.sequence)
  const body = new DerReader(rawBody).enter(TAG.sequence)
  const version = body.integer()
  const rawSubject = body.whole(TAG.sequence)
  const subject = readName(new DerReader(rawSubject), { textOnly: false })
  const publicKey = readPublicKeyInfo(body)
  const attributes = [...body.enter(contextConstructed(0)).each((all) => all.whole())]
  const signatureAlgorithm = readSignatureAlgorithm(outer.enter(TAG.sequence))
  const signature = rightAligned(outer.bits())
  const extensions = attributes.flatMap(requestedExtensions)
  if (new Set(extensions.map(({ id }) => id)).size < extensions.length) body.fail('an extension is asked for twice')
  const names = extensions.find(({ id }) => id === EXTENSION.subjectAltName)
  return {
    ...{ raw, rawBody, rawSubject, version, subject, publicKey, attributes, extensions, signatureAlgorithm, signature },
    names: names === undefined ? NO_NAMES : readSubjectNames(new DerReader(names.value)),
  }
}

function requestedExtensions(attribute: Buffer): readonly Extension[] {
  const value = requestValue(attribute)
  return value === undefined ? [] : [...value.enter(TAG.sequence).each((all) => readExtension(all.enter(TAG.sequence)))]
}

/** Attributes of any other form are passed over. */
function requestValue(attribute: Buffer): DerReader | undefined {
  try {
    const inside = new DerReader(attribute).enter(TAG.sequence)
    if (inside.oid() !== EXTENSION_REQUEST) return undefined
    const [first] = [...inside.enter(TAG.set).each((all) => all.whole())]
    return first && new DerReader(first)
  } catch (error) {
    if (error instanceof ThymusError) return undefined
    throw error
  }
}
