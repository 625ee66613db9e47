// What firmware trusts and forbids: EFI_SIGNATURE_LIST (UEFI 2.10 §32.4.1), the content of PK, KEK, db, dbx and of shim's lists.
import { ByteReader } from '../bytes.ts'
import { GUID, showGuid } from './guid.ts'

export interface EfiSignature {
  /** GUID of the kind, as `GUID.certX509`. */
  readonly type: string
  /** GUID of who put it there. A view. */
  readonly owner: Buffer
  /** A certificate, a hash, or what else the type says. A view. */
  readonly data: Buffer
}

/** dbx has some hundred hashes; this leaves room for years. */
const MAX_SIGNATURES = 65_536
const OWNER = 16

/** What efivarfs puts before the content of a variable: four bytes of attributes, of which these are all. No list begins so, and no text. */
const ALL_ATTRIBUTES = 0xff

/** The content of a variable, with or without its attributes. */
export const withoutAttributes = (bytes: Buffer): Buffer =>
  bytes.length >= 4 && bytes.readUInt32LE() <= ALL_ATTRIBUTES ? bytes.subarray(4) : bytes

/** All entries of lists that follow one another. @throws ThymusError FORMAT */
export function readSignatureLists(bytes: Buffer): readonly EfiSignature[] {
  const reader = new ByteReader(bytes, 'little')
  const signatures: EfiSignature[] = []
  while (!reader.done) {
    const type = showGuid(reader.bytes(16, 'signatureType'))
    const listSize = reader.u32('signatureListSize')
    const headerSize = reader.u32('signatureHeaderSize')
    const size = reader.u32('signatureSize')
    if (listSize < 28) reader.fail('signatureListSize', `${listSize} bytes, where the head alone has 28`)
    const list = reader.inside(listSize - 28, 'signatureList')
    list.bytes(headerSize, 'signatureHeader')
    if (list.done) continue
    if (size <= OWNER || list.left % size !== 0) list.fail('signatureSize', `${list.left} bytes are no whole number of ${size}`)
    if (signatures.length + list.left / size > MAX_SIGNATURES) list.fail('signatures', `more than ${MAX_SIGNATURES} entries`)
    while (!list.done) signatures.push(readSignature(list, type, size))
  }
  return signatures
}

function readSignature(reader: ByteReader, type: string, size: number): EfiSignature {
  return { type, owner: reader.bytes(OWNER, 'signatureOwner'), data: reader.bytes(size - OWNER, 'signatureData') }
}

export interface HashEntry {
  /** An image by its Authenticode hash, or a certificate by what is signed in it. */
  readonly of: 'image' | 'certificate'
  readonly hash: 'sha256' | 'sha384' | 'sha512'
  readonly value: Buffer
}

const HASHED: ReadonlyMap<string, Omit<HashEntry, 'value'> & { readonly size: number }> = new Map([
  [GUID.certSha256, { of: 'image', hash: 'sha256', size: 32 }],
  [GUID.certSha384, { of: 'image', hash: 'sha384', size: 48 }],
  [GUID.certSha512, { of: 'image', hash: 'sha512', size: 64 }],
  [GUID.certX509Sha256, { of: 'certificate', hash: 'sha256', size: 32 }],
  [GUID.certX509Sha384, { of: 'certificate', hash: 'sha384', size: 48 }],
  [GUID.certX509Sha512, { of: 'certificate', hash: 'sha512', size: 64 }],
])

/** An entry that is a hash; a time of revocation behind that of a certificate is left out. Undefined for entries of other kinds. */
export function hashEntry({ type, data }: EfiSignature): HashEntry | undefined {
  const known = HASHED.get(type)
  return known && { of: known.of, hash: known.hash, value: data.subarray(0, known.size) }
}
