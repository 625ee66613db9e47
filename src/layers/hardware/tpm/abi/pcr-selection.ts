// TPML_PCR_SELECTION (part 2, 10.9.7).
import type { ByteReader } from '../../../../formats/bytes.ts'
import { type HashName, hashByName } from '../../../../formats/hash.ts'
import { LIMIT } from './algorithms.ts'
import { u8, u16, u32 } from './marshal.ts'

/** PCRs of one bank: TPMS_PCR_SELECTION. */
export interface PcrSelection {
  /** TPM_ALG_ID of the bank, which may be one that Thymus does not know. */
  readonly hash: number
  /** Rising. */
  readonly pcrs: readonly number[]
  /** Bytes of the bit map: 3 for the 24 PCRs of a PC. */
  readonly size: number
}

/** PCRs of a bank, in a bit map of three bytes. @param pcrs 0 to 23, in any order */
export function selectPcrs(bank: HashName, pcrs: readonly number[]): PcrSelection {
  return { hash: hashByName(bank)!.id, pcrs: [...new Set(pcrs)].sort((a, b) => a - b), size: 3 }
}

/** @throws ThymusError FORMAT */
export function readPcrSelections(reader: ByteReader, field = 'pcrSelect'): readonly PcrSelection[] {
  const count = reader.u32(`${field}.count`)
  if (count > LIMIT.pcrSelections) reader.fail(`${field}.count`, `${count} banks, where ${LIMIT.pcrSelections} are the most`)
  return Array.from({ length: count }, (_, at) => readPcrSelection(reader, `${field}[${at}]`))
}

/** @throws ThymusError FORMAT */
export function readPcrSelection(reader: ByteReader, field: string): PcrSelection {
  const hash = reader.u16(`${field}.hash`)
  const bits = reader.sized(reader.u8(`${field}.sizeofSelect`), LIMIT.pcrSelect, `${field}.pcrSelect`)
  const pcrs: number[] = []
  for (let pcr = 0; pcr < 8 * bits.length; pcr++) if ((bits[pcr >> 3]! >> (pcr & 7)) & 1) pcrs.push(pcr)
  return { hash, pcrs, size: bits.length }
}

export function writePcrSelections(selections: readonly PcrSelection[]): Buffer {
  return Buffer.concat([u32(selections.length), ...selections.map(writePcrSelection)])
}

function writePcrSelection({ hash, pcrs, size }: PcrSelection): Buffer {
  const bits = Buffer.alloc(size)
  for (const pcr of pcrs) bits.writeUInt8(bits.readUInt8(pcr >> 3) | (1 << (pcr & 7)), pcr >> 3)
  return Buffer.concat([u16(hash), u8(size), bits])
}
