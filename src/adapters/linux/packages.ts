// The packages of this machine, and the files that they put on it.
import { createHash } from 'node:crypto'
import { closeSync, openSync, readdirSync, readFileSync, readSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ThymusError } from '../../core/errors.ts'
import { type FileNow, type Host, type Package, readMd5sums, usualNames, type WeakHash } from '../../layers/firmware/ima/packages.ts'
import { packagesIn, rpmDatabase } from './package-files.ts'

const DPKG = '/var/lib/dpkg/info'
const SUFFIX = '.md5sums'
const CHUNK = 1 << 20

/** Every package that says what its files are, of dpkg and of rpm. @throws ThymusError COMMAND where there is no database of either; REFERENCE or FORMAT for one that is damaged */
export function* installedPackages(): Generator<Package> {
  const lists = debianLists()
  const database = rpmDatabase()
  if (lists === undefined && database === undefined)
    throw new ThymusError('COMMAND', 'there is no database of packages here, neither of dpkg nor of rpm', { at: DPKG })
  for (const name of lists ?? []) yield readMd5sums(name.slice(0, -SUFFIX.length), readFileSync(join(DPKG, name), 'utf8'))
  if (database !== undefined) yield* packagesIn(database)
}

function debianLists(): readonly string[] | undefined {
  try {
    return readdirSync(DPKG)
      .filter((name) => name.endsWith(SUFFIX))
      .sort()
  } catch {
    return undefined
  }
}

/** This machine: its links are followed, its files are hashed. */
export function thisMachine(): Host {
  const folders = new Map<string, string | undefined>()
  const folderOf = (path: string) => {
    const folder = dirname(path)
    if (!folders.has(folder)) folders.set(folder, realOrNone(folder))
    return folders.get(folder)
  }
  return {
    namesOf: (path) => {
      const folder = folderOf(path)
      return folder === undefined ? usualNames(path) : [join(folder, basename(path))]
    },
    now: fileNow,
  }
}

function realOrNone(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** Hashes a file, reading it once; undefined where it cannot be read. */
export function fileNow(path: string, algorithm: WeakHash = 'md5'): FileNow | undefined {
  try {
    const real = realpathSync(path)
    const [asked, sha256] = [createHash(algorithm), createHash('sha256')]
    for (const chunk of chunksOf(real)) {
      asked.update(chunk)
      sha256.update(chunk)
    }
    return { path: real, digest: asked.digest(), sha256: sha256.digest('hex') }
  } catch {
    return undefined
  }
}

function* chunksOf(path: string): Generator<Buffer> {
  const file = openSync(path, 'r')
  try {
    const buffer = Buffer.allocUnsafe(CHUNK)
    for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) yield buffer.subarray(0, read)
  } finally {
    closeSync(file)
  }
}
