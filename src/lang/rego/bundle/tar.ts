// A reader of tar archives (POSIX.1-2001 ustar and pax, GNU long names) that takes what a bundle is made of, files and folders, and refuses
// all else: links, devices, paths that lead out, sizes that are not there. It holds no state between entries, so that a stranger's archive
// can do no more than be refused.
import { gunzipSync } from 'node:zlib'
import { ThymusError } from '../../../core/errors.ts'

export interface ArchiveFile {
  /** `a/b.rego`: without a slash at the beginning. */
  readonly path: string
  readonly bytes: Buffer
}

export interface ArchiveLimits {
  /** Of the archive once it is decompressed. */
  readonly bytes: number
  readonly files: number
}

export const ARCHIVE_LIMITS: ArchiveLimits = { bytes: 1 << 28, files: 100_000 }
const BLOCK = 512
const MAX_PATH = 4_096

/** Reads a tar archive, compressed with gzip or not. Throws ThymusError BUNDLE. */
export function readArchive(bytes: Buffer, limits: ArchiveLimits = ARCHIVE_LIMITS): readonly ArchiveFile[] {
  return readTar(bytes[0] === 0x1f && bytes[1] === 0x8b ? decompressed(bytes, limits) : bytes, limits)
}

function decompressed(bytes: Buffer, { bytes: limit }: ArchiveLimits): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: limit })
  } catch (cause) {
    const isLarge = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    throw new ThymusError('BUNDLE', isLarge ? `the archive is larger than ${limit} bytes` : 'the archive is no gzip, or is damaged', {
      cause,
    })
  }
}

interface Header {
  readonly name: string
  readonly size: number
  readonly type: string
}

function readTar(bytes: Buffer, limits: ArchiveLimits): readonly ArchiveFile[] {
  if (bytes.length > limits.bytes) throw new ThymusError('BUNDLE', `the archive is larger than ${limits.bytes} bytes`)
  const files = new Map<string, ArchiveFile>()
  let long: { readonly path?: string; readonly size?: number } = {}
  for (let at = 0; ; ) {
    if (at + BLOCK > bytes.length) {
      if (at === bytes.length && at > 0) break
      fail('ends within a header')
    }
    const block = bytes.subarray(at, at + BLOCK)
    if (block.every((byte) => byte === 0)) break
    const header = readHeader(block)
    const { type } = header
    const size = type === 'x' || type === 'g' || type === 'L' ? header.size : (long.size ?? header.size)
    const from = at + BLOCK
    const content = bytes.subarray(from, from + size)
    if (content.length < size) fail('ends within a file', header.name)
    at = from + Math.ceil(size / BLOCK) * BLOCK
    if (type === 'x') long = { ...long, ...readPax(content) }
    else if (type === 'L') long = { ...long, path: content.toString().replace(/\0[\s\S]*$/, '') }
    else if (type !== 'g') {
      const name = long.path ?? header.name
      long = {}
      if (type === '5') continue
      if (type !== '0' && type !== '\0' && type !== '7') fail(`holds a ${KINDS[type] ?? 'thing of an unknown kind'}`, name)
      const path = safePath(name)
      if (files.has(path)) fail('holds a file twice', path)
      if (files.size >= limits.files) fail(`holds more than ${limits.files} files`)
      files.set(path, { path, bytes: content })
    }
  }
  return [...files.values()]
}

const KINDS: Readonly<Record<string, string>> = { 1: 'link', 2: 'link', 3: 'device', 4: 'device', 6: 'pipe' }

function readHeader(block: Buffer): Header {
  const text = (from: number, length: number) => block.toString('utf8', from, from + length).replace(/\0[\s\S]*$/, '')
  const told = readNumber(block.subarray(148, 156))
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0)
  if (told !== sum) fail('is no tar archive, or is damaged: the sum of a header is wrong')
  const prefix = text(257, 6).startsWith('ustar') && block[263] === 0x30 ? text(345, 155) : ''
  const name = prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`
  return { name, size: readNumber(block.subarray(124, 136)), type: String.fromCharCode(block[156]!) }
}

/** Octal digits, or GNU's numbers in bytes. */
function readNumber(field: Buffer): number {
  if (field[0]! >= 0x80) {
    const value = field.subarray(1).reduce((total, byte) => total * 256 + byte, field[0]! & 0x7f)
    return Number.isSafeInteger(value) ? value : fail('tells a size that cannot be')
  }
  const [digits] = /^ *[0-7]*(?=[ \0]*$)/.exec(field.toString('latin1')) ?? fail('holds a number that is none')
  return Number.parseInt(digits.trim() || '0', 8)
}

/** Records of pax: `LENGTH KEY=VALUE\n`. Only path and size mean anything here. */
function readPax(content: Buffer): { readonly path?: string; readonly size?: number } {
  const found: { path?: string; size?: number } = {}
  for (let at = 0; at < content.length; ) {
    const [head, digits] = /^(\d{1,9}) /.exec(content.toString('latin1', at, at + 10)) ?? fail('holds an attribute that is none')
    const record = content.toString('utf8', at + head.length, at + Number(digits))
    const split = record.indexOf('=')
    if (Number(digits) <= head.length || at + Number(digits) > content.length || !record.endsWith('\n') || split < 0)
      fail('holds an attribute that is none')
    const [key, value] = [record.slice(0, split), record.slice(split + 1, -1)]
    if (key === 'path') found.path = value
    if (key === 'linkpath') fail('holds a link')
    if (key === 'size') found.size = /^\d{1,15}$/.test(value) ? Number(value) : fail('tells a size that cannot be')
    at += Number(digits)
  }
  return found
}

/** OPA begins every path with a slash; that is the root of the bundle, and no path leads out of it. Throws ThymusError BUNDLE. */
export function safePath(name: string): string {
  const parts = name
    .replace(/^\/+/, '')
    .split('/')
    .filter((part) => part !== '.' && part !== '')
  if (parts.length === 0) fail('holds a file without a name')
  if (parts.includes('..')) fail('holds a path that leads out of it', name)
  if (/[\0\\]/.test(name)) fail('holds a path with a character that no path has', name)
  if (name.length > MAX_PATH) fail(`holds a path longer than ${MAX_PATH}`)
  return parts.join('/')
}

function fail(what: string, at?: string): never {
  throw new ThymusError('BUNDLE', `the archive ${what}`, at === undefined ? {} : { at })
}
