// PE images (Microsoft PE/COFF specification), as UEFI loads them: what their hash is over, which sections they have, where their
// signatures lie.
import { createHash } from 'node:crypto'
import { ThymusError } from '../../core/errors.ts'
import { ByteReader } from '../bytes.ts'
import type { HashName } from '../hash.ts'

export interface Section {
  readonly name: string
  /** In memory. */
  readonly virtualSize: number
  /** Offset and size in the file. */
  readonly at: number
  readonly size: number
}

export interface PeImage {
  readonly bytes: Buffer
  /** IMAGE_FILE_MACHINE: 0x8664 for x86-64, 0xaa64 for AArch64. */
  readonly machine: number
  readonly sections: readonly Section[]
  /** Of the headers, as the optional header has it. */
  readonly headerSize: number
  readonly checksumAt: number
  /** Of the certificate table's entry among the data directories; undefined in an image that has none. */
  readonly directoryAt: number | undefined
  /** Of the certificate table in the file: its size is 0 where there is no signature. */
  readonly certificatesAt: number
  readonly certificatesSize: number
}

const PE32 = 0x10b
const PE32_PLUS = 0x20b
const CERTIFICATE_TABLE = 4
/** The loader's own limit. */
const MAX_SECTIONS = 96
const MAX_DIRECTORIES = 16
const MAX_LOADED = 1 << 30
const ZEROS = Buffer.alloc(1 << 16)

/** @throws ThymusError FORMAT */
export function readImage(bytes: Uint8Array): PeImage {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const dos = new ByteReader(whole, 'little')
  if (dos.bytes(2, 'e_magic').toString('latin1') !== 'MZ') dos.fail('e_magic', 'no PE image')
  dos.bytes(0x3c - 2, 'dos header')
  const peAt = dos.u32('e_lfanew')
  const reader = readerAt(whole, peAt, 'e_lfanew')
  if (reader.u32('signature') !== 0x4550) reader.fail('signature', 'no PE image')
  const machine = reader.u16('machine')
  const sectionCount = reader.u16('numberOfSections')
  if (sectionCount > MAX_SECTIONS) reader.fail('numberOfSections', `${sectionCount}, where ${MAX_SECTIONS} are the most`)
  reader.bytes(12, 'coff header')
  const optionalSize = reader.u16('sizeOfOptionalHeader')
  reader.bytes(2, 'characteristics')
  const optionalAt = peAt + reader.at
  const sections = readSections(readerAt(whole, optionalAt + optionalSize, 'sectionTable'), sectionCount, whole.length)
  return { bytes: whole, machine, sections, ...readOptionalHeader(reader.inside(optionalSize, 'optionalHeader'), optionalAt, whole.length) }
}

function readerAt(bytes: Buffer, at: number, field: string): ByteReader {
  if (at > bytes.length) throw new ThymusError('FORMAT', 'points behind the end', { at: `${field} at byte ${at}` })
  return new ByteReader(bytes.subarray(at), 'little', at)
}

function readOptionalHeader(reader: ByteReader, base: number, fileSize: number): Omit<PeImage, 'bytes' | 'machine' | 'sections'> {
  const magic = reader.u16('magic')
  if (magic !== PE32 && magic !== PE32_PLUS) reader.fail('magic', `0x${magic.toString(16)} is neither PE32 nor PE32+`)
  reader.bytes(58, 'optional header')
  const headerSize = reader.u32('sizeOfHeaders')
  const checksumAt = base + reader.at
  reader.bytes(magic === PE32 ? 28 : 44, 'checkSum')
  const directories = reader.u32('numberOfRvaAndSizes')
  if (directories > MAX_DIRECTORIES) reader.fail('numberOfRvaAndSizes', `${directories}, where ${MAX_DIRECTORIES} are the most`)
  if (headerSize > fileSize) reader.fail('sizeOfHeaders', `${headerSize} bytes, where the file has ${fileSize}`)
  if (directories <= CERTIFICATE_TABLE) return { headerSize, checksumAt, directoryAt: undefined, certificatesAt: 0, certificatesSize: 0 }
  reader.bytes(8 * CERTIFICATE_TABLE, 'dataDirectories')
  const directoryAt = base + reader.at
  const certificatesAt = reader.u32('certificateTable.offset')
  const certificatesSize = reader.u32('certificateTable.size')
  if (headerSize < directoryAt + 8) reader.fail('sizeOfHeaders', 'ends before the certificate table is named')
  if (certificatesSize > 0 && (certificatesAt < headerSize || certificatesAt + certificatesSize > fileSize)) {
    reader.fail('certificateTable', 'does not lie in the file')
  }
  return { headerSize, checksumAt, directoryAt, certificatesAt, certificatesSize }
}

