// Certificates as they lie in a TPM's NV memory, in files, and in the stores of makers.
import { ThymusError } from '../../../../core/errors.ts'
import { ByteReader } from '../../../../formats/bytes.ts'
import { DerReader } from '../../../../formats/der/reader.ts'
import { TAG } from '../../../../formats/der/tags.ts'
import { readAllPem } from '../../../../formats/pem.ts'
import { type Certificate, MAX_CERTIFICATES, readCertificate } from '../../../../formats/x509/certificate.ts'
import { canonicalDer, type Oddity, readElement } from './vendor-der.ts'

export interface VendorCertificate extends Certificate {
  /** Where it departs from DER. Its `raw` and `rawBody` are as they were, everything else is read after that was put right. */
  readonly oddities: readonly Oddity[]
}

/** TCG_PCCLIENT_STORED_CERT (TCG PC Client Implementation Specification 1.21, 7.4.5), which TPMs of that time have before the certificate. */
const STORED_CERT = 0x1001
const FULL_CERT = 0x1002

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
  if (oddities.length === 0) return { ...certificate, oddities }
  const { content } = readElement(bytes, 0).element
  return { ...certificate, oddities, raw: bytes, rawBody: content.subarray(0, readElement(content, 0).end) }
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
