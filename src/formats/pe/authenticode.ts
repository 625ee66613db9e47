// Signatures of PE images: the certificate table holds PKCS#7 signed data whose content names the image's hash ("Windows Authenticode
// Portable Executable Signature Format"; UEFI 2.10 §32.2.4).
import { ByteReader } from '../bytes.ts'
import { readHashAlgorithm, readSignedData, type SignedData } from '../cms/signed-data.ts'
import { DerReader } from '../der/reader.ts'
import { TAG } from '../der/tags.ts'
import type { HashName } from '../hash.ts'
import { imageDigest, type PeImage } from './image.ts'

export interface ImageSignature {
  readonly data: SignedData
  /** Of the image, as the signer says. */
  readonly hash: HashName | undefined
  readonly digest: Buffer
}

const PKCS_SIGNED_DATA = 2
const SPC_INDIRECT_DATA = '1.3.6.1.4.1.311.2.1.4'
const MAX_SIGNATURES = 16

/** The signatures that an image carries, read and not verified; none in an unsigned one. @throws ThymusError FORMAT */
export function imageSignatures({ bytes, certificatesAt, certificatesSize }: PeImage): readonly ImageSignature[] {
  const reader = new ByteReader(bytes.subarray(certificatesAt, certificatesAt + certificatesSize), 'little', certificatesAt)
  const signatures: ImageSignature[] = []
  while (reader.left >= 8) {
    const length = reader.u32('dwLength')
    reader.u16('wRevision')
    const type = reader.u16('wCertificateType')
    if (length < 8) reader.fail('dwLength', `${length} bytes, where the head alone has 8`)
    const entry = reader.bytes(length - 8, 'bCertificate')
    reader.bytes(Math.min(reader.left, -length & 7), 'padding')
    if (type === PKCS_SIGNED_DATA) signatures.push(readSignature(entry))
    if (signatures.length > MAX_SIGNATURES) reader.fail('certificateTable', `more than ${MAX_SIGNATURES} signatures`)
  }
  return signatures
}

/** Whether the image is the one that a signature is for. */
export function isOfImage({ hash, digest }: ImageSignature, image: PeImage): boolean {
  return hash !== undefined && imageDigest(image, hash).equals(digest)
}

function readSignature(entry: Buffer): ImageSignature {
  // Padding to eight bytes may be counted to the signature.
  const data = readSignedData(new DerReader(entry).whole(TAG.sequence))
  const content = new DerReader(data.content ?? Buffer.alloc(0))
  if (data.contentType !== SPC_INDIRECT_DATA) content.fail('the signature is not for an image')
  content.content(TAG.sequence) // SpcAttributeTypeAndOptionalValue
  const info = content.enter(TAG.sequence)
  return { data, hash: readHashAlgorithm(info), digest: info.octets() }
}
