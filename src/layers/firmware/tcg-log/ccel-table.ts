// The ACPI table CCEL (UEFI 2.10 §38.4.1; ACPI 6.5 §5.2.34): where a confidential guest's firmware left its event log.
import { ByteReader } from '../../../formats/bytes.ts'

export interface CcelTable {
  readonly technology: 'SEV' | 'TDX' | 'unknown'
  /** Of the area that the log lies in: a log cannot be longer. */
  readonly areaLength: bigint
  /** In the guest's physical memory. */
  readonly areaStart: bigint
}

const SIZE = 56
const TECHNOLOGIES: ReadonlyMap<number, CcelTable['technology']> = new Map([
  [1, 'SEV'],
  [2, 'TDX'],
])

/** @throws ThymusError FORMAT */
export function readCcelTable(bytes: Uint8Array): CcelTable {
  const reader = new ByteReader(bytes, 'little')
  if (reader.bytes(4, 'signature').toString('latin1') !== 'CCEL') reader.fail('signature', 'no CCEL table')
  const length = reader.u32('length')
  if (length !== SIZE || bytes.length !== SIZE)
    reader.fail('length', `${length} bytes, of which ${bytes.length} are there, where ${SIZE} are due`)
  if (bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0) !== 0) reader.fail('checksum', 'the bytes do not sum up to zero')
  reader.bytes(28, 'header')
  const technology = TECHNOLOGIES.get(reader.u8('ccType')) ?? 'unknown'
  reader.bytes(1, 'ccSubtype')
  reader.bytes(2, 'reserved')
  return { technology, areaLength: reader.u64('logAreaMinimumLength'), areaStart: reader.u64('logAreaStartAddress') }
}
