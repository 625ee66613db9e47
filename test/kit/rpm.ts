// Packages of RPM for tests, sound or not: headers, package files, and SUSE's database of them.
import { hash } from 'node:crypto'

export type RpmValue =
  | { readonly texts: readonly string[]; readonly single?: boolean }
  | { readonly int16: readonly number[] }
  | { readonly int32: readonly number[] }

export interface RpmFileMade {
  readonly path: string
  readonly content?: string
  readonly mode?: number
  readonly flags?: number
  readonly signature?: Buffer
}

const u32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * index)
  return bytes
}

/** A header without its magic. Tags are written in the order given. */
export function rpmHeader(values: Readonly<Record<number, RpmValue>>): Buffer {
  const index: Buffer[] = []
  const store: Buffer[] = []
  let size = 0
  for (const [tag, value] of Object.entries(values)) {
    const [type, count, bytes, alignment] = written(value)
    const padding = -size & (alignment - 1)
    store.push(Buffer.alloc(padding), bytes)
    index.push(u32(Number(tag), type, size + padding, count))
    size += padding + bytes.length
  }
  return Buffer.concat([u32(index.length, size), ...index, ...store])
}

function written(value: RpmValue): readonly [type: number, count: number, bytes: Buffer, alignment: number] {
  if ('texts' in value) {
    const { texts, single = false } = value
    return [single ? 6 : 8, texts.length, Buffer.from(texts.map((text) => `${text}\0`).join('')), 1]
  }
  if ('int32' in value) return [4, value.int32.length, u32(...value.int32), 4]
  const bytes = Buffer.alloc(2 * value.int16.length)
  for (const [at, number] of value.int16.entries()) bytes.writeUInt16BE(number, 2 * at)
  return [3, value.int16.length, bytes, 2]
}

const one = (text: string): RpmValue => ({ texts: [text], single: true })

/** The tags of a package with these files. */
export function rpmTags(files: readonly RpmFileMade[], name = 'tiny'): Record<number, RpmValue> {
  const folders = [...new Set(files.map(({ path }) => path.slice(0, path.lastIndexOf('/') + 1)))]
  return {
    1000: one(name),
    1001: one('1.0'),
    1002: one('1'),
    1022: one('noarch'),
    1030: { int16: files.map(({ mode = 0o100755 }) => mode) },
    1035: { texts: files.map(({ content }) => (content === undefined ? '' : hash('sha256', content))) },
    1037: { int32: files.map(({ flags = 0 }) => flags) },
    1116: { int32: files.map(({ path }) => folders.indexOf(path.slice(0, path.lastIndexOf('/') + 1))) },
    1117: { texts: files.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)) },
    1118: { texts: folders },
    5011: { int32: [8] },
  }
}

const MAGIC = Buffer.from('8eade80100000000', 'hex')

/** A package file without its payload. */
export function rpmPackage(files: readonly RpmFileMade[], tags: Readonly<Record<number, RpmValue>> = {}): Buffer {
  const header = Buffer.concat([MAGIC, rpmHeader({ ...rpmTags(files), ...tags })])
  const signed = files.some(({ signature }) => signature !== undefined)
  const signatures = Buffer.concat([
    MAGIC,
    rpmHeader({
      273: one(hash('sha256', header)),
      ...(signed ? { 274: { texts: files.map(({ signature }) => signature?.toString('hex') ?? '') } } : {}),
    }),
  ])
  const lead = Buffer.alloc(96)
  lead.write('edabeedb0300', 'hex')
  return Buffer.concat([lead, signatures, Buffer.alloc(-signatures.length & 7), header])
}

const [PAGE, BLOCK] = [4096, 16]

/** Packages.db, as rpm's backend ndb writes it (lib/backend/ndb/rpmpkg.c). */
export function ndb(headers: readonly Buffer[]): Buffer {
  const slots = Buffer.alloc(PAGE)
  slots.write('RpmP')
  slots.writeUInt32LE(1, 12)
  for (let at = 32; at < PAGE; at += BLOCK) slots.write('Slot', at)
  const blobs: Buffer[] = []
  let block = PAGE / BLOCK
  for (const [index, header] of headers.entries()) {
    const bytes = Buffer.alloc(Math.ceil((header.length + 28) / BLOCK) * BLOCK)
    bytes.write('BlbS')
    bytes.writeUInt32LE(index + 1, 4)
    bytes.writeUInt32LE(header.length, 12)
    header.copy(bytes, 16)
    bytes.writeUInt32LE(header.length, bytes.length - 8)
    bytes.write('BlbE', bytes.length - 4)
    slots.writeUInt32LE(index + 1, 32 + index * BLOCK + 4)
    slots.writeUInt32LE(block, 32 + index * BLOCK + 8)
    slots.writeUInt32LE(bytes.length / BLOCK, 32 + index * BLOCK + 12)
    blobs.push(bytes)
    block += bytes.length / BLOCK
  }
  return Buffer.concat([slots, ...blobs])
}