function readSections(reader: ByteReader, count: number, fileSize: number): readonly Section[] {
  return Array.from({ length: count }, () => {
    const name = reader.bytes(8, 'section.name').toString('latin1').replace(/\0.*$/s, '')
    const virtualSize = reader.u32('section.virtualSize')
    reader.bytes(4, 'section.virtualAddress')
    const size = reader.u32('section.sizeOfRawData')
    const at = reader.u32('section.pointerToRawData')
    reader.bytes(16, 'section')
    if (size > 0 && at + size > fileSize) reader.fail('section', `${JSON.stringify(name)} does not lie in the file`)
    return { name, virtualSize, at, size }
  })
}

/** What a section holds once it is loaded: cut at its size in memory; what memory has beyond the file is zero and left out. */
export function sectionData(image: PeImage, name: string): Buffer | undefined {
  const section = named(image, name)
  return section && dataOf(image, section)
}

/**
 * The hash of a section as it is loaded, with the zeros that memory has beyond the file: systemd-stub measures a section's size in memory, which ukify
 * sets for a kernel to what that needs (SizeOfImage; before Linux 6.12 more than the file has).
 * @throws ThymusError FORMAT for a section that is larger than any kernel
 */
export function sectionDigest(image: PeImage, name: string, algorithm: HashName): Buffer | undefined {
  const section = named(image, name)
  if (section === undefined) return undefined
  const { virtualSize } = section
  if (virtualSize > MAX_LOADED)
    throw new ThymusError('FORMAT', `${virtualSize} bytes in memory, where ${MAX_LOADED} are the most`, { at: `section ${name}` })
  const data = dataOf(image, section)
  const hash = createHash(algorithm).update(data)
  for (let left = virtualSize - data.length; left > 0; left -= ZEROS.length) hash.update(ZEROS.subarray(0, left))
  return hash.digest()
}

const named = ({ sections }: PeImage, name: string) => sections.find((each) => each.name === name)
const dataOf = ({ bytes }: PeImage, { at, size, virtualSize }: Section) => bytes.subarray(at, at + Math.min(size, virtualSize))

/**
 * The Authenticode hash: headers without the checksum and the entry of the certificate table, sections in the file's order, and what
 * follows them, without the certificate table ("Windows Authenticode Portable Executable Signature Format", 2008, page 12).
 */
export function imageDigest(image: PeImage, algorithm: HashName): Buffer {
  const { bytes, headerSize, checksumAt, directoryAt, certificatesSize } = image
  const hash = createHash(algorithm).update(bytes.subarray(0, checksumAt))
  if (directoryAt === undefined) hash.update(bytes.subarray(checksumAt + 4, headerSize))
  else hash.update(bytes.subarray(checksumAt + 4, directoryAt)).update(bytes.subarray(directoryAt + 8, headerSize))
  let hashed = headerSize
  for (const { at, size } of [...image.sections].filter(({ size }) => size > 0).sort((a, b) => a.at - b.at)) {
    hash.update(bytes.subarray(at, at + size))
    hashed += size
  }
  // As EDK II counts: what is left over behind as many bytes as were hashed, the certificates being last.
  const end = certificatesSize > 0 ? bytes.length - certificatesSize : bytes.length
  if (end > hashed) hash.update(bytes.subarray(hashed, end))
  return hash.digest()
}
