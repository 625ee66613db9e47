// Certificates as they lie in a TPM's NV memory, in files, and in the stores of makers.
import { ThymusError } from '../../../../core/errors.ts'
import { ByteReader } from '../../../../formats/bytes.ts'
import { DerReader } from '../../../../formats/der/reader.ts'
import { contextConstructed, TAG } from '../../../../formats/der/tags.ts'
import { readAllPem } from '../../../../formats/pem.ts'
import { type Certificate, MAX_CERTIFICATES, readCertificate } from '../../../../formats/x509/certificate.ts'
import { canonicalDer, type Oddity, readElement } from './vendor-der.ts'

export interface VendorCertificate extends Certificate {
  /**
   * Where it departs from DER. What others hold it to (`raw`, `rawBody`, its names in `rawIssuer` and `rawSubject`, `serial`) is as it was issued;
   * everything else is read after that was put right.
   */
  readonly oddities: readonly Oddity[]
  /** SubjectPublicKeyInfo as it was issued; `publicKey` is what can be used. */
  readonly rawPublicKey: Buffer
}

/** TCG_PCCLIENT_STORED_CERT (TCG PC Client Implementation Specification 1.21, 7.4.5), which TPMs of that time have before the certificate. */
const STORED_CERT = 0x1001
const FULL_CERT = 0x1002
const VERSION = contextConstructed(0)

/**
 * The one certificate in an NV index or a file: DER, PEM, with what an index has unused behind it (0x00 or 0xff).
 * @throws ThymusError FORMAT
 */
export function readVendorCertificate(bytes: Buffer): VendorCertificate {
  const [certificate, ...more] = readVendorCertificates(bytes)
  if (certificate === undefined || more.length > 0)
    throw new ThymusError('FORMAT', `${more.length + 1} certificates, where one is expected`)
  return certificate
}

/**
 * Certificates one behind the other: PEM, or DER, as the chain of an Intel TPM lies in its indices from 0x01c00100.
 * @throws ThymusError FORMAT, also where there is none
 */
export function readVendorCertificates(bytes: Buffer): readonly VendorCertificate[] {
  const blocks = bytes[0] === TAG.sequence ? [] : readAllPem(bytes.toString('latin1'))
  if (blocks.length > MAX_CERTIFICATES) throw new ThymusError('FORMAT', `more than ${MAX_CERTIFICATES} certificates`)
  if (blocks.length > 0) return blocks.map((block) => read(block.bytes))
  const certificates: VendorCertificate[] = []
  let rest = unwrapped(bytes)
  while (certificates.length === 0 || !isPadding(rest)) {
    if (rest[0] !== TAG.sequence) throw new ThymusError('FORMAT', 'no certificate', { at: `byte ${bytes.length - rest.length}` })
    const { end } = readElement(rest, 0)
    if (certificates.push(read(rest.subarray(0, end))) > MAX_CERTIFICATES)
      throw new ThymusError('FORMAT', `more than ${MAX_CERTIFICATES} certificates`)
    rest = rest.subarray(end)
  }
  return certificates
}

function read(bytes: Buffer): VendorCertificate {
  const { der, oddities } = canonicalDer(bytes)
  const certificate = readCertificate(der)
  if (oddities.length === 0) return { ...certificate, oddities, rawPublicKey: certificate.publicKey.raw }
  return { ...certificate, oddities, raw: bytes, ...issuedFields(bytes) }
}

/** Of a certificate that has been read: its fields have the places that they must. */
function issuedFields(bytes: Buffer): Pick<VendorCertificate, 'rawBody' | 'serial' | 'rawIssuer' | 'rawSubject' | 'rawPublicKey'> {
  const rawBody = elementsIn(bytes)[0]!
  const fields = elementsIn(rawBody)
  if (fields[0]![0] === VERSION) fields.shift()
  const [number, , rawIssuer, , rawSubject, rawPublicKey] = fields as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer]
  const { content } = readElement(number, 0).element
  const serial = BigInt.asIntN(8 * content.length, BigInt(`0x${content.toString('hex')}`))
  return { rawBody, serial, rawIssuer, rawSubject, rawPublicKey }
}

/** The elements inside one, each whole. */
function elementsIn(bytes: Buffer): Buffer[] {
  const { content } = readElement(bytes, 0).element
  const elements: Buffer[] = []
  for (let at = 0, end: number; at < content.length; at = end) {
    end = readElement(content, at).end
    elements.push(content.subarray(at, end))
  }
  return elements
}

function unwrapped(bytes: Buffer): Buffer {
  if (bytes.length < 2 || bytes.readUInt16BE() !== STORED_CERT) return bytes
  const reader = new ByteReader(bytes, 'big')
  reader.u16('tag')
  if (reader.u8('certType') !== 0) reader.fail('certType', 'no full certificate is stored')
  const inside = reader.inside(reader.u16('certSize'), 'cert')
  const content = inside.rest()
  return content.length > 2 && content.readUInt16BE() === FULL_CERT ? content.subarray(2) : content
}

const isPadding = (bytes: Buffer) => bytes.every((byte) => byte === 0 || byte === 0xff)

/** An extension's value, if the certificate has it. */
export function extensionOf({ extensions }: Certificate, id: string): DerReader | undefined {
  const extension = extensions.find((each) => each.id === id)
  return extension && new DerReader(extension.value)
}
