// Packages.db, the database of SUSE's packages (rpm, lib/backend/ndb/rpmpkg.c): pages of slots, each of which points to a header. Numbers are
// little-endian, places are counted in blocks.
import { ThymusError } from '../../core/errors.ts'
import { ByteReader } from '../bytes.ts'

export const NDB_MAGIC = Buffer.from('RpmP')
const [SLOT, HEAD, TAIL] = [magicOf('Slot'), magicOf('BlbS'), magicOf('BlbE')]
const VERSION = 0
const [HEADER_SIZE, BLOCK, PAGE] = [32, 16, 4096]
const [HEAD_SIZE, TAIL_SIZE] = [16, 12]

interface Slot {
  readonly number: number
  /** Of its first byte, and of the one behind its last. */
  readonly at: number
  readonly end: number
}

/** The headers of a database, each as `readRpmHeader` takes it, with its place. @throws ThymusError FORMAT */
export function* ndbHeaders(bytes: Buffer): Generator<{ readonly at: number; readonly blob: Buffer }> {
  let last = 0
  for (const { number, at, end } of slotsOf(bytes).sort((one, other) => one.at - other.at)) {
    // Else a small file could name a large one over and over.
    if (at < last) refuse('two packages in one place', at)
    last = end
    const reader = new ByteReader(bytes.subarray(at, end), 'little', at)
    if (reader.u32('head') !== HEAD) reader.fail('head', 'no package')
    if (reader.u32('pkgidx') !== number) reader.fail('pkgidx', `not package ${number}, to which its slot points`)
    reader.bytes(4, 'timestamp')
    const length = reader.u32('bloblen')
    if (Math.ceil((HEAD_SIZE + length + TAIL_SIZE) / BLOCK) * BLOCK !== end - at) reader.fail('bloblen', `${length} bytes in ${end - at}`)
    yield { at: at + HEAD_SIZE, blob: reader.bytes(length, 'blob') }
    reader.bytes(reader.left - TAIL_SIZE + 4, 'adler32')
    if (reader.u32('bloblen') !== length || reader.u32('tail') !== TAIL) reader.fail('tail', 'another length than at its head, or no tail')
  }
}

function slotsOf(bytes: Buffer): Slot[] {
  const header = new ByteReader(bytes.subarray(0, HEADER_SIZE), 'little')
  if (!header.bytes(NDB_MAGIC.length, 'magic').equals(NDB_MAGIC)) header.fail('magic', 'no database of this kind')
  const version = header.u32('version')
  if (version !== VERSION) header.fail('version', `version ${version}`)
  header.bytes(4, 'generation')
  const size = header.u32('slotnpages') * PAGE
  if (size < PAGE || size > bytes.length) header.fail('slotnpages', `${size} bytes of slots in ${bytes.length}`)
  const reader = new ByteReader(bytes.subarray(HEADER_SIZE, size), 'little', HEADER_SIZE)
  const slots: Slot[] = []
  while (!reader.done) {
    if (reader.u32('slot') !== SLOT) reader.fail('slot', 'no slot')
    const number = reader.u32('pkgidx')
    const at = reader.u32('blkoff') * BLOCK
    const end = at + reader.u32('blkcnt') * BLOCK
    if (at === 0) continue
    if (at < size || end > bytes.length || end - at < HEAD_SIZE + TAIL_SIZE) reader.fail('blkoff', `package ${number} lies outside`)
    slots.push({ number, at, end })
  }
  return slots
}

function refuse(message: string, at: number): never {
  throw new ThymusError('FORMAT', message, { at: `byte ${at}` })
}

function magicOf(text: string): number {
  return Buffer.from(text, 'latin1').readUInt32LE(0)
}
