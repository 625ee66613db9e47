// PE images made to measure: small, but with every part that UEFI looks at.
import { readImage } from '../../src/formats/pe/image.ts'
import { der, oid, sequence } from './certificates.ts'
import { type SignedDataRequest, signedData } from './signed-data.ts'

const FILE_ALIGNMENT = 0x200
const PE_AT = 0x80
const DIRECTORIES = 16

export interface ImageRequest {
  readonly sections: Readonly<Record<string, Buffer>>
  /** PE32 in place of PE32+. */
  readonly narrow?: boolean
  /** Behind the last section, as debug data lies there. */
  readonly trailing?: Buffer
}

/** The bytes of an unsigned image. */
export function peImage({ sections, narrow = false, trailing = Buffer.alloc(0) }: ImageRequest): Buffer {
  const optional = Buffer.alloc((narrow ? 96 : 112) + 8 * DIRECTORIES)
  optional.writeUInt16LE(narrow ? 0x10b : 0x20b, 0)
  optional.writeUInt32LE(DIRECTORIES, narrow ? 92 : 108)
  const names = Object.entries(sections)
  const headerSize = aligned(PE_AT + 24 + optional.length + 40 * names.length)
  optional.writeUInt32LE(headerSize, 60)
  const header = Buffer.alloc(headerSize)
  header.write('MZ', 'latin1')
  header.writeUInt32LE(PE_AT, 0x3c)
  header.write('PE\0\0', PE_AT, 'latin1')
  header.writeUInt16LE(0x8664, PE_AT + 4)
  header.writeUInt16LE(names.length, PE_AT + 6)
  header.writeUInt16LE(optional.length, PE_AT + 20)
  optional.copy(header, PE_AT + 24)
  let at = headerSize
  const bodies = names.map(([name, data], number) => {
    const entry = PE_AT + 24 + optional.length + 40 * number
    header.write(name, entry, 8, 'latin1')
    header.writeUInt32LE(data.length, entry + 8)
    header.writeUInt32LE(aligned(data.length), entry + 16)
    header.writeUInt32LE(at, entry + 20)
    at += aligned(data.length)
    return Buffer.concat([data, Buffer.alloc(aligned(data.length) - data.length)])
  })
  return Buffer.concat([header, ...bodies, trailing])
}

/** Signs an image whose Authenticode hash this is. Its length must be a multiple of eight, as signers make it. */
export function signImage(
  image: Buffer,
  sha256: Buffer,
  request: Omit<SignedDataRequest, 'content' | 'contentType' | 'tag' | 'attributes'>,
): Buffer {
  const attribute = sequence(oid('1.3.6.1.4.1.311.2.1.15'))
  const digest = sequence(sequence(oid('2.16.840.1.101.3.4.2.1'), der(0x05)), der(0x04, sha256))
  const signature = signedData({
    ...request,
    content: Buffer.concat([attribute, digest]),
    contentType: '1.3.6.1.4.1.311.2.1.4',
    tag: 0x30,
    attributes: true,
  })
  const entry = Buffer.alloc(Math.ceil((8 + signature.length) / 8) * 8)
  entry.writeUInt32LE(8 + signature.length, 0)
  entry.writeUInt16LE(0x200, 4)
  entry.writeUInt16LE(2, 6)
  signature.copy(entry, 8)
  const signed = Buffer.concat([image, entry])
  const optionalAt = PE_AT + 24
  const directoryAt = optionalAt + (signed.readUInt16LE(optionalAt) === 0x10b ? 96 : 112) + 8 * 4
  signed.writeUInt32LE(image.length, directoryAt)
  signed.writeUInt32LE(entry.length, directoryAt + 4)
  return signed
}

/** A signed image without its signature, which stands last. */
export function unsignedImage(bytes: Buffer): Buffer {
  const { certificatesAt, directoryAt } = readImage(bytes)
  return Buffer.from(bytes.subarray(0, certificatesAt)).fill(0, directoryAt, directoryAt! + 8)
}

const aligned = (size: number) => Math.ceil(size / FILE_ALIGNMENT) * FILE_ALIGNMENT
