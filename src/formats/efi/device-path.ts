// Device paths and load options (UEFI 2.10 §10.3 and §3.1.3), as far as a person wants to see them: which file, on what.
import { ThymusError } from '../../core/errors.ts'
import { ByteReader } from '../bytes.ts'
import { showGuid } from './guid.ts'

const MEDIA = 4
const FILE_PATH = 4
const FIRMWARE_FILE = 6
const FIRMWARE_VOLUME = 7
const END = 0x7f
const MAX_NODES = 256

/** The file of a device path, with `\` between its parts, or the GUID of one in the firmware; undefined where it names neither or is no device path. */
export function devicePathFile(bytes: Buffer): string | undefined {
  const reader = new ByteReader(bytes, 'little')
  const parts: string[] = []
  try {
    for (let nodes = 0; nodes < MAX_NODES && !reader.done; nodes++) {
      const type = reader.u8('type')
      const subtype = reader.u8('subType')
      const length = reader.u16('length')
      if (type === END) break
      if (length < 4) reader.fail('length', `${length} bytes, where the head alone has 4`)
      const data = reader.bytes(length - 4, 'node')
      if (type === MEDIA && subtype === FILE_PATH) parts.push(readUtf16(data))
      else if (type === MEDIA && (subtype === FIRMWARE_FILE || subtype === FIRMWARE_VOLUME) && data.length >= 16) parts.push(showGuid(data))
    }
  } catch (error) {
    if (error instanceof ThymusError) return undefined
    throw error
  }
  return parts.length === 0 ? undefined : parts.join('\\').replace(/\\+/g, '\\')
}

/** UTF-16 to its first NUL or its end. */
export function readUtf16(bytes: Buffer): string {
  return bytes.toString('utf16le', 0, bytes.length & ~1).replace(/\0.*$/s, '')
}

/** The description of an EFI_LOAD_OPTION; undefined where the bytes are none. */
export function loadOptionName(bytes: Buffer): string | undefined {
  return bytes.length >= 8 ? readUtf16(bytes.subarray(6)) : undefined
}
