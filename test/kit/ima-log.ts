// A measurement list, written as the kernel writes it: template data first, both lists from it.
import { createHash, hash } from 'node:crypto'
import type { HashName } from '../../src/formats/hash.ts'

export interface LoggedFile {
  readonly name: string
  /** What is hashed; a digest as hexadecimal stands for a file that nobody has. */
  readonly content: string | Buffer
  readonly template?: 'ima' | 'ima-ng' | 'ima-ngv2' | 'ima-sig' | 'ima-sigv2' | 'ima-buf' | 'evm-sig'
  readonly signature?: Buffer
  /** What else evm-sig has of a file. */
  readonly attributes?: Attributes
  readonly violation?: boolean
  readonly pcr?: number
  readonly algorithm?: 'sha1' | 'sha256' | 'sha512'
  readonly verity?: boolean
}

export interface Attributes {
  readonly xattrs: readonly (readonly [name: string, value: Buffer])[]
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

export interface Lists {
  readonly ascii: Buffer
  readonly binary: Buffer
  /** Template data of each entry. */
  readonly data: readonly Buffer[]
}

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
const sized = (bytes: Buffer) => Buffer.concat([u32(bytes.length), bytes])

/** @param bank whose list it is: newer kernels have one for each */
export function imaLists(files: readonly LoggedFile[], bank: HashName = 'sha1'): Lists {
  const entries = files.map((file) => entryOf(file, bank))
  return {
    ascii: Buffer.from(entries.map(({ line }) => `${line}\n`).join('')),
    binary: Buffer.concat(entries.map(({ bytes }) => bytes)),
    data: entries.map(({ data }) => data),
  }
}

function entryOf(
  { name, content, template = 'ima-ng', signature, attributes, violation, pcr = 10, algorithm = 'sha256', verity }: LoggedFile,
  bank: HashName,
) {
  const legacy = template === 'ima'
  const hashName = legacy ? 'sha1' : algorithm
  const digest = violation ? Buffer.alloc(20) : hash(hashName, content, 'buffer')
  const prefix = `${template.endsWith('v2') ? (verity ? 'verity:' : 'ima:') : ''}${hashName}:`
  const last = template === 'ima-buf' ? Buffer.from(content) : (signature ?? Buffer.alloc(0))
  const { fields: attributeFields, text: attributeText } = attributes === undefined ? { fields: [], text: [] } : written(attributes)
  const tail = template === 'evm-sig' ? [last, ...attributeFields] : template.startsWith('ima-sig') || template === 'ima-buf' ? [last] : []
  const padded = Buffer.alloc(256)
  padded.write(name)
  const data = legacy
    ? Buffer.concat([digest, padded])
    : Buffer.concat([Buffer.concat([Buffer.from(`${prefix}\0`), digest]), Buffer.from(`${name}\0`), ...tail].map(sized))
  const templateHash = violation ? Buffer.alloc(hash(bank, '', 'buffer').length) : hash(bank, data, 'buffer')
  const tailText = tail.map((bytes, at) => attributeText[at - 1] ?? bytes.toString('hex'))
  const fields = [legacy ? digest.toString('hex') : prefix + digest.toString('hex'), name, ...tailText]
  const head = [u32(pcr), templateHash, sized(Buffer.from(template))]
  const bytes = legacy ? [...head, digest, sized(Buffer.from(name))] : [...head, sized(data)]
  return {
    line: `${String(pcr).padStart(2)} ${templateHash.toString('hex')} ${template} ${fields.join(' ')}`,
    bytes: Buffer.concat(bytes),
    data,
    violation,
  }
}

/** evm_main.c, evm_read_protected_xattrs; ima_template_lib.c, ima_eventinodedac_init_common. */
function written({ xattrs, uid, gid, mode }: Attributes) {
  const names = xattrs.map(([name]) => name).join('|')
  const fields = [
    Buffer.from(xattrs.length === 0 ? '' : `${names}\0`),
    Buffer.concat(xattrs.map(([, { length }]) => u32(length))),
    Buffer.concat(xattrs.map(([, value]) => value)),
    u32(uid),
    u32(gid),
    u32(mode).subarray(0, 2),
  ]
  return { fields, text: [names, undefined, undefined, `${uid}`, `${gid}`, `${mode}`] }
}

/** What a TPM holds after these entries. @param padded the bank is extended with SHA-1 digests filled up with zeros */
export function pcrAfter(files: readonly LoggedFile[], bank: HashName, padded = false): Buffer {
  const size = hash(bank, '', 'buffer').length
  const { data } = imaLists(files)
  let pcr: Buffer = Buffer.alloc(size)
  for (const [index, { violation, pcr: which = 10 }] of files.entries()) {
    if (which !== 10) continue
    const digest = violation ? Buffer.alloc(size, 0xff) : Buffer.alloc(size)
    if (!violation) hash(padded ? 'sha1' : bank, data[index]!, 'buffer').copy(digest)
    pcr = createHash(bank).update(pcr).update(digest).digest()
  }
  return pcr
}
