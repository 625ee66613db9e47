// Structures inside events.
import { ThymusError } from '../../../core/errors.ts'
import { ByteReader } from '../../../formats/bytes.ts'
import { devicePathFile } from '../../../formats/efi/device-path.ts'
import { guidBytes, showGuid } from '../../../formats/efi/guid.ts'

/** UEFI_VARIABLE_DATA (PFP 10.2.6). */
export interface VariableData {
  readonly guid: string
  readonly name: string
  /** A view. */
  readonly data: Buffer
}

/** More than any name of a variable has. */
const MAX_NAME = 1_024

/** @throws ThymusError FORMAT */
function readVariableData(bytes: Buffer): VariableData {
  const reader = new ByteReader(bytes, 'little')
  const guid = showGuid(reader.bytes(16, 'variableName'))
  const [nameLength, dataLength] = [reader.u64('unicodeNameLength'), reader.u64('variableDataLength')]
  if (nameLength > MAX_NAME) reader.fail('unicodeNameLength', `${nameLength} characters, where ${MAX_NAME} are the most`)
  const name = reader.bytes(2 * Number(nameLength), 'unicodeName').toString('utf16le')
  if (dataLength > BigInt(reader.left)) reader.fail('variableDataLength', `${dataLength} bytes, where ${reader.left} are there`)
  return { guid, name, data: reader.bytes(Number(dataLength), 'variableData') }
}

/** What is measured of a variable. */
export function writeVariableData({ guid, name, data }: VariableData): Buffer {
  const lengths = Buffer.alloc(16)
  lengths.writeBigUInt64LE(BigInt(name.length), 0)
  lengths.writeBigUInt64LE(BigInt(data.length), 8)
  return Buffer.concat([guidBytes(guid), lengths, Buffer.from(name, 'utf16le'), data])
}

/** One that is read, or undefined where the bytes are none. */
export function tryVariableData(bytes: Buffer): VariableData | undefined {
  try {
    return readVariableData(bytes)
  } catch (error) {
    if (error instanceof ThymusError) return undefined
    throw error
  }
}

/** The file that a UEFI_IMAGE_LOAD_EVENT (PFP 10.2.3) names; nothing binds that name. Undefined where there is none. */
export function loadedFile(bytes: Buffer): string | undefined {
  if (bytes.length < 32) return undefined
  const length = bytes.readBigUInt64LE(24)
  return length > BigInt(bytes.length - 32) ? undefined : devicePathFile(bytes.subarray(32, 32 + Number(length)))
}

/** TCG_PCClientTaggedEvent (PFP 10.4.3). */
export interface TaggedEvent {
  readonly id: number
  readonly data: Buffer
}

/** Undefined where the bytes are none. */
export function readTaggedEvent(bytes: Buffer): TaggedEvent | undefined {
  if (bytes.length < 8) return undefined
  const size = bytes.readUInt32LE(4)
  return size > bytes.length - 8 ? undefined : { id: bytes.readUInt32LE(0), data: bytes.subarray(8, 8 + size) }
}
