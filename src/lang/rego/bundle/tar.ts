// The archive of a bundle: files and folders are taken, and all else is refused: links, devices, paths that lead out.
import { gunzipSync } from 'node:zlib'
import { ThymusError } from '../../../core/errors.ts'
import { isTarFile, tarEntries } from '../../../formats/tar.ts'

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

function readTar(bytes: Buffer, limits: ArchiveLimits): readonly ArchiveFile[] {
  if (bytes.length > limits.bytes) throw new ThymusError('BUNDLE', `the archive is larger than ${limits.bytes} bytes`)
  const files = new Map<string, ArchiveFile>()
  for (const entry of tarEntries(bytes, 'BUNDLE')) {
    const { name, type, link, content } = entry
    if (type === '5') continue
    if (!isTarFile(entry)) fail(`holds a ${KINDS[type] ?? 'thing of an unknown kind'}`, name)
    if (link !== '') fail('holds a link', name)
    const path = safePath(name)
    if (files.has(path)) fail('holds a file twice', path)
    if (files.size >= limits.files) fail(`holds more than ${limits.files} files`)
    files.set(path, { path, bytes: content })
  }
  return [...files.values()]
}

const KINDS: Readonly<Record<string, string>> = { 1: 'link', 2: 'link', 3: 'device', 4: 'device', 6: 'pipe' }

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
