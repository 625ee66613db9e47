// Files of manifests: those of a folder, or stdin, none larger than anybody would take.
import { closeSync, type Dirent, lstatSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { ThymusError } from '../../core/errors.ts'
import { MIB } from '../../core/limits.ts'
import type { SourceFile } from '../../layers/admission/manifests/document.ts'

const EXTENSIONS = ['.yaml', '.yml', '.json']
/** As people are told of it. */
export const STDIN = '<stdin>'
/** As much as `src/formats/kubernetes/manifest.ts` reads. */
const MAX_BYTES = 32 * MIB
const MAX_FILES = 50_000
/** Of all files together. */
const MAX_TOTAL = 512 * MIB

/**
 * A file, all of a folder by name, or `-`. Names that begin with a dot are left alone, and so is what a link shows that leads out of the
 * folder. Throws ThymusError USAGE for what cannot be read, MANIFEST for what is no text.
 */
export async function readSources(path: string): Promise<readonly SourceFile[]> {
  if (path === '-') return [{ file: STDIN, text: decoded(await stdin(), STDIN), isNamed: true }]
  const files = filesOf(path)
  let total = 0
  return files.map((file) => {
    const bytes = readBounded(file)
    total += bytes.length
    if (total > MAX_TOTAL) throw new ThymusError('MANIFEST', `the files together have more than ${MAX_TOTAL / MIB} MiB`, { at: path })
    return { file, text: decoded(bytes, file), isNamed: file === path }
  })
}

function filesOf(path: string): readonly string[] {
  if (!reading(path, () => statSync(path)).isDirectory()) return [path]
  const root = reading(path, () => realpathSync(path))
  const found = new Map<string, string>()
  walk(path, root, found)
  // Nothing was looked at: that must not look like nothing was found.
  if (found.size === 0) throw new ThymusError('USAGE', `there is no file here that ends in ${EXTENSIONS.join(', ')}`, { at: path })
  return [...found.values()]
}

/** `found`: real path → path, so that a file with two names is read once. */
function walk(folder: string, root: string, found: Map<string, string>): void {
  const entries = reading(folder, () => readdirSync(folder, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.name.startsWith('.')) continue
    if (entry.isDirectory()) walk(path, root, found)
    else if (EXTENSIONS.includes(extname(entry.name).toLowerCase())) {
      const real = realFile(entry, path, root)
      if (real !== undefined && !found.has(real)) found.set(real, path)
      if (found.size > MAX_FILES) throw new ThymusError('MANIFEST', `more than ${MAX_FILES} files`, { at: folder })
    }
  }
}

/** Undefined for what is no file, and for a link that leads nowhere or out of the folder. */
function realFile(entry: Dirent, path: string, root: string): string | undefined {
  if (entry.isFile()) return reading(path, () => realpathSync(path))
  if (!entry.isSymbolicLink()) return undefined
  try {
    const real = realpathSync(path)
    const way = relative(root, real)
    return way !== '..' && !way.startsWith(`..${sep}`) && lstatSync(real).isFile() ? real : undefined
  } catch {
    return undefined
  }
}

/** Also of what has no length, as a pipe. */
function readBounded(file: string): Buffer {
  return reading(file, () => {
    const fd = openSync(file, 'r')
    try {
      const chunks: Buffer[] = []
      let total = 0
      for (;;) {
        const chunk = Buffer.allocUnsafe(65_536)
        const count = readSync(fd, chunk)
        if (count === 0) return Buffer.concat(chunks)
        chunks.push(chunk.subarray(0, count))
        total = bounded(total + count, file)
      }
    } finally {
      closeSync(fd)
    }
  })
}

async function stdin(): Promise<Buffer> {
  const chunks: Buffer[] = []
  let total = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    total = bounded(total + chunk.length, STDIN)
  }
  return Buffer.concat(chunks)
}

function bounded(total: number, file: string): number {
  if (total > MAX_BYTES) throw new ThymusError('MANIFEST', `more than ${MAX_BYTES / MIB} MiB`, { at: file })
  return total
}

function decoded(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new ThymusError('MANIFEST', 'not text in UTF-8', { at: `${file}:${lineOfFault(bytes)}`, cause })
  }
}

/** Where what is no text begins. */
function lineOfFault(bytes: Buffer): number {
  const text = bytes.toString('utf8')
  return text.slice(0, text.indexOf('\ufffd')).split('\n').length
}

function reading<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof ThymusError) throw cause
    const { code } = cause as NodeJS.ErrnoException
    throw new ThymusError('USAGE', code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`, { at: path, cause })
  }
}
