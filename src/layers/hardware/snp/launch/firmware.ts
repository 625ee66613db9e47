// What a firmware image (OVMF) tells whoever launches it: where its table of hashes belongs, where further processors begin, and which pages
// must be prepared. The table of GUIDs ends 32 bytes before the image, and is read backwards (edk2, OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm
// and X64/OvmfSevMetadata.asm).
import { ThymusError } from '../../../../core/errors.ts'
import { ByteReader } from '../../../../formats/bytes.ts'
import { showGuid } from '../../../../formats/efi/guid.ts'

export const PAGE = 4096
/** Images are mapped below 4 GiB, where no larger one fits beside devices. */
const MAX_SIZE = 16 << 20
const FOUR_GIB = 2 ** 32

/** What a page is for (OVMF_SECTION_TYPE_*). */
const SECTION_KINDS: ReadonlyMap<number, SectionKind> = new Map([
  [1, 'memory'],
  [2, 'secrets'],
  [3, 'cpuid'],
  [4, 'svsm-calls'],
  [16, 'kernel-hashes'],
])
export type SectionKind = 'memory' | 'secrets' | 'cpuid' | 'svsm-calls' | 'kernel-hashes'

export interface Section {
  /** Guest physical address; a whole page. */
  readonly gpa: number
  readonly size: number
  readonly kind: SectionKind
}

export interface Firmware {
  readonly bytes: Buffer
  /** Guest physical address of the first byte. */
  readonly gpa: number
  /** Guest physical address of the table of hashes of kernel, initrd and command line; undefined where the firmware takes none. */
  readonly hashesTable: number | undefined
  /** Where further processors begin; undefined where the firmware does not say. */
  readonly resetEip: number | undefined
  /** In the order in which they are launched. */
  readonly sections: readonly Section[]
}

const GUID = {
  footer: '96b582de-1fb2-45f7-baea-a366c55a082d',
  hashesTable: '7255371f-3a3b-4b04-927b-1da6efa8d454',
  reset: '00f771de-1a7e-4fcb-890e-68c77e2fb44e',
  metadata: 'dc886566-984a-4798-a75e-5585a7bf67cc',
} as const
/** Behind the table: the reset vector. */
const TAIL = 32
/** An entry ends with its length (2 bytes) and its GUID (16 bytes). */
const ENTRY_END = 18
/** A header, then 12 bytes for each section. */
const [METADATA_HEADER, SECTION_SIZE] = [16, 12]
/** Every page costs a hash; OVMF's sections are below 1 MiB together. */
const MAX_SECTIONS = 64
const MAX_SECTION = 64 << 20

/** @throws ThymusError FORMAT for an image that does not follow its own table */
export function readFirmware(image: Uint8Array): Firmware {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.length)
  if (bytes.length === 0 || bytes.length % PAGE !== 0 || bytes.length > MAX_SIZE) {
    throw new ThymusError('FORMAT', `firmware of ${bytes.length} bytes: not a number of pages up to ${MAX_SIZE >> 20} MiB`)
  }
  const entries = readEntries(bytes)
  const number = (guid: string) => {
    const entry = entries.get(guid)
    return entry && new ByteReader(entry.bytes, 'little', entry.at).u32(guid)
  }
  const metadata = number(GUID.metadata)
  return {
    bytes,
    gpa: FOUR_GIB - bytes.length,
    hashesTable: number(GUID.hashesTable) || undefined,
    resetEip: number(GUID.reset),
    sections: metadata === undefined ? [] : readSections(bytes, metadata),
  }
}

/** GUID → the entry's bytes, and where they begin. None where the image has no table. */
function readEntries(image: Buffer): ReadonlyMap<string, { readonly bytes: Buffer; readonly at: number }> {
  const entries = new Map<string, { readonly bytes: Buffer; readonly at: number }>()
  /** Of the entry that ends at `end`. */
  const readEnd = (end: number, least: number) => {
    const reader = new ByteReader(image.subarray(end - ENTRY_END, end), 'little', end - ENTRY_END)
    const length = reader.u16('length')
    if (length < ENTRY_END || end - length < least) reader.fail('length', `an entry of ${length} bytes`)
    return { name: showGuid(reader.bytes(16, 'guid')), start: end - length }
  }
  const tableEnd = image.length - TAIL
  if (showGuid(image.subarray(tableEnd - 16, tableEnd)) !== GUID.footer) return entries
  const { start } = readEnd(tableEnd, 0)
  for (let end = tableEnd - ENTRY_END; end >= start + ENTRY_END; ) {
    const entry = readEnd(end, start)
    entries.set(entry.name, { bytes: image.subarray(entry.start, end - ENTRY_END), at: entry.start })
    end = entry.start
  }
  return entries
}

/** @param fromEnd where the header begins, counted from the image's end */
function readSections(image: Buffer, fromEnd: number): readonly Section[] {
  const at = image.length - fromEnd
  if (at < 0) throw new ThymusError('FORMAT', `metadata ${fromEnd} bytes before the end of an image of ${image.length}`)
  const reader = new ByteReader(image.subarray(at), 'little', at)
  if (reader.bytes(4, 'signature').toString('latin1') !== 'ASEV') reader.fail('signature', 'no metadata for SEV')
  const length = reader.u32('length')
  reader.u32('version')
  const count = reader.u32('count')
  if (count > MAX_SECTIONS || length - METADATA_HEADER < count * SECTION_SIZE) reader.fail('count', `${count} sections in ${length} bytes`)
  return Array.from({ length: count }, () => {
    const [gpa, size, type] = [reader.u32('gpa'), reader.u32('size'), reader.u32('type')]
    const kind = SECTION_KINDS.get(type) ?? reader.fail('type', `a section of type ${type}`)
    if (gpa % PAGE !== 0 || size % PAGE !== 0 || size > MAX_SECTION) reader.fail('size', 'no whole pages, or too many')
    return { gpa, size, kind }
  })
}
