// Values of PCRs, as they travel beside a quote. They are claims until a quoted digest covers them.
import { ThymusError } from '../../../../core/errors.ts'
import { ByteReader } from '../../../../formats/bytes.ts'
import { type HashName, hashById, hashByName } from '../../../../formats/hash.ts'
import { LIMIT } from './algorithms.ts'
import { type PcrSelection, readPcrSelection } from './pcr-selection.ts'

/** TPM_ALG_ID of the bank → number of the PCR → value. */
export type PcrValues = ReadonlyMap<number, ReadonlyMap<number, Buffer>>

/** Banks and PCRs of TPML_PCR_SELECTION in C, of tpm2-tools: 16 entries of 8 bytes each, used or not. */
const ENTRIES = 16
const ENTRY_SIZE = 8
/** TPML_DIGEST in C: eight TPM2B_DIGEST of 64 bytes each, used or not. */
const DIGESTS = 8
/** Of 32 PCRs in each of 16 banks, eight a list. */
const MAX_LISTS = 64
const MAX_PCR = 31
/** Of the text of a PCR, whose 64 bytes may stand apart. Longer ones are not looked at: what fits no pattern takes the square of its length. */
const MAX_LINE = 512

/** The values of one bank. */
export const bankOf = (bank: HashName, values: ReadonlyMap<number, Buffer>): PcrValues => new Map([[hashByName(bank)!.id, values]])

/** Values one behind the other, in the order of the selection (`tpm2_quote --pcrs_format values`). @throws ThymusError FORMAT */
export function readConcatenatedPcrs(bytes: Uint8Array, selections: readonly PcrSelection[]): PcrValues {
  const reader = new ByteReader(bytes, 'big')
  const values = new Map(
    selections.map(({ hash, pcrs }) => {
      const { size } = hashById(hash) ?? reader.fail('hash', `0x${hash.toString(16)} is a bank that is not known`)
      return [hash, new Map(pcrs.map((pcr) => [pcr, reader.bytes(size, `PCR ${pcr}`)]))]
    }),
  )
  reader.finish('PCR values')
  return values
}

/**
 * The file that `tpm2_quote --pcrs` writes: a TPML_PCR_SELECTION and TPML_DIGESTs as they lie in the memory of a little-endian machine.
 * @throws ThymusError FORMAT
 */
export function readSerializedPcrs(bytes: Uint8Array): PcrValues {
  const reader = new ByteReader(bytes, 'little')
  const count = reader.u32('pcrSelect.count')
  if (count > ENTRIES) reader.fail('pcrSelect.count', `${count} banks, where ${ENTRIES} are the most`)
  const places = Array.from({ length: ENTRIES }, () => readPcrSelection(reader.inside(ENTRY_SIZE, 'pcrSelection'), 'pcrSelection'))
    .slice(0, count)
    .flatMap(({ hash, pcrs }) => pcrs.map((pcr) => ({ hash, pcr })))
  const lists = reader.u32('lists')
  if (lists > MAX_LISTS) reader.fail('lists', `${lists} lists of digests, where ${MAX_LISTS} are the most`)
  const digests = Array.from({ length: lists }, () => readDigests(reader)).flat()
  reader.finish('PCR values')
  if (digests.length !== places.length) reader.fail('digests', `${digests.length} values of ${places.length} PCRs`)
  const values = new Map<number, Map<number, Buffer>>()
  for (const [at, { hash, pcr }] of places.entries()) {
    const digest = digests[at]!
    if (hashById(hash)?.size !== digest.length) reader.fail('digests', `${digest.length} bytes are no value of bank 0x${hash.toString(16)}`)
    values.set(hash, (values.get(hash) ?? new Map<number, Buffer>()).set(pcr, digest))
  }
  return values
}

function readDigests(reader: ByteReader): readonly Buffer[] {
  const count = reader.u32('digests.count')
  if (count > DIGESTS) reader.fail('digests.count', `${count} digests, where ${DIGESTS} are the most`)
  return Array.from({ length: DIGESTS }, () => {
    const size = reader.u16('digest.size')
    const field = reader.bytes(LIMIT.digest, 'digest')
    return size > field.length ? reader.fail('digest.size', `${size} bytes, where ${field.length} are the most`) : field.subarray(0, size)
  }).slice(0, count)
}

/**
 * Text with a PCR a line: its number, its value in hex. Between the two may stand blanks, a colon, `0x`; a line such as `sha256:` begins a bank
 * (`tpm2_pcrread`). @param bank of the lines before the first such line
 * @throws ThymusError FORMAT
 */
export function readTextPcrs(text: string, bank?: HashName): PcrValues {
  const values = new Map<number, Map<number, Buffer>>()
  let hash = bank === undefined ? undefined : hashByName(bank)
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const fail = (message: string): never => {
      throw new ThymusError('FORMAT', message, { at: `line ${at + 1}` })
    }
    if (line.length > MAX_LINE) fail(`${line.length} characters, where ${MAX_LINE} are the most`)
    const heading = /^\s*(sha\d+|sm3)[\w-]*\s*:\s*$/i.exec(line)
    if (heading !== null) {
      hash = hashByName(heading[1]!.toLowerCase()) ?? fail('a bank that is not known')
      continue
    }
    const [, number, hex] =
      /^\s*(?:PCR[- ]?)?(\d{1,2})\s*[:=]?\s*(?:0x)?((?:[\da-f]{2} ?)+)\s*$/i.exec(line) ?? fail('no PCR and its value')
    const { id, size } = hash ?? fail('a value of no bank')
    const value = Buffer.from(hex!.replaceAll(' ', ''), 'hex')
    if (value.length !== size || Number(number) > MAX_PCR) fail(`no PCR of this bank, whose values have ${size} bytes`)
    const inBank = values.get(id) ?? new Map<number, Buffer>()
    if (inBank.has(Number(number))) fail(`PCR ${number} stands twice`)
    values.set(id, inBank.set(Number(number), value))
  }
  return values
}

/** As `readTextPcrs` reads them, and as `tpm2_pcrread` prints them. */
export function writeTextPcrs(values: PcrValues): string {
  const lines = ([pcr, value]: readonly [number, Buffer]) => `  ${pcr}: ${value.toString('hex')}\n`
  return [...values].map(([bank, table]) => `${hashById(bank)?.name ?? `bank ${bank}`}:\n${[...table].map(lines).join('')}`).join('')
}
