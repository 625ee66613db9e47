import { ThymusError } from '../../../../core/errors.ts'
import { DerReader } from '../../../../formats/der/reader.ts'
import { TAG } from '../../../../formats/der/tags.ts'
import type { CertificateRequest } from '../../../../formats/x509/request.ts'
import {
  anyValue,
  extensionFields,
  nameFields,
  oidNumbers,
  publicKeyFields,
  signatureNumber,
  subjectNameFields,
} from './certificate-fields.ts'
import { listOrNull, type Plain } from './plain.ts'

/** The fields and names of Go's x509.CertificateRequest. @throws ThymusError FORMAT for a subject with a value that is none */
export function requestFields(request: CertificateRequest): Plain {
  return {
    Raw: request.raw,
    RawTBSCertificateRequest: request.rawBody,
    RawSubjectPublicKeyInfo: request.publicKey.raw,
    RawSubject: request.rawSubject,
    Version: request.version,
    Signature: request.signature,
    SignatureAlgorithm: signatureNumber(request.signatureAlgorithm),
    ...publicKeyFields(request.publicKey.key),
    Subject: nameFields(request.subject),
    Attributes: listOrNull(request.attributes.map(attributeFields).filter((attribute) => attribute !== undefined)),
    Extensions: listOrNull(request.extensions.map(extensionFields)),
    ExtraExtensions: null,
    ...subjectNameFields(request.names),
  }
}

/** An attribute whose values are lists of types and values, as the one that asks for extensions; undefined for all others. */
function attributeFields(attribute: Buffer): Plain {
  try {
    const reader = new DerReader(attribute).enter(TAG.sequence)
    const type = reader.oid()
    const lists = [
      ...reader.enter(TAG.set).each((all) => [...all.enter(TAG.sequence).each((pairs) => pairFields(pairs.enter(TAG.sequence)))]),
    ]
    return { Type: oidNumbers(type), Value: lists }
  } catch (error) {
    if (error instanceof ThymusError) return undefined
    throw error
  }
}

/** What follows the value is passed over. */
const pairFields = (reader: DerReader): Plain => ({ Type: oidNumbers(reader.oid()), Value: anyValue(reader) })
