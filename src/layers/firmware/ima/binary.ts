import { ThymusError } from '../../../core/errors.ts'
import { ByteReader } from '../../../formats/bytes.ts'
import type { HashName } from '../../../formats/hash.ts'
import { ImaEntry, isDigest, LEGACY_DIGEST, LEGACY_NAME } from './entry.ts'
import { type ImaList, MAX_LIST, type MalformedEntry, PCR_COUNT, TEMPLATE_HASHES } from './list.ts'
import { MAX_TEMPLATE_NAME, type Template, templateNamed } from './template.ts'

/**
 * Reads `binary_runtime_measurements` of a little-endian machine, or a run of whole entries of it.
 * @param first number of the first entry, where earlier ones were read before
 * @throws ThymusError FORMAT where it cannot be told where an entry ends. An entry whose end is known and whose inside is not is malformed.
 */
export function readBinaryList(bytes: Uint8Array, first = 1): ImaList {
  if (bytes.length > MAX_LIST)
    throw new ThymusError('FORMAT', `${bytes.length} bytes, where ${MAX_LIST} are the most`, { at: 'measurement list' })
  const entries: ImaEntry[] = []
  const malformed: MalformedEntry[] = []
  const reader = new ByteReader(bytes, 'little')
  const [size, templateHash] = templateHashOf(bytes)
  for (let number = first; !reader.done; number++) {
    const pcr = reader.u32('pcr')
    if (pcr >= PCR_COUNT) reader.fail('pcr', `PCR ${pcr} (of a big-endian machine?)`)
    const hash = reader.bytes(size, 'template hash')
    const name = reader.sized(reader.u32('template name size'), MAX_TEMPLATE_NAME, 'template name').toString('latin1')
    const template = templateNamed(name)
    const data = name === 'ima' ? legacyData(reader) : reader.bytes(reader.u32('template data size'), 'template data')
    const why = template === undefined ? `the template ${JSON.stringify(name)} is not known` : wrongInside(template, data)
    if (why === undefined) entries.push(new ImaEntry(number, pcr, template!, hash, data, reader.at))
    else malformed.push({ number, why })
  }
  return { entries, malformed, templateHash: bytes.length === 0 ? undefined : templateHash }
}

/** The list of a bank other than SHA-1 has longer hashes, and says so nowhere: the name behind the right one is that of a template. */
function templateHashOf(bytes: Uint8Array): readonly [number, HashName] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  for (const known of TEMPLATE_HASHES) {
    const at = 4 + known[0]
    const length = at + 4 <= view.length ? view.readUInt32LE(at) : 0
    if (length > 0 && length <= MAX_TEMPLATE_NAME && templateNamed(view.toString('latin1', at + 4, at + 4 + length)) !== undefined)
      return known
  }
  return [20, 'sha1']
}

/** The template `ima` has a digest without a length, and a name without its zeros, which are hashed all the same (ima_fs.c, IMA_SHOW_BINARY_OLD_STRING_FMT). */
function legacyData(reader: ByteReader): Buffer {
  const data = Buffer.alloc(LEGACY_DIGEST + LEGACY_NAME)
  reader.bytes(LEGACY_DIGEST, 'digest').copy(data)
  reader.sized(reader.u32('name size'), LEGACY_NAME - 1, 'name').copy(data, LEGACY_DIGEST)
  return data
}

/** What keeps the data from being fields of the template, in words. */
function wrongInside(template: Template, data: Buffer): string | undefined {
  if (template.legacy) return undefined
  let at = 0
  for (const { id, form } of template.fields) {
    if (at + 4 > data.length) return `the field ${id} is missing`
    const end = at + 4 + data.readUInt32LE(at)
    if (end > data.length) return `the field ${id} is longer than the entry`
    const content = data.subarray(at + 4, end)
    if (form === 'named-digest' && content.length > 0 && !isDigest(content)) return `the field ${id} is no digest`
    // A NUL inside would show one name, and have the rest of the field hashed with it.
    if (form === 'text' && content.length > 0 && content.indexOf(0) !== content.length - 1)
      return `the field ${id} is no text that ends in NUL`
    if (typeof form === 'number' && content.length !== 0 && content.length !== form) return `the field ${id} has ${content.length} bytes`
    at = end
  }
  return at === data.length ? undefined : `${data.length - at} bytes after the last field`
}
